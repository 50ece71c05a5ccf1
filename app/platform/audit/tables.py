"""The audit tables. Triggers in the first migration refuse UPDATE and DELETE of entries on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, json_column, utc_column


def _number() -> Any:
    """A primary key that is counted without a gap, and so not by the database."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return Field(sa_column=sa.Column(number, primary_key=True, autoincrement=False))


class AuditOut(Base):
    """One audit entry."""

    seq: int = _number()
    at: datetime = utc_column()
    actor_id: str = Field(max_length=36)
    actor_roles: str = Field(max_length=200)
    verb: str = Field(max_length=40)
    object_type: str = Field(max_length=40)
    object_id: str = Field(max_length=80, index=True)
    object_version: int | None = None
    before: Mapping[str, object] | None = json_column(lambda: None, nullable=True)
    after: Mapping[str, object] | None = json_column(lambda: None, nullable=True)
    reason: str = Field(default="", max_length=200)
    request_id: str = Field(default="", max_length=40)
    hash: str = Field(max_length=64)


class AuditEntry(AuditOut, table=True):
    """One entry. Never holds client free text or a ticket code."""

    __tablename__ = "audit_entry"
    agency_id: str = Field(default="", max_length=36, index=True, description="whose log this entry is in")
    session_id: str = Field(default="", max_length=36, index=True)
    previous_hash: str = Field(max_length=64)


class AuditKey(Base, table=True):
    """From which entry on hashes are made with the key of which secret. Says nothing that anyone who lacks the key could make up."""

    __tablename__ = "audit_key"
    from_seq: int = _number()
    mac: str = Field(max_length=64)
