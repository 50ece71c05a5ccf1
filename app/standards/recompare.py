"""The job after a control arrived or was withdrawn: runs of its batch are read and compared again, one by one.

Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

import structlog

from app.platform.db import Database
from app.platform.jobs import JobContext
from app.platform.kernel.actor import SYSTEM
from app.platform.kernel.errors import Conflict, NotFound
from app.readings import service as readings
from app.results import service as results
from app.standards import repository
from app.standards.controlling import RECOMPARE

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
    actor, left = replace(SYSTEM, agency_id=control.agency_id), 0
    for member in members:
        try:
            with database.begin(actor, request_id=f"job {ctx.job_id}") as uow:
                readings.reread_analysis(uow, member.analysis_id, standing=results.standing_on_submitted, keep=True)
        except (Conflict, NotFound):  # a result stands on it, or it went away meanwhile
            left += 1
    with ctx.begin() as uow:
        ctx.complete(uow)
    _log.info("batch_compared_again", runs=len(members) - left, left_as_they_are=left)
