"""The exact entropy search in numpy: the same answers as the compiled form. Imports numpy and `spectra` only.

See `spectra.index.ms2_arrays` for the arrays; every function returns candidates as rows and their float32 scores.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.index.ms2_arrays import BOUNDS, CELL, CHUNKS, SCALE, Ms2Arrays, codes
from spectra.peaktable import IntArray, positions
from spectra.similarity.log2 import gain

_BATCH = 4_096
_GROUP, _BLOCKS = 1 << 15, 2
"""Blocks are added up together while they have no more postings and are no more than this: all stays in the second cache."""
_FOLD = 64
_LEAVE, _LEAVE_POSTINGS = 0.1, 100_000
"""Peaks that are dear for their weight wait until they are needed: at most this weight (of ½), if that saves so many
postings. A second pass costs numpy some 0.3 ms of calls: it must save more than that."""
_ONE = np.ones(1, dtype=np.uint16)
_FLAT_BOUNDS = np.ascontiguousarray(BOUNDS).ravel()


class Ms2Query:
    """A prepared query: `mz` (Q,) micro-Da rising, `weight` (Q,) float32 sums to ½, `width` micro-Da."""

    def __init__(self, mz: IntArray, weight: NDArray[np.float32], width: int) -> None:
        self.mz, self.weight, self.width = mz, weight, width

    @property
    def code(self) -> NDArray[np.uint8]:
        """Codes of the weights, (Q,)."""
        return codes(self.weight)


def exact(a: Ms2Arrays, q: Ms2Query, rows: IntArray) -> NDArray[np.float32]:
    """Scores of these rows, (R,)."""
    starts = a.offsets[rows]
    counts = a.offsets[rows + 1] - starts
    at = positions(starts, counts)
    mz = a.mz[at].astype(np.int64)
    partner = np.searchsorted(q.mz + q.width, mz, side="left")
    near = np.flatnonzero(np.append(q.mz, np.int64(2**62))[partner] - q.width <= mz)
    terms = gain(q.weight[partner[near]], a.weight[at[near]])
    own = np.repeat(np.arange(rows.size), counts)[near]
    return np.bincount(own, weights=terms, minlength=rows.size).astype(np.float32)


class Ms2Sums:
    """Working memory of one open search, used again and again: fresh memory costs more than what is done with it.

    `bounds` (B, CHUNKS, columns) of all rows, `maxima` (B, columns) of every chunk.
    """

    def __init__(self, a: Ms2Arrays) -> None:
        columns = int(a.block[0]) // CHUNKS
        self.bounds = np.zeros((a.n_blocks, CHUNKS, columns), dtype=np.uint16)
        self.maxima = np.zeros((a.n_blocks, columns), dtype=np.uint16)

    def rows(self, limit: int) -> IntArray:
        """Rows whose bound reaches `limit`."""
        column = self.maxima.shape[1]
        b, c = np.divmod(np.flatnonzero(self.maxima >= limit), column)
        inside, r = np.nonzero(self.bounds[b, :, c] >= limit)
        return np.asarray(b[inside] * (CHUNKS * column) + r * column + c[inside])

    def seeds(self, wanted: int) -> IntArray:
        """The best row of about `wanted` chunks with the largest maxima."""
        column, maxima = self.maxima.shape[1], self.maxima.ravel()
        # The wanted-th best of the maxima folded: not above that of all, and found in a fraction of the time.
        folded = maxima.reshape(_FOLD, -1).max(axis=0) if maxima.size >= 8 * _FOLD * wanted else maxima
        at = folded.size - wanted
        # As float32, which numpy selects ten times faster than 16-bit integers.
        floor = np.partition(folded.astype(np.float32), at)[at] if at > 0 else 0
        b, c = np.divmod(np.flatnonzero(maxima >= max(int(floor), 1))[: 4 * wanted], column)
        return np.asarray(b * (CHUNKS * column) + self.bounds[b, :, c].argmax(axis=1) * column + c)


def open_search(a: Ms2Arrays, q: Ms2Query, top: int, sums: Ms2Sums) -> tuple[IntArray, NDArray[np.float32]]:
    """Rows that may be among the `top` best of all entries, and their scores."""
    start, end = _ranges(a, q)
    left, mass = _wait((end - start).sum(axis=0), q.weight)
    _add(a, q, start, end, np.flatnonzero(~left), sums, fresh=True)
    seeds = sums.seeds(2 * top + 4)
    scores = exact(a, q, seeds)
    if mass:
        allowance = float(gain(np.array([mass]), np.array([0.5]))[0])
        limit = _limit(scores, top, allowance)
        rows = sums.rows(limit) if limit > 0.02 * SCALE else seeds
        if limit > 0.02 * SCALE and rows.size <= _BATCH:
            return _best_first(a, q, rows, np.zeros(0, dtype=np.uint16), top)
        _add(a, q, start, end, np.flatnonzero(left), sums, fresh=False)
    rows = sums.rows(_limit(scores, top))
    return _best_first(a, q, rows, sums.bounds.reshape(-1)[rows], top)


def _wait(postings: IntArray, weight: NDArray[np.float32]) -> tuple[NDArray[np.bool_], float]:
    """Which peaks are left aside at first because they are dear for their weight, and their weight together."""
    left, mass, saved = np.zeros(weight.size, dtype=bool), 0.0, 0
    for k in np.argsort(-postings / weight).tolist():
        if mass + weight[k] <= _LEAVE:
            left[k] = True
            mass += float(weight[k])
            saved += int(postings[k])
    return (left, mass) if saved >= _LEAVE_POSTINGS else (np.zeros(weight.size, dtype=bool), 0.0)


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


def _add(
    a: Ms2Arrays, q: Ms2Query, start: IntArray, end: IntArray, peaks: IntArray, sums: Ms2Sums, fresh: bool
) -> None:
    """Bounds of all rows from these query peaks, instead of what stands in `sums` or added to it.

    In groups of blocks that fit the cache.
    """
    block = int(a.block[0])
    start, end = start[:, peaks], end[:, peaks]
    heads = q.code[peaks].astype(np.uint16) * np.uint16(256)
    edges, waiting = [0], 0
    for k, postings in enumerate((end - start).sum(axis=1).tolist()):
        if k - edges[-1] == _BLOCKS or (waiting and waiting + postings > _GROUP):
            edges.append(k)
            waiting = 0
        waiting += postings
    edges.append(a.n_blocks)
    for first, last in pairwise(edges):
        bounds = sums.bounds[first:last]
        if fresh:
            bounds[:] = 0
        _add_group(a, start[first:last], end[first:last], heads, bounds.reshape(-1), block)
        bounds.max(axis=1, out=sums.maxima[first:last])


def _add_group(
    a: Ms2Arrays, start: IntArray, end: IntArray, heads: NDArray[np.uint16], bounds: NDArray[np.uint16], block: int
) -> None:
    """Add to the `bounds` of the rows of some blocks, end to end."""
    counts = end - start
    lists = [slice(s, e) for s, e in zip(start.ravel().tolist(), end.ravel().tolist(), strict=True) if s < e]
    if not lists:
        return
    ids = np.concatenate([a.p_id[s] for s in lists], dtype=np.intp)
    code = np.concatenate([a.p_code[s] for s in lists], dtype=np.uint16)
    blocks = counts.shape[0]
    if blocks > 1:
        ids += (np.arange(blocks) * block).repeat(counts.sum(axis=1))
    code += np.broadcast_to(heads, counts.shape).ravel().repeat(counts.ravel())
    np.add.at(bounds, ids, _FLAT_BOUNDS.take(code, mode="clip"))


def _ranges(a: Ms2Arrays, q: Ms2Query) -> tuple[IntArray, IntArray]:
    """Postings of every query peak in every block, (B, Q) starts and ends."""
    cells = a.cells.reshape(a.n_blocks, -1)
    last = cells.shape[1] - 1
    value = np.concatenate([q.mz - q.width, q.mz + q.width + 1])
    cell = np.clip(value // CELL, 0, last)
    # The place before the first posting that is not below the value, in steps of falling powers of two.
    place = cells[:, cell].astype(np.int64) - 1
    end = cells[:, np.minimum(cell + 1, last)].astype(np.int64)
    step = 1 << int((end - place).max(initial=1)).bit_length()
    while step := step >> 1:
        probe = place + step
        below = a.p_mz.take(probe, mode="clip") < value
        below &= probe < end
        place += below * step
    place += 1
    return place[:, : q.mz.size], place[:, q.mz.size :]
