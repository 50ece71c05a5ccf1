"""Shapes of libraries over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.library.domain import Technique
from app.library.service import EntryView, LibraryView


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
        """From the service's view."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class RawFileOut(BaseModel):
    """One file a library was made from, kept byte for byte."""

    name: str
    sha256: str
    size: int
    reader: str
    reader_version: str


class LibraryFullOut(LibraryOut):
    """The same with what was refused at import (the first 500) and the raw files."""

    refusals: list[dict[str, Any]]
    files: list[RawFileOut]

    @classmethod
    def of(cls, view: LibraryView) -> LibraryFullOut:
        """From the service's view."""
        return cls(**LibraryOut.of(view).model_dump(), refusals=list(view.refusals), files=list(view.files))


class EntryOut(BaseModel):
    """One reference spectrum in words; source, licence and note are filled when it is asked for alone."""

    number: int
    id: str
    substance: str
    compound: str
    formula: str
    form: str
    source: str
    licence: str
    note: str

    @classmethod
    def of(cls, view: EntryView) -> EntryOut:
        """From the service's view."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class EntriesOut(BaseModel):
    """A page of entries; `next` is the number to ask for `after`, none at the end."""

    rows: list[EntryOut]
    next: int | None
