"""Many prepared spectra as one table, and which of their peaks a query meets.

Why: all similarities are sums over matched peaks; matching stands here once, so that a score is only its
formula. Imports numpy and `spectra` preprocessing only; knows no file and no name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from spectra.index.ei_codes import decode, quantised
from spectra.preprocess import (
    MAX_ACCURATE_MZ,
    MAX_TOLERANCE_DA,
    MICRO,
    Peaks,
    micro,
    on_micro_grid,
    precursor_position,
    prepare_many,
)
from spectra.types import FloatArray, MassSpectrum

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Kept = TypeVar("Kept")
ABOVE_ONE = 1.0002
"""Intensity (base 999) a peak must exceed to be more than 1, allowing for the rounding to 16-bit codes."""
_FEW_PEAKS = 1 << 14
"""Up to so many accurate peaks are matched without putting them in order first."""


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

    `mz` is uint16 unit masses when not `accurate`, else float64 Da on whole micro-Da; `intensity` float32, base 999,
    in a library of unit mass one of 65,536 values (relative error ≤ 1.05e-4), so that it answers alike stored and in
    memory; `precursor` (N,) float64 Da, NaN where unknown. Arrays may be memory-mapped.
    """

    mz: NDArray[np.uint16] | FloatArray
    intensity: NDArray[np.float32]
    offsets: IntArray
    precursor: FloatArray
    accurate: bool
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, spectra: Sequence[MassSpectrum], accurate: bool, coded: bool = False) -> PeakTable:
        """Table of raw spectra, in their order; see `from_raw`."""
        offsets = np.r_[0, np.cumsum([s.mz.size for s in spectra])].astype(np.int64)
        mz = np.concatenate([s.mz for s in spectra]) if spectra else np.zeros(0)
        intensity = np.concatenate([s.intensity for s in spectra]) if spectra else np.zeros(0)
        precursor = np.array([np.nan if s.precursor_mz is None else s.precursor_mz for s in spectra], dtype=float)
        return cls.from_raw(mz, intensity, offsets, precursor, accurate, coded)

    @classmethod
    def from_raw(
        cls,
        mz: FloatArray,
        intensity: FloatArray,
        offsets: IntArray,
        precursor: FloatArray,
        accurate: bool,
        coded: bool = False,
    ) -> PeakTable:
        """Table of N raw spectra given as flat arrays; peaks in any order.

        `coded`: intensities of a unit-mass table are rounded to what a stored library holds (16-bit codes).
        """
        position, height, offs = prepare_many(mz, intensity, offsets, accurate)
        if not accurate and position.size and position.max() > np.iinfo(np.uint16).max:
            raise ValueError(f"m/z {position.max():.0f} is beyond the largest unit mass kept here, 65535")
        if accurate and position.size and position.max() > MAX_ACCURATE_MZ:
            raise ValueError(
                f"m/z {position.max():.2f} is beyond the largest accurate m/z kept here, {MAX_ACCURATE_MZ:.2f}"
            )
        masses = precursor_position(np.asarray(precursor, dtype=np.float64), accurate)
        if accurate:
            return cls(position, height.astype(np.float32), offs, masses, accurate)
        heights = quantised(height, offs) if coded else height.astype(np.float32)
        return cls(position.astype(np.uint16), heights, offs, masses, accurate)

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
        loss = on_micro_grid(self.precursor[self.row] - self.mz)
        order = np.argsort(loss, kind="stable")
        known = int(np.isfinite(loss).sum())
        return order[:known], np.asarray(loss[order[:known]], dtype=np.float64)

    @cached_property
    def above_one(self) -> PeakTable:
        """The references of the table without peaks of intensity ≤ 1 (base 999), which the composite score ignores."""
        keep = np.asarray(self.intensity) > ABOVE_ONE
        counts = np.bincount(self.row[keep], minlength=self.n)
        offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
        return PeakTable(self.mz[keep], self.intensity[keep], offsets, self.precursor, self.accurate)

    def weights(self, a: float, b: float) -> FloatArray:
        """m^a · I^b of every peak, (P,) float64."""
        return self.keep(f"weights {a} {b}", lambda: peak_weights(self.mz, self.intensity, a, b))

    def energies(self, a: float, b: float) -> FloatArray:
        """Σ (m^a · I^b)² of every reference, (N,)."""
        return self.keep(f"energies {a} {b}", lambda: self.sums(self.row, self.weights(a, b) ** 2))

    def keep(self, key: str, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, computed once and kept with the table; two threads may compute it twice, harmlessly."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Kept, self._kept[key])

    def sums(self, row: IntArray, values: FloatArray) -> FloatArray:
        """Sum of `values` per reference, (N,), added in the given order so that equal rows get equal sums."""
        return np.bincount(row, weights=values, minlength=self.n).astype(np.float64, copy=False)

    def take(self, rows: IntArray) -> PeakTable:
        """The table of these references only, in this order."""
        # asarray: numpy is slow at picking from a memory-mapped array, and quick from its plain view.
        edges = np.asarray(self.offsets)
        starts = edges.take(rows)
        counts = edges[1:].take(rows) - starts
        at = positions(starts, counts)
        offsets = np.zeros(counts.size + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        mz: NDArray[Any] = np.asarray(self.mz)[at]
        return PeakTable(mz, self._heights(at), offsets, np.asarray(self.precursor).take(rows), self.accurate)

    def part(self, first: int, last: int) -> PeakTable:
        """The references first…last−1 only; for stored ones without reading them."""
        cut = slice(int(self.offsets[first]), int(self.offsets[last]))
        offsets = np.asarray(self.offsets[first : last + 1]) - self.offsets[first]
        return PeakTable(self.mz[cut], self._heights(cut), offsets, self.precursor[first:last], self.accurate)

    def joined(self, other: PeakTable) -> PeakTable:
        """These references, then those of `other`, which must be of the same kind."""
        return PeakTable(
            np.concatenate([self.mz, other.mz]),
            np.concatenate([self.intensity, other.intensity]),
            np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
            np.concatenate([self.precursor, other.precursor]),
            self.accurate,
        )

    def _heights(self, at: IntArray | slice) -> NDArray[np.float32]:
        return np.asarray(self.intensity)[at]

    def peaks(self, row: int) -> Peaks:
        """One reference."""
        part = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        mz, intensity = np.array(self.mz[part], dtype=float), np.array(self._heights(part), dtype=float)
        return Peaks(mz, intensity, float(self.precursor[row]))

    def match(self, query: Peaks, tolerance: float) -> Matches:
        """Peaks at the same unit mass, or within `tolerance` (Da, ≤ 0.0245) in an accurate table."""
        if self.accurate:
            if self.mz.size <= _FEW_PEAKS and 0 < tolerance <= MAX_TOLERANCE_DA:
                return self._met(micro(query.mz), round(tolerance * MICRO))
            low, high = _window(query.mz, tolerance)
            return self._near(self.by_mass, low, high, tolerance)
        # One cell beyond the query's largest mass stays empty and stands for all that lies above.
        known = int(np.searchsorted(query.mz, float(np.iinfo(np.uint16).max), side="right"))
        masses = query.mz[:known].astype(np.int64)
        index = np.zeros(int(masses[-1]) + 2 if known else 1, dtype=np.int32)
        index[masses] = np.arange(1, known + 1)
        hit = index.take(np.asarray(self.mz, dtype=np.uint16), mode="clip")
        lib = np.flatnonzero(hit)
        return Matches(self.row[lib], lib, hit[lib].astype(np.int64) - 1)

    def _met(self, query: IntArray, width: int) -> Matches:
        """`match` of few accurate peaks: each looks for its partner, which is one at most."""
        mass = micro(np.asarray(self.mz))
        partner = (query + width).searchsorted(mass)
        lib = (mass >= np.append(query, np.int64(2**62)).take(partner) - width).nonzero()[0]
        return Matches(self.row.take(lib), lib, partner.take(lib))

    def match_losses(self, query: Peaks, tolerance: float) -> Matches:
        """Peaks with the same neutral loss from the precursor, within `tolerance` (Da)."""
        low, high = _window(query.precursor_mz - query.mz, tolerance if self.accurate else 0.25)
        return self._near(self.by_loss, low, high, tolerance)

    def _near(self, index: tuple[IntArray, FloatArray], low: FloatArray, high: FloatArray, tolerance: float) -> Matches:
        if self.accurate and not 0 < tolerance <= MAX_TOLERANCE_DA:
            raise ValueError(
                f"a peak tolerance of {tolerance} Da is not possible here: it must be above 0 and at most "
                f"{MAX_TOLERANCE_DA} Da, because stored peaks are merged below 0.05 Da"
            )
        order, value = index
        start, end = np.searchsorted(value, low, side="left"), np.searchsorted(value, high, side="right")
        counts = end - start
        lib = order[positions(start, counts)]
        query = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
        sort = np.argsort(lib, kind="stable")
        lib = lib[sort]
        return Matches(self.row[lib], lib, query[sort])


class StoredUnitMass(PeakTable):
    """A unit-mass table whose intensities are 16-bit codes on disk, decoded where they are looked at.

    >>> table = StoredUnitMass(np.array([58, 91], np.uint16), np.array([65535, 54613], np.uint16),
    ...                        np.array([0, 2]), np.array([np.nan]))
    >>> table.peaks(0).intensity.round(1).tolist()
    [999.0, 99.9]
    """

    def __init__(
        self, mz: NDArray[np.uint16], codes: NDArray[np.uint16], offsets: IntArray, precursor: FloatArray
    ) -> None:
        values = {"mz": mz, "codes": codes, "offsets": offsets, "precursor": precursor, "accurate": False, "_kept": {}}
        self.__dict__.update(values)

    @cached_property
    def intensity(self) -> NDArray[np.float32]:
        """Intensities of all peaks, (P,) float32, base 999; decoded whole on first use."""
        return decode(self.__dict__["codes"])

    def _heights(self, at: IntArray | slice) -> NDArray[np.float32]:
        return decode(np.asarray(self.__dict__["codes"])[at])


def peak_weights(
    mz: NDArray[np.uint16] | FloatArray, intensity: NDArray[np.float32] | FloatArray, a: float, b: float
) -> FloatArray:
    """m^a · I^b, (P,) float64; powers of 0, ½ and 1 are exact."""
    m, i = np.asarray(mz, dtype=np.float64), np.asarray(intensity, dtype=np.float64)
    height = np.sqrt(i) if b == 0.5 else i if b == 1.0 else i**b
    if a == 0.0:
        return height
    return height * (np.sqrt(m) if a == 0.5 else m if a == 1.0 else m**a)


def _window(mz: FloatArray, tolerance: float) -> tuple[FloatArray, FloatArray]:
    """Edges of `mz` ± `tolerance` (Da), both on whole micro-Da so that a peak on the edge is inside for everybody."""
    centre, width = micro(mz), micro(tolerance)
    return (centre - width) / MICRO, (centre + width) / MICRO


def positions(starts: IntArray, counts: IntArray) -> IntArray:
    """start…start+count−1 for every pair, end to end.

    >>> positions(np.array([5, 0, 7]), np.array([2, 0, 3])).tolist()
    [5, 6, 7, 8, 9]
    """
    ends = np.cumsum(counts)
    ramp = np.arange(int(ends[-1]) if ends.size else 0, dtype=np.int64)
    return np.asarray(ramp + np.repeat(starts - (ends - counts), counts))
