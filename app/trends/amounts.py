"""Medians of amounts with their intervals. Pure arithmetic on figures that never leave the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
from scipy.stats import binom

CONFIDENCE = 0.95
FIGURES_SHOWN = 2
"""Significant figures of a protected median: more would tell single samples apart."""


@dataclass(frozen=True, slots=True)
class Middle:
    """A median with the interval that covers it in 95 of 100 cases; no interval under 6 samples."""

    n: int
    value: float
    low: float | None
    high: float | None

    def rounded(self) -> Middle:
        """As it may be shown: two significant figures."""
        return Middle(
            self.n, _figures(self.value), *(None if v is None else _figures(v) for v in (self.low, self.high))
        )


def middle(amounts: Sequence[float]) -> Middle:
    """Median and its interval from order statistics: the k-th smallest and the k-th largest, with k as large as a
    binomial of n tosses allows (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2).

    `amounts` has at least one figure, all of one unit and basis.
    """
    ordered = np.sort(np.asarray(amounts, dtype=np.float64))
    n = len(ordered)
    k = int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    interval = (float(ordered[k - 1]), float(ordered[n - k])) if k > 0 else (None, None)
    return Middle(n, float(np.median(ordered)), *interval)


def _figures(value: float) -> float:
    return round(value, FIGURES_SHOWN - 1 - floor(log10(abs(value)))) if value else 0.0
