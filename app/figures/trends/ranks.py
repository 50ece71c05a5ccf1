"""Quantiles and their intervals from order statistics. Pure arithmetic on figures that never leave the server as they are.

Value: the linear estimate, type 7 of Hyndman & Fan 1996 (doi:10.1080/00031305.1996.10473566). Interval: the r-th and the
s-th smallest figure, with r the smallest number for which a binomial of n and p exceeds 2.5 %, and s beyond the one for
which it reaches 97.5 % (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2). It holds for any
distribution, and it has no limit where n is too small for one.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FIGURES_SHOWN = 2
"""Significant figures of a protected quantile: more would tell single samples apart."""


@lru_cache(maxsize=4096)
def _places(n: int, p: float) -> tuple[int, int]:
    """Ranks of the limits, counted from 1; 0 or n + 1 where there is none."""
    from scipy.stats import binom  # takes half a second, which a server need not spend to start

    tail = (1 - CONFIDENCE) / 2
    return int(binom.ppf(tail, n, p)), int(binom.ppf(1 - tail, n, p)) + 1


def quantile(ordered: NDArray[np.float64], p: float) -> tuple[float, float | None, float | None]:
    """The p-quantile of figures in rising order, at least one, and the limits of the interval that covers it in 95 of 100
    cases; None: too few figures for that limit."""
    n = len(ordered)
    r, s = _places(n, p)
    low = float(ordered[r - 1]) if r >= 1 else None
    high = float(ordered[s - 1]) if s <= n else None
    return float(np.quantile(ordered, p)), low, high


def shown(value: float) -> float:
    """Two significant figures."""
    return round(value, FIGURES_SHOWN - 1 - floor(log10(abs(value)))) if value else 0.0
