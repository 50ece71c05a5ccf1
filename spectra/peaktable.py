"""Many prepared spectra as one table, and which of their peaks a query meets.

Why: all similarities are sums over matched peaks; matching stands here once, so that a score is only its
formula. Imports numpy and `spectra` preprocessing only; knows no file and no name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spectra.preprocess import MAX_TOLERANCE_DA, Peaks, precursor_position, prepare_many
from spectra.types import FloatArray, MassSpectrum

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Matches:
    """Matched peak pairs, rising by table position.

    `row` (H,) reference, `lib` (H,) position of its peak in the table, `query` (H,) index of the query peak.
    """

    row: IntArray
    lib: IntArray
    query: IntArray

    def only(self, keep: BoolArray) -> Matches:
        """The pairs where `keep` (H,) is true."""
        return Matches(self.row[keep], self.lib[keep], self.query[keep])


@dataclass(frozen=True, eq=False)
class PeakTable:
    """N prepared references: row r owns peaks `offsets[r]:offsets[r+1]` of `mz` and `intensity` (P,).

    `mz` is uint16 unit masses when not `accurate`, else float64 Da; `intensity` float32, base 999;
    `precursor` (N,) float64 Da, NaN where unknown. Arrays may be memory-mapped.
    """

    mz: NDArray[np.uint16] | FloatArray
    intensity: NDArray[np.float32]
    offsets: IntArray
    precursor: FloatArray
    accurate: bool
    _kept: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, spectra: Sequence[MassSpectrum], accurate: bool) -> PeakTable:
        """Table of raw spectra, in their order."""
        offsets = np.r_[0, np.cumsum([s.mz.size for s in spectra])].astype(np.int64)
        mz = np.concatenate([s.mz for s in spectra]) if spectra else np.zeros(0)
        intensity = np.concatenate([s.intensity for s in spectra]) if spectra else np.zeros(0)
        precursor = np.array([np.nan if s.precursor_mz is None else s.precursor_mz for s in spectra], dtype=float)
        return cls.from_raw(mz, intensity, offsets, precursor, accurate)

    @classmethod
    def from_raw(
        cls, mz: FloatArray, intensity: FloatArray, offsets: IntArray, precursor: FloatArray, accurate: bool
    ) -> PeakTable:
        """Table of N raw spectra given as flat arrays; peaks in any order."""
        position, height, offs = prepare_many(mz, intensity, offsets, accurate)
        if not accurate and position.size and position.max() > np.iinfo(np.uint16).max:
            raise ValueError(f"m/z {position.max():.0f} is beyond the largest unit mass kept here, 65535")
        masses = precursor_position(np.asarray(precursor, dtype=np.float64), accurate)
        kept = position if accurate else position.astype(np.uint16)
        return cls(kept, height.astype(np.float32), offs, masses, accurate)

    @property
    def n(self) -> int:
        """Number of references."""
        return int(self.offsets.size - 1)

    @cached_property
    def row(self) -> IntArray:
        """Reference of every peak, (P,)."""
        return np.repeat(np.arange(self.n, dtype=np.int64), np.diff(self.offsets))

    @cached_property
    def first(self) -> FloatArray:
        """Lowest m/z of every reference, (N,); infinite where it has no peak."""
        out = np.full(self.n, np.inf)
        filled = np.flatnonzero(np.diff(self.offsets))
        out[filled] = self.mz[self.offsets[:-1][filled]]
        return out

    @cached_property
    def by_mass(self) -> tuple[IntArray, FloatArray]:
        """Peak positions by rising m/z and those m/z, (P,) each: the index of an accurate table."""
        order = np.argsort(self.mz, kind="stable")
        return order, np.asarray(self.mz[order], dtype=np.float64)

    @cached_property
    def by_loss(self) -> tuple[IntArray, FloatArray]:
        """Peak positions by rising neutral loss (precursor − m/z) and those losses; no precursor, no peak."""
        loss = self.precursor[self.row] - self.mz
        order = np.argsort(loss, kind="stable")
        known = int(np.isfinite(loss).sum())
        return order[:known], np.asarray(loss[order[:known]], dtype=np.float64)

    @cached_property
    def above_one(self) -> PeakTable:
        """The same references without peaks of intensity ≤ 1 (base 999), which the composite score ignores."""
        keep = np.asarray(self.intensity) > 1.0
        counts = np.bincount(self.row[keep], minlength=self.n)
        offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
        return PeakTable(self.mz[keep], self.intensity[keep], offsets, self.precursor, self.accurate)

    def weights(self, a: float, b: float) -> FloatArray:
        """m^a · I^b of every peak, (P,) float64."""
        return self.keep(f"weights {a} {b}", lambda: peak_weights(self.mz, self.intensity, a, b))

    def energies(self, a: float, b: float) -> FloatArray:
        """Σ (m^a · I^b)² of every reference, (N,)."""
        return self.keep(f"energies {a} {b}", lambda: self.sums(self.row, self.weights(a, b) ** 2))

    def keep(self, key: str, make: Callable[[], FloatArray]) -> FloatArray:
        """What `make` gives, computed once and kept with the table; two threads may compute it twice, harmlessly."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def sums(self, row: IntArray, values: FloatArray) -> FloatArray:
        """Sum of `values` per reference, (N,), added in the given order so that equal rows get equal sums."""
        return np.bincount(row, weights=values, minlength=self.n).astype(np.float64, copy=False)

    def take(self, rows: IntArray) -> PeakTable:
        """The table of these references only, in this order."""
        counts = np.diff(self.offsets)[rows]
        at = np.repeat(self.offsets[:-1][rows], counts) + _ramp(counts)
        offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
        return PeakTable(self.mz[at], self.intensity[at], offsets, self.precursor[rows], self.accurate)

    def peaks(self, row: int) -> Peaks:
        """One reference."""
        part = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        mz, intensity = np.array(self.mz[part], dtype=float), np.array(self.intensity[part], dtype=float)
        return Peaks(mz, intensity, float(self.precursor[row]))

    def match(self, query: Peaks, tolerance: float) -> Matches:
        """Peaks at the same unit mass, or within `tolerance` (Da, ≤ 0.0245) in an accurate table."""
        if self.accurate:
            return self._near(self.by_mass, query.mz - tolerance, query.mz + tolerance, tolerance)
        index = np.zeros(int(np.iinfo(np.uint16).max) + 1, dtype=np.int32)
        known = int(np.searchsorted(query.mz, index.size))
        index[query.mz[:known].astype(np.int64)] = np.arange(1, known + 1)
        hit = index[self.mz]
        lib = np.flatnonzero(hit)
        return Matches(self.row[lib], lib, hit[lib].astype(np.int64) - 1)

    def match_losses(self, query: Peaks, tolerance: float) -> Matches:
        """Peaks with the same neutral loss from the precursor, within `tolerance` (Da)."""
        loss = query.precursor_mz - query.mz
        width = tolerance if self.accurate else 0.25
        return self._near(self.by_loss, loss - width, loss + width, tolerance)

    def _near(self, index: tuple[IntArray, FloatArray], low: FloatArray, high: FloatArray, tolerance: float) -> Matches:
        if self.accurate and not 0 < tolerance <= MAX_TOLERANCE_DA:
            raise ValueError(
                f"a peak tolerance of {tolerance} Da is not possible here: it must be above 0 and at most "
                f"{MAX_TOLERANCE_DA} Da, because stored peaks are merged below 0.05 Da"
            )
        order, value = index
        start, end = np.searchsorted(value, low, side="left"), np.searchsorted(value, high, side="right")
        counts = end - start
        lib = order[np.repeat(start, counts) + _ramp(counts)]
        query = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
        sort = np.argsort(lib, kind="stable")
        lib = lib[sort]
        return Matches(self.row[lib], lib, query[sort])


def peak_weights(
    mz: NDArray[np.uint16] | FloatArray, intensity: NDArray[np.float32] | FloatArray, a: float, b: float
) -> FloatArray:
    """m^a · I^b, (P,) float64; powers of 0, ½ and 1 are exact."""
    m, i = np.asarray(mz, dtype=np.float64), np.asarray(intensity, dtype=np.float64)
    height = np.sqrt(i) if b == 0.5 else i if b == 1.0 else i**b
    if a == 0.0:
        return height
    return height * (np.sqrt(m) if a == 0.5 else m if a == 1.0 else m**a)


def _ramp(counts: IntArray) -> IntArray:
    """0…c−1 for every count, end to end.

    >>> _ramp(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
