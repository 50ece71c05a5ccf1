"""Rows that belong to an agency: one by its key, the newest of many a page at a time, and rows that may be there already."""

from __future__ import annotations

import uuid
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select

from app.platform.kernel.errors import NotFound


class OfAgency(Protocol):
    """A table of rows that one agency owns."""

    id: uuid.UUID
    agency_id: uuid.UUID


Row = TypeVar("Row", bound=OfAgency)


def row_of(
    session: Session, table: type[Row], agency_id: uuid.UUID | None, key: uuid.UUID, what: str, *, lock: bool = False
) -> Row:
    """A row of this agency. Raises NotFound, also for a foreign one.

    `lock` reads it as it is now and holds it until the transaction ends.
    """
    query = select(table).where(table.id == key, table.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.exec(query).first()
    if row is None:
        raise NotFound(what)
    return row


def newest(
    session: Session, table: type[Row], *where: sa.ColumnElement[bool] | bool, before: uuid.UUID | None, limit: int
) -> list[Row]:
    """Rows for which `where` holds, newest first, from the one after `before` on."""
    query = select(table).where(*where)
    if before is not None:
        query = query.where(col(table.id) < before)
    return list(session.exec(query.order_by(col(table.id).desc()).limit(limit)))


def insert_into(session: Session, table: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what happens when the row is there: `on_conflict_…`, alike on both kinds of database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
