"""Queries about incoming files. Every look-up starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.laboratory.incoming.domain import IncomingState
from app.laboratory.incoming.tables import IncomingFile


def file_of_agency(
    session: Session, agency_id: uuid.UUID, incoming_id: uuid.UUID, *, lock: bool = False
) -> IncomingFile | None:
    """One file of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(IncomingFile).where(IncomingFile.id == incoming_id, IncomingFile.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def by_key(session: Session, incoming_id: uuid.UUID, *, lock: bool = False) -> IncomingFile | None:
    """A file by its key, for jobs, which act for no agency. Never for a request."""
    if lock:
        return session.get(IncomingFile, incoming_id, populate_existing=True, with_for_update=True)
    return session.get(IncomingFile, incoming_id)


def arrival(session: Session, agency_id: uuid.UUID, arrival_key: str) -> IncomingFile | None:
    """The file that arrived under this key."""
    query = select(IncomingFile).where(IncomingFile.agency_id == agency_id, IncomingFile.arrival_key == arrival_key)
    return session.exec(query).first()


def add_once(session: Session, row: IncomingFile) -> bool:
    """Insert unless its arrival key is there; the same arrival twice at one instant is one row."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values: dict[str, Any] = {name: getattr(row, name) for name in IncomingFile.model_fields}
    statement = insert(IncomingFile).values(**values).on_conflict_do_nothing().returning(col(IncomingFile.id))
    return session.connection().execute(statement).first() is not None


def page(
    session: Session,
    agency_id: uuid.UUID,
    *,
    state: IncomingState | None,
    arrival_key: str,
    before: uuid.UUID | None,
    limit: int,
) -> list[IncomingFile]:
    """Newest first."""
    query = select(IncomingFile).where(IncomingFile.agency_id == agency_id)
    if state is not None:
        query = query.where(IncomingFile.state == state)
    if arrival_key:
        query = query.where(IncomingFile.arrival_key == arrival_key)
    if before is not None:
        query = query.where(col(IncomingFile.id) < before)
    return list(session.exec(query.order_by(col(IncomingFile.id).desc()).limit(limit)))


def count_by_state(session: Session, agency_id: uuid.UUID) -> dict[IncomingState, int]:
    """How many files stand where."""
    query = (
        select(IncomingFile.state, sa.func.count())
        .where(IncomingFile.agency_id == agency_id)
        .group_by(col(IncomingFile.state))
    )
    counted = {IncomingState(state): count for state, count in session.exec(query)}
    return {state: counted.get(state, 0) for state in IncomingState}


def relatives(session: Session, agency_id: uuid.UUID, rows: Iterable[IncomingFile]) -> list[IncomingFile]:
    """Other arrivals with the bytes of one of these, or from the same place under the same name."""
    wanted = list(rows)
    if not wanted:
        return []
    same_bytes = col(IncomingFile.sha256).in_({row.sha256 for row in wanted})
    same_name = col(IncomingFile.file_name).in_({row.file_name for row in wanted})
    query = select(IncomingFile).where(IncomingFile.agency_id == agency_id, sa.or_(same_bytes, same_name))
    return list(session.exec(query.order_by(col(IncomingFile.id).desc()).limit(2000)))
