"""Library entries of one compound at rising energies belong together: one series. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from spectra.index.mass_index import MassIndex
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
MOST_LEVELS = 5


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """S series: series s owns `entries[offsets[s]:offsets[s+1]]`, rising in energy, at `levels` of the same length.

    `compound` (S,) code, `precursor` (S,) Da or NaN, `of_entry` (N,) series of every entry. `levelled`: the library
    states energies; without, the entries of a compound stand in order of their mean m/z, highest first.
    """

    entries: IntArray
    offsets: IntArray
    levels: FloatArray
    compound: IntArray
    precursor: FloatArray
    of_entry: IntArray
    levelled: bool

    def part(self, s: int) -> tuple[IntArray, FloatArray]:
        """Entries and levels of one series, at most MOST_LEVELS, evenly chosen."""
        here = slice(int(self.offsets[s]), int(self.offsets[s + 1]))
        entries, levels = self.entries[here], self.levels[here]
        if entries.size > MOST_LEVELS:
            at = np.round(np.linspace(0, entries.size - 1, MOST_LEVELS)).astype(np.int64)
            return entries[at], np.arange(float(MOST_LEVELS)) if not self.levelled else levels[at]
        return entries, levels


_KEPT: WeakKeyDictionary[MassIndex, SeriesTable] = WeakKeyDictionary()


def series_of(library: MassIndex) -> SeriesTable:
    """The series of a library, found once per library."""
    found = _KEPT.get(library)
    if found is None:
        found = _KEPT[library] = _grouped(library)
    return found


def _grouped(library: MassIndex) -> SeriesTable:
    n = len(library)
    compound = np.unique(np.asarray(library.compounds[:], dtype=object).astype(str), return_inverse=True)[1]
    compound = np.asarray(compound, dtype=np.int64).reshape(-1)
    precursor = np.asarray(library.table.precursor, dtype=np.float64)
    ion = np.where(np.isfinite(precursor), np.round(precursor / 0.02), -1.0)
    energy = np.asarray(library.energy, dtype=np.int64)
    levelled = bool(n) and int(energy.max()) > int(energy.min())
    rank = energy.astype(np.float64) if levelled else -_mean_mass(library)
    turn = _occurrence(compound, ion, energy) if levelled else np.zeros(n, dtype=np.int64)
    order = np.lexsort((rank, turn, ion, compound))
    key = np.stack([compound[order], ion[order], turn[order]]) if n else np.zeros((3, 0))
    starts = np.flatnonzero(np.r_[True, (np.diff(key, axis=1) != 0).any(axis=0)]) if n else np.zeros(0, dtype=np.int64)
    offsets = np.r_[starts, n].astype(np.int64)
    of_entry = np.zeros(n, dtype=np.int64)
    series = np.repeat(np.arange(starts.size), np.diff(offsets))
    of_entry[order] = series
    within = np.arange(n) - offsets[:-1][series] if n else np.zeros(0)
    levels = rank[order] if levelled else within.astype(np.float64)
    first = order[starts]
    return SeriesTable(order, offsets, levels, compound[first], precursor[first], of_entry, levelled)


def _occurrence(compound: IntArray, ion: FloatArray, energy: IntArray) -> IntArray:
    """How many earlier entries have the same compound, precursor and energy: the contributor's number, (N,)."""
    order = np.lexsort((energy, ion, compound))
    key = np.stack([compound[order], ion[order], energy[order].astype(np.float64)])
    new = np.r_[True, (np.diff(key, axis=1) != 0).any(axis=0)]
    start = np.maximum.accumulate(np.where(new, np.arange(new.size), 0))
    out = np.zeros(new.size, dtype=np.int64)
    out[order] = np.arange(new.size) - start
    return out


def _mean_mass(library: MassIndex) -> FloatArray:
    """Intensity-weighted mean m/z of every entry, (N,): falls as energy rises."""
    table = library.table
    height = np.asarray(table.intensity, dtype=np.float64)
    total = table.sums(table.row, height)
    return table.sums(table.row, height * np.asarray(table.mz)) / np.where(total > 0, total, 1.0)
