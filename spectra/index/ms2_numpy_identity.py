"""The exact entropy search among entries of about the same precursor, in numpy: the answers of the compiled form.

See `spectra.index.ms2_arrays` for the arrays. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.index.ms2_arrays import Ms2Arrays
from spectra.index.ms2_numpy import Ms2Query
from spectra.peaktable import IntArray
from spectra.preprocess import MERGE_DA, micro
from spectra.similarity.log2 import gain
from spectra.types import FloatArray

_FEW_HITS = 300
"""Up to so many matched peaks the exact terms of all cost less than rough ones first."""
_CELL_BITS = 14
"""Identity search marks cells of 2^14 micro-Da (0.016 Da) around the query's peaks."""
_SPACING = int(micro(MERGE_DA)) + 1
"""No two peaks of a query are closer (micro-Da)."""
_ROUGH = 2e-5
"""By how much a score of single precision may be wrong: Σ z·|log2 z| ≤ 10 for up to 1,000 peaks, 4 ulp per logarithm."""


def identity_search(
    a: Ms2Arrays, q: Ms2Query, top: int, lowest: int, highest: int
) -> tuple[IntArray, NDArray[np.float32]]:
    """Rows that may be among the `top` best of those with precursors lowest…highest (micro-Da), and their scores."""
    first, last = a.precursor.searchsorted((lowest, highest + 1)).tolist()
    row, x, y = _hits(a, q, first, last)
    n = last - first
    if x.size > _FEW_HITS:
        kept = _near_the_best(row, x, y, n, top).take(row).nonzero()[0]
        row, x, y = row.take(kept), x.take(kept), y.take(kept)
    scores = np.bincount(row, weights=gain(x, y), minlength=n).astype(np.float32)
    rows = (scores >= _best_of(scores, top)).nonzero()[0] if n > top else np.arange(n)
    return rows + first, scores.take(rows)


def _near_the_best(
    row: IntArray, x: NDArray[np.float32], y: NDArray[np.float32], n: int, top: int
) -> NDArray[np.bool_]:
    """Which of `n` rows may be among the `top` best, from scores of single precision, (n,)."""
    z = x + y
    terms = z * np.log2(z) - x * np.log2(x) - y * np.log2(y)
    rough: FloatArray = np.bincount(row, weights=terms, minlength=n).astype(np.float64, copy=False)
    limit = _best_of(rough, top)
    if limit > 2.0 * _ROUGH:
        return np.asarray(rough >= limit - 2.0 * _ROUGH)
    chosen = np.zeros(n, dtype=bool)
    chosen[row] = True
    return chosen


def _best_of(scores: NDArray[np.floating[Any]], top: int) -> float:
    """The `top`-th best score, 0 where there are not so many."""
    at = scores.size - top
    if at <= 0:
        return 0.0
    sorted_in_part = scores.copy()
    sorted_in_part.partition(at)
    return float(sorted_in_part[at])


def _hits(
    a: Ms2Arrays, q: Ms2Query, first: int, last: int
) -> tuple[IntArray, NDArray[np.float32], NDArray[np.float32]]:
    """Matched peaks of rows first…last: row (counted from `first`), the query's weight and the row's weight."""
    offsets = a.offsets[first : last + 1]
    start, end, span = int(offsets[0]), int(offsets[-1]), 2 * q.width
    # Cells no wider than the gap between two windows: at most one window touches each.
    bits = min(_CELL_BITS, (_SPACING - span).bit_length() - 1)
    low, near_zero = q.mz - q.width, (span >> bits) + 1
    from_cell, to_cell = np.maximum(low, 0) >> bits, (low + span) >> bits
    # Where a window begins; elsewhere 0, more than a window below, or the end of the cell, where that is not so.
    begin = np.zeros(max(int(to_cell[-1]) + 2, near_zero + 1), dtype=np.uint32)
    begin[:near_zero] = np.arange(1, near_zero + 1) << bits
    peak = np.empty(begin.size, dtype=np.intp)
    touched = np.minimum(np.arange(near_zero + 1)[:, None] + from_cell, to_cell)
    begin[touched], peak[touched] = low, np.arange(low.size)
    mz = a.mz[start:end]
    cell = mz >> np.uint32(bits)
    # Unsigned: what lies below its window wraps to far above it.
    hit = (mz - begin.take(cell, mode="clip") <= np.uint32(span)).nonzero()[0]
    met = peak.take(cell.take(hit))
    row: IntArray = np.arange(last - first).repeat(offsets[1:] - offsets[:-1]).take(hit)
    return row, q.weight.take(met), a.weight[start:end].take(hit)
