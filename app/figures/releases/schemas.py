"""Shapes of releases over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.figures.releases.service import Choices, Release


class ReleaseOut(BaseModel):
    """A release. `counts`: how many periods it holds."""

    id: uuid.UUID
    number: str
    made_at: datetime
    first_month: str
    last_month: str
    facts_digest: str
    content_digest: str
    counts: dict[str, Any]
    definitions: dict[str, Any]
    protection: dict[str, Any]
    citation: str
    supersedes: uuid.UUID | None
    note: str

    @classmethod
    def of(cls, row: Release) -> ReleaseOut:
        """From its row."""
        return cls(**row.model_dump(exclude={"made_by"}))


class ReleaseWithChoices(ReleaseOut):
    """One release, with what a look-up may name."""

    months: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]

    @classmethod
    def chosen(cls, row: Release, there: Choices) -> ReleaseWithChoices:
        """From the service."""
        return cls(
            **ReleaseOut.of(row).model_dump(),
            months=there.months,
            regions=there.regions,
            expected=there.expected,
            found=there.found,
        )
