"""Which ion traces peak together: apexes gathered in time become candidates for components.

Why not the total ion current: two substances 1.2 standard deviations apart give one maximum there, while the ions that
only one of them has still peak apart. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from spectra.chromatogram.peaks import Apexes
from spectra.types import FloatArray

STEPS = 10
"""Places per scan at which the density of apexes is looked at."""
NEAREST = 0.35
"""Places nearer than this part of σ are one (a resolution below 0.09): nothing could tell them apart."""
SPREADS = (0.12, 0.25, 0.5)
"""Uncertainties of an apex in scans; each apex takes the next larger one, weak ones take no part in finding places."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """K candidate places: `place` (K,) in scans, rising; `owner` (A,) the cluster of each apex, −1 where none is near;
    `weight` (K,) sum of squared signal of its apexes, each capped at 50²."""

    place: FloatArray
    owner: NDArray[np.int64]
    weight: FloatArray


def clusters(found: Apexes, scans: int, sigma: float) -> Clusters:
    """Maxima of the density of apexes over time.

    Every apex counts with ln(1 + signal) and blurs over σ/signal (0.12 to 0.5 scans), since that is how well a
    maximum can be placed. An apex belongs to the nearest cluster within three quarters of σ.
    """
    nothing = np.zeros(0)
    if len(found) == 0:
        return Clusters(nothing, np.zeros(0, np.int64), nothing)
    blur = np.maximum(1.2 * sigma / found.signal, SPREADS[0])
    density = np.zeros(scans * STEPS + 1)
    at = np.clip(np.rint(found.place * STEPS).astype(int), 0, density.size - 1)
    for k, spread in enumerate(SPREADS):
        low = SPREADS[k - 1] if k else 0.0
        mine = (blur > low) & (blur <= spread)
        hits = np.bincount(at[mine], weights=np.log1p(found.signal[mine]), minlength=density.size)
        density += gaussian_filter1d(hits, spread * STEPS, mode="constant")
    inner = density[1:-1]
    tops = np.flatnonzero((inner > density[:-2]) & (inner >= density[2:]) & (inner > 1e-9)) + 1
    place = _apart(tops / STEPS, density[tops], NEAREST * sigma)
    if place.size == 0:
        return Clusters(nothing, np.full(len(found), -1, dtype=np.int64), nothing)
    owner = _nearest(place, found.place)
    owner[np.abs(place[owner] - found.place) > 0.75 * sigma] = -1
    own = owner >= 0
    weight = np.bincount(owner[own], weights=np.minimum(found.signal[own], 50.0) ** 2, minlength=place.size)
    return Clusters(place, owner, weight.astype(np.float64))


def _apart(place: FloatArray, height: FloatArray, least: float) -> FloatArray:
    """Places at least `least` scans from every higher one, rising."""
    kept: list[float] = []
    for k in np.argsort(-height, kind="stable"):
        if all(abs(place[k] - other) >= least for other in kept):
            kept.append(float(place[k]))
    return np.array(sorted(kept))


def _nearest(places: FloatArray, wanted: FloatArray) -> NDArray[np.int64]:
    right = np.clip(np.searchsorted(places, wanted), 1, max(places.size - 1, 1))
    if places.size == 1:
        return np.zeros(wanted.size, np.int64)
    left = right - 1
    return np.where(wanted - places[left] <= places[right] - wanted, left, right).astype(np.int64)
