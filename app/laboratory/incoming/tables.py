"""The table of files from instruments. A row stays for ever: by it an arrival that is sent again is recognised."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.laboratory.incoming.domain import IncomingState, SetAsideReason
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class IncomingShown(Base):
    """What is shown of a file from an instrument, over HTTP too."""

    id: uuid.UUID = key_column()
    arrival_key: str = Field(max_length=64)
    sha256: str = Field(max_length=64, index=True)
    size: int = Field(sa_type=sa.BigInteger)
    file_name: str = Field(max_length=200)
    folder: str = Field(default="", max_length=200, description="where in the watched folder it lay")
    origin: str = Field(
        default="", max_length=80, description="the instrument's computer or folder, as it calls itself"
    )
    session_id: uuid.UUID | None = Field(default=None, foreign_key="session.id")
    state: IncomingState = enum_column(IncomingState, name="state", default=IncomingState.WAITING)
    format: str = Field(default="", max_length=40)
    summary: dict[str, JsonValue] = json_column(dict)
    problem: dict[str, str | bool] | None = json_column(lambda: None, nullable=True)
    read_at: datetime | None = utc_column(nullable=True)
    received_at: datetime = utc_column()
    sample_id: uuid.UUID | None = Field(default=None, foreign_key="sample.id", index=True)
    upload_id: uuid.UUID | None = Field(default=None, foreign_key="upload.id")
    by_name: bool = Field(default=False, description="assigned by the sample number in the file's name")
    set_aside_reason: SetAsideReason | None = enum_column(SetAsideReason, name="set_aside_reason", nullable=True)
    decided_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class IncomingFile(IncomingShown, table=True):
    """One arrival: what came, from where, and which sample it was given to.

    `blob_sha256` is empty once the bytes were deleted (set aside, see retention); `sha256` stays.
    """

    __tablename__ = "incoming_file"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "arrival_key"),
        sa.Index("ix_incoming_file_state", "agency_id", "state"),
    )
    agency_id: uuid.UUID = Field(foreign_key="agency.id")
    blob_sha256: str | None = Field(default=None, max_length=64, foreign_key="blob.sha256", index=True)
    received_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    decided_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    removed_at: datetime | None = utc_column(nullable=True)
