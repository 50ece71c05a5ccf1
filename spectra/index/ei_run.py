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
_PAIRS = 2048
"""Pairs scored at once: their working memory stays in the cache."""
_FOLD = 16
"""Scores are folded this many to one before the k-th best is sought: a bound from below, found in a sixteenth."""


@dataclass(frozen=True, eq=False)
class _Scans:
    """Q queries: `weights` (Q, K) float64 on the K masses they share with the library, and the energy of each, (Q,)."""

    weights: FloatArray
    energy: FloatArray

    @classmethod
    def of(cls, mz: IntArray, weight: FloatArray, offsets: IntArray, column: IntArray) -> _Scans:
        q, size = offsets.size - 1, int(column.max(initial=-1)) + 1
        weights = np.zeros((q, size))
        place = np.repeat(np.arange(q) * size, np.diff(offsets)) + column.take(mz, mode="clip")
        used = (mz < column.size) & (weight > 0)
        if used.all():
            weights.ravel()[place] = weight
        else:
            weights.ravel()[place[used]] = weight[used]
        # One sum for each scan: numpy's pairwise order, as for a single query.
        squares, add = weight * weight, np.add.reduce
        energy = np.array([add(squares[a:b]) for a, b in pairwise(offsets.tolist())])
        return cls(weights, energy.reshape(q))

    @property
    def slack(self) -> float:
        """By how much two single-precision products of unit vectors may be wrong together."""
        return 2.0 * (int(self.weights.shape[1]) + 8) * 2.0**-24


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some library rows on the K masses of the queries: `weights` sparse (rows, K), `energy` (rows,), `first` row.

    `units` unit weights (K, rows).
    """

    weights: csr_array
    energy: FloatArray
    first: int
    units: NDArray[np.float32]

    @classmethod
    def of(cls, forward: Forward, heavy: Heavy, weighing: Weighing, columns: IntArray, low: int, high: int) -> _Rows:
        start, end = int(forward.offsets[low]), int(forward.offsets[high])
        mz = forward.mz[start:end]
        column, weight = columns.take(mz), weighing(mz, forward.code[start:end])
        row = np.repeat(np.arange(high - low), np.diff(forward.offsets[low : high + 1]))
        met = column >= 0
        n, masses = high - low, int(columns.max(initial=-1)) + 1
        row, column, weight = row[met], column[met], weight[met]
        ends = np.zeros(n + 1, dtype=np.int32)
        np.cumsum(np.bincount(row, minlength=n), out=ends[1:])
        energy = heavy.energy[low:high]
        norm = np.sqrt(energy).take(row)
        units = np.zeros((masses, n), dtype=np.float32)
        # Written where it belongs: a dense array turned over afterwards costs as much again.
        units.ravel()[column * n + row] = np.divide(weight, norm, out=np.zeros(norm.size), where=norm > 0)
        weights = csr_array((weight, column.astype(np.int32), ends), shape=(n, masses))
        return cls(weights, energy, low, units)


def _columns(mz: IntArray, weight: FloatArray, masses: int) -> IntArray:
    """Number of every mass that occurs in a query and may occur in the library, (masses,), −1 elsewhere."""
    seen = np.bincount(mz[(mz < masses) & (weight > 0)], minlength=masses) > 0
    return np.where(seen, np.cumsum(seen) - 1, -1)


def search_run(
    library: tuple[Forward, Heavy, Weighing], mz: IntArray, intensity: FloatArray, offsets: IntArray,
    exponents: tuple[float, float], top: int, by_numba: bool = False,
) -> tuple[IntArray, NDArray[np.float32], IntArray]:  # fmt: skip
    """Entries (Q, top) and scores (Q, top) of Q scans given flat, and which scans this way cannot answer.

    Those have fewer than `top` spectra clearly above 0; their rows hold −1 and 0. `by_numba`: exact scores compiled.
    """
    forward = library[0]
    weight = peak_weights(mz.astype(np.float64), intensity, *exponents)
    columns = _columns(mz, weight, forward.masses)
    q = offsets.size - 1
    least = np.full(q, -np.inf, dtype=np.float32)
    edges = [*range(0, forward.n, _ROWS), forward.n]
    blocks, scans = HELPER.both(
        lambda: [_Rows.of(*library, columns, low, high) for low, high in pairwise(edges)],
        lambda: _Scans.of(mz, weight, offsets, columns),
    )
    near = [_near(rows, scans, top, least) for rows in blocks]
    open_ = least <= scans.slack
    entries, scores = np.full((q, top), -1, dtype=np.int64), np.zeros((q, top), dtype=np.float32)
    found = zip(*(_exact(*pairs, scans, least, open_, by_numba) for pairs in near), strict=True)
    query, entry, score = (np.concatenate(column) for column in found)
    # Stable, and the entries of a scan rise: equal scores stay in that order.
    order = np.lexsort((-score, query))
    query, entry, score = query[order], entry[order], score[order]
    rank = np.arange(query.size) - np.searchsorted(query, query)
    kept = rank < top
    entries[query[kept], rank[kept]], scores[query[kept], rank[kept]] = entry[kept], score[kept]
    return entries, scores, np.flatnonzero(open_)


Pairs = tuple[_Rows, IntArray, IntArray, NDArray[np.float32]]


def _near(rows: _Rows, scans: _Scans, top: int, least: NDArray[np.float32]) -> Pairs:
    """Pairs of scan and row that may be among the best, with rough scores; raises `least` (Q,), what the best reach."""
    units = rows.units
    q = least.size
    half = q // 2 // _QUERIES * _QUERIES

    def part(low: int, high: int) -> list[tuple[IntArray, IntArray, NDArray[np.float32]]]:
        # One array for all products: a new one each time costs a fifth of the product in page faults.
        room = np.empty((min(_QUERIES, high - low), units.shape[1]), dtype=np.float32)
        return [
            _rough(units, scans, slice(a, min(high, a + _QUERIES)), top, least, room)
            for a in range(low, high, _QUERIES)
        ]

    one, other = HELPER.both(lambda: part(0, half), lambda: part(half, q))
    query, row, score = (np.concatenate(column) for column in zip(*one, *other, strict=True))
    return rows, query, row, score


def _rough(
    units: NDArray[np.float32], scans: _Scans, part: slice, top: int, least: NDArray[np.float32],
    room: NDArray[np.float32],
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:  # fmt: skip
    norm = np.sqrt(scans.energy[part, None])
    weights = scans.weights[part]
    query = np.divide(weights, norm, out=np.zeros(weights.shape, dtype=np.float32), where=norm > 0, casting="same_kind")
    scores = np.matmul(query, units, out=room[: query.shape[0]])
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
    open_: NDArray[np.bool_], by_numba: bool,
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:  # fmt: skip
    """Exact scores of the pairs still near enough: float64 sums in rising mass, rounded to float32 once."""
    keep = (rough >= least[query] - scans.slack) & ~open_[query]
    query, row = query[keep], row[keep]
    dots, half = np.empty(query.size), query.size // 2
    score_pairs = _dots
    if by_numba:
        from spectra.index import ei_run_numba

        score_pairs = ei_run_numba.dots
    library = rows.weights.data, rows.weights.indices, rows.weights.indptr, scans.weights
    HELPER.both(
        lambda: score_pairs(*library, query[:half], row[:half], dots[:half]),
        lambda: score_pairs(*library, query[half:], row[half:], dots[half:]),
    )
    scale = np.sqrt(scans.energy[query] * rows.energy[row])
    score = np.divide(dots, scale, out=np.zeros(query.size), where=scale > 0).astype(np.float32)
    return query, row + rows.first, score


def _dots(
    data: FloatArray, indices: NDArray[np.int32], indptr: NDArray[np.int32], weights: FloatArray,
    query: IntArray, row: IntArray, out: FloatArray,
) -> None:  # fmt: skip
    """Numerators `out` (pairs,): one sparse row per pair, moved to the columns of its own query, in rising mass."""
    rows, masses = csr_array((data, indices, indptr), shape=(indptr.size - 1, weights.shape[1])), weights.shape[1]
    for low in range(0, query.size, _PAIRS):
        some = slice(low, low + _PAIRS)
        picked, first, last = rows[row[some]], int(query[low]), int(query[some][-1])
        wanted = weights[first : last + 1].ravel()
        shift = ((query[some] - first) * masses).astype(np.int32)
        matrix = csr_array((shift.size, wanted.size), dtype=np.float64)
        matrix.data, matrix.indptr = picked.data, picked.indptr
        matrix.indices = picked.indices + np.repeat(shift, np.diff(picked.indptr))
        out[some] = matrix @ wanted
