"""One run over all series of the sessions looked at: which shares rose, which drift. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.care.alerts.detection import rising
from app.care.alerts.detection.counts import Counted
from app.care.alerts.detection.drift import Drift, drift
from app.care.alerts.detection.multiple import FDR, benjamini_hochberg

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
    history: tuple[Counted, ...]
    drift: Drift


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found. `tested`: series with a history to compare with."""

    tested: int
    rises: tuple[Rise, ...]
    drifts: tuple[Drifted, ...]


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
            found.append(Drifted(name, now, tuple(history), standing))
    return found
