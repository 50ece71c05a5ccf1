"""What others may react to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TalkRecorded:
    """What people intend, after a talk about a sample, was written down."""

    sample_id: UUID
