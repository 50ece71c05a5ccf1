"""The exact entropy search among entries of about the same precursor, compiled: row by row.

Loaded only where numba is installed and pays. See `spectra.index.ms2_arrays` for the arrays. Imports numba, numpy
and `spectra` only.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.index.ms2_arrays import BOUNDS
from spectra.index.ms2_numba_terms import exact, insert, limit
from spectra.numba_cache import compiled
from spectra.numba_cache import read_only as _read

_MARK = 15
"""Cells of 2^15 micro-Da around the query's peaks are marked: at most two windows meet in one."""


@compiled()
def _marks(q_mz, width):  # type: ignore[no-untyped-def]
    """1 + the query peak whose window touches each cell, 0 where none does."""
    marks = np.zeros(((q_mz[-1] + width) >> _MARK) + 1, dtype=np.int16)
    for k in range(q_mz.size):
        marks[max(np.int64(0), q_mz[k] - width) >> _MARK : ((q_mz[k] + width) >> _MARK) + 1] = k + 1
    return marks


@compiled()
def _bounds(  # type: ignore[no-untyped-def]
    offsets, mz, code, first, last, q_mz, q_code, width, best
):
    """What the rows first…last - 1 can reach at most, times SCALE; the largest go into `best`."""
    bounds, marks, least = np.zeros(max(last - first, 0), dtype=np.int64), _marks(q_mz, width), np.int64(0)
    beyond = np.int64(marks.size) << _MARK
    for row in range(first, last):
        total = np.int64(0)
        for p in range(offsets[row], offsets[row + 1]):
            m = np.int64(mz[p])
            if m >= beyond:
                break
            k = np.int64(marks[m >> _MARK])
            if k > 0:
                # Two windows may share a cell, which then names the upper one.
                k -= 2 if k > 1 and m < q_mz[k - 1] - width else 1
                if abs(m - q_mz[k]) <= width:
                    total += BOUNDS[q_code[k], code[p]]
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
def search_rows(  # type: ignore[no-untyped-def]
    offsets, mz, weight, code, order, first, last, q_mz, q_weight, q_code, width, scores, entries
):
    """The best of the rows first…last - 1; how many were found."""
    best = np.zeros(scores.size, dtype=np.int64)
    bounds = _bounds(offsets, mz, code, first, last, q_mz, q_code, width, best)
    found, cut = 0, max(best[-1], np.int64(1))
    for row in range(first, last):
        if bounds[row - first] >= cut:
            score = exact(row, offsets, mz, weight, q_mz, q_weight, width)
            found = insert(score, np.int64(order[row]), found, scores, entries)
    floor = limit(found, scores, 0.0)
    for row in range(first, last):
        if floor <= bounds[row - first] < cut:
            score = exact(row, offsets, mz, weight, q_mz, q_weight, width)
            found = insert(score, np.int64(order[row]), found, scores, entries)
            floor = limit(found, scores, 0.0)
    return found


@compiled(
    nb.int64(
        _read(nb.int64), _read(nb.uint32), _read(nb.float32), _read(nb.uint8), _read(nb.int32), _read(nb.int64),
        nb.int64, nb.int64, _read(nb.int64), _read(nb.float32), _read(nb.uint8), nb.int64, nb.float32[::1],
        nb.int64[::1],
    )
)  # fmt: skip
def identity_search(  # type: ignore[no-untyped-def]
    offsets, mz, weight, code, order, precursor, lowest, highest, q_mz, q_weight, q_code, width, scores, entries
):
    """The best of the entries with precursors lowest…highest (micro-Da); how many were found."""
    first, last = np.searchsorted(precursor, lowest), np.searchsorted(precursor, highest + 1)
    return search_rows(offsets, mz, weight, code, order, first, last, q_mz, q_weight, q_code, width, scores, entries)
