"""The exact entropy search among entries of about the same precursor, compiled: row by row.

Loaded only where numba is installed and pays. See `spectra.index.ms2_arrays` for the arrays. Imports numba, numpy
and `spectra` only.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.index.ms2_arrays import BEYOND, BOUNDS, UPPER
from spectra.index.ms2_numba_terms import insert, limit, xlog2
from spectra.numba_cache import compiled
from spectra.numba_cache import read_only as _read
from spectra.preprocess import MERGE_DA, MICRO, micro
from spectra.similarity.entropy import LEAST_INTENSITY

_CELL_BITS = 14
"""Cells of 2^14 micro-Da (0.016 Da) around the query's peaks are marked."""
_SPACING = int(micro(MERGE_DA)) + 1
"""No two peaks of a query are closer (micro-Da)."""


@compiled()
def prepared(mz, height, weight):  # type: ignore[no-untyped-def]
    """The query's peaks that count: m/z (micro-Da), weight and code, from all its peaks and the `weight` of those."""
    q_mz, q_weight = np.empty(weight.size, dtype=np.int64), np.empty(weight.size, dtype=np.float32)
    q_code, n, k = np.empty(weight.size, dtype=np.uint8), 0, 0
    for p in range(mz.size):
        if height[p] >= LEAST_INTENSITY:
            # Peaks beyond every library keep their share of the weights, but need no search.
            if mz[p] <= BEYOND:
                q_mz[n], q_weight[n] = np.int64(np.rint(mz[p] * MICRO)), np.float32(0.5 * weight[k])
                q_code[n] = np.searchsorted(UPPER, np.float64(q_weight[n]))
                n += 1
            k += 1
    return q_mz[:n], q_weight[:n], q_code[:n]


@compiled()
def _meets(offsets, mz, first, last, q_mz, width):  # type: ignore[no-untyped-def]
    """Peaks of the rows first…last - 1 that may meet the query's, and whose: `hit`, `peak` (H,), `before` (peaks + 1,).

    `hit` is counted from the first row's first peak, `before` says how many hits lie before each peak. Done without
    branches: whether a peak is met cannot be predicted, and a wrong guess costs 15 cycles.
    """
    # Cells no wider than the gap between two windows: at most one window touches each.
    bits = _CELL_BITS
    while (1 << bits) > _SPACING - 2 * width:
        bits -= 1
    cells = ((q_mz[-1] + width) >> bits) + 1
    flags, owner = np.zeros((cells >> 6) + 1, dtype=np.uint64), np.empty(cells + 1, dtype=np.uint16)
    for k in range(q_mz.size):
        for touched in range(max(np.int64(0), q_mz[k] - width) >> bits, ((q_mz[k] + width) >> bits) + 1):
            flags[touched >> 6] |= np.uint64(1) << np.uint64(touched & 63)
            owner[touched] = k
    part, shift, end = mz[offsets[first] : offsets[last]], np.uint64(bits), np.uint64(cells)
    hit, before = np.empty(part.size + 1, dtype=np.int32), np.empty(part.size + 1, dtype=np.int32)
    n = np.int64(0)
    for p in range(part.size):
        cell = min(np.uint64(part[p]) >> shift, end)
        hit[n], before[p] = p, n
        n += np.int64((flags[cell >> np.uint64(6)] >> (cell & np.uint64(63))) & np.uint64(1))
    before[part.size] = n
    peak = np.empty(n, dtype=np.uint16)
    for i in range(n):
        peak[i] = owner[np.uint64(part[np.uint64(hit[i])]) >> shift]
    return hit, peak, before


@compiled()
def _bounds(offsets, mz, code, first, last, low, span, q_code, hit, peak, before, best):  # type: ignore[no-untyped-def]
    """What the rows first…last - 1 can reach at most, times SCALE; the largest go into `best`."""
    start = offsets[first]
    part, codes, sums = mz[start : offsets[last]], code[start : offsets[last]], np.empty(peak.size + 1, dtype=np.int64)
    total = sums[0] = np.int64(0)
    for i in range(peak.size):
        p, k = np.uint64(hit[i]), peak[i]
        total += np.int64(BOUNDS[q_code[k], codes[p]]) * (np.uint64(np.int64(part[p]) - low[k]) <= span)
        sums[i + 1] = total
    bounds, least = np.empty(last - first, dtype=np.int64), np.int64(0)
    for row in range(first, last):
        total = sums[before[offsets[row + 1] - start]] - sums[before[offsets[row] - start]]
        bounds[row - first] = total
        if total > least:
            at = best.size - 1
            while at > 0 and best[at - 1] < total:
                best[at] = best[at - 1]
                at -= 1
            best[at] = total
            least = best[-1]
    return bounds


