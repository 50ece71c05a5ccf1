"""pack.yaml: what a pack says about itself, and how many words a page may show.

Imports pydantic and this package only.
"""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from harm_messages.content import Effective, Sourced, Status
from harm_messages.types import Frozen


class Negatives(Sourced):
    """The largest limit of detection (% w/w) that may carry "we did not find"."""

    usual_max_lod: float
    potent_max_lod: float


class Budgets(Sourced):
    """How many words a page may show without a tap, for two clinicians to sign: the whole page and its parts. `to_help`: of
    headline and first card together, before the help of a grave page."""

    grave_page: int = 380
    other_page: int = 300
    head: int = 35
    to_help: int = 65
    card: int = 45
    block: int = 130
    short_block: int = 60
    limits: int = 50
    next: int = 35
    more: int = 150


class Manifest(Frozen):
    """pack.yaml: who wrote it, from when it holds, and what it may never say.

    `names_as_words`: names of drugs and classes that count as one plain word when reading ease is measured, beside
    the names of the register: people know the name of what they take.
    """

    id: str
    version: int
    title: str
    jurisdiction: str
    emergency_number: str
    status: Status
    effective: Effective
    default_locale: str = "en"
    banned: dict[str, tuple[str, ...]]
    never: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    contradictions: tuple[tuple[str, str], ...] = ()
    names_as_words: tuple[str, ...] = ()
    negatives: Negatives | None = None
    budgets: Budgets | None = None
    fixed: dict[str, str]

    @field_validator("never")
    @classmethod
    def _patterns(cls, never: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for pattern in (one for patterns in never.values() for one in patterns):
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"“{pattern[:60]}” is no pattern that can be searched for ({error})") from error
        return never
