"""Shapes of libraries over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.library.domain import Technique
from app.library.service import EntryView, LibraryView


class LibraryOut(BaseModel):
    """A reference library. `key` is its address; `notice` and `broken` belong beside every answer from it."""

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

    @classmethod
    def of(cls, view: LibraryView) -> LibraryOut:
        """From the service's view."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class LibraryFullOut(LibraryOut):
    """The same with what was refused at import (the first 500)."""

    refusals: list[dict[str, Any]]

    @classmethod
    def of(cls, view: LibraryView) -> LibraryFullOut:
        """From the service's view."""
        return cls(**LibraryOut.of(view).model_dump(), refusals=list(view.refusals))


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
