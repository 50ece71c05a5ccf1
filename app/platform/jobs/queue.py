"""Putting jobs in, in the caller's transaction: the job exists only if what asked for it does."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.platform.db import UnitOfWork
from app.platform.jobs.tables import JobRow, JobState
from app.platform.kernel.ids import new_id

WAKE = "jobs"


def enqueue(
    uow: UnitOfWork,
    kind: str,
    payload: dict[str, Any],
    *,
    agency_id: UUID | None = None,
    max_attempts: int = 3,
    run_after: datetime | None = None,
) -> UUID:
    """Ask for work after this transaction commits; the runner of this process starts at once."""
    job_id = new_id()
    uow.session.add(
        JobRow(
            id=job_id,
            kind=kind,
            payload=json.loads(json.dumps(payload, default=str)),  # keys and times become text
            agency_id=agency_id,
            max_attempts=max_attempts,
            run_after=run_after or uow.now,
            created_at=uow.now,
        )
    )
    uow.after_commit(lambda: uow.wake(WAKE))
    return job_id


def requeue(uow: UnitOfWork, job_id: UUID) -> bool:
    """Give a dead job all its tries again; False when it is not dead."""
    statement = (
        sa.update(JobRow)
        .where(col(JobRow.id) == job_id, col(JobRow.state) == JobState.DEAD)
        .values(state=JobState.QUEUED, attempts=0, run_after=uow.now, finished_at=None, error="")
    )
    uow.after_commit(lambda: uow.wake(WAKE))
    return uow.session.connection().execute(statement).rowcount == 1


def count_by_state(session: Session) -> dict[JobState, int]:
    """How many jobs are in each state, for the status page."""
    rows = session.exec(select(JobRow.state, sa.func.count()).group_by(col(JobRow.state)))
    counted = {JobState(state): count for state, count in rows}
    return {state: counted.get(state, 0) for state in JobState}


def purge_finished(uow: UnitOfWork, *, older_than: datetime) -> int:
    """Delete jobs that were done before; dead ones stay until somebody looked."""
    done_before = sa.and_(col(JobRow.state) == JobState.DONE, col(JobRow.finished_at) < older_than)
    statement = sa.delete(JobRow).where(done_before)
    return uow.session.connection().execute(statement).rowcount
