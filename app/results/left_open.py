"""Who confirmed that something a spectrum names stays open, at which step. Kept with the version and shown to the next person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from app.results.domain import Action


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """The names that were open when someone took this step, and confirmed that they stay so."""

    step: Action
    names: tuple[str, ...]
    by: UUID
    at: datetime


_ROWS = TypeAdapter(tuple[LeftOpen, ...])


def left_open_from(column: Sequence[object]) -> tuple[LeftOpen, ...]:
    """Read the confirmations that are stored with a version."""
    return _ROWS.validate_python(column)


def left_open_json(given: Sequence[LeftOpen]) -> list[JsonValue]:
    """Write the confirmations as the version stores them."""
    kept: list[JsonValue] = _ROWS.dump_python(tuple(given), mode="json")
    return kept
