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

from pydantic import JsonValue
from sqlmodel import Session

from app.care.alerts.certainty import Certainty
from app.care.alerts.detection import run
from app.care.alerts.detection.run import FDR, Counted, Drifted, Name, Rise, Run, look, total
from app.care.alerts.domain import Tier, Trigger
from app.care.alerts.drafting import Setting, Signal
from app.care.counted import series
from app.care.counted.series import SeriesSample
from app.intake.samples import substances
from app.intake.samples.lookup import SampleLook, looks_of
from app.intake.sessions import service as sessions
from harm_messages.register import Register

HISTORY = timedelta(days=730)
LATE_RESULTS = timedelta(days=7)
"""Sessions of which something was released within that time are looked at again."""
SHOWN = 24
SETTINGS: dict[str, JsonValue] = {
    "history_days": HISTORY.days, "level": run.LEVEL, "fdr": FDR, "prior": [run.PRIOR_X, run.PRIOR_N],
    "prior_rho": run.PRIOR_RHO, "prior_periods": run.PRIOR_PERIODS, "odds_ratio": run.ODDS_RATIO,
    "run_length": run.RUN_LENGTH,
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
    periods = periods_of(seen, looks)
    tests = tests_of(periods, {str(key) for key in wanted}, {pair[1] for one in seen for pair in one.found})
    run = look({name: ([p.of(name[2]) for p in past], now_.of(name[2])) for name, (past, now_) in tests.items()})
    found = tuple(_signals(session, agency_id, run, tests, seen, register))
    return SeriesLooked(run, len(wanted), found)


def batch_of(look: SampleLook) -> Hashable:
    """What samples of one batch at one session share, because they say one thing, not several: form, logo and colours; without
    a logo only within one group of people.

    Decided by simulation (benchmarks/alerts.py): counting a batch that can be recognised once keeps the false alarms of a
    session full of one pill where they are without batches, and costs little power; a design effect taken from the history
    alone does not know that tonight's nine pills are one pill.
    """
    colours = tuple(sorted(look.colours))
    if logo := "".join(look.logo.casefold().split()):
        return ("logo", look.form, logo, colours)
    group = look.group.casefold().strip()
    return ("group", group, look.form, colours) if group else ("sample", look.sample_id)


def periods_of(seen: Iterable[SeriesSample], looks: Mapping[uuid.UUID, SampleLook]) -> dict[str, list[Period]]:
    """Periods of each intent, oldest first."""
    batches: defaultdict[tuple[str, str], dict[Hashable, set[str]]] = defaultdict(dict)
    begins: dict[tuple[str, str], date] = {}
    for one in seen:
        if not one.intent:
            continue
        key = one.intent, one.period
        batch = batch_of(looks[one.sample_id]) if one.sample_id in looks else one.sample_id
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
    seen: Sequence[SeriesSample],
    register: Register,
) -> Iterator[tuple[Setting, Signal]]:
    here: defaultdict[str, list[SeriesSample]] = defaultdict(list)
    for one in seen:
        here[one.period].append(one)
    every: list[Rise | Drifted] = [*run.rises, *run.drifts]
    for found in every:
        key, intent, name = found.name
        checking = sessions.session_for_system(session, uuid.UUID(key))
        if checking is None:
            continue
        at = Setting(agency_id, checking, sessions.site_of(session, checking).region)
        ours = (s for s in here[key] if s.intent == intent and s.own)
        keys = tuple(s.sample_id for s in ours if any(name in pair for pair in s.found))  # the newest last
        names = substances.label_of(register, name), substances.label_of(register, intent)
        signal = _rise(found, *names, checking.name) if isinstance(found, Rise) else _drifted(found, *names)
        unsure = any(name in s.unsure for s in here[key] if s.intent == intent)
        certainty = Certainty.INDICATED if unsure else Certainty.CONFIRMED
        shown: list[JsonValue] = [[p.begins.isoformat(), p.found[name], p.n] for p in tests[found.name][0][-SHOWN:]]
        detail: dict[str, JsonValue] = {"session": checking.name, **signal.detail, "history": shown, **certainty.said}
        yield at, replace(signal, samples=keys, certainty=certainty, detail=detail)


def _rise(found: Rise, what: str, intent: str, where: str) -> Signal:
    before = total(found.history)
    return Signal(
        Trigger.RISING_SHARE, found.name[2], f"rise:{found.name[1]}:{found.name[2]}", found.name[0], Tier.T2,
        f"{what} in {found.now.x} of {found.now.n} samples expected to be {intent} at {where}. Before: {before.x} of {before.n}.",
        intent=found.name[1], x=found.now.x, n=found.now.n, probability=found.probability, threshold=found.threshold,
        detail={
            "earlier_x": before.x, "earlier_n": before.n, "periods": len(found.history),
            "expected_share": found.expected, "rho": found.rho, "rank": found.rank,
        },
    )  # fmt: skip


def _drifted(found: Drifted, what: str, intent: str) -> Signal:
    seen = found.drift.seen
    return Signal(
        Trigger.SLOW_DRIFT, found.name[2], f"drift:{found.name[1]}:{found.name[2]}", found.name[0], Tier.T2,
        f"{what} is rising in samples expected to be {intent}: {seen.x} of {seen.n} over {found.drift.since} periods.",
        intent=found.name[1], x=found.now.x, n=found.now.n, threshold=found.drift.limit,
        detail={
            "sum": found.drift.value, "limit": found.drift.limit, "base_share": found.drift.base,
            "since_periods": found.drift.since, "since_x": seen.x, "since_n": seen.n,
        },
    )  # fmt: skip