@compiled()
def _score(row, offsets, mz, weight, start, low, span, q_weight, q_term, hit, peak, before):  # type: ignore[no-untyped-def]
    """Score of one row from its hits, the bits of `exact`."""
    total = 0.0
    for i in range(before[offsets[row] - start], before[offsets[row + 1] - start]):
        p, k = start + hit[i], peak[i]
        if np.uint64(np.int64(mz[p]) - low[k]) <= span:
            a, b = np.float64(q_weight[k]), np.float64(weight[p])
            total += xlog2(a + b) - q_term[k] - xlog2(b)
    return np.float32(total)


@compiled()
def _read_ahead(offsets, mz, code, first, last):  # type: ignore[no-untyped-def]
    """Independent reads of what will be needed: the waits for memory then overlap instead of following one another."""
    touched = np.int64(0)
    for row in range(first, last, 8):
        touched += offsets[row]
    for p in range(offsets[first], offsets[last], 16):
        touched += np.int64(mz[p])
    for p in range(offsets[first], offsets[last], 64):
        touched += np.int64(code[p])
    return touched


@compiled()
def _read_ahead_of_scores(offsets, weight, order, first, bounds, cut):  # type: ignore[no-untyped-def]
    touched = np.int64(0)
    for i in range(bounds.size):
        if bounds[i] >= cut:
            touched += np.int64(weight[offsets[first + i]]) + np.int64(weight[offsets[first + i + 1] - 1])
            touched += np.int64(order[first + i])
    return touched


@compiled()
def search_rows(  # type: ignore[no-untyped-def]
    offsets, mz, weight, code, order, first, last, q_mz, q_weight, q_code, width, scores, entries
):
    """The best of the rows first…last - 1; how many were found."""
    if first >= last:
        return 0
    touched = _read_ahead(offsets, mz, code, first, last)
    low, q_term, span = q_mz - width, np.empty(q_mz.size), np.uint64(2 * width)
    for k in range(q_mz.size):
        q_term[k] = xlog2(np.float64(q_weight[k]))
    hit, peak, before = _meets(offsets, mz, first, last, q_mz, width)
    best, start = np.zeros(scores.size, dtype=np.int64), offsets[first]
    bounds = _bounds(offsets, mz, code, first, last, low, span, q_code, hit, peak, before, best)
    found, cut = 0, max(best[-1], np.int64(1))
    touched += _read_ahead_of_scores(offsets, weight, order, first, bounds, cut)
    for row in range(first, last):
        if bounds[row - first] >= cut:
            score = _score(row, offsets, mz, weight, start, low, span, q_weight, q_term, hit, peak, before)
            found = insert(score, np.int64(order[row]), found, scores, entries)
    floor = limit(found, scores, 0.0)
    for row in range(first, last):
        if floor <= bounds[row - first] < cut:
            score = _score(row, offsets, mz, weight, start, low, span, q_weight, q_term, hit, peak, before)
            found = insert(score, np.int64(order[row]), found, scores, entries)
            floor = limit(found, scores, 0.0)
    # The sum is used, or the compiler would leave the reads out.
    return found if touched >= 0 else -1


@compiled(
    nb.int64(
        _read(nb.int64), _read(nb.uint32), _read(nb.float32), _read(nb.uint8), _read(nb.int32), _read(nb.int64),
        nb.int64, nb.int64, _read(nb.float64), _read(nb.float64), _read(nb.float64), nb.int64, nb.float32[::1],
        nb.int64[::1],
    )
)  # fmt: skip
def identity_search(  # type: ignore[no-untyped-def]
    offsets, mz, weight, code, order, precursor, lowest, highest, raw_mz, raw_height, raw_weight, width, scores,
    entries,
):  # fmt: skip
    """The best of the entries with precursors lowest…highest (micro-Da); how many were found."""
    q_mz, q_weight, q_code = prepared(raw_mz, raw_height, raw_weight)
    if q_mz.size == 0:
        return 0
    first, last = np.searchsorted(precursor, lowest), np.searchsorted(precursor, highest + 1)
    return search_rows(offsets, mz, weight, code, order, first, last, q_mz, q_weight, q_code, width, scores, entries)
