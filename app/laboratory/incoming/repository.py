"""Queries about incoming files. Every look-up starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.laboratory.incoming.domain import IncomingState
from app.laboratory.incoming.tables import IncomingFile


def by_key(session: Session, incoming_id: uuid.UUID, *, lock: bool = False) -> IncomingFile | None:
    """A file by its key, for jobs, which act for no agency. Never for a request."""
    if lock:
        return session.get(IncomingFile, incoming_id, populate_existing=True, with_for_update=True)
    return session.get(IncomingFile, incoming_id)


def add_once(session: Session, row: IncomingFile) -> tuple[IncomingFile, bool]:
    """The row under its arrival key, and whether it was not there; the same arrival twice at one instant is one row."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(IncomingFile).values(**row.model_dump()).on_conflict_do_nothing().returning(col(IncomingFile.id))
    is_new = session.connection().execute(statement).first() is not None
    same_key = (IncomingFile.agency_id == row.agency_id, IncomingFile.arrival_key == row.arrival_key)
    return session.exec(select(IncomingFile).where(*same_key)).one(), is_new


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
