"""Slow drift: a cumulative sum of log-likelihood ratios for counts, with its limit by simulation. Pure.

After every period W = x·log(p₁/p₀) + (n − x)·log((1 − p₁)/(1 − p₀)) is added, never below zero, where p₁ has ODDS_RATIO
times the odds of p₀ (Steiner, Cook, Farewell and Treasure 2000, doi:10.1093/biostatistics/1.4.441). The sum signals
above h. h is simulated so that RUN_LENGTH periods pass on average before a signal where nothing changed, with the
overdispersion of the history in the simulation: the binomial h of the paper would signal far more often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.care.alerts.detection.rising import MIN_POSITIVE, PRIOR_N, PRIOR_X, Counted, dispersion, total

ODDS_RATIO = 2.0
RUN_LENGTH = 200
"""Periods on average between false signals of one series: nearly four years of weekly sessions."""
WATCHED = 20
MIN_BASELINE_PERIODS, MIN_BASELINE, MIN_BASELINE_POSITIVE = 8, 100, 2
PATHS, SEED = 400, 20000401


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the sum stands. `since`: how many periods ago it last was zero; `seen`: the counts since then."""

    value: float
    limit: float
    base: float
    since: int
    seen: Counted

    @property
    def signals(self) -> bool:
        """Whether it lies above its limit, on at least two positive samples."""
        return self.value > self.limit and self.seen.x >= MIN_POSITIVE


def raised(base: float, ratio: float = ODDS_RATIO) -> float:
    """The share whose odds are so many times those of `base`."""
    odds = ratio * base / (1 - base)
    return odds / (1 + odds)


def steps(periods: Sequence[Counted], base: float, ratio: float = ODDS_RATIO) -> list[float]:
    """Log-likelihood ratio of each period."""
    up, down = _weights(base, ratio)
    return [p.x * up + (p.n - p.x) * down for p in periods]


def _weights(base: float, ratio: float) -> tuple[float, float]:
    high = raised(base, ratio)
    return math.log(high / base), math.log((1 - high) / (1 - base))


def drift(periods: Sequence[Counted]) -> Drift | None:
    """The sum over the newest periods, judged by those before them; None without a baseline.

    `periods` oldest first. The newest WATCHED (at most the half) are watched; the share before them is p₀.
    """
    rows = [p for p in periods if p.n > 0]
    watched = min(WATCHED, len(rows) // 2)
    baseline, newest = rows[: len(rows) - watched], rows[len(rows) - watched :]
    before = total(baseline)
    if len(baseline) < MIN_BASELINE_PERIODS or before.n < MIN_BASELINE or before.x < MIN_BASELINE_POSITIVE:
        return None
    base = (before.x + PRIOR_X) / (before.n + PRIOR_N)
    value, since = 0.0, 0
    for step in steps(newest, base):
        value = max(0.0, value + step)
        since = since + 1 if value > 0 else 0
    sizes = np.quantile([p.n for p in rows], (0.1, 0.3, 0.5, 0.7, 0.9))
    limit = limit_for(_figures(base), tuple(max(1, round(float(s))) for s in sizes), _figures(dispersion(baseline)))
    return Drift(value, limit, base, since, total(newest[len(newest) - since :]) if since else Counted(0, 0))


def _figures(value: float) -> float:
    """Two figures: series that are alike share one simulation."""
    return float(f"{value:.2g}")


@lru_cache(maxsize=4096)
def limit_for(base: float, sizes: tuple[int, ...], rho: float = 0.0, run_length: int = RUN_LENGTH) -> float:
    """h for which so many periods pass on average without a change. `sizes`: how many samples a period may have.

    The same question gets the same answer: the seed is fixed. Run length = periods lived through ÷ signals, over paths
    cut off at twice the wanted length.
    """
    chance = np.random.default_rng(SEED)
    length = 2 * run_length
    n = chance.choice(np.asarray(sizes), size=(PATHS, length))
    share: np.ndarray | float = base
    if rho > 0:
        size = 1 / rho - 1
        share = chance.beta(base * size, (1 - base) * size, size=n.shape)
    x = chance.binomial(n, share)
    up, down = _weights(base, ODDS_RATIO)
    highest = _running_maxima(x * up + (n - x) * down)
    low, high = 0.0, float(highest[:, -1].max()) + 1e-9
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if _run_length(highest, middle) < run_length else (low, middle)
    return high


def _running_maxima(step: np.ndarray) -> np.ndarray:
    """Highest value of the sum so far, per path and period."""
    total = np.cumsum(step, axis=1)
    sums = total - np.minimum(np.minimum.accumulate(total, axis=1), 0.0)
    return np.maximum.accumulate(sums, axis=1)


def _run_length(highest: np.ndarray, limit: float) -> float:
    over = highest > limit
    signalled = over[:, -1]
    lived = np.where(signalled, over.argmax(axis=1) + 1, highest.shape[1])
    return float(lived.sum() / signalled.sum()) if signalled.any() else math.inf
