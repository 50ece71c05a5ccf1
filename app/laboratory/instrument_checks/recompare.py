"""The job after a check that changes limits: readings of that instrument on that day are read and compared again.

Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, time

import structlog

from app.laboratory.instrument_checks import repository
from app.laboratory.instrument_checks.checking import RECOMPARE, end_of_day
from app.laboratory.readings import service as readings
from app.platform.db import Database
from app.platform.jobs import JobContext
from app.platform.kernel.place import local, zone

_log = structlog.get_logger(__name__)


def handlers(database: Database) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {RECOMPARE: lambda ctx: recompare(database, ctx)}


def recompare(database: Database, ctx: JobContext) -> None:
    """Ask for every analysis of the day to be read again; those a result stands on are left as they are."""
    with database.read() as session:
        check = repository.check_by_key(session, uuid.UUID(ctx.payload["check_id"]))
        members = []
        if check is not None:
            day = local(check.measured_at).date()
            begins = datetime.combine(day, time(), zone())
            members = readings.analyses_on(session, check.instrument_id, begins, end_of_day(check.measured_at))
    agency_id = check.agency_id if check is not None else None
    asked, left = readings.reread_each(database, ctx.job_id, agency_id, members)
    with ctx.begin() as uow:
        ctx.complete(uow)
    _log.info("day_compared_again", analyses=asked, left_as_they_are=left)
