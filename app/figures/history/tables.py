"""Tables of imported history: files on their way, each import with where it came from, what it said of each sample.

What is counted stands in the fact tables of aggregates. The records here are kept so that an import can be undone, and
what an earlier import said of the same samples counts again.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue
from sqlmodel import Field

from app.figures.history.domain import UploadState
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class HistoryImport(Base, table=True):
    """One import. `digest` is that of map and files together: the same again changes nothing."""

    __tablename__ = "history_import"
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(
        foreign_key="agency.id", index=True, description="who brought it, whatever its rows name"
    )
    keyed_by: uuid.UUID = Field(description="its samples are keyed by this, their source and their key there")
    source: str = Field(max_length=120, index=True)
    licence: str = Field(max_length=120)
    source_version: str = Field(default="", max_length=40)
    citation: str = Field(default="", max_length=300)
    map_text: str
    files: list[dict[str, str | int]] = json_column(list)
    digest: str = Field(max_length=64, index=True)
    samples: int
    changed: int = Field(description="samples an earlier import of this source had said something else about")
    notes: list[str] = json_column(list)
    additions: list[dict[str, str]] = json_column(list)
    imported_at: datetime = utc_column()
    imported_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    undone_at: datetime | None = utc_column(nullable=True)
    undone_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    undone_reason: str = Field(default="", max_length=200)


class HistoryRecord(Base, table=True):
    """What one import said of one sample, where that was new or differed from what was known."""

    __tablename__ = "history_record"
    __table_args__ = (sa.Index("ix_history_record_source_key", "source", "key"),)
    import_id: uuid.UUID = Field(foreign_key="history_import.id", primary_key=True, ondelete="CASCADE")
    key: str = Field(max_length=200, primary_key=True, description="the sample's id at the source")
    source: str = Field(max_length=120)
    digest: str = Field(max_length=64)
    record: dict[str, JsonValue] = json_column(dict)


class HistoryUpload(Base, table=True):
    """Files and a map sent on the screen: read and checked first, imported once someone has seen the report."""

    __tablename__ = "history_upload"
    __table_args__ = (sa.Index("ix_history_upload_state", "state"),)
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    state: UploadState = enum_column(UploadState, name="history_upload_state", default=UploadState.WAITING)
    map_name: str = Field(max_length=200)
    map_text: str
    source: str = Field(max_length=120, description="as the map names it")
    files: list[dict[str, str | int]] = json_column(list)
    step: str = Field(default="", max_length=120)
    done: int = 0
    total: int = Field(default=0, description="0: nobody knows yet")
    problem: dict[str, str] | None = json_column(nullable=True)
    report: dict[str, JsonValue] = json_column(dict)
    import_id: uuid.UUID | None = Field(default=None, foreign_key="history_import.id")
    created_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True)
    version: int = 1


LEAST, STEP = 10, 5
"""Researchers are told numbers from 10 on, to the nearest 5."""


class HistoryImportOut(BaseModel):
    """One import with its provenance. `files`: name, sha-256 and rows of each.

    Exact for administrators. To researchers counts under 10 are not given and all others are rounded to 5;
    neither is the sha-256 of a file of so few rows, for its rows could be guessed until it fits. The map is for
    administrators: it holds every word of the source, rare ones too.
    """

    id: uuid.UUID
    source: str
    source_version: str
    licence: str
    citation: str
    files: list[dict[str, str | int | None]]
    samples: int | None
    changed: int | None
    notes: int | None
    imported_at: datetime
    undone_at: datetime | None
    undone_reason: str

    @classmethod
    def of(cls, row: HistoryImport, *, exact: bool) -> HistoryImportOut:
        """The JSON shape of a stored row."""
        taken = {name: getattr(row, name) for name in cls.model_fields if name != "notes"} | {"notes": len(row.notes)}
        if not exact:
            taken |= {name: _told(taken[name]) for name in ("samples", "changed", "notes")}
            taken["files"] = [_file(one) for one in row.files]
        return cls(**taken)


def _told(count: int) -> int | None:
    return STEP * ((2 * count + STEP) // (2 * STEP)) if count >= LEAST else None


def _file(one: dict[str, str | int]) -> dict[str, str | int | None]:
    rows = _told(int(one["rows"]))
    return {**one, "rows": rows, "sha256": "" if rows is None else one["sha256"]}
