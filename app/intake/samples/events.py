"""What others may react to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NotToBeCounted:
    """A client withdrew the sample, or did not agree to aggregate figures any more."""

    sample_id: UUID
