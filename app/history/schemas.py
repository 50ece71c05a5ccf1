"""Shapes of imports of history over HTTP: where counted samples come from."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.history.tables import HistoryImport


class HistoryImportOut(BaseModel):
    """One import with its provenance. `files`: name, sha-256 and rows of each."""

    id: uuid.UUID
    source: str
    source_version: str
    licence: str
    citation: str
    files: list[dict[str, Any]]
    samples: int
    changed: int
    notes: int
    imported_at: datetime
    undone_at: datetime | None
    undone_reason: str

    @classmethod
    def of(cls, row: HistoryImport) -> HistoryImportOut:
        """From the row."""
        taken = {name: getattr(row, name) for name in cls.model_fields if name != "notes"}
        return cls(**taken, notes=len(row.notes))
