"""Table of the reports to pass on that were given out. What was given out is kept as it was."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class SessionReportIssue(Base, table=True):
    """One report to pass on. `content`: as it reads (service.StoredReport). `evidence` (contributors.Issued) never leaves the server."""

    __tablename__ = "session_report_issue"
    __table_args__ = (sa.UniqueConstraint("session_id", "number"),)
    id: uuid.UUID = key_column()
    session_id: uuid.UUID = Field(foreign_key="session.id")
    number: int = Field(description="counts from 1 in its session")
    issued_at: datetime = utc_column()
    issued_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    content: dict[str, JsonValue] = json_column(dict)
    evidence: dict[str, JsonValue] = json_column(dict)
