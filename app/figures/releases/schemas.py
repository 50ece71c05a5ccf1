"""Shapes of releases over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue


class ReleaseOut(BaseModel):
    """A release. `counts`: how many periods it holds."""

    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    number: str
    made_at: datetime
    first_month: str
    last_month: str
    facts_digest: str
    content_digest: str
    counts: dict[str, JsonValue]
    definitions: dict[str, JsonValue]
    protection: dict[str, JsonValue]
    citation: str
    supersedes: uuid.UUID | None
    note: str


class Choices(BaseModel):
    """What a look-up may name. The same for every audience of a release."""

    months: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]


class ReleaseWithChoices(Choices, ReleaseOut):
    """One release, with what a look-up may name."""
