"""The composite score of one query against all rows of a unit-mass table: the hot loop of the default search.

Why: unit masses need no search for matches, a table of the query's masses answers them. Done in blocks of rows that
stay in the processor's cache. Imports numpy, scipy and `spectra` only; numba when it pays.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectra.acceleration import Patience
from spectra.peaktable import PeakTable, peak_weights
from spectra.preprocess import Peaks
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray

_BLOCK_PEAKS = 1 << 18
"""Peaks per block of rows: some 4 MB of working memory (2^16 to 2^20 measured alike within 20 %)."""
_KEPT_PEAKS = 1 << 23
"""Tables up to this many peaks keep their blocks, 44 bytes a peak."""
_patience = Patience()


@dataclass(frozen=True, eq=False)
class _Masses:
    """A query spread over the M masses of a library, 0 where it has no peak.

    `position` 1 + index of the peak, `met` 1, `height` intensity, `spread` weight, `following` mass of the next query
    peak (−2: none), `tail` query energy from this mass upwards (M,); `intensity`, `weight` of the peaks; `first` lowest mass.
    """

    position: NDArray[np.int32]
    met: NDArray[np.int32]
    height: FloatArray
    spread: FloatArray
    following: NDArray[np.int32]
    tail: FloatArray
    intensity: FloatArray
    weight: FloatArray
    first: int

    @classmethod
    def of(cls, query: Peaks, size: int) -> _Masses:
        weight = peak_weights(query.mz, query.intensity, 0.5, 0.5)
        inside = int(np.searchsorted(query.mz, size))
        mz = query.mz[:inside].astype(np.int64)
        position, following = np.zeros(size, dtype=np.int32), np.full(size, -2, dtype=np.int32)
        height, spread = np.zeros(size), np.zeros(size)
        position[mz], following[mz[:-1]] = np.arange(1, inside + 1), mz[1:]
        height[mz], spread[mz] = query.intensity[:inside], weight[:inside]
        sums = np.r_[np.cumsum((weight**2)[::-1])[::-1], 0.0]
        tail = sums[np.searchsorted(query.mz, np.arange(size), side="left")]
        met = (position > 0).astype(np.int32)
        return cls(position, met, height, spread, following, tail, query.intensity, weight, int(query.mz[0]))


def unit_mass_factors(query: Peaks, table: PeakTable, accelerator: str = "auto") -> FloatArray:
    """Forward match factors (N,) of one prepared query; neither side may hold peaks of intensity ≤ 1.

    `accelerator`: auto, numpy or numba; the answers are the same bits.
    """
    out = np.zeros(table.n)
    size = int(_largest_mass(table)) + 1
    if table.mz.size == 0 or query.mz.size == 0 or query.mz[0] >= size:
        return out
    masses = _Masses.of(query, size)
    if _patience.wants_numba(accelerator):
        from spectra.similarity.composite_numba import match_factors

        mz, intensity, offsets = np.asarray(table.mz), np.asarray(table.intensity), np.asarray(table.offsets)
        match_factors(
            mz, intensity, offsets, table.weights(0.5, 0.5), table.energies(0.5, 0.5), masses.position, masses.tail,
            masses.intensity, masses.weight, masses.first, out,
        )  # fmt: skip
        return out
    with _patience.counting():
        return np.concatenate([_block(masses, rows) for rows in _rows(table)])


def _largest_mass(table: PeakTable) -> float:
    return float(table.keep("largest mass", lambda: np.array([float(table.mz.max(initial=0))]))[0])


def _blocks(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of whole rows with about _BLOCK_PEAKS peaks each."""
    steps = np.arange(_BLOCK_PEAKS, int(offsets[-1]), _BLOCK_PEAKS)
    edges = np.unique(np.r_[0, np.searchsorted(offsets, steps), offsets.size - 1])
    return [(int(a), int(b)) for a, b in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class _Rows:
    """n whole rows of a table.

    Sparse matrices (n, masses) of weights and of ones; per peak (P,) mass, intensity, row,
    and mass of the `next` peak in the row (P − 1,), −1 after the last; per row lightest mass and energy (n,).
    """

    weights: csr_array
    ones: csr_array
    at: NDArray[np.intp]
    next: NDArray[np.int32]
    intensity: NDArray[np.float32]
    row: NDArray[np.int64]
    lightest: NDArray[np.int64]
    energy: FloatArray

    @classmethod
    def of(cls, table: PeakTable, low: int, high: int) -> _Rows:
        start, end = int(table.offsets[low]), int(table.offsets[high])
        n, offsets = high - low, (np.asarray(table.offsets[low : high + 1]) - start).astype(np.int32)
        mz = np.asarray(table.mz[start:end])
        columns = mz.astype(np.int32)
        shape = (n, int(mz.max(initial=0)) + 1)
        weights = csr_array((table.weights(0.5, 0.5)[start:end], columns, offsets), shape=shape)
        ones = csr_array((np.ones(mz.size, dtype=np.int32), columns, offsets), shape=shape)
        lightest, filled = np.zeros(n, dtype=np.int64), np.flatnonzero(np.diff(offsets))
        lightest[filled] = mz[offsets[:-1][filled]]
        row = np.repeat(np.arange(n), np.diff(offsets))
        energy = table.energies(0.5, 0.5)[low:high]
        following = np.where(row[1:] == row[:-1], columns[1:], -1).astype(np.int32)
        intensity = np.asarray(table.intensity[start:end])
        return cls(weights, ones, mz.astype(np.intp), following, intensity, row, lightest, energy)


_kept: weakref.WeakKeyDictionary[PeakTable, list[_Rows]] = weakref.WeakKeyDictionary()


def _rows(table: PeakTable) -> Iterable[_Rows]:
    """The table in blocks of rows, kept with tables of up to _KEPT_PEAKS peaks."""
    blocks = _blocks(np.asarray(table.offsets))
    if table.mz.size > _KEPT_PEAKS:
        return (_Rows.of(table, low, high) for low, high in blocks)
    if table not in _kept:
        _kept[table] = [_Rows.of(table, low, high) for low, high in blocks]
    return _kept[table]


def _block(q: _Masses, rows: _Rows) -> FloatArray:
    """Match factors of some rows; sums run per row in rising mass, as in the compiled form."""
    n, columns = rows.weights.shape
    dot = rows.weights @ q.spread[:columns]
    n1 = rows.ones @ q.met[:columns]
    energy = rows.energy
    if int(rows.lightest.min(initial=q.first)) < q.first:
        below = np.flatnonzero(rows.at < q.first)
        energy = energy - np.bincount(rows.row[below], weights=rows.weights.data[below] ** 2, minlength=n)
    first = safe_ratio(dot**2, q.tail[np.maximum(rows.lightest, q.first)] * energy)
    second, n2 = _ratio_term(q, rows)
    return 1000.0 * safe_ratio(first * n1 + second * n2, (n1 + n2).astype(np.float64))


def _ratio_term(q: _Masses, rows: _Rows) -> tuple[FloatArray, NDArray[np.int64]]:
    """Ratio term R (n,) and its number of pairs: neighbours in the library that are neighbours in the query."""
    k = np.flatnonzero(q.following.take(rows.at[:-1]) == rows.next) + 1
    row = rows.row.take(k)
    here, before = rows.at.take(k), rows.at.take(k - 1)
    relative = q.height.take(here) / rows.intensity.take(k)
    ratio = np.sqrt(relative / (q.height.take(before) / rows.intensity.take(k - 1)))
    ratio = np.minimum(ratio, 1.0 / ratio)
    mass, n = here.astype(np.float64), rows.lightest.size
    up: FloatArray = np.bincount(row, weights=mass * ratio, minlength=n).astype(np.float64)
    down: FloatArray = np.bincount(row, weights=mass, minlength=n).astype(np.float64)
    return safe_ratio(up, down), np.bincount(row, minlength=n)
