"""The jobs of the detection: a sample after its result was told, and every night all series of every agency."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from app.care.alerts import drafting, sample_signals
from app.care.alerts.series_signals import SETTINGS, SeriesLooked, look_over
from app.care.alerts.tables import DetectionRun
from app.care.counted import series
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobContext, JobRow, JobState, enqueue
from app.platform.kernel.place import local, zone
from app.results.domain import Action
from app.results.loading import StepTaken
from harm_messages import Pack

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
