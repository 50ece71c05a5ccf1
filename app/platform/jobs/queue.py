"""Putting jobs in, in the caller's transaction: the job exists only if what asked for it does. And the statements that move
one between states: each names its claim, so a late worker changes nothing.

SQLite: one UPDATE … RETURNING through the only writer. PostgreSQL: the row is picked FOR UPDATE SKIP LOCKED.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from app.platform.db import UnitOfWork
from app.platform.jobs.tables import JobRow, JobState
from app.platform.kernel.ids import new_id

WAKE = "jobs"
_log = structlog.get_logger(__name__)
GIVES_WAY = timedelta(seconds=30)
"""How long a job of a kind that gives way lets others pass."""
_id, _kind, _state, _attempts = col(JobRow.id), col(JobRow.kind), col(JobRow.state), col(JobRow.attempts)
_run_after, _lease_until = col(JobRow.run_after), col(JobRow.lease_until)
_leased_by, _payload = col(JobRow.leased_by), col(JobRow.payload)


def enqueue(
    uow: UnitOfWork,
    kind: str,
    payload: Mapping[str, object],
    *,
    agency_id: UUID | None = None,
    max_attempts: int = 3,
    run_after: datetime | None = None,
) -> UUID:
    """Ask for work after this transaction commits; the runner of this process starts at once."""
    job_id = new_id()
    request_id = uow.request_id
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
    uow.after_commit(lambda: _log.info("job_asked", job_id=str(job_id), job_kind=kind, request_id=request_id))
    return job_id


def count_by_state(session: Session) -> dict[JobState, int]:
    """How many jobs are in each state, for the status page."""
    rows = session.exec(select(JobRow.state, sa.func.count()).group_by(col(JobRow.state)))
    counted = {JobState(state): count for state, count in rows}
    return {state: counted.get(state, 0) for state in JobState}


def count_by_kind(session: Session) -> dict[tuple[str, JobState], int]:
    """How many jobs of each kind are in each state."""
    rows = session.exec(
        select(JobRow.kind, JobRow.state, sa.func.count()).group_by(_kind, _state).order_by(_kind, _state)
    )
    return {(kind, JobState(state)): count for kind, state, count in rows}


def waiting_since(session: Session, before: datetime) -> datetime | None:
    """Since when the oldest job waits that was due before then; None where none was."""
    due = sa.and_(_state == JobState.QUEUED, _run_after < before)
    return session.exec(select(JobRow.run_after).where(due).order_by(_run_after).limit(1)).first()


def done_before(moment: datetime) -> sa.ColumnElement[bool]:
    """Of a job: that it was done before. Dead ones stay until someone looked."""
    return sa.and_(col(JobRow.state) == JobState.DONE, col(JobRow.finished_at) < moment)


def purge_finished(uow: UnitOfWork, older_than: datetime) -> int:
    """Delete jobs that were done before."""
    statement = sa.delete(JobRow).where(done_before(older_than))
    return uow.session.connection().execute(statement).rowcount


@dataclass(frozen=True, slots=True)
class Claim:
    """A job as claimed: `worker` and `attempt` together are its fencing token."""

    job_id: UUID
    kind: str
    payload: dict[str, Any]
    agency_id: UUID | None
    attempt: int
    max_attempts: int
    worker: str

    @property
    def exhausted(self) -> bool:
        """The tries were used up by workers that died with it: it is not run again."""
        return self.attempt > self.max_attempts

    @property
    def last(self) -> bool:
        """No try is left after this one."""
        return self.attempt >= self.max_attempts


def _claimable(kinds: Collection[str], now: datetime) -> sa.ColumnElement[bool]:
    queued = sa.and_(_state == JobState.QUEUED, _run_after <= now)
    abandoned = sa.and_(_state == JobState.RUNNING, _lease_until < now)
    return sa.and_(_kind.in_(sorted(kinds)), sa.or_(queued, abandoned))


def anything(session: Session, kinds: Collection[str], now: datetime) -> bool:
    """A look without the write lock, so that idle runners cost nothing."""
    return session.connection().scalar(sa.select(_id).where(_claimable(kinds, now)).limit(1)) is not None


def claim(
    uow: UnitOfWork,
    kinds: Collection[str],
    worker: str,
    now: datetime,
    lease_until: datetime,
    *,
    giving_way: Collection[str] = (),
) -> Claim | None:
    """Take the oldest job that is due, or whose worker went silent; one of a kind that is `giving_way` only where no other is due, or
    once it has waited for half a minute."""
    turn = sa.case((_kind.in_(sorted(giving_way)) & (_run_after > now - GIVES_WAY), 1), else_=0)
    oldest = sa.select(_id).where(_claimable(kinds, now)).order_by(turn, _run_after, _id).limit(1)
    picked = oldest.with_for_update(skip_locked=True).scalar_subquery()  # SQLite has no such clause: left out
    statement = (
        sa.update(JobRow)
        .where(_id == picked, _claimable(kinds, now))
        .values(state=JobState.RUNNING, attempts=_attempts + 1, leased_by=worker, lease_until=lease_until)
        .returning(_id, _kind, _payload, col(JobRow.agency_id), _attempts, col(JobRow.max_attempts))
    )
    row = uow.session.connection().execute(statement).first()
    return None if row is None else Claim(*row, worker)  # in the order of its fields


def renew(uow: UnitOfWork, job_ids: Iterable[UUID], worker: str, lease_until: datetime) -> None:
    """Extend leases. A row that is being finished right now is skipped, not waited for."""
    ours = sa.and_(_id.in_(list(job_ids)), _leased_by == worker, _state == JobState.RUNNING)
    free = sa.select(_id).where(ours).with_for_update(skip_locked=True)
    uow.session.connection().execute(sa.update(JobRow).where(_id.in_(free)).values(lease_until=lease_until))


def finish(uow: UnitOfWork, claim: Claim) -> bool:
    """running → done."""
    return _leave(uow, claim, state=JobState.DONE, finished_at=uow.now, error="")


def retry(uow: UnitOfWork, claim: Claim, run_after: datetime, error: str) -> bool:
    """running → queued, later."""
    return _leave(uow, claim, state=JobState.QUEUED, run_after=run_after, error=error)


def give_up(uow: UnitOfWork, claim: Claim, error: str) -> bool:
    """running → dead."""
    attempts = min(claim.attempt, claim.max_attempts)
    return _leave(uow, claim, state=JobState.DEAD, finished_at=uow.now, error=error, attempts=attempts)


def release(uow: UnitOfWork, claim: Claim) -> bool:
    """running → queued at once, the try not counted: this process is going away."""
    return _leave(uow, claim, state=JobState.QUEUED, run_after=uow.now, attempts=claim.attempt - 1)


def abandon(uow: UnitOfWork, worker: str) -> None:
    """The leases of a worker that is known to be dead end now; the tries it had begun stay counted."""
    held = sa.and_(_leased_by == worker, _state == JobState.RUNNING)
    long_ago = uow.now - timedelta(seconds=1)
    uow.session.connection().execute(sa.update(JobRow).where(held).values(lease_until=long_ago))


def _leave(uow: UnitOfWork, claim: Claim, **values: Any) -> bool:
    statement = (
        sa.update(JobRow)
        .where(_id == claim.job_id, _state == JobState.RUNNING)
        .where(_leased_by == claim.worker, _attempts == claim.attempt)
        .values(leased_by=None, lease_until=None, **values)
    )
    return uow.session.connection().execute(statement).rowcount == 1
