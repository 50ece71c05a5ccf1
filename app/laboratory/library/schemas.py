"""Shapes of libraries over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.laboratory.library.domain import ImportState, Technique
from app.laboratory.library.service import EntryView, LibraryImport, LibraryView


class LibraryOut(BaseModel):
    """A reference library. `key` is its address; `notice` and `broken` belong beside every answer from it.

    `readers`: who read its files, such as `msp 2`; empty for a starter and for imports that did not note it.
    """

    key: str
    name: str
    technique: Technique
    accurate: bool
    starter: bool
    notice: str
    licence: str
    source: str
    n_entries: int
    n_refused: int
    n_merged: int
    checksum: str
    imported_at: datetime | None
    broken: str
    readers: list[str]

    @classmethod
    def of(cls, view: LibraryView) -> LibraryOut:
        """The JSON shape of what the service shows."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class RawFileOut(BaseModel):
    """One file a library was made from, kept byte for byte. `y_unit`: what a person said its y axis is."""

    name: str
    sha256: str
    size: int
    reader: str
    reader_version: str
    y_unit: str = ""


class LibraryFullOut(LibraryOut):
    """The same with what was refused at import (the first 5,000) and the raw files."""

    refusals: list[dict[str, Any]]
    files: list[RawFileOut]

    @classmethod
    def of(cls, view: LibraryView) -> LibraryFullOut:
        """The JSON shape of what the service shows."""
        return cls(**LibraryOut.of(view).model_dump(), refusals=list(view.refusals), files=list(view.files))


class EntryOut(BaseModel):
    """One reference spectrum in words; source, licence, note and details (how it was measured, other names, keys) are
    filled when it is asked for alone.
    """

    number: int
    id: str
    substance: str
    compound: str
    formula: str
    form: str
    source: str
    licence: str
    note: str
    details: dict[str, str] = {}

    @classmethod
    def of(cls, view: EntryView) -> EntryOut:
        """The JSON shape of what the service shows."""
        return cls(
            **{name: getattr(view, name) for name in cls.model_fields if name != "details"}, details=dict(view.details)
        )


class EntriesOut(BaseModel):
    """A page of entries; `next` is the number to ask for `after`, none at the end."""

    rows: list[EntryOut]
    next: int | None


class ImportOut(BaseModel):
    """One import asked for over HTTP: how far it is, what became of it, and the library it made."""

    id: uuid.UUID
    name: str
    licence: str
    source: str
    y_unit: str
    file_name: str
    size: int
    state: ImportState
    step: str
    done: int
    total: int
    problem: dict[str, Any] | None
    report: dict[str, Any]
    library_id: uuid.UUID | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: LibraryImport) -> ImportOut:
        """From its row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields} | {"problem": row.problem or None})
