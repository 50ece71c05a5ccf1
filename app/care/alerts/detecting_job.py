"""The jobs of the detection: a sample after its result was told, and every night all series of every agency; and the signals
of series: in each session looked at, shares that rose or drift against the periods before.

A series is an intent and what was found in it; its denominator is the samples of that intent, batches counted once. A
class is a series of its own where several of its members were found: three nitazenes are one signal, not three.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
import structlog
from pydantic import JsonValue
from sqlmodel import Session, col, select

from app.care.alerts import drafting, sample_signals
from app.care.alerts.detection import run
from app.care.alerts.detection.run import FDR, Counted, Drifted, Name, Rise, Run, look, total
from app.care.alerts.domain import Tier, Trigger
from app.care.alerts.drafting import Setting, Signal
from app.care.alerts.standing import Standing
from app.care.alerts.tables import DetectionRun
from app.care.counted import series
from app.care.counted.series import Seen
from app.intake.samples import substances
from app.intake.samples.lookup import SampleLook, looks_of
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobContext, JobRow, JobState, enqueue
from app.platform.kernel.place import local, zone
from app.results.domain import Action
from app.results.loading import StepTaken
from harm_messages import Pack
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


def periods_of(seen: Iterable[Seen], looks: Mapping[uuid.UUID, SampleLook]) -> dict[str, list[Period]]:
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
        ours = (s for s in here[key] if s.intent == intent and s.own)
        keys = tuple(s.sample_id for s in ours if any(name in pair for pair in s.found))  # the newest last
        names = substances.label_of(register, name), substances.label_of(register, intent)
        signal = _rise(found, *names, checking.name) if isinstance(found, Rise) else _drifted(found, *names)
        unsure = any(name in s.unsure for s in here[key] if s.intent == intent)
        standing = Standing.INDICATED if unsure else Standing.CONFIRMED
        shown: list[JsonValue] = [[p.begins.isoformat(), p.found[name], p.n] for p in tests[found.name][0][-SHOWN:]]
        detail: dict[str, JsonValue] = {"session": checking.name, **signal.detail, "history": shown, **standing.said}
        yield at, replace(signal, samples=keys, standing=standing, detail=detail)


def _rise(found: Rise, what: str, intent: str, where: str) -> Signal:
    before = total(found.history)
    return Signal(
        Trigger.RISING_SHARE, found.name[2], f"rise:{found.name[1]}:{found.name[2]}", found.name[0], Tier.T2,
        f"{what} in {found.now.x} of {found.now.n} taken for {intent} at {where}; before in {before.x} of {before.n}.",
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
        f"{what} drifts upwards in what is taken for {intent}: in {seen.x} of {seen.n} over {found.drift.since} periods.",
        intent=found.name[1], x=found.now.x, n=found.now.n, threshold=found.drift.limit,
        detail={
            "sum": found.drift.value, "limit": found.drift.limit, "base_share": found.drift.base,
            "since_periods": found.drift.since, "since_x": seen.x, "since_n": seen.n,
        },
    )  # fmt: skip


SAMPLE, SERIES = "alerts.sample", "alerts.series"
"""Kinds of jobs: one sample whose result was told; all series of one agency, or of every one."""
NIGHT = time(4)
PackOf = Callable[[Session, uuid.UUID, datetime], Pack]
"""The pack in force for an agency at a moment."""

_log = structlog.get_logger(__name__)


def after_step(uow: UnitOfWork, step: StepTaken) -> None:
    """First detections, harm and strength of a sample that was told, or that is verified back of house; after this
    transaction."""
    told = Action.VERIFY if step.there.back_of_house else Action.RELEASE
    if step.action in (told, Action.RELEASE):
        sample = step.there.sample
        enqueue(uow, SAMPLE, {"sample_id": sample.id}, agency_id=sample.agency_id)


def look_at_series(uow: UnitOfWork, agency_id: uuid.UUID) -> None:
    """All series of one agency, now."""
    enqueue(uow, SERIES, {}, agency_id=agency_id)


def handlers(database: Database, pack_of: PackOf) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {
        SAMPLE: lambda ctx: _sample(database, ctx, pack_of),
        SERIES: lambda ctx: _series(database, ctx, pack_of),
    }


def ask_nightly(database: Database) -> None:
    """Have a look over all series queued for the coming night; once, however often this is called."""
    with database.begin(request_id="nightly") as uow:
        waiting = sa.and_(
            col(JobRow.kind) == SERIES, col(JobRow.agency_id).is_(None), col(JobRow.state) == JobState.QUEUED
        )
        if uow.session.exec(select(JobRow.id).where(waiting).limit(1)).first() is None:
            enqueue(uow, SERIES, {}, run_after=next_night(uow.now))


def next_night(now: datetime) -> datetime:
    """The next four o'clock on the service's own clock."""
    here = local(now)
    tonight = datetime.combine(here.date(), NIGHT, zone())
    return tonight if tonight > here else datetime.combine(here.date() + timedelta(days=1), NIGHT, zone())


def _hold(uow: UnitOfWork, agency_id: uuid.UUID) -> None:
    """One detection of an agency at a time writes drafts."""
    uow.one_at_a_time(b"alerts" + agency_id.bytes)


def _sample(database: Database, ctx: JobContext, pack_of: PackOf) -> None:
    assert ctx.agency_id is not None
    with database.read() as session:
        pack = pack_of(session, ctx.agency_id, database.clock())
    with ctx.begin() as uow:
        _hold(uow, ctx.agency_id)
        for at, signals in sample_signals.look(uow.session, uuid.UUID(ctx.payload["sample_id"]), pack, uow.now):
            drafting.write(uow, at, signals, pack.register)
        ctx.complete(uow)


def _series(database: Database, ctx: JobContext, pack_of: PackOf) -> None:
    with database.read() as session:
        wanted = [ctx.agency_id] if ctx.agency_id else series.agencies(session)
    for agency_id in wanted:
        with database.read() as session:
            now = database.clock()
            pack = pack_of(session, agency_id, now)
            looked = look_over(session, agency_id, now, pack.register)
        with ctx.begin() as uow:
            run = record(uow, agency_id, looked, pack)
        _log.info("series_looked_at", agency=str(agency_id), series=run.series, rises=run.rises, drafts=run.drafts)


def record(uow: UnitOfWork, agency_id: uuid.UUID, looked: SeriesLooked, pack: Pack) -> DetectionRun:
    """Write the drafts of one look and the look itself. A draft there is already is not written again."""
    _hold(uow, agency_id)
    drafts = [one for at, signal in looked.found for one in drafting.write(uow, at, [signal], pack.register)]
    row = DetectionRun(
        agency_id=agency_id, at=uow.now, sessions=looked.sessions, series=looked.run.tested,
        rises=len(looked.run.rises), drifts=len(looked.run.drifts), drafts=len(drafts),
        settings=dict(SETTINGS),
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"series": row.series, "rises": row.rises, "drifts": row.drifts, "drafts": row.drafts}
    audit.record(uow, "look", "detection", row.id, after=after, agency_id=agency_id)
    return row
