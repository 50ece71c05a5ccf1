"""The event table: what happened, in the order in which it became visible. Imports no feature."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field, col

from app.platform.db import Base, UnitOfWork, json_column, utc_column


class EventRow(Base, table=True):
    """One event. Ids grow in commit order, so `id > last` never misses one; they are never used twice."""

    __tablename__ = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    at: datetime = utc_column(index=True)
    agency_id: uuid.UUID | None = Field(default=None, index=True)
    session_id: uuid.UUID | None = None
    sample_id: uuid.UUID | None = None
    topic: str = Field(max_length=40)
    kind: str = Field(max_length=40)
    payload: dict[str, JsonValue] = json_column()


def over_before(moment: datetime) -> sa.ColumnElement[bool]:
    """Of an event: that nobody can resume from it any more."""
    return col(EventRow.at) < moment


def purge_events(uow: UnitOfWork, older_than: datetime) -> int:
    """Delete events nobody can resume from any more; says how many went."""
    result = uow.session.connection().execute(sa.delete(EventRow).where(over_before(older_than)))
    return result.rowcount
