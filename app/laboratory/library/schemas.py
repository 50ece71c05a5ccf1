"""Shapes of libraries over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from app.laboratory.library.domain import ImportState, Refusal, Technique
from app.laboratory.library.service import EntryView


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

    refusals: list[Refusal]
    files: list[RawFileOut]


class EntriesOut(BaseModel):
    """A page of entries; `next` is the number to ask for `after`, none at the end."""

    rows: list[EntryView]
    next: int | None


class ImportOut(BaseModel):
    """One import asked for over HTTP: how far it is, what became of it, and the library it made."""

    model_config = ConfigDict(from_attributes=True)

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
    problem: Annotated[dict[str, str] | None, BeforeValidator(lambda problem: problem or None)]
    report: dict[str, str | int | bool]
    library_id: uuid.UUID | None
    created_at: datetime
    finished_at: datetime | None
