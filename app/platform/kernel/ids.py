"""Keys: UUIDv7, so that a tablet may mint them offline and rows still sort by time (RFC 9562)."""

from __future__ import annotations

import uuid

import uuid6


def new_id() -> uuid.UUID:
    """A fresh time-ordered UUID (version 7)."""
    return uuid.UUID(int=uuid6.uuid7().int)
