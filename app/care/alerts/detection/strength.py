"""Unusual strength: an amount beyond the 99th percentile of the earlier ones of its kind. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PERCENTILE = 0.99
CONFIDENCE = 0.95
MIN_EARLIER = 20


@dataclass(frozen=True, slots=True)
class Strength:
    """An amount against earlier ones of the same substance, unit and basis.

    `limit`: the earlier amount it has to exceed; `chance`: how often an amount of the same kind does by chance;
    `percentile` with `low` and `high`: the 99th percentile and its order-statistic bounds, None where the number of
    earlier amounts gives none (an upper one needs 299).
    """

    amount: float
    n: int
    limit: float
    chance: float
    percentile: float
    low: float | None
    high: float | None

    @property
    def unusual(self) -> bool:
        """Whether it exceeds what it has to."""
        return self.amount > self.limit


def strength(amount: float, earlier: Sequence[float]) -> Strength | None:
    """How an amount stands among the earlier ones; None under MIN_EARLIER of them.

    With N exchangeable earlier amounts the next one exceeds the k-th largest with probability k/(N + 1) at most: k is
    the largest for which that is 1 % or less, from N = 99 on; with fewer it has to exceed all of them, and what that
    happens by chance is said. Bounds of the percentile: Conover, Practical Nonparametric Statistics, 3rd ed. 1999, 3.2.
    """
    n = len(earlier)
    if n < MIN_EARLIER:
        return None
    from scipy.stats import binom  # takes half a second, which a server need not spend to start

    ordered = np.sort(np.asarray(earlier, dtype=np.float64))
    k = max(1, int((1 - PERCENTILE) * (n + 1) + 1e-9))
    # low is a bound where P(Bin(n, .99) ≥ rank) ≥ .95, high where P(Bin(n, .99) < rank) ≥ .95; ranks count from 1
    low = int(binom.ppf(1 - CONFIDENCE, n, PERCENTILE))
    high = int(binom.ppf(CONFIDENCE, n, PERCENTILE)) + 1
    return Strength(
        amount=amount,
        n=n,
        limit=float(ordered[n - k]),
        chance=k / (n + 1),
        percentile=float(np.quantile(ordered, PERCENTILE, method="median_unbiased")),
        low=float(ordered[low - 1]) if low >= 1 else None,
        high=float(ordered[high - 1]) if high <= n else None,
    )
