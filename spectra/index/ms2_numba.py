"""The exact entropy search of all entries, compiled: bounds from postings, block by block, exact scores for the rest.

Loaded only where numba is installed and pays. Answers are the bits of the numpy form. See `spectra.index.ms2_arrays`
for the arrays. Imports numba, numpy and `spectra` only.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.index.ms2_arrays import BOUNDS, CELL
from spectra.index.ms2_numba_identity import identity_search, prepared, search_rows
from spectra.index.ms2_numba_terms import exact, gain, insert, limit
from spectra.numba_cache import compiled
from spectra.numba_cache import read_only as _read

__all__ = ["identity_search", "open_search"]
_NEAR, _NEAR_ROWS = 5_000, 1_024
"""The entries within _NEAR micro-Da of the query's precursor, _NEAR_ROWS at most, are scored first: their best rule
out most others before any posting is read."""
_MARGIN = 0.3
"""Of the score: as many peaks are added at first as rule out by this margin all entries that match none of them."""
_CLEAR = 32
"""Fewer postings than a 32nd of a block's rows are cleared one by one."""
_EXACT = 600
"""Scoring one entry costs about as much as adding so many postings."""


@compiled()
def _near(precursor, centre):  # type: ignore[no-untyped-def]
    """Rows whose precursor is about the query's, _NEAR_ROWS at most; none where the query has none."""
    if centre < 0:
        return 0, 0
    middle = np.searchsorted(precursor, centre)
    first = max(np.searchsorted(precursor, centre - _NEAR), middle - _NEAR_ROWS // 2)
    return first, min(np.searchsorted(precursor, centre + _NEAR + 1), middle + _NEAR_ROWS // 2)


@compiled()
def _edge(p_mz, low, high, value):  # type: ignore[no-untyped-def]
    """First position in low…high whose m/z is not below `value`."""
    while low < high:
        middle = (low + high) >> 1
        if np.int64(p_mz[middle]) < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled()
def _spans(cells, n_blocks, q_mz, width, start, end):  # type: ignore[no-untyped-def]
    """Postings of the cells that every query peak's window touches, per block; totals per peak."""
    n_cells = cells.size // n_blocks - 1
    totals = np.zeros(q_mz.size, dtype=np.int64)
    for k in range(q_mz.size):
        c = min(max(np.int64(0), q_mz[k] - width) // CELL, n_cells)
        d = min((q_mz[k] + width) // CELL + 1, n_cells)
        for b in range(n_blocks):
            start[k, b], end[k, b] = cells[b * (n_cells + 1) + c], cells[b * (n_cells + 1) + d]
            totals[k] += end[k, b] - start[k, b]
    return totals


@compiled()
def _allowances(rank, q_weight):  # type: ignore[no-untyped-def]
    """After each peak in the order of `rank`: weight of those still to come, and what they can add at most."""
    left, allowance, mass = np.zeros(rank.size), np.zeros(rank.size), 0.0
    for i in range(rank.size - 1, 0, -1):
        mass += np.float64(q_weight[rank[i]])
        left[i - 1], allowance[i - 1] = mass, gain(mass, 0.5)
    return left, allowance


@compiled()
def _enough(found, scores, allowance):  # type: ignore[no-untyped-def]
    """How many peaks (by rank) rule out entries that match none of them, with _MARGIN."""
    if found == scores.size:
        for i in range(allowance.size):
            if np.float64(scores[-1]) - allowance[i] >= _MARGIN:
                return i + 1
    return allowance.size


@compiled()
def _next(left, done):  # type: ignore[no-untyped-def]
    """How many peaks to have added after `done` proved too few: a third of the weight may remain."""
    for i in range(done, left.size):
        if left[i] * 3.0 <= left[done - 1]:
            return i + 1
    return left.size


@compiled()
def _watch(first, last, p_id, p_code, bound, floor, sums, rows, n):  # type: ignore[no-untyped-def]
    """Add one peak's bounds; rows that reach `floor` are noted once, when they do. How many are noted."""
    for p in range(first, last):
        row = p_id[p]
        before = np.int64(sums[row])
        after = before + np.int64(bound[p_code[p]])
        sums[row] = after
        rows[n] = row
        n += (before < floor) & (after >= floor)
    return n


@compiled()
def _still(sums, floor, rows, n):  # type: ignore[no-untyped-def]
    m = 0
    for i in range(n):
        if sums[rows[i]] >= floor:
            rows[m] = rows[i]
            m += 1
    return m


@compiled()
def _largest_first(sums, rows, n, wanted):  # type: ignore[no-untyped-def]
    """Bring the `wanted` rows with the largest sums to the front, falling."""
    for i in range(1, n):
        at = min(i, wanted)
        if at == wanted:
            at -= 1
            if sums[rows[i]] <= sums[rows[at]]:
                continue
            rows[i], rows[at] = rows[at], rows[i]
        while at > 0 and sums[rows[at]] > sums[rows[at - 1]]:
            rows[at], rows[at - 1] = rows[at - 1], rows[at]
            at -= 1


@compiled()
def _clear(peaks, start, end, p_id, sums):  # type: ignore[no-untyped-def]
    n = 0
    for k in peaks:
        n += end[k] - start[k]
    if n * _CLEAR > sums.size:
        sums[:] = 0
        return
    for k in peaks:
        for p in range(start[k], end[k]):
            sums[p_id[p]] = 0


@compiled()
def _find(peaks, start, end, p_id, p_code, q_code, floor, sums, rows, n):  # type: ignore[no-untyped-def]
    """Add the bounds of these peaks to a block's sums; `rows` are then those that reach `floor`. How many they are."""
    n = _still(sums, floor, rows, n)
    for k in peaks:
        n = _watch(start[k], end[k], p_id, p_code, BOUNDS[q_code[k]], floor, sums, rows, n)
    return n


@compiled()
def _pays(n, peaks, starts, ends, b):  # type: ignore[no-untyped-def]
    """Whether adding the bounds of these peaks too costs less than scoring `n` rows."""
    postings = 0
    for k in peaks:
        postings += ends[k, b] - starts[k, b]
    return 0 < postings < n * _EXACT


@compiled(
    nb.int64(
        _read(nb.int64), _read(nb.uint32), _read(nb.float32), _read(nb.uint8), _read(nb.int32), _read(nb.int64),
        _read(nb.uint32), _read(nb.uint16), _read(nb.uint8), _read(nb.uint32), nb.int64, nb.int64, _read(nb.float64),
        _read(nb.float64), _read(nb.float64), nb.int64, nb.uint16[::1], nb.int32[::1],
        nb.float32[::1], nb.int64[::1],
    )
)  # fmt: skip
def open_search(  # type: ignore[no-untyped-def]
    offsets, mz, weight, code, order, precursor, p_mz, p_id, p_code, cells, n_blocks, centre, raw_mz, raw_height,
    raw_weight, width, sums, rows, scores, best,
):  # fmt: skip
    """The best of all entries into `scores` and `best` (top,); how many were found.

    `centre`: the query's precursor (micro-Da) or -1. `sums` (block,) must be 0 and is left so.
    """
    q_mz, q_weight, q_code = prepared(raw_mz, raw_height, raw_weight)
    if q_mz.size == 0:
        return 0
    first, last = _near(precursor, centre)
    found = search_rows(offsets, mz, weight, code, order, first, last, q_mz, q_weight, q_code, width, scores, best)
    starts = np.empty((q_mz.size, n_blocks), dtype=np.int64)
    ends = np.empty((q_mz.size, n_blocks), dtype=np.int64)
    rank = np.argsort(_spans(cells, n_blocks, q_mz, width, starts, ends) / q_weight)
    left, allowance = _allowances(rank, q_weight)
    start, end = np.empty(q_mz.size, dtype=np.int64), np.empty(q_mz.size, dtype=np.int64)
    # Heaviest precursors first: their best scores rule out more of the others than the other way round.
    for b in range(n_blocks - 1, -1, -1):
        done, wanted, n = 0, _enough(found, scores, allowance), 0
        while done < wanted:
            peaks = rank[done:wanted]
            for k in peaks:
                start[k] = _edge(p_mz, starts[k, b], ends[k, b], q_mz[k] - width)
                end[k] = _edge(p_mz, start[k], ends[k, b], q_mz[k] + width + 1)
            floor = limit(found, scores, allowance[wanted - 1])
            n = _find(peaks, start, end, p_id, p_code, q_code, floor, sums, rows, n)
            done = wanted
            if _pays(n, rank[done:], starts, ends, b):
                wanted = _next(left, done)
        if n > 4 * scores.size:
            _largest_first(sums, rows, n, 2 * scores.size + 4)
        for row in rows[:n]:
            if sums[row] >= floor:
                score = exact(b * sums.size + row, offsets, mz, weight, q_mz, q_weight, width)
                found = insert(score, np.int64(order[b * sums.size + row]), found, scores, best)
                floor = limit(found, scores, allowance[done - 1])
        _clear(rank[:done], start, end, p_id, sums)
    return found
