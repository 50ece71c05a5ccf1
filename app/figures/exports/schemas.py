"""Shapes of research projects over HTTP."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field

from app.figures.exports.domain import Column
from app.figures.exports.tables import DrawingShown, ProjectShown, ResearchDrawing
from app.platform.web.fields import FreeText, Note200, Note1000, Text20, Told120

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class ProjectIn(FreeText):
    """What someone writes down of a project."""

    title: Told120
    purpose: Note1000
    researcher_id: uuid.UUID
    columns: list[Column] = Field(default=[], max_length=len(Column))
    first_month: Text20
    last_month: Text20
    starts_on: Day
    ends_on: Day


class StepIn(FreeText):
    """What is said with a step; sending back and withdrawing need a reason."""

    reason: Note200 = ""


NOTHING_SAID = StepIn()


class ProjectOut(ProjectShown):
    """A research project. `running`: extracts may be made and fetched today."""

    researcher: str
    columns: list[Column]
    state_words: str
    running: bool
    approved_by: str


class DrawingOut(DrawingShown):
    """An extract that was asked for. `number` is that of the extract once `state` is made; `detail` and `hint` say why not."""

    detail: str
    hint: str

    @classmethod
    def of(cls, row: ResearchDrawing) -> DrawingOut:
        """The JSON shape of a stored row."""
        said = row.problem or {}
        return cls(
            **row.model_dump(include=set(cls.model_fields) - {"detail", "hint"}),
            detail=said.get("detail", ""), hint=said.get("hint", ""),
        )  # fmt: skip
