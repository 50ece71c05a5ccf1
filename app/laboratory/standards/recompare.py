"""The job after a control arrived or was withdrawn: runs of its batch are read and compared again, one by one.

Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog

from app.laboratory.readings import service as readings
from app.laboratory.standards import repository
from app.laboratory.standards.controlling import RECOMPARE
from app.platform.db import Database
from app.platform.jobs import JobContext

_log = structlog.get_logger(__name__)


def handlers(database: Database) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {RECOMPARE: lambda ctx: recompare(database, ctx)}


def recompare(database: Database, ctx: JobContext) -> None:
    """Ask for every run of the batch to be read again; those a result stands on are left as they are."""
    with database.read() as session:
        control = repository.control_by_key(session, uuid.UUID(ctx.payload["control_id"]))
        members = [] if control is None else readings.runs_of_batch(session, control.agency_id, control.batch)
    if control is None:
        return
    analyses = [member.analysis_id for member in members]
    asked, left = readings.reread_each(database, ctx.job_id, control.agency_id, analyses)
    with ctx.begin() as uow:
        ctx.complete(uow)
    _log.info("batch_compared_again", runs=asked, left_as_they_are=left)
