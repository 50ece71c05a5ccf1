"""Shapes of research projects over HTTP."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.figures.exports.domain import Column, DrawingState, ProjectState
from app.figures.exports.tables import ResearchDrawing
from app.platform.web.fields import FreeText, Note200, Note1000, Text20, Told120

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class ProjectIn(FreeText):
    """What somebody writes down of a project."""

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


class ProjectOut(BaseModel):
    """A research project. `running`: extracts may be made and fetched today."""

    id: uuid.UUID
    title: str
    purpose: str
    researcher_id: uuid.UUID
    researcher: str
    columns: list[Column]
    first_month: str
    last_month: str
    starts_on: date
    ends_on: date
    state: ProjectState
    state_words: str
    running: bool
    proposed_at: datetime | None
    approved_at: datetime | None
    approved_by: str
    withdrawn_at: datetime | None
    reason: str
    version: int


class ExtractOut(BaseModel):
    """One extract, without its rows: `sha256` is that of its CSV."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    project_id: uuid.UUID
    number: int
    sha256: str
    rows: int
    parameters: dict[str, JsonValue]
    report: dict[str, JsonValue]
    made_at: datetime


class DrawingOut(BaseModel):
    """An extract that was asked for. `number` is that of the extract once `state` is made; `detail` and `hint` say why not."""

    id: uuid.UUID
    project_id: uuid.UUID
    state: DrawingState
    step: str
    done: int
    total: int
    number: int | None
    detail: str
    hint: str
    asked_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: ResearchDrawing) -> DrawingOut:
        """The JSON shape of a stored row."""
        said = row.problem or {}
        return cls(
            **row.model_dump(include=set(cls.model_fields) - {"detail", "hint"}),
            detail=said.get("detail", ""), hint=said.get("hint", ""),
        )  # fmt: skip
