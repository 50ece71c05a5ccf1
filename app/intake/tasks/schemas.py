"""Shapes of tasks over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, JsonValue

from app.intake.tasks.domain import TaskKind
from app.intake.tasks.service import TaskView
from app.platform.web.fields import FreeText, Note200


class DoneWords(FreeText):
    """What was done; may be empty where the kind does not ask."""

    words: Note200 = ""


class SampleTaskOut(BaseModel):
    """A task about a sample."""

    id: uuid.UUID
    kind: TaskKind
    title: str
    words: str
    detail: dict[str, JsonValue]
    sample_id: uuid.UUID
    number: int
    session_id: uuid.UUID
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    closed_words: str
    version: int

    @classmethod
    def of(cls, view: TaskView) -> SampleTaskOut:
        """The JSON shape of what the service shows."""
        return cls(
            **view.row.model_dump(exclude={"closed_by"}), title=view.title, number=view.number, closed_by=view.by
        )
