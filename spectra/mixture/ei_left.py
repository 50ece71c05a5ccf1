"""Each compound against what the others leave of the reading, by the match factor that names single-component readings.

Why: its term for the ratios of neighbouring ions tells apart what fits the likelihood equally well. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.ei_likelihood import IntArray, Problem, Single
from spectra.peaktable import ABOVE_ONE
from spectra.preprocess import BASE
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray

LEAST_LEFT = 0.15
"""Share of an ion that the other parts must leave for the ion to count: less is the scatter of those parts."""


def match_factors(problem: Problem, others: Single, members: IntArray) -> FloatArray:
    """Composite match factors / 1000, forward and reverse, of candidates `members` (R,) with what the `others` (R, B)
    leave of the reading: (R, 2); 0 where nothing is left."""
    rest = np.maximum(problem.y - others, 0.0).astype(np.float64)
    rest[rest < LEAST_LEFT * problem.y] = 0.0
    top = rest.max(axis=1, keepdims=True)
    return composite(problem.mass.astype(np.float64), safe_ratio(rest * BASE, top), problem.columns[members])


def composite(mass: FloatArray, readings: FloatArray, entries: FloatArray | Single) -> FloatArray:
    """Composite match factors / 1000 of pairs of rows (R, M) on `mass` (M,), forward and reverse: (R, 2).

    The formula of `similarity.composite` for one reading per entry instead of one for all (Stein & Scott 1994,
    doi:10.1016/1044-0305(94)87009-8).
    """
    low = np.maximum(_first(mass, readings), _first(mass, entries))[:, None]
    a, b = (np.where((rows > ABOVE_ONE) & (mass >= low), rows, 0.0).astype(np.float64) for rows in (readings, entries))
    both = (a > 0) & (b > 0)
    dot = np.sqrt(a * b * mass**2).sum(axis=1) ** 2
    found = both.sum(axis=1)
    out = []
    for energy, listed in (((mass * a).sum(axis=1), (a > 0) | (b > 0)), ((mass * a * both).sum(axis=1), b > 0)):
        first = safe_ratio(dot, energy * (mass * b).sum(axis=1))
        second, pairs = _ratios(mass, a, b, listed)
        out.append(safe_ratio(first * found + second * pairs, (found + pairs).astype(np.float64)))
    return np.array(out).T


def _first(mass: FloatArray, rows: FloatArray | Single) -> FloatArray:
    above = rows > ABOVE_ONE
    return np.where(above.any(axis=1), mass[np.argmax(above, axis=1)], np.inf)


def _ratios(mass: FloatArray, a: FloatArray, b: FloatArray, listed: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Σ m r / Σ m over matched ions that follow each other among those `listed` (R, M), and their number: (R,) each."""
    row, at = np.nonzero(listed)
    x, y = a[row, at], b[row, at]
    matched = (x > 0) & (y > 0)
    k = np.flatnonzero((np.diff(row) == 0) & matched[1:] & matched[:-1]) + 1
    relative = np.sqrt(x[k] * y[k - 1] / (x[k - 1] * y[k]))
    m, r, n = mass[at[k]], np.minimum(relative, 1.0 / relative), a.shape[0]
    total = np.bincount(row[k], weights=m * r, minlength=n).astype(np.float64)
    weight = np.bincount(row[k], weights=m, minlength=n).astype(np.float64)
    return safe_ratio(total, weight), np.bincount(row[k], minlength=n).astype(np.float64)
