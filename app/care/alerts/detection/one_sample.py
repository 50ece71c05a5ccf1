"""What makes one sample stand out: a first detection (in this session, in the region within twelve months, ever), and unusual
strength (an amount beyond the 99th percentile of the earlier ones of its kind). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

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


MIN_SAMPLES_BEFORE = 50
"""So many earlier samples make “never before” worth saying; a substance that is always warned of needs none."""
MONTHS_OF_REGION = 12


class First(StrEnum):
    """How new it is; the widest that holds."""

    EVER = "ever"
    REGION = "region"
    SESSION = "session"


def first(
    here: int, in_region: int, ever: int, samples_in_region: int, samples_ever: int, *, warned_of: bool
) -> First | None:
    """The widest circle in which it was not seen before, or None. `here`, `in_region`, `ever`: earlier samples that hold it in
    three circles around a sample; the others: earlier samples at all.

    `warned_of`: a substance that is potent or always warned of. Only such a one is told for being new to a session
    alone: everything else is new to most sessions.
    """
    if not ever and (warned_of or samples_ever >= MIN_SAMPLES_BEFORE):
        return First.EVER
    if not in_region and (warned_of or samples_in_region >= MIN_SAMPLES_BEFORE):
        return First.REGION
    return First.SESSION if warned_of and not here else None
