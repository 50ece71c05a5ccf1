"""Tables of research projects and their extracts. What was published is kept as it was, byte for byte."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.figures.exports.domain import DrawingState, ProjectState
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class ProjectShown(Base):
    """What is shown of a project, over HTTP too."""

    id: uuid.UUID = key_column()
    title: str = Field(max_length=120)
    purpose: str = Field(max_length=1000)
    researcher_id: uuid.UUID = Field(foreign_key="person.id", index=True)
    first_month: str = Field(max_length=7)
    last_month: str = Field(max_length=7)
    starts_on: date
    ends_on: date = Field(description="the last day on which an extract may be made or fetched")
    state: ProjectState = enum_column(ProjectState, name="project_state")
    proposed_at: datetime | None = utc_column(nullable=True)
    approved_at: datetime | None = utc_column(nullable=True)
    withdrawn_at: datetime | None = utc_column(nullable=True)
    reason: str = Field(default="", max_length=200, description="why it was sent back or withdrawn")
    version: int = 1


class ResearchProject(ProjectShown, table=True):
    """One purpose for which one named researcher may have rows about samples, between two days."""

    __tablename__ = "research_project"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True, description="whose samples they are")
    columns: list[str] = json_column(list)
    authors: list[str] = json_column(list)
    created_by: uuid.UUID = Field(foreign_key="person.id")
    created_at: datetime = utc_column()
    proposed_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    approved_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    withdrawn_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ExtractOut(Base):
    """One extract, without its rows: `sha256` is that of its CSV."""

    id: uuid.UUID = key_column()
    project_id: uuid.UUID = Field(foreign_key="research_project.id", ondelete="CASCADE")
    number: int = Field(description="counts from 1 in its project")
    sha256: str = Field(max_length=64)
    rows: int
    parameters: dict[str, JsonValue] = json_column(dict)
    report: dict[str, JsonValue] = json_column(dict)
    made_at: datetime = utc_column()


class ResearchExtract(ExtractOut, table=True):
    """One file of a project. `content` is the CSV as it was made; its hash is what a paper can cite."""

    __tablename__ = "research_extract"
    __table_args__ = (sa.UniqueConstraint("project_id", "number"),)
    content: str
    made_by: uuid.UUID = Field(foreign_key="person.id")


class DrawingShown(Base):
    """What is shown of an extract that was asked for, over HTTP too."""

    id: uuid.UUID = key_column()
    project_id: uuid.UUID = Field(foreign_key="research_project.id", index=True, ondelete="CASCADE")
    state: DrawingState = enum_column(DrawingState, name="research_drawing_state", default=DrawingState.WAITING)
    step: str = Field(default="", max_length=120)
    done: int = 0
    total: int = Field(default=0, description="0: nobody knows yet")
    number: int | None = Field(default=None, description="of the extract, once it is there")
    asked_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True)


class ResearchDrawing(DrawingShown, table=True):
    """That someone asked for the next extract of a project, and what became of it. A job draws it."""

    __tablename__ = "research_drawing"
    problem: dict[str, str] | None = json_column(nullable=True)
    asked_by: uuid.UUID = Field(foreign_key="person.id")


class ResearchPlacement(Base, table=True):
    """In which group of which extract of a project a sample stands first. Never leaves the server.

    `stays_out`: it left together with a sample that was withdrawn or amended, and does not come back; its row is empty.
    """

    __tablename__ = "research_placement"
    project_id: uuid.UUID = Field(foreign_key="research_project.id", primary_key=True, ondelete="CASCADE")
    sample_id: uuid.UUID = Field(primary_key=True)
    batch: int
    digest: str = Field(max_length=64)
    row: dict[str, JsonValue] = json_column(dict)
    stays_out: bool = False
