"""Tables of reference libraries; the spectra themselves are memory-mapped files."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class Library(Base, table=True):
    """One imported reference library with its licence and source."""

    __tablename__ = "library"
    id: uuid.UUID = key_column()
    name: str = Field(max_length=80, unique=True)
    technique: str = Field(max_length=20, description="ms or ir")
    accurate: bool = False
    licence: str = Field(max_length=120)
    source: str = Field(max_length=200)
    notice: str = Field(default="", max_length=200)
    folder: str = Field(max_length=120)
    checksum: str = Field(default="", max_length=64)
    n_entries: int
    n_refused: int = 0
    n_merged: int = 0
    refusals: list[dict[str, Any]] = json_column(list)
    files: list[dict[str, Any]] = json_column(list)
    imported_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    imported_at: datetime = utc_column()
