"""Shapes of releases over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.releases.service import Audience, Choices, Release


class ReleaseOut(BaseModel):
    """A release. `counts`: per audience the caller may read, how much is shown and how much is not."""

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
    def of(cls, row: Release, audiences: Collection[Audience]) -> ReleaseOut:
        """For somebody who may read these audiences' cubes."""
        counts = {a.value: row.counts[a.value] for a in audiences if a.value in row.counts}
        return cls(**row.model_dump(exclude={"counts", "made_by"}), counts=counts)


class ReleaseWithChoices(ReleaseOut):
    """One release, with what a look-up may name, and how many of its samples have left the figures since."""

    months: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]
    withdrawn_since: str = Field(description="fewer than 10, 10 to 49, or 50 or more; empty where it cannot be known")

    @classmethod
    def chosen(
        cls, row: Release, audiences: Collection[Audience], there: Choices, withdrawn: str
    ) -> ReleaseWithChoices:
        """From the service."""
        return cls(
            **ReleaseOut.of(row, audiences).model_dump(),
            months=there.months,
            regions=there.regions,
            expected=there.expected,
            found=there.found,
            withdrawn_since=withdrawn,
        )
