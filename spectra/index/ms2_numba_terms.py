"""Exact scores and the list of the best, compiled: what the open and the identity search share.

Loaded only where numba is installed and pays. Every sum runs in the order of the numpy form, without fused
arithmetic: answers are the same bits. Imports numba, numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.index.ms2_arrays import SCALE
from spectra.numba_cache import compiled
from spectra.similarity import log2 as terms

_LOG, _INVERSE = terms.LOG, terms.INVERSE
_C1, _C2, _C3, _C4 = terms.C1, terms.C2, terms.C3, terms.C4
_SHIFT, _ROWS = 52 - terms.BITS, (1 << terms.BITS) - 1
_FRACTION, _ONE = terms.FRACTION, terms.ONE


@compiled(inline=True)
def xlog2(x):  # type: ignore[no-untyped-def]
    """x·log2 x by the table of `spectra.similarity.log2`."""
    bits = np.float64(x).view(np.int64)
    row = (bits >> _SHIFT) & _ROWS
    t = np.int64((bits & _FRACTION) | _ONE).view(np.float64) * _INVERSE[row] - 1.0
    series = t * (_C1 + t * (_C2 + t * (_C3 + t * _C4)))
    return x * (np.float64((bits >> 52) - 1023) + (_LOG[row] + series))


@compiled(inline=True)
def gain(a, b):  # type: ignore[no-untyped-def]
    """What two matched weights add to the score."""
    return xlog2(a + b) - xlog2(a) - xlog2(b)


@compiled()
def exact(row, offsets, mz, weight, q_mz, q_weight, width):  # type: ignore[no-untyped-def]
    """Score of one row; terms are added in float64 by rising m/z and rounded once."""
    i, total = 0, 0.0
    for p in range(offsets[row], offsets[row + 1]):
        m = np.int64(mz[p])
        while i < q_mz.size and q_mz[i] + width < m:
            i += 1
        if i == q_mz.size:
            break
        if q_mz[i] - width <= m:
            total += gain(np.float64(q_weight[i]), np.float64(weight[p]))
    return np.float32(total)


@compiled()
def insert(score, entry, found, scores, entries):  # type: ignore[no-untyped-def]
    """Put one entry into the best so far (score falling, entry rising), each entry once; how many there are now."""
    top = scores.size
    if score <= 0.0 or (
        found == top and (score < scores[top - 1] or (score == scores[top - 1] and entry >= entries[top - 1]))
    ):
        return found
    at = found
    while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and entries[at - 1] > entry)):
        at -= 1
    if at > 0 and scores[at - 1] == score and entries[at - 1] == entry:
        return found
    last = min(found, top - 1)
    for k in range(last, at, -1):
        scores[k], entries[k] = scores[k - 1], entries[k - 1]
    scores[at], entries[at] = score, entry
    return min(found + 1, top)


@compiled()
def limit(found, scores, allowance):  # type: ignore[no-untyped-def]
    """Smallest bound of an entry that can still be among the best; `allowance` is what it may lack."""
    if found < scores.size:
        return np.int64(1)
    return max(np.int64(1), np.int64(np.floor((np.float64(scores[-1]) - allowance) * SCALE)) - 1)
