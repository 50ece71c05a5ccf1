"""Peak search: how much of the height of one curve's peaks finds a peak of the other within a tolerance.

Why: a chemist who has only a list of positions, or a reading over a sloping background, can still ask. Imports numpy,
scipy.signal and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_grid import CO2, GRID, STEP, bridge
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray

PEAK_SCORES = ("peaks", "peaks_reverse")
_LEAST_SHARE, _MOST = 0.03, 40
_LEAST_PEAKS = 3
_NARROWEST = 1.0


@dataclass(frozen=True, eq=False)
class PeakAnswer:
    """For every entry (N,): forward and reverse score 0–1, peaks of the query that met one, their height as a share of
    all compared (0–1), and the mean distance query − entry in cm⁻¹, weighted like the forward score."""

    forward: FloatArray
    reverse: FloatArray
    matched: NDArray[np.int64]
    explained: FloatArray
    shift: FloatArray


@dataclass(frozen=True, eq=False)
class PeakLists:
    """Peaks of N curves in one list sorted by position: `position` (K,) cm⁻¹, `height` (K,), `entry` (K,) its curve.

    `known` (P, 1801) are the ranges that were measured, `pattern` (N,) which one each curve has.
    """

    position: FloatArray
    height: FloatArray
    entry: NDArray[np.int64]
    known: NDArray[np.bool_]
    pattern: NDArray[np.int64]

    @classmethod
    def of(cls, curves: Iterable[FloatArray], air: bool = True) -> PeakLists:
        """Peaks of curves on the grid, (1801,) each, NaN where not measured."""
        found, masks = [], []
        for row in curves:
            found.append(peaks(row, air))
            masks.append(np.packbits(np.isfinite(row)))
        n, width = len(found), -(-GRID.size // 8)
        entry = np.repeat(np.arange(n), [f[0].size for f in found]).astype(np.int64)
        position = np.concatenate([f[0] for f in found]) if found else np.zeros(0)
        height = np.concatenate([f[1] for f in found]) if found else np.zeros(0)
        packed, pattern = np.unique(np.array(masks, dtype=np.uint8).reshape(n, width), axis=0, return_inverse=True)
        known = np.unpackbits(packed, axis=1, count=GRID.size).astype(bool)
        order = np.lexsort((entry, position))
        return cls(position[order], height[order], entry[order], known, pattern.reshape(-1).astype(np.int64))

    def answer(self, query: FloatArray, tolerance: float, air: bool = True) -> PeakAnswer:
        """Forward: Σ hᵢ maxⱼ c(xᵢ − yⱼ) / Σ hᵢ over the query's peaks xᵢ; reverse: the same over the entry's peaks yⱼ.

        c(Δ) = 1 − |Δ|/2t for |Δ| ≤ t, else 0; h is the height of a peak above its foot (prominence); t = `tolerance`,
        at least 1 cm⁻¹. Peaks where the other curve was not measured do not count; with fewer than three left to
        compare the score is 0. Forward and reverse peak search as in Heller and Lowry, Library storage and retrieval
        methods in infrared spectroscopy; the triangular credit and the weights are this project's.

        Misleads: forward favours entries with many peaks, reverse entries with few, so that a part of a mixture comes
        up but also any simple substance; neither sees the shape of bands.

        >>> y = sum(np.exp(-((GRID - p) / 15.0) ** 2) for p in (700.0, 1100.0, 1700.0))
        >>> found = PeakLists.of([y, np.roll(y, 2)]).answer(y, 6.0)
        >>> found.forward.round(3).tolist(), found.shift.round(1).tolist()
        ([1.0, 0.667], [0.0, -4.0])
        """
        width = max(float(tolerance), _NARROWEST)
        x, h = peaks(query, air)
        n = self.pattern.size
        met, hit, moved, counts = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
        own = np.zeros(self.position.size)
        for at, weight in zip(x.tolist(), h.tolist(), strict=True):
            window, credit = self._window(at, width)
            own[window] = np.maximum(own[window], credit)
            order = np.lexsort((-credit, self.entry[window]))
            one, first = np.unique(self.entry[window][order], return_index=True)
            best, apart = credit[order][first], at - self.position[window][order][first]
            met[one] += weight * best
            hit[one] += weight
            moved[one] += weight * best * apart
            counts[one] += 1
        compared = self.known[:, _places(x)] if x.size else np.zeros((len(self.known), 0), dtype=bool)
        whole, several = (compared @ h)[self.pattern], compared.sum(axis=1)[self.pattern] >= _LEAST_PEAKS
        return PeakAnswer(
            np.where(several, np.minimum(safe_ratio(met, whole), 1.0), 0.0),
            self._reverse(query, own),
            counts,
            np.minimum(safe_ratio(hit, whole), 1.0),
            safe_ratio(moved, met),
        )

    def _window(self, at: float, width: float) -> tuple[slice, FloatArray]:
        """Peaks within `width` of a position (cm⁻¹), and what each is credited with."""
        first = int(np.searchsorted(self.position, at - width, side="left"))
        last = int(np.searchsorted(self.position, at + width, side="right"))
        return slice(first, last), 1.0 - np.abs(at - self.position[first:last]) / (2 * width)

    def _reverse(self, query: FloatArray, credit: FloatArray) -> FloatArray:
        seen = np.isfinite(query)[_places(self.position)].astype(np.float64)
        n = self.pattern.size
        whole = np.bincount(self.entry, weights=self.height * seen, minlength=n).astype(np.float64)
        met = np.bincount(self.entry, weights=self.height * seen * credit, minlength=n).astype(np.float64)
        several = np.bincount(self.entry, weights=seen, minlength=n) >= _LEAST_PEAKS
        return np.where(several, np.minimum(safe_ratio(met, whole), 1.0), 0.0)


def peaks(curve: FloatArray, air: bool = True) -> tuple[FloatArray, FloatArray]:
    """Positions (K,) in cm⁻¹ and heights (K,), the highest 1, of the peaks of a curve on the grid (1801,).

    Local maxima of the three-point mean whose prominence reaches 3 % of the largest; the 40 highest; position by a
    parabola through three points. Maxima in the air's CO₂ windows (unless `air` is False) and in gaps are none.
    """
    from scipy.signal import find_peaks

    known = np.isfinite(curve)
    if known.sum() < 3:
        return np.zeros(0), np.zeros(0)
    first, last = int(np.argmax(known)), GRID.size - int(np.argmax(known[::-1]))
    filled = np.interp(GRID, GRID[known], curve[known])
    filled = (bridge(filled) if air else filled)[first:last]
    smooth = np.convolve(np.pad(filled, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    at, about = find_peaks(smooth, prominence=1e-9 * max(float(np.abs(smooth).max()), 1e-300))
    real = (known & ~CO2 if air else known)[first:last][at]
    at, height = at[real], about["prominences"][real]
    if at.size == 0:
        return np.zeros(0), np.zeros(0)
    strong = np.flatnonzero(height >= _LEAST_SHARE * height.max())
    strong = np.sort(strong[np.argsort(-height[strong], kind="stable")][:_MOST])
    at, height = at[strong], height[strong]
    left, top, right = smooth[at - 1], smooth[at], smooth[at + 1]
    bend = np.minimum(left - 2 * top + right, 0.0)
    offset = np.clip(safe_ratio(0.5 * (right - left), -bend), -0.5, 0.5)
    return GRID[first + at] + STEP * offset, height / height.max()


def _places(position: FloatArray) -> NDArray[np.int64]:
    return np.asarray(np.clip(np.rint((position - GRID[0]) / STEP), 0, GRID.size - 1), dtype=np.int64)
