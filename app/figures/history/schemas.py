"""What is told of an import of history, to administrators and to researchers."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel

from app.figures.history.service import HistoryImport

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
