"""What others may react to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReadingsInQuestion:
    """Readings of a sample are to be replaced or taken away. A result that stands on them answers with its state, in a word."""

    sample_id: UUID
