"""Table of the answers of samples: one row each, made again whenever something of its readings changes."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Field

from app.laboratory.sample_answers.domain import Progress
from app.platform.db import Base, enum_column, json_column, utc_column


class SampleAnswer(Base, table=True):
    """The newest answer of a sample. `asked` counts how often something changed, so that a job that looked before a change
    stores nothing; `basis` names what it was made of (readings with their comparison, analyses with their version)."""

    __tablename__ = "sample_answer"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    progress: Progress = enum_column(Progress, name="progress", default=Progress.WAITING)
    asked: int = 1
    basis: list[str] = json_column(list)
    answer: dict[str, JsonValue] = json_column(dict)
    replies: list[JsonValue] = json_column(list)
    answer_version: str = Field(default="", max_length=20)
    made_at: datetime | None = utc_column(nullable=True)
