"""The exact entropy search in numpy and scipy: the same answers as the compiled form. Imports numpy and scipy.

See `spectra.index.ms2_arrays` for the arrays; every function returns candidates as rows and their float32 scores.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from spectra.index.ms2_arrays import BOUNDS, CELL, CHUNKS, SCALE, Ms2Arrays
from spectra.peaktable import IntArray, positions
from spectra.similarity.log2 import gain
from spectra.types import FloatArray

_BATCH = 4_096
_GROUP = 1 << 16
"""Postings added at a time: their columns (about 1 MB) stay in the second cache."""
_LEAVE, _LEAVE_POSTINGS = 0.1, 100_000
"""Peaks that are dear for their weight wait until they are needed: at most this weight (of ½), if that saves so many
postings. A second pass costs numpy some 0.3 ms of calls: it must save more than that."""
_FEW_HITS = 1_500
"""Up to so many matched peaks the exact terms of all cost less than rough ones first."""
_MARK = 13
"""Identity search marks cells of 2^13 micro-Da (0.008 Da) around the query's peaks."""
_ONE = np.ones(1, dtype=np.uint16)
_FLAT_BOUNDS = np.ascontiguousarray(BOUNDS).ravel()


class Ms2Query:
    """A prepared query: `mz` (Q,) micro-Da rising, `weight` (Q,) float32 sums to ½, `code` (Q,), `width` micro-Da."""

    def __init__(self, mz: IntArray, weight: NDArray[np.float32], code: NDArray[np.uint8], width: int) -> None:
        self.mz, self.weight, self.code, self.width = mz, weight, code, width


def exact(a: Ms2Arrays, q: Ms2Query, rows: IntArray) -> NDArray[np.float32]:
    """Scores of these rows, (R,)."""
    starts = a.offsets[rows]
    counts = a.offsets[rows + 1] - starts
    at = positions(starts, counts)
    mz = a.mz[at].astype(np.int64)
    partner = np.searchsorted(q.mz + q.width, mz, side="left")
    near = np.flatnonzero(np.append(q.mz, np.int64(2**62))[partner] - q.width <= mz)
    terms = gain(q.weight[partner[near]].astype(np.float64), a.weight[at[near]].astype(np.float64))
    own = np.repeat(np.arange(rows.size), counts)[near]
    return np.bincount(own, weights=terms, minlength=rows.size).astype(np.float32)


def open_search(a: Ms2Arrays, q: Ms2Query, top: int) -> tuple[IntArray, NDArray[np.float32]]:
    """Rows that may be among the `top` best of all entries, and their scores."""
    start, end = _ranges(a, q)
    left, mass = _wait((end - start).sum(axis=0), q.weight)
    table = _sums(a, q, start, end, np.flatnonzero(~left))
    maxima = table.max(axis=1).ravel()
    seeds = _seeds(table, maxima, 2 * top + 4)
    scores = exact(a, q, seeds)
    if mass:
        allowance = float(gain(np.array([mass]), np.array([0.5]))[0])
        limit = _limit(scores, top, allowance)
        rows = _rows_from(table, maxima, limit) if limit > 0.02 * SCALE else seeds
        if limit > 0.02 * SCALE and rows.size <= _BATCH:
            return _best_first(a, q, rows, np.zeros(0, dtype=np.uint16), top)
        table = table + _sums(a, q, start, end, np.flatnonzero(left))
        maxima = table.max(axis=1).ravel()
    rows = _rows_from(table, maxima, _limit(scores, top))
    return _best_first(a, q, rows, table.reshape(-1)[rows], top)


def _wait(postings: IntArray, weight: NDArray[np.float32]) -> tuple[NDArray[np.bool_], float]:
    """Which peaks are left aside at first because they are dear for their weight, and their weight together."""
    left, mass, saved = np.zeros(weight.size, dtype=bool), 0.0, 0
    for k in np.argsort(-postings / weight).tolist():
        if mass + weight[k] <= _LEAVE:
            left[k] = True
            mass += float(weight[k])
            saved += int(postings[k])
    return (left, mass) if saved >= _LEAVE_POSTINGS else (np.zeros(weight.size, dtype=bool), 0.0)


