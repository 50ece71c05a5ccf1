"""Tables of reference libraries; the spectra themselves are memory-mapped files."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.laboratory.library.domain import Holds, ImportState
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class Library(Base, table=True):
    """One imported reference library with its licence and source."""

    __tablename__ = "library"
    id: uuid.UUID = key_column()
    name: str = Field(max_length=80, unique=True)
    technique: str = Field(max_length=20, description="ms or ir")
    accurate: bool = False
    holds: Holds = enum_column(Holds, name="holds", default=Holds.DRUGS)
    licence: str = Field(max_length=120)
    source: str = Field(max_length=200)
    notice: str = Field(default="", max_length=200)
    folder: str = Field(max_length=120)
    checksum: str = Field(default="", max_length=64)
    n_entries: int
    n_refused: int = 0
    n_merged: int = 0
    refusals: list[dict[str, str | int]] = json_column(list)
    files: list[dict[str, str | int]] = json_column(list)
    imported_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    imported_at: datetime = utc_column()


class ImportShown(Base):
    """What is shown of an import, over HTTP too."""

    id: uuid.UUID = key_column()
    name: str = Field(max_length=80)
    licence: str = Field(max_length=120)
    source: str = Field(max_length=200)
    y_unit: str = Field(default="", max_length=40)
    holds: Holds = enum_column(Holds, name="holds", default=Holds.DRUGS)
    file_name: str = Field(max_length=200)
    size: int = Field(sa_type=sa.BigInteger)
    state: ImportState = enum_column(ImportState, name="state", default=ImportState.WAITING)
    step: str = Field(default="", max_length=60)
    done: int = 0
    total: int = 0
    report: dict[str, str | int | bool] = json_column(dict)
    library_id: uuid.UUID | None = Field(default=None, foreign_key="library.id")
    created_at: datetime = utc_column()
    finished_at: datetime | None = utc_column(nullable=True)


class LibraryImport(ImportShown, table=True):
    """One import asked for on the screen: how far it has come, and what became of it."""

    __tablename__ = "library_import"
    __table_args__ = (sa.Index("ix_library_import_state", "state"),)
    agency_id: uuid.UUID | None = Field(default=None, foreign_key="agency.id")
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    blob_sha256: str = Field(max_length=64)
    problem: dict[str, str] | None = json_column(nullable=True)
