"""One run over all series of the sessions looked at: which shares rose, which of their probabilities count where so many are
looked at, which drift. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    """What the history leads to expect: a share rises where so many positive samples are unlikely, given the periods before.

    The share of a period varies more than chance alone (one batch feeds many samples), so periods are beta-binomial:
    the share of a period has mean m and variance m(1 − m)ρ. ρ is estimated from the history by the method of moments
    (Kleinman 1973, doi:10.1080/01621459.1973.10481332) and drawn towards PRIOR_RHO, because a short history of a rare
    substance says next to nothing about it. m has the prior Beta(½, ½). How well m is known is added to the variance of
    the next period's share; what follows is one beta distribution with these moments, and P(X ≥ x | n) of a beta-binomial.
    """
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

    `periods` oldest first. The newest WATCHED (at most the half) are watched; the share before them is p₀. After every period
    W = x·log(p₁/p₀) + (n − x)·log((1 − p₁)/(1 − p₀)) is added, never below zero, where p₁ has ODDS_RATIO times the odds of
    p₀ (Steiner, Cook, Farewell and Treasure 2000, doi:10.1093/biostatistics/1.4.441). The sum signals above h. h is simulated
    so that RUN_LENGTH periods pass on average before a signal where nothing changed, with the overdispersion of the history in
    the simulation: the binomial h of the paper would signal far more often.
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


FDR = 0.10
"""Share of drafts of one run that may be false, on average."""
Name = tuple[str, ...]
"""What makes a series: the session, the intent, and what was found in it."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A series whose share rose, with everything that decided it."""

    name: Name
    now: Counted
    history: tuple[Counted, ...]
    expected: float
    rho: float
    probability: float
    rank: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Drifted:
    """A series that drifts."""

    name: Name
    now: Counted
    drift: Drift


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found. `tested`: series with a history to compare with."""

    tested: int
    rises: tuple[Rise, ...]
    drifts: tuple[Drifted, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the run says of one series. `threshold`: the largest probability that counted in this run."""

    rejected: bool
    rank: int
    threshold: float


def benjamini_hochberg(p: Sequence[float], q: float = FDR, *, cap: float = 1.0) -> list[Verdict]:
    """The step-up procedure of Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Sorted, p(k) ≤ min(k·q/m, cap) for the largest such k: it and all smaller ones are rejected. The cap keeps a run
    over few series from drafting on a probability nobody would act on; thresholds no larger than those of the
    procedure keep its bound on the false discovery rate. Raises ValueError for what is no probability.
    """
    values = np.asarray(p, dtype=np.float64)
    m = len(values)
    if m == 0:
        return []
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("a probability lies between 0 and 1")
    order = np.argsort(values, kind="stable")
    limits = np.minimum(q * np.arange(1, m + 1) / m, cap)
    passed = np.flatnonzero(values[order] <= limits)
    last = int(passed[-1]) if len(passed) else -1
    threshold = float(limits[last]) if last >= 0 else float(limits[0])
    ranks = np.empty(m, dtype=np.intp)
    ranks[order] = np.arange(m)
    return [Verdict(bool(rank <= last), int(rank) + 1, threshold) for rank in ranks]


def look(series: Mapping[Name, tuple[Sequence[Counted], Counted]], q: float = FDR) -> Run:
    """Look at every series: (history, oldest first; counts now). Every one with a history counts for the correction,
    also one in which nothing was found; none may alarm on fewer than two positive samples, so its probability is 1."""
    names = [name for name, (history, now) in sorted(series.items()) if now.n and enough(history)]
    expected = {name: predictive(series[name][0]) for name in names}
    p = [expected[n].tail(series[n][1]) if may_alarm(series[n][1]) else 1.0 for n in names]
    verdicts = benjamini_hochberg(p, q, cap=LEVEL)
    rises = tuple(
        Rise(
            name, series[name][1], tuple(series[name][0]), expected[name].mean, expected[name].rho, probability,
            verdict.rank, verdict.threshold,
        )
        for name, probability, verdict in zip(names, p, verdicts, strict=True)
        if verdict.rejected
    )  # fmt: skip
    return Run(len(names), rises, tuple(_drifts(series, {r.name for r in rises})))


def _drifts(series: Mapping[Name, tuple[Sequence[Counted], Counted]], risen: set[Name]) -> list[Drifted]:
    found = []
    for name, (history, now) in sorted(series.items()):
        if name in risen or now.x == 0:
            continue  # a drift is told when something is found, not by what went before
        drifted = drift([*history, now])
        if drifted is not None and drifted.signals:
            found.append(Drifted(name, now, drifted))
    return found