def _seeds(table: NDArray[np.uint16], maxima: NDArray[np.uint16], wanted: int) -> IntArray:
    """The best row of about `wanted` chunks with the largest maxima."""
    column = table.shape[2]
    # As float32, which numpy selects ten times faster than 16-bit integers.
    at = maxima.size - wanted
    floor = np.partition(maxima.astype(np.float32), at)[at] if at > 0 else 0
    b, c = np.divmod(np.flatnonzero(maxima >= max(int(floor), 1))[: 4 * wanted], column)
    return np.asarray(b * (CHUNKS * column) + table[b, :, c].argmax(axis=1) * column + c)


def _rows_from(table: NDArray[np.uint16], maxima: NDArray[np.uint16], limit: int) -> IntArray:
    """Rows whose bound reaches `limit`."""
    column = table.shape[2]
    b, c = np.divmod(np.flatnonzero(maxima >= limit), column)
    inside, r = np.nonzero(table[b, :, c] >= limit)
    return np.asarray(b[inside] * (CHUNKS * column) + r * column + c[inside])


def _best_first(
    a: Ms2Arrays, q: Ms2Query, rows: IntArray, bounds: NDArray[np.uint16], top: int
) -> tuple[IntArray, NDArray[np.float32]]:
    """Scores by falling bound, in batches, until no bound reaches the `top`-th best."""
    if rows.size > _BATCH:
        order = np.argsort(-bounds.astype(np.int32), kind="stable")
        rows, bounds = rows[order], bounds[order]
    scores = np.zeros(0, dtype=np.float32)
    for at in range(0, rows.size, _BATCH):
        if at and bounds[at] < _limit(scores, top):
            break
        scores = np.r_[scores, exact(a, q, rows[at : at + _BATCH])]
    return rows[: scores.size], scores


def _limit(scores: NDArray[np.float32], top: int, allowance: float = 0.0) -> int:
    """The smallest bound of an entry that can still be among the `top` best; `allowance` is what it may lack."""
    if scores.size < top:
        return 1
    floor = float(np.partition(scores, scores.size - top)[scores.size - top])
    return max(1, int(np.floor((floor - allowance) * SCALE)) - 1)


