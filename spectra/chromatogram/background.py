"""What lies under the peaks: the baseline of each ion trace, its noise, and ions of the column and of air.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.types import FloatArray, MassSpectrum

Trace = NDArray[np.float32]


def number(section: str, name: str) -> float:
    """One number of `data/chromatogram.toml`.

    >>> number("noise", "segment")
    13.0
    """
    return float(load("chromatogram")[section][name])


def baseline(height: Trace, block: int | None = None) -> Trace:
    """Slowly changing background under each trace, (S, M) float32.

    The lower quartile of blocks of `block` scans (61), the lowest of three neighbouring blocks where a broad peak
    fills one, joined by straight lines. It lies about 0.7 standard deviations of the noise low, and it fails under a
    hump broader than two blocks: areas therefore get a line of their own under each group of peaks.

    >>> baseline(np.full((200, 1), 7.0, np.float32))[[0, 99, 199], 0].tolist()
    [7.0, 7.0, 7.0]
    """
    scans, masses = height.shape
    size = int(number("background", "block_scans")) if block is None else block
    count = max(1, scans // size)
    if scans == 0 or masses == 0:
        return np.zeros_like(height)
    edges = np.linspace(0, scans, count + 1).astype(int)
    place = number("background", "block_quantile")
    low = np.stack([_quantile(height[a:b], place) for a, b in pairwise(edges)])
    if count >= 3:
        padded = np.concatenate([low[:1], low, low[-1:]])
        low = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0).astype(np.float32)
    centre = (edges[:-1] + edges[1:] - 1) / 2
    place_of = np.interp(np.arange(scans), centre, np.arange(count))
    left = np.minimum(place_of.astype(int), max(count - 2, 0))
    share = (place_of - left).astype(np.float32)[:, None]
    return np.asarray(low[left] * (1 - share) + low[np.minimum(left + 1, count - 1)] * share, dtype=np.float32)


def _quantile(part: Trace, place: float) -> Trace:
    k = int(place * (part.shape[0] - 1))
    return np.asarray(np.partition(part, k, axis=0)[k])


def noise_factor(height: Trace) -> float:
    """N of the noise law "standard deviation = N √intensity", one for the run.

    Median over segments of 13 scans in which no value is zero and the mean is crossed at least six times, of the
    median deviation from the mean over √mean, times 1.4826 (Stein 1999, doi:10.1016/S1044-0305(99)00047-1). Without
    such a segment: √ of the lowest intensity that was recorded, as if that were one ion.
    """
    size = int(number("noise", "segment"))
    count = height.shape[0] // size
    if count and height.size:
        parts = height[: count * size].reshape(count, size, -1)
        usable = np.argwhere(parts.min(axis=1) > 0)[:200_000]
        values = parts[usable[:, 0], :, usable[:, 1]].astype(np.float64)
        if values.size:
            mean = values.mean(axis=1)
            off = values - mean[:, None]
            crossed = ((off[:, 1:] > 0) != (off[:, :-1] > 0)).sum(axis=1) >= number("noise", "crossings")
            spread = 1.4826 * np.median(np.abs(off[crossed]), axis=1) / np.sqrt(mean[crossed])
            if (spread > 0).any():
                return float(np.median(spread[spread > 0]))
    lit = height[height > 0]
    return float(np.sqrt(lit.min())) if lit.size else 1.0


def noise_floor(height: Trace) -> Trace:
    """Variance of every trace where there is no signal, (M,).

    The larger of what the trace shows from scan to scan (1.4826 MAD of differences/√2) and half of the lowest
    intensity recorded in the run: an instrument's threshold hides noise, it does not take it away.
    """
    lit = height[height > 0]
    least = 0.5 * float(lit.min()) if lit.size else 1.0
    step = np.abs(np.diff(height[:: max(1, height.shape[0] // 600)], axis=0))
    spread = 1.4826 / np.sqrt(2) * np.median(step, axis=0) if step.shape[0] else np.zeros(height.shape[1])
    return np.asarray(np.maximum(spread, max(least, 1e-12)) ** 2, dtype=np.float32)


def variance(height: Trace, factor: float, floor: Trace) -> Trace:
    """Expected variance of every cell, (S, M): N² · intensity + floor."""
    return np.asarray(np.float32(factor**2) * height + floor, dtype=np.float32)


def background_kind(spectrum: MassSpectrum) -> str:
    """Whether a spectrum of unit masses is background: "bleed", "air" or "", by the share of its signal at such ions.

    Misleads for substances with trimethylsilyl groups (73, 147): they need most of their signal at siloxane ions
    and one of 207, 281, 355, 429 or 73 as base peak to be called bleed.

    >>> background_kind(MassSpectrum([207, 281, 73, 58], [100, 60, 40, 5]))
    'bleed'
    >>> background_kind(MassSpectrum([58, 91], [100, 60]))
    ''
    """
    data = load("chromatogram")["background"]
    mass, total = np.floor(spectrum.mz + 0.351).astype(int), float(spectrum.intensity.sum())
    if total <= 0:
        return ""
    strongest = int(mass[int(np.argmax(spectrum.intensity))])
    if _share(mass, spectrum.intensity, data["air"]) >= data["share"] * total and strongest in (18, 28, 32, 40):
        return "air"
    bleed = _share(mass, spectrum.intensity, data["bleed"]) >= data["share"] * total
    return "bleed" if bleed and strongest in data["bleed_marks"] else ""


def _share(mass: NDArray[np.int64], height: FloatArray, ions: list[int]) -> float:
    return float(height[np.isin(mass, ions)].sum())
