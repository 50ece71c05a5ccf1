"""Queries about tasks. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.intake.tasks.domain import TaskKind
from app.intake.tasks.tables import Task


def of_agency(session: Session, agency_id: uuid.UUID, task_id: uuid.UUID, *, lock: bool = False) -> Task | None:
    """One task of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(Task).where(Task.id == task_id, Task.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def of_sample(session: Session, sample_id: uuid.UUID) -> list[Task]:
    """Tasks about one sample, oldest first; closed ones too. The caller has looked the sample up in its agency."""
    return list(session.exec(select(Task).where(Task.sample_id == sample_id).order_by(col(Task.id))))


def of_cause(session: Session, sample_id: uuid.UUID, kind: TaskKind, cause: str) -> Task | None:
    """The task that was opened for this cause, if there is one."""
    query = select(Task).where(Task.sample_id == sample_id, Task.kind == kind, Task.cause == cause)
    return session.exec(query).first()


def open_ones(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID | None) -> list[Task]:
    """Open tasks of an agency, oldest first; of one session where named."""
    query = select(Task).where(Task.agency_id == agency_id, col(Task.closed_at).is_(None))
    if session_id is not None:
        query = query.where(Task.session_id == session_id)
    return list(session.exec(query.order_by(col(Task.id))))


def closed_ones(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, limit: int) -> list[Task]:
    """The tasks of a session closed last, the newest first."""
    query = select(Task).where(
        Task.agency_id == agency_id, Task.session_id == session_id, col(Task.closed_at).is_not(None)
    )
    return list(session.exec(query.order_by(col(Task.closed_at).desc()).limit(limit)))