def _sums(a: Ms2Arrays, q: Ms2Query, start: IntArray, end: IntArray, peaks: IntArray) -> NDArray[np.uint16]:
    """Bounds of all rows from these query peaks, (B, CHUNKS, block/CHUNKS); in groups of blocks that fit the cache."""
    block = int(a.block[0])
    start, end = start[:, peaks], end[:, peaks]
    heads = q.code[peaks].astype(np.uint16) * np.uint16(256)
    total = (end - start).sum(axis=1)
    group = (np.cumsum(total) - total) // _GROUP
    edges = np.r_[np.flatnonzero(np.r_[True, np.diff(group) > 0]), a.n_blocks].tolist()
    parts = [_group_sums(a, start[first:last], end[first:last], heads, block) for first, last in pairwise(edges)]
    sums = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return sums.reshape(a.n_blocks, CHUNKS, block // CHUNKS)


def _group_sums(
    a: Ms2Arrays, start: IntArray, end: IntArray, heads: NDArray[np.uint16], block: int
) -> NDArray[np.uint16]:
    """Bounds of the rows of some blocks, end to end."""
    blocks, n = start.shape[0], start.shape[0] * block
    lists = [slice(s, e) for s, e in zip(start.ravel().tolist(), end.ravel().tolist(), strict=True)]
    counts = (end - start).ravel()
    if not counts.any():
        return np.zeros(n, dtype=np.uint16)
    ids = np.concatenate([a.p_id[s] for s in lists], dtype=np.int32)
    code = np.concatenate([a.p_code[s] for s in lists], dtype=np.uint16)
    if blocks > 1:
        ids += np.repeat(np.arange(blocks, dtype=np.int32) * np.int32(block), counts.reshape(blocks, -1).sum(axis=1))
    code += np.repeat(np.tile(heads, blocks), counts)
    pointer = np.array([0, ids.size], dtype=np.int32)
    return np.asarray(csc_array((_FLAT_BOUNDS.take(code, mode="clip"), ids, pointer), shape=(n, 1)) @ _ONE)


def _ranges(a: Ms2Arrays, q: Ms2Query) -> tuple[IntArray, IntArray]:
    """Postings of every query peak in every block, (B, Q) starts and ends."""
    cells = a.cells.reshape(a.n_blocks, -1)
    last = cells.shape[1] - 1
    value = np.r_[q.mz - q.width, q.mz + q.width + 1]
    cell = np.clip(value // CELL, 0, last)
    low = cells[:, cell].astype(np.int64)
    high = cells[:, np.minimum(cell + 1, last)].astype(np.int64)
    wanted = np.broadcast_to(value, low.shape)
    open_ = low < high
    while open_.any():
        middle = (low + high) >> 1
        below = a.p_mz[np.minimum(middle, a.p_mz.size - 1)] < wanted
        low, high = np.where(open_ & below, middle + 1, low), np.where(open_ & ~below, middle, high)
        open_ = low < high
    return low[:, : q.mz.size], low[:, q.mz.size :]


def identity_search(
    a: Ms2Arrays, q: Ms2Query, top: int, lowest: int, highest: int
) -> tuple[IntArray, NDArray[np.float32]]:
    """Rows that may be among the `top` best of those with precursors lowest…highest (micro-Da), and their scores."""
    first, last = np.searchsorted(a.precursor, [lowest, highest + 1]).tolist()
    row, x, y = _hits(a, q, first, last)
    if x.size <= _FEW_HITS:
        scores = np.bincount(row, weights=gain(x, y), minlength=last - first).astype(np.float32)
        rows = np.flatnonzero(scores >= _limit_of(scores, top))
        return rows + first, scores[rows]
    z = x + y
    # To some 1e-15: these logarithms are numpy's. The rows that count are then computed by table.
    terms: FloatArray = z * np.log2(z) - x * np.log2(x) - y * np.log2(y)
    rough: FloatArray = np.bincount(row, weights=terms, minlength=last - first).astype(np.float64)
    # Twice the rounding of a float32 near 1: ties of the rounded scores stay together.
    chosen = rough >= max(_limit_of(rough, top) - 2.4e-7, 1e-30)
    kept = chosen[row]
    total = np.bincount(row[kept], weights=gain(x[kept], y[kept]), minlength=last - first)
    rows = np.flatnonzero(chosen)
    return rows + first, total[rows].astype(np.float32)


def _limit_of(scores: NDArray[np.floating[Any]], top: int) -> float:
    """The `top`-th best score, and never 0."""
    if scores.size <= top:
        return 1e-30
    return max(1e-30, float(np.partition(scores, scores.size - top)[scores.size - top]))


def _hits(a: Ms2Arrays, q: Ms2Query, first: int, last: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Matched peaks of rows first…last: row (counted from `first`), the query's weight and the row's weight."""
    start, end = int(a.offsets[first]), int(a.offsets[last])
    mz = a.mz[start:end]
    low, high = np.maximum(q.mz - q.width, 0) >> _MARK, (q.mz + q.width) >> _MARK
    marks = np.zeros(int(high[-1]) + 2, dtype=np.int16)
    for mark, (m0, m1) in enumerate(zip(low.tolist(), high.tolist(), strict=True), start=1):
        marks[m0 : m1 + 1] = mark
    near = marks.take(mz >> np.uint32(_MARK), mode="clip")
    hit = np.flatnonzero(near)
    k = near[hit].astype(np.int64) - 1
    m = mz[hit].astype(np.int64)
    # Two windows may share a cell, which then names the upper one.
    k -= (m < q.mz[k] - q.width) & (k > 0)
    inside = np.abs(m - q.mz[k]) <= q.width
    hit, k = hit[inside] + start, k[inside]
    row = np.repeat(np.arange(last - first), np.diff(np.searchsorted(hit, a.offsets[first : last + 1])))
    return row, q.weight[k].astype(np.float64), a.weight[hit].astype(np.float64)
