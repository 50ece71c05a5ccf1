"""Shapes of incoming files over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue

from app.laboratory.identification.domain import Method
from app.laboratory.incoming.domain import IncomingState, SetAsideReason
from app.laboratory.incoming.service import IncomingView
from app.laboratory.incoming.tables import IncomingFile


class SuggestionOut(BaseModel):
    """The open sample a file's name speaks of."""

    sample_id: uuid.UUID
    number: int
    session_id: uuid.UUID
    session_name: str
    reason: str
    certain: bool


class IncomingOut(BaseModel):
    """A file from an instrument. `message` is for the screen, `href` where to look.

    `kept` is false once the bytes of a file that was set aside have been deleted.
    """

    id: uuid.UUID
    arrival_key: str
    sha256: str
    size: int
    file_name: str
    folder: str
    origin: str
    session_id: uuid.UUID | None
    state: IncomingState
    format: str
    summary: dict[str, JsonValue]
    problem: dict[str, str | bool] | None
    read_at: datetime | None
    received_at: datetime
    sample_id: uuid.UUID | None
    upload_id: uuid.UUID | None
    by_name: bool
    set_aside_reason: SetAsideReason | None
    decided_at: datetime | None
    kept: bool
    suggestion: SuggestionOut | None
    version: int
    message: str
    href: str

    @classmethod
    def of(cls, view: IncomingView) -> IncomingOut:
        """From a row with what is known around it."""
        row, found = view.row, view.suggestion
        return cls(
            **row.model_dump(),
            kept=row.blob_sha256 is not None,
            suggestion=(
                SuggestionOut(**asdict(found.sample), reason=found.reason, certain=found.certain) if found else None
            ),
            message=view.message,
            href=f"/bench/samples/{row.sample_id}" if row.sample_id else "",
        )

    @classmethod
    def receipt(cls, row: IncomingFile) -> IncomingOut:
        """What an instrument's computer learns: what became of the file, nothing about any sample."""
        nothing = {"sample_id": None, "upload_id": None, "suggestion": None, "href": ""}
        return cls.of(IncomingView(row)).model_copy(update=nothing)


class AttachIn(BaseModel):
    """The sample a file belongs to. Without a method the analysis takes it from what the file is."""

    model_config = ConfigDict(extra="forbid")

    sample_id: uuid.UUID
    method: Method | None = None


class SetAsideIn(BaseModel):
    """Why a file belongs to no sample."""

    model_config = ConfigDict(extra="forbid")

    reason: SetAsideReason
