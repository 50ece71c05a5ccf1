"""The job that makes a release, and the asking for it once a month. Counts and audits outside any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from sqlmodel import col, select

from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobContext, JobRow, JobState, enqueue
from app.platform.kernel.errors import Conflict
from app.releases import repository, service
from app.releases.building import last_complete_month
from app.trends.disclosure.growing import Tell
from harm_messages import Register

JOB = "release"
TELL_EVERY_S = 10.0
NOTE = "Made because a month was over."

_log = structlog.get_logger(__name__)


def handlers(database: Database, register: Register, programs: float) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(database, ctx, register, programs)}


def ask(uow: UnitOfWork, note: str = "") -> None:
    """Have a release made, unless one is waiting already."""
    waiting = sa.and_(col(JobRow.kind) == JOB, col(JobRow.state).in_([JobState.QUEUED, JobState.RUNNING]))
    if uow.session.exec(select(JobRow.id).where(waiting).limit(1)).first() is None:
        enqueue(uow, JOB, {"note": note})


def ask_when_due(database: Database) -> None:
    """Called every day: asks for a release when the newest one lacks a month that is over."""
    with database.begin(request_id="monthly release") as uow:
        newest = repository.newest(uow.session)
        if newest is None or newest.last_month < last_complete_month(uow.now):
            ask(uow, NOTE)


def carry_out(database: Database, ctx: JobContext, register: Register, programs: float) -> None:
    """Make one. Where a sample was withdrawn meanwhile it is made again by the next try."""
    try:
        with database.read() as session:
            gathered = service.gather(session, register, database.clock())
    except Conflict:
        _log.info("release_has_nothing_to_hold")
        return
    if ctx.payload.get("note") == NOTE and _is_there(database, gathered.facts.axes.months[-1]):
        return
    made = service.build(gathered, programs=programs, tell=_progress(ctx))
    with ctx.begin() as uow:
        row = service.keep(uow, made, note=str(ctx.payload.get("note", "")))
        ctx.complete(uow)
    _log.info("release_made", number=row.number, counts=row.counts)


def _is_there(database: Database, last_month: str) -> bool:
    with database.read() as session:
        newest = repository.newest(session)
        return newest is not None and newest.last_month >= last_month


def _progress(ctx: JobContext) -> Tell:
    told = [0.0]

    def tell(what: str, done: int, total: int) -> None:
        if time.monotonic() - told[0] >= TELL_EVERY_S:
            told[0] = time.monotonic()
            _log.info("release_progress", job_id=str(ctx.job_id), step=what, done=done, of=total)

    return tell
