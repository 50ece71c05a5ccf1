"""Peaks of every ion trace at once: a second-derivative filter along time, apexes between scans, the width of peaks.

Why a second derivative: it does not see a constant or sloping background, and a shoulder becomes a maximum.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.chromatogram.background import Trace, number
from spectra.types import FloatArray

CHUNK = 64
TRIED_SIGMA = (2.0, 5.0, 12.0)
FWHM = 2.3548
"""Full width at half height of a Gaussian of standard deviation 1."""


@dataclass(frozen=True, eq=False)
class Apexes:
    """A maxima of ion traces, in order of time: `place` (A,) in scans and fractions, `column` (A,) of the matrix,
    `height` (A,) above the local line, in the intensity of the run, `signal` (A,) height over its standard deviation."""

    place: FloatArray
    column: NDArray[np.int64]
    height: FloatArray
    signal: FloatArray

    def __len__(self) -> int:
        return int(self.place.size)


def kernel(width: float, sigma: float) -> NDArray[np.float32]:
    """−d²/dt² of a Gaussian of standard deviation `width` (scans), scaled to give a peak of `sigma` its own height.

    Sum and slope are zero: a constant or a line gives nothing.
    """
    half = max(2, int(np.ceil(4 * width)))
    t = np.arange(-half, half + 1)
    curve = (1 - (t / width) ** 2) * np.exp(-0.5 * (t / width) ** 2)
    curve -= curve.mean()
    return np.asarray(curve / (curve * np.exp(-0.5 * (t / sigma) ** 2)).sum(), dtype=np.float32)


def filtered(height: Trace, curve: NDArray[np.float32]) -> Trace:
    """Every trace (S, M) convolved with a symmetric `curve` (2h + 1,) along time, edges repeated.

    >>> filtered(np.arange(5, dtype=np.float32)[:, None], np.array([0.25, 0.5, 0.25], np.float32))[:, 0].tolist()
    [0.25, 1.0, 2.0, 3.0, 3.75]
    """
    half, scans = curve.size // 2, height.shape[0]
    padded = np.pad(height, ((half, half), (0, 0)), mode="edge")
    out = np.empty_like(height)
    for first in range(0, scans, CHUNK):  # pieces that stay in the cache
        last = min(scans, first + CHUNK)
        part = padded[first + half : last + half] * curve[half]
        for k in range(1, half + 1):
            pair = padded[first + half - k : last + half - k] + padded[first + half + k : last + half + k]
            pair *= curve[half + k]
            part += pair
        out[first:last] = part
    return out


def apexes(height: Trace, variance: Trace, sigma: float) -> Apexes:
    """Maxima of the filtered traces, at least 4.5 standard deviations of the filtered noise high.

    `height`, `variance` (S, M); `sigma` standard deviation of a peak in scans; that of the filter is 0.8 of it.
    The place is that of a parabola through the three highest points.

    >>> t = np.arange(60.0)[:, None]
    >>> peak = (1000 * np.exp(-0.5 * ((t - 30.3) / 3) ** 2)).astype(np.float32)
    >>> found = apexes(peak, np.full((60, 1), 4.0, np.float32), 3.0)
    >>> len(found), round(float(found.place[0]), 1), 990 < float(found.height[0]) < 1010
    (1, 30.3, True)
    """
    empty = np.zeros(0)
    if height.shape[0] < 5 or height.shape[1] == 0:
        return Apexes(empty, np.zeros(0, np.int64), empty, empty)
    shape = kernel(max(0.7, number("peaks", "kernel") * sigma), sigma)
    found = filtered(height, shape)
    spread = filtered(variance, shape**2)
    middle = found[1:-1]
    least = np.float32(number("peaks", "least_signal") ** 2)
    top = (middle > found[:-2]) & (middle >= found[2:]) & (middle > 0) & (middle * middle > least * spread[1:-1])
    row, column = np.nonzero(top)
    row += 1
    before, here, after = (found[row + k, column].astype(np.float64) for k in (-1, 0, 1))
    shift = 0.5 * (before - after) / (before - 2 * here + after)
    signal = here / np.sqrt(spread[row, column])
    return Apexes(row + shift, column.astype(np.int64), here, signal)


def peak_sigma(height: Trace, variance: Trace) -> float:
    """Standard deviation of the run's peaks in scans, from widths at half height of strong, lonely ion traces.

    The weighted 40 % quantile over maxima of at least 20 standard deviations: overlapped peaks are too broad. Looked
    for with filters for peaks of 2, 5 and 12 scans until one fits what it finds. 2.5 when there is none. Assumes that
    widths change little over the run; with a temperature programme they do.
    """
    known = 2.5
    for tried in TRIED_SIGMA:
        found = apexes(height, variance, tried)
        value = _usual_sigma(height, found)
        if value is not None:
            known = value
            if value <= 2 * tried:
                break
    return float(np.clip(known, number("peaks", "least_sigma"), number("peaks", "most_sigma")))


def _usual_sigma(height: Trace, found: Apexes) -> float | None:
    strong = np.flatnonzero(found.signal > 20)
    strong = strong[np.argsort(-found.signal[strong], kind="stable")[:3000]]
    row, column = np.rint(found.place[strong]).astype(int), found.column[strong]
    widths = _width(height, row, column, 1) + _width(height, row, column, -1)
    usable = np.isfinite(widths)
    if not usable.any():
        return None
    order = np.argsort(widths[usable], kind="stable")
    weight = np.cumsum(np.minimum(found.signal[strong][usable][order], 100.0))
    return float(widths[usable][order][int(np.searchsorted(weight, 0.4 * weight[-1]))] / FWHM)


def _width(height: Trace, row: NDArray[np.int64], column: NDArray[np.int64], step: int) -> FloatArray:
    """Scans from the maximum to half its height on one side, NaN where it is not reached within 100."""
    last = height.shape[0] - 1
    top = height[row, column].astype(np.float64)
    out = np.full(row.size, np.nan)
    before, open_ = top.copy(), top > 0
    for k in range(1, 101):
        at = row + step * k
        open_ &= (at >= 0) & (at <= last)
        if not open_.any():
            break
        here = height[np.clip(at, 0, last), column].astype(np.float64)
        reached = open_ & (here <= top / 2)
        drop = np.maximum(before - here, 1e-30)
        out[reached] = k - 1 + ((before - top / 2) / drop)[reached]
        open_ &= ~reached
        before = here
    return out
