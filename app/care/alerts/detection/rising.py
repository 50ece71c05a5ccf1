"""A rising share: how unlikely so many positive samples are, given the periods before. Pure.

The share of a period varies more than chance alone (one batch feeds many samples), so periods are beta-binomial:
the share of a period has mean m and variance m(1 − m)ρ. ρ is estimated from the history by the method of moments
(Kleinman 1973, doi:10.1080/01621459.1973.10481332) and drawn towards PRIOR_RHO, because a short history of a rare
substance says next to nothing about it. m has the prior Beta(½, ½). How well m is known is added to the variance of
the next period's share; what follows is one beta distribution with these moments, and P(X ≥ x | n) of a beta-binomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_X, PRIOR_N = 0.5, 1.0
PRIOR_RHO, PRIOR_PERIODS = 0.01, 10
"""ρ before any period was seen, and how many periods (or positive samples, if fewer) that is worth. Chosen by simulation: benchmarks/alerts.py."""
MOST_RHO = 0.5
MIN_PERIODS, MIN_HISTORY = 3, 30
"""Under so many earlier periods, or samples in them, nothing is said to rise: there is nothing to rise from."""
LEVEL = 0.01
MIN_POSITIVE = 2
"""One positive sample is a detection, never a rise."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`x` positive ones among `n`. Raises ValueError for what cannot be counts."""

    x: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.x <= self.n:
            raise ValueError(f"{self.x} of {self.n} cannot be counts")


def total(periods: Sequence[Counted]) -> Counted:
    """All periods in one."""
    return Counted(sum(p.x for p in periods), sum(p.n for p in periods))


@dataclass(frozen=True, slots=True)
class Predictive:
    """What the next period's count is expected to be: beta-binomial with these two parameters."""

    a: float
    b: float
    rho: float

    @property
    def mean(self) -> float:
        """The expected share."""
        return self.a / (self.a + self.b)

    def tail(self, now: Counted) -> float:
        """P(X ≥ x | n). 1 where nothing was positive. A probability for every count: see `may_alarm`."""
        from scipy.stats import betabinom  # takes half a second, which a server need not spend to start

        return 1.0 if now.x == 0 else float(betabinom.sf(now.x - 1, now.n, self.a, self.b))


def dispersion(history: Sequence[Counted]) -> float:
    """ρ between 0 and MOST_RHO: by the method of moments, drawn towards the prior. The order does not matter."""
    rows = [p for p in history if p.n > 0]
    n = np.array([p.n for p in rows], dtype=np.float64)
    x = np.array([p.x for p in rows], dtype=np.float64)
    k, seen, weight = len(rows), 0.0, 0.0
    if k > 1 and 0 < x.sum() < n.sum():
        share = x.sum() / n.sum()
        spread = float(np.sum(n * (x / n - share) ** 2)) / (share * (1 - share))
        room = float(n.sum() - np.sum(n**2) / n.sum()) - (k - 1)
        if room > 0:
            seen = min(max((spread - (k - 1)) / room, 0.0), MOST_RHO)
            weight = float(min(k, x.sum(), (n - x).sum()))  # three positive samples say little about how they spread
    return (weight * seen + PRIOR_PERIODS * PRIOR_RHO) / (weight + PRIOR_PERIODS)


def predictive(history: Sequence[Counted]) -> Predictive:
    """What the history leads to expect."""
    rho = dispersion(history)
    before = total(history)
    mean = (before.x + PRIOR_X) / (before.n + PRIOR_N)
    worth = sum(p.n / (1 + (p.n - 1) * rho) for p in history if p.n > 0) + PRIOR_N
    variance = min(rho + (1 - rho) / (worth + 1), 0.999)  # in units of m(1 − m): between periods, and of m itself
    size = 1 / variance - 1
    return Predictive(mean * size, (1 - mean) * size, rho)


def enough(history: Sequence[Counted]) -> bool:
    """Whether there is a history to compare with."""
    return sum(1 for p in history if p.n > 0) >= MIN_PERIODS and total(history).n >= MIN_HISTORY


def may_alarm(now: Counted) -> bool:
    """Never on fewer than two positive samples."""
    return now.x >= MIN_POSITIVE
