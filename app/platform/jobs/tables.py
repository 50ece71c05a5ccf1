"""The job table. A running job is someone's while its lease lasts; (leased_by, attempts) is the claim."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class JobState(StrEnum):
    """queued → running → done; back to queued for another try; dead when there is none left."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class JobRow(Base, table=True):
    """One job."""

    __tablename__ = "job"
    __table_args__ = (
        sa.Index("ix_job_due", "state", "run_after"),
        sa.Index("ix_job_lease", "state", "lease_until"),
    )
    id: uuid.UUID = key_column()
    kind: str = Field(max_length=40)
    payload: dict[str, JsonValue] = json_column()
    state: JobState = enum_column(JobState, name="state", default=JobState.QUEUED)
    attempts: int = Field(default=0, description="claims so far, counted when claimed: a crash counts too")
    max_attempts: int = 3
    run_after: datetime = utc_column()
    lease_until: datetime | None = utc_column(nullable=True)
    leased_by: str | None = Field(default=None, max_length=80)
    error: str = Field(default="", max_length=500)
    created_at: datetime = utc_column()
    finished_at: datetime | None = utc_column(nullable=True)
    agency_id: uuid.UUID | None = Field(default=None, index=True)
