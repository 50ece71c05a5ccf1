"""The sweep of a quadrupole: ions of one scan are measured one after the other, up to a whole scan apart.

Uncorrected, the ions of one substance seem to peak at different times, and neighbours mix. Imports numpy, scipy and
`spectra` only.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from spectra.chromatogram.background import Trace
from spectra.chromatogram.peaks import Apexes
from spectra.types import FloatArray

STEPS = 10
LEAST_APEXES = 12
"""Fewer strong maxima do not tell a sweep from chance."""
LEAST_SKEW = 0.1
"""Scans across all masses; below it nothing is shifted."""


def skew_of(found: Apexes, mass: NDArray[np.int64], scans: int) -> float:
    """Scans by which the highest mass peaks later than the lowest one, −1 to 1, 0 when it cannot be told.

    The value for which the strong maxima of all traces gather most sharply: the highest sum of squares of their
    density over time. After AMDIS, which asks the user for the direction of the sweep (Stein 1999,
    doi:10.1016/S1044-0305(99)00047-1).
    """
    strong = found.signal > 12
    if int(strong.sum()) < LEAST_APEXES or mass.size < 2:
        return 0.0
    along = _along(mass)[found.column[strong]]
    place, weight = found.place[strong], np.log1p(found.signal[strong])
    tried = np.arange(-12, 13) / 10
    sharp = [_sharpness(place - value * along, weight, scans) for value in tried]
    best = int(np.argmax(sharp))
    value = float(tried[best])
    if 0 < best < tried.size - 1:
        a, b, c = sharp[best - 1 : best + 2]
        value += float(0.05 * (a - c) / min(a - 2 * b + c, -1e-12))
    if sharp[best] < 1.02 * sharp[12] or abs(value) < LEAST_SKEW:
        return 0.0
    return float(np.clip(value, -1, 1))


def _along(mass: NDArray[np.int64]) -> FloatArray:
    """−½ for the lowest mass to ½ for the highest."""
    return np.asarray((mass - mass[0]) / (mass[-1] - mass[0]) - 0.5)


def _sharpness(place: FloatArray, weight: FloatArray, scans: int) -> float:
    at = np.clip(np.rint((place + 1) * STEPS).astype(int), 0, (scans + 2) * STEPS)
    hits = np.bincount(at, weights=weight, minlength=(scans + 2) * STEPS + 1)
    return float((gaussian_filter1d(hits, 0.15 * STEPS) ** 2).sum())


def without_skew(height: Trace, mass: NDArray[np.int64], skew: float) -> Trace:
    """The traces as if every scan had been taken in one moment, (S, M): shifted by a cubic through four scans.

    >>> t = np.arange(50.0)[:, None]
    >>> peaks = 100 * np.exp(-0.5 * ((t - np.array([24.5, 25.5])) / 4) ** 2)
    >>> moved = without_skew(peaks.astype(np.float32), np.array([50, 300]), 1.0)
    >>> bool(np.abs(moved[:, 0] - moved[:, 1]).max() < 0.5)
    True
    """
    if skew == 0 or height.shape[0] < 4:
        return height
    shift = skew * _along(mass)
    whole = np.floor(shift).astype(int)
    x = (shift - whole).astype(np.float32)  # value at t + shift, between t + whole and the next scan
    reach = int(np.abs(whole).max()) + 2
    padded = np.pad(height, ((reach, reach), (0, 0)), mode="edge")
    out = np.zeros_like(height)
    terms = ((-1, -x * (x - 1) * (x - 2) / 6), (0, (x + 1) * (x - 1) * (x - 2) / 2), (1, -(x + 1) * x * (x - 2) / 2),
             (2, (x + 1) * x * (x - 1) / 6))  # fmt: skip
    edges = np.flatnonzero(np.diff(whole)) + 1  # shifts rise or fall with mass, so equal ones lie side by side
    for left, right in pairwise((0, *edges.tolist(), mass.size)):
        for offset, factor in terms:
            first = reach + int(whole[left]) + offset
            out[:, left:right] += padded[first : first + height.shape[0], left:right] * factor[left:right]
    return np.maximum(out, 0)
