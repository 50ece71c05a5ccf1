"""The audit table. Triggers in the first migration refuse UPDATE and DELETE on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, json_column, utc_column


class AuditEntry(Base, table=True):
    """One entry. Never holds client free text or a ticket code."""

    __tablename__ = "audit_entry"
    seq: int = Field(
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False)
    )
    at: datetime = utc_column()
    actor_id: str = Field(max_length=36)
    actor_roles: str = Field(max_length=200)
    agency_id: str = Field(default="", max_length=36, index=True, description="whose log this entry is in")
    verb: str = Field(max_length=40)
    object_type: str = Field(max_length=40)
    object_id: str = Field(max_length=80, index=True)
    object_version: int | None = None
    session_id: str = Field(default="", max_length=36, index=True)
    before: Mapping[str, object] | None = json_column(lambda: None, nullable=True)
    after: Mapping[str, object] | None = json_column(lambda: None, nullable=True)
    reason: str = Field(default="", max_length=200)
    request_id: str = Field(default="", max_length=40)
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)
