"""The job that strikes what is due and makes a release, and the asking for it: figures every day, a release once a month."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
import structlog
from sqlmodel import col, select

from app.figures.releases import service
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.striking import book_months, strike_due
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobContext, JobRow, JobState, enqueue
from app.platform.kernel.errors import Conflict
from harm_messages import Register

JOB = "release"
NOTE = "Made because a month was over."

_log = structlog.get_logger(__name__)


def handlers(
    database: Database, register: Register, draws: Draws, *, monthly: bool
) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(database, ctx, register, draws, monthly=monthly)}


def ask(uow: UnitOfWork, note: str = "") -> None:
    """Have figures struck, and a release made, unless that is waiting already."""
    waiting = sa.and_(col(JobRow.kind) == JOB, col(JobRow.state).in_([JobState.QUEUED, JobState.RUNNING]))
    if uow.session.exec(select(JobRow.id).where(waiting).limit(1)).first() is None:
        enqueue(uow, JOB, {"note": note})


def ask_daily(database: Database) -> None:
    """Called every day: what is due is struck, and released where it is asked for."""
    with database.begin(request_id="daily figures") as uow:
        ask(uow, NOTE)


def carry_out(database: Database, ctx: JobContext, register: Register, draws: Draws, *, monthly: bool) -> None:
    """Strike what is due; make a release where the newest one lacks a struck month, or somebody asked for one."""
    try:
        struck = strike_due(database, register, draws)
    except Conflict as refused:
        _log.warning("figures_not_struck", why=str(refused))
        return
    if struck:
        _log.info("figures_struck", periods=struck)
    with ctx.begin() as uow:
        months, newest = book_months(uow.session), service.newest(uow.session)
        asked = ctx.payload.get("note") != NOTE
        if months and (asked or (monthly and (newest is None or newest.last_month < months[-1]))):
            row = service.make(uow, note=str(ctx.payload.get("note", "")))
            _log.info("release_made", number=row.number)
        ctx.complete(uow)
