"""Queries about result versions and findings. The caller has looked the sample up in its agency first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlmodel import Session, col, select

from app.results.domain import State
from app.results.tables import Finding, ResultVersion


def version_by_id(session: Session, result_id: uuid.UUID, *, lock: bool = False) -> ResultVersion | None:
    """One version. `lock`: as it is now, and nobody else may change it until this transaction ends.

    SQLite has one writer anyway. On PostgreSQL a row seen before the wait is stale after it: it is read again.
    """
    return session.get(ResultVersion, result_id, with_for_update=lock or None, populate_existing=lock)


def versions_of(session: Session, sample_id: uuid.UUID) -> list[ResultVersion]:
    """All versions of a sample, newest first."""
    query = select(ResultVersion).where(ResultVersion.sample_id == sample_id)
    return list(session.exec(query.order_by(col(ResultVersion.number).desc())))


def findings_of(session: Session, result_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Finding]]:
    """Findings of several versions, each in its order."""
    wanted = list(result_ids)
    found: dict[uuid.UUID, list[Finding]] = {key: [] for key in wanted}
    query = select(Finding).where(col(Finding.result_id).in_(wanted))
    for row in session.exec(query.order_by(col(Finding.position), col(Finding.id))):
        found[row.result_id].append(row)
    return found


def newest_states(session: Session, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, State]:
    """State of the newest version of each sample that has one."""
    query = select(ResultVersion.sample_id, ResultVersion.state).where(
        col(ResultVersion.sample_id).in_(list(sample_ids))
    )
    rows = session.exec(query.order_by(col(ResultVersion.number)))  # the newest comes last and stays
    return {sample_id: State(state) for sample_id, state in rows}


def newer_at(session: Session, state: State) -> list[uuid.UUID]:
    """Samples that have a second or later version at this state."""
    query = select(ResultVersion.sample_id).where(col(ResultVersion.state) == state, col(ResultVersion.number) > 1)
    return list(session.exec(query))
