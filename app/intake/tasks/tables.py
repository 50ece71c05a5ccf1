"""The table of tasks. A task is opened once for each cause, and stays on record with who closed it and when."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.intake.tasks.domain import TaskKind
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class TaskShown(Base):
    """What is shown of a task over HTTP."""

    id: uuid.UUID = key_column()
    session_id: uuid.UUID = Field(foreign_key="session.id")
    sample_id: uuid.UUID = Field(foreign_key="sample.id", ondelete="CASCADE")
    kind: TaskKind = enum_column(TaskKind, name="task_kind")
    words: str = Field(max_length=600)
    detail: dict[str, JsonValue] = json_column(dict)
    opened_at: datetime = utc_column()
    closed_at: datetime | None = utc_column(nullable=True)
    closed_words: str = Field(default="", max_length=200)
    version: int = 1


class Task(TaskShown, table=True):
    """Something to be done about one sample. `cause` says what it is about, so that it is not opened twice."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("sample_id", "kind", "cause"),
        sa.Index("ix_task_session_open", "session_id", "closed_at"),
    )
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    result_id: uuid.UUID | None = Field(default=None, foreign_key="result_version.id")
    cause: str = Field(max_length=120)
    closed_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
