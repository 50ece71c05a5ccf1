"""Search of a whole run: thousands of scans against a small library as one matrix product, then exact scores.

Why: single searches of 3,000 scans repeat the same memory traffic 3,000 times. The single-precision product only
decides what is scored; answers equal those of single searches. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectra.acceleration import HELPER
from spectra.index.ei_tables import Forward, Heavy, Weighing
from spectra.peaktable import peak_weights
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
_QUERIES = 256
_ROWS = 4096
_FOLD = 16
"""Scores are folded this many to one before the k-th best is sought: a bound from below, found in a sixteenth."""


@dataclass(frozen=True, eq=False)
class _Scans:
    """Q queries: `weights` (Q, K) float64 on the K masses of `column` (masses,) ≥ 0, and the energy of each, (Q,)."""

    weights: FloatArray
    column: NDArray[np.int64]
    energy: FloatArray

    @classmethod
    def of(cls, mz: IntArray, weight: FloatArray, offsets: IntArray, masses: int) -> _Scans:
        q = offsets.size - 1
        used = (mz < masses) & (weight > 0)
        bins = np.flatnonzero(np.bincount(mz[used], minlength=masses))
        column = np.full(masses, -1, dtype=np.int64)
        column[bins] = np.arange(bins.size)
        weights = np.zeros((q, bins.size))
        weights[np.repeat(np.arange(q), np.diff(offsets))[used], column[mz[used]]] = weight[used]
        squares, edges = weight**2, offsets.tolist()
        energy = np.array([squares[a:b].sum() for a, b in pairwise(edges)])
        return cls(weights, column, energy.reshape(q))

    @property
    def slack(self) -> float:
        """By how much two single-precision products of unit vectors may be wrong together."""
        return 2.0 * (int(self.weights.shape[1]) + 8) * 2.0**-24


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some library rows on the K masses of the queries: `weights` sparse (rows, K), `energy` (rows,), `first` row."""

    weights: csr_array
    energy: FloatArray
    first: int

    @classmethod
    def of(cls, forward: Forward, heavy: Heavy, weighing: Weighing, scans: _Scans, low: int, high: int) -> _Rows:
        start, end = int(forward.offsets[low]), int(forward.offsets[high])
        mz = forward.mz[start:end]
        column, weight = scans.column.take(mz), weighing(mz, forward.code[start:end])
        row = np.repeat(np.arange(high - low), np.diff(forward.offsets[low : high + 1]))
        met = column >= 0
        ends = np.r_[0, np.cumsum(np.bincount(row[met], minlength=high - low))]
        shape = high - low, scans.weights.shape[1]
        weights = csr_array((weight[met], column[met].astype(np.int32), ends.astype(np.int32)), shape=shape)
        return cls(weights, heavy.energy[low:high], low)

    def units(self) -> NDArray[np.float32]:
        """Unit weights, (K, rows)."""
        norm = np.repeat(np.sqrt(self.energy), np.diff(self.weights.indptr))
        data = np.divide(self.weights.data, norm, out=np.zeros(norm.size), where=norm > 0).astype(np.float32)
        units = csr_array((data, self.weights.indices, self.weights.indptr), shape=self.weights.shape)
        return np.ascontiguousarray(units.toarray().T)


def search_run(
    library: tuple[Forward, Heavy, Weighing], mz: IntArray, intensity: FloatArray, offsets: IntArray,
    exponents: tuple[float, float], top: int,
) -> tuple[IntArray, NDArray[np.float32], IntArray]:  # fmt: skip
    """Entries (Q, top) and scores (Q, top) of Q scans given flat, and which scans this way cannot answer.

    Those have fewer than `top` spectra clearly above 0; their rows hold −1 and 0.
    """
    forward = library[0]
    scans = _Scans.of(mz, peak_weights(mz.astype(np.float64), intensity, *exponents), offsets, forward.masses)
    q = offsets.size - 1
    least = np.full(q, -np.inf, dtype=np.float32)
    blocks = [(low, min(forward.n, low + _ROWS)) for low in range(0, forward.n, _ROWS)]
    near = [_near(_Rows.of(*library, scans, low, high), scans, top, least) for low, high in blocks]
    open_ = least <= scans.slack
    entries, scores = np.full((q, top), -1, dtype=np.int64), np.zeros((q, top), dtype=np.float32)
    found = zip(*(_exact(*pairs, scans, least, open_) for pairs in near), strict=True)
    query, entry, score = (np.concatenate(column) for column in found)
    order = np.lexsort((entry, -score, query))
    query, entry, score = query[order], entry[order], score[order]
    rank = np.arange(query.size) - np.searchsorted(query, query)
    kept = rank < top
    entries[query[kept], rank[kept]], scores[query[kept], rank[kept]] = entry[kept], score[kept]
    return entries, scores, np.flatnonzero(open_)


