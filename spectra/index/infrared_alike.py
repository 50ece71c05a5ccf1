"""Which infrared references cannot be told apart by their first derivatives.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.infrared_grid import GRID
from spectra.similarity.base import safe_ratio
from spectra.similarity.infrared import MIN_POINTS, InfraredScore
from spectra.similarity.infrared_features import Features
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Single = NDArray[np.float32]


def alike(held: Features, rows: IntArray) -> BoolArray:
    """Which of the k entries `rows` are too similar to tell apart (r ≥ 0.97, best over ±6 cm⁻¹), (k, k).

    `held`: the first derivatives of a library.
    """
    values, pattern = np.asarray(held.values[rows]), held.pattern[rows]
    found = np.zeros((rows.size, rows.size))
    for one in np.unique(pattern):
        for other in np.unique(pattern):
            a, b = np.flatnonzero(pattern == one), np.flatnonzero(pattern == other)
            found[np.ix_(a, b)] = _between(values[a], held.masks[one], values[b], held.masks[other])
    close = found >= decision("infrared", "twin_correlation")
    return np.asarray(close | close.T)


def _between(first: Single, mask: BoolArray, second: Single, other: BoolArray) -> FloatArray:
    """Correlations of features (k, 1801) of one mask with those (l, 1801) of another, best over 0 to 6 cm⁻¹, (k, l).

    Shifts to the other side are those of the second against the first.
    """
    best = np.zeros((len(first), len(second)))
    for step in (step for step in InfraredScore().steps if step >= 0):
        here = slice(max(step, 0), GRID.size + min(step, 0))
        there = slice(max(-step, 0), GRID.size + min(-step, 0))
        shared = mask[here] & other[there]
        if np.count_nonzero(shared) >= MIN_POINTS:
            q, r = first[:, here] * shared, second[:, there] * shared
            size = np.sqrt((q**2).sum(axis=1)[:, None] * (r**2).sum(axis=1))
            np.maximum(best, safe_ratio((q @ r.T).astype(np.float64), size.astype(np.float64)), out=best)
    return best
