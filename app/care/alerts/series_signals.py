"""Signals of series: in each session looked at, shares that rose or drift against the periods before. Reads only.

A series is an intent and what was found in it; its denominator is the samples of that intent, batches counted once. A
class is a series of its own where several of its members were found: three nitazenes are one signal, not three.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from app.care.alerts.detection import drift, rising
from app.care.alerts.detection.batches import Look
from app.care.alerts.detection.counts import Counted, total
from app.care.alerts.detection.multiple import FDR
from app.care.alerts.detection.run import Drifted, Name, Rise, Run, look
from app.care.alerts.domain import Tier
from app.care.alerts.drafting import Setting
from app.care.alerts.signals import Signal, Trigger
from app.care.alerts.standing import LACKING, STANDING_WORDS, Standing
from app.care.counted import series
from app.care.counted.series import Seen
from app.intake.samples import service as samples
from app.intake.samples.lookup import looks_of
from app.intake.sessions import service as sessions
from harm_messages.register import Register

HISTORY = timedelta(days=730)
LATE_RESULTS = timedelta(days=7)
"""Sessions of which something was released within that time are looked at again."""
NOT_AN_INTENT = frozenset({""})
SHOWN = 24
SETTINGS = {
    "history_days": HISTORY.days, "level": rising.LEVEL, "fdr": FDR, "prior": [rising.PRIOR_X, rising.PRIOR_N],
    "prior_rho": rising.PRIOR_RHO, "prior_periods": rising.PRIOR_PERIODS, "odds_ratio": drift.ODDS_RATIO,
    "run_length": drift.RUN_LENGTH,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """The samples of one intent in one session (or week of an import), batches counted once."""

    key: str
    begins: date
    n: int
    found: Counter[str]

    def of(self, name: str) -> Counted:
        """Batches that hold it."""
        return Counted(self.found[name], self.n)


@dataclass(frozen=True, slots=True)
class SeriesLooked:
    """What one look over an agency found: per signal where it holds, and how much was looked at."""

    run: Run
    sessions: int
    found: tuple[tuple[Setting, Signal], ...]


def look_over(session: Session, agency_id: uuid.UUID, now: datetime, register: Register) -> SeriesLooked:
    """Look at every series of the sessions that got results within the last days."""
    wanted = series.sessions_with_releases(session, agency_id, now - LATE_RESULTS)
    if not wanted:
        return SeriesLooked(Run(0, (), ()), 0, ())
    seen = series.samples_of(session, agency_id, (now - HISTORY - LATE_RESULTS).date())
    looks = looks_of(session, agency_id, (s.sample_id for s in seen if s.own))
    periods = periods_of(seen, {key: Look(one.form, one.logo, one.colours, one.group) for key, one in looks.items()})
    tests = tests_of(periods, {str(key) for key in wanted}, {pair[1] for one in seen for pair in one.found})
    run = look({name: ([p.of(name[2]) for p in past], now_.of(name[2])) for name, (past, now_) in tests.items()})
    found = tuple(_signals(session, agency_id, run, tests, seen, register))
    return SeriesLooked(run, len(wanted), found)


def periods_of(seen: Iterable[Seen], looks: Mapping[uuid.UUID, Look]) -> dict[str, list[Period]]:
    """Periods of each intent, oldest first."""
    batches: defaultdict[tuple[str, str], dict[Hashable, set[str]]] = defaultdict(dict)
    begins: dict[tuple[str, str], date] = {}
    for one in seen:
        if one.intent in NOT_AN_INTENT:
            continue
        key = one.intent, one.period
        batch = looks[one.sample_id].batch(one.sample_id) if one.sample_id in looks else one.sample_id
        held = batches[key].setdefault(batch, set())
        held.update(name for pair in one.found for name in pair if name)
        begins[key] = min(begins.get(key, one.day), one.day)
    out: defaultdict[str, list[Period]] = defaultdict(list)
    for (intent, period), groups in batches.items():
        counts = Counter(name for names in groups.values() for name in names)
        out[intent].append(Period(period, begins[intent, period], len(groups), counts))
    return {intent: sorted(rows, key=lambda p: (p.begins, p.key)) for intent, rows in sorted(out.items())}


def tests_of(
    periods: Mapping[str, Sequence[Period]], wanted: set[str], classes: set[str]
) -> dict[Name, tuple[list[Period], Period]]:
    """What is to be tested: (session, intent, found) → the periods that began before, and the session."""
    tests: dict[Name, tuple[list[Period], Period]] = {}
    for intent, rows in periods.items():
        for now in (p for p in rows if p.key in wanted):
            past = [p for p in rows if p.begins < now.begins]
            for name in _distinct([*past, now], classes):
                tests[now.key, intent, name] = past, now
    return tests


def _distinct(periods: Sequence[Period], classes: set[str]) -> Iterator[str]:
    """Names that were found. A class with one member is that member: it is no series of its own."""
    names = {name for period in periods for name in period.found}
    kept: set[tuple[int, ...]] = set()
    for name in sorted(names, key=lambda one: (one in classes, one)):
        shape = tuple(p.found[name] for p in periods)
        if name not in classes or shape not in kept:
            kept.add(shape)
            yield name


def _signals(
    session: Session,
    agency_id: uuid.UUID,
    run: Run,
    tests: Mapping[Name, tuple[list[Period], Period]],
    seen: Sequence[Seen],
    register: Register,
) -> Iterator[tuple[Setting, Signal]]:
    here: defaultdict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        here[one.period].append(one)
    every: list[Rise | Drifted] = [*run.rises, *run.drifts]
    for found in every:
        key, intent, name = found.name
        checking = sessions.session_for_system(session, uuid.UUID(key))
        if checking is None:
            continue
        at = Setting(agency_id, checking, sessions.site_of(session, checking).region)
        keys = tuple(series.holds_own([s for s in here[key] if s.intent == intent], name))
        past = tests[found.name][0]
        signal = (_rise if isinstance(found, Rise) else _drifted)(found, keys, past, checking.name, register)  # type: ignore[arg-type]
        unsure = any(name in s.unsure for s in here[key] if s.intent == intent)
        standing = Standing.INDICATED if unsure else Standing.CONFIRMED
        said = {"standing": STANDING_WORDS[standing], "lacking": LACKING[standing]}
        yield at, replace(signal, standing=standing, detail={**signal.detail, **said})


def _labels(name: Name, register: Register) -> tuple[str, str]:
    return samples.label_of(register, name[2]), samples.label_of(register, name[1])


def _history(past: Sequence[Period], name: str) -> list[list[str | int]]:
    return [[p.begins.isoformat(), p.found[name], p.n] for p in past[-SHOWN:]]


def _rise(found: Rise, keys: tuple[uuid.UUID, ...], past: Sequence[Period], where: str, register: Register) -> Signal:
    what, intent = _labels(found.name, register)
    before = total(found.history)
    return Signal(
        Trigger.RISING_SHARE, found.name[2], f"rise:{found.name[1]}:{found.name[2]}", found.name[0], Tier.T2,
        f"{what} in {found.now.x} of {found.now.n} taken for {intent} at {where}; before in {before.x} of {before.n}.",
        intent=found.name[1], x=found.now.x, n=found.now.n, probability=found.probability, threshold=found.threshold,
        samples=keys,
        detail={
            "session": where, "earlier_x": before.x, "earlier_n": before.n, "periods": len(past),
            "expected_share": found.expected, "rho": found.rho, "rank": found.rank,
            "history": _history(past, found.name[2]),
        },
    )  # fmt: skip


def _drifted(
    found: Drifted, keys: tuple[uuid.UUID, ...], past: Sequence[Period], where: str, register: Register
) -> Signal:
    what, intent = _labels(found.name, register)
    seen = found.drift.seen
    return Signal(
        Trigger.SLOW_DRIFT, found.name[2], f"drift:{found.name[1]}:{found.name[2]}", found.name[0], Tier.T2,
        f"{what} drifts upwards in what is taken for {intent}: in {seen.x} of {seen.n} over {found.drift.since} periods.",
        intent=found.name[1], x=found.now.x, n=found.now.n, threshold=found.drift.limit, samples=keys,
        detail={
            "session": where, "sum": found.drift.value, "limit": found.drift.limit, "base_share": found.drift.base,
            "since_periods": found.drift.since, "since_x": seen.x, "since_n": seen.n,
            "history": _history(past, found.name[2]),
        },
    )  # fmt: skip