Pairs = tuple[_Rows, IntArray, IntArray, NDArray[np.float32]]


def _near(rows: _Rows, scans: _Scans, top: int, least: NDArray[np.float32]) -> Pairs:
    """Pairs of scan and row that may be among the best, with rough scores; raises `least` (Q,), what the best reach."""
    units = rows.units()
    q = least.size
    half = q // 2 // _QUERIES * _QUERIES

    def part(low: int, high: int) -> list[tuple[IntArray, IntArray, NDArray[np.float32]]]:
        return [_rough(units, scans, slice(a, min(high, a + _QUERIES)), top, least) for a in range(low, high, _QUERIES)]

    one, other = HELPER.both(lambda: part(0, half), lambda: part(half, q))
    query, row, score = (np.concatenate(column) for column in zip(*one, *other, strict=True))
    return rows, query, row, score


def _rough(
    units: NDArray[np.float32], scans: _Scans, part: slice, top: int, least: NDArray[np.float32]
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:
    norm = np.sqrt(scans.energy[part, None])
    query = np.divide(scans.weights[part], norm, out=np.zeros_like(scans.weights[part]), where=norm > 0)
    scores = query.astype(np.float32) @ units
    n = scores.shape[1]
    width = n // _FOLD
    # Folding needs more columns than answers, and then is off by few; else the scores themselves.
    folded = scores[:, : width * _FOLD].reshape(-1, _FOLD, width).max(axis=1) if width >= 4 * top else scores
    if folded.shape[1] >= top:
        reached = np.partition(folded, folded.shape[1] - top, axis=1)[:, folded.shape[1] - top]
        least[part] = np.maximum(least[part], reached)
    at = np.flatnonzero(scores >= (least[part] - scans.slack)[:, None])
    q, row = np.divmod(at, n)
    return q + part.start, row, scores.ravel()[at]


def _exact(
    rows: _Rows, query: IntArray, row: IntArray, rough: NDArray[np.float32], scans: _Scans, least: NDArray[np.float32],
    open_: NDArray[np.bool_],
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:  # fmt: skip
    """Exact scores of the pairs still near enough: float64 sums in rising mass, rounded to float32 once."""
    keep = (rough >= least[query] - scans.slack) & ~open_[query]
    query, row = query[keep], row[keep]
    half = query.size // 2
    one, other = HELPER.both(
        lambda: _dots(rows, query[:half], row[:half], scans), lambda: _dots(rows, query[half:], row[half:], scans)
    )
    scale = np.sqrt(scans.energy[query] * rows.energy[row])
    score = np.divide(np.r_[one, other], scale, out=np.zeros(query.size), where=scale > 0).astype(np.float32)
    return query, row + rows.first, score


def _dots(rows: _Rows, query: IntArray, row: IntArray, scans: _Scans) -> FloatArray:
    """Numerators (pairs,): one sparse row per pair, its columns moved to the pair's own query, summed in rising mass."""
    picked = rows.weights[row]
    shift = (query * scans.weights.shape[1]).astype(np.int32 if scans.weights.size < 2**31 else np.int64)
    index = picked.indices + np.repeat(shift, np.diff(picked.indptr))
    matrix = csr_array((query.size, scans.weights.size), dtype=np.float64)
    matrix.data, matrix.indices, matrix.indptr = picked.data, index, picked.indptr.astype(index.dtype)
    return np.asarray(matrix @ scans.weights.ravel())
