"""One run over all series of the sessions looked at: which shares rose, which of their probabilities count where so many are
looked at, which drift. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.care.alerts.detection import rising
from app.care.alerts.detection.drift import Drift, drift
from app.care.alerts.detection.rising import Counted

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
    names = [name for name, (history, now) in sorted(series.items()) if now.n and rising.enough(history)]
    expected = {name: rising.predictive(series[name][0]) for name in names}
    p = [expected[n].tail(series[n][1]) if rising.may_alarm(series[n][1]) else 1.0 for n in names]
    verdicts = benjamini_hochberg(p, q, cap=rising.LEVEL)
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
        standing = drift([*history, now])
        if standing is not None and standing.signals:
            found.append(Drifted(name, now, standing))
    return found
