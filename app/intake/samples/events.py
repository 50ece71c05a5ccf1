"""What others may react to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.platform.kernel.event import Event


@dataclass(frozen=True, slots=True)
class NotToBeCounted(Event):
    """A client withdrew the sample, or did not agree to aggregate figures any more."""

    sample_id: UUID


@dataclass(frozen=True, slots=True)
class ExpectedChanged(Event):
    """What a sample was expected to be was corrected."""

    sample_id: UUID
    session_id: UUID
    agency_id: UUID
