"""What is counted of one sample: what was found in it, what each test could see, and what its people intended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FoundFact:
    """One substance found in a sample."""

    found: str
    found_class: str
    role: str
    abundance: str
    confidence: str
    amount: float | None = None
    unit: str = ""
    basis: str = ""
    methods: tuple[str, ...] = ()


class Detection(StrEnum):
    """What a method said about a target of its own (a strip), or that a target lay in or outside what it can see.

    `looked`: whether it saw it is told by the findings that name the method. `invalid` counts for nothing.
    """

    DETECTED = "detected"
    NOT_DETECTED = "not_detected"
    LOOKED = "looked"
    EXCLUDED = "excluded"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class TestFact:
    """One method and one target. With a `unit` it measured an amount of 0: nothing was found, and medians count it."""

    __test__ = False

    method: str
    target: str
    seen: Detection
    unit: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """How many people intended one thing, `before` or `after` they knew the result."""

    moment: str
    intention: str
    people: int


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """What aggregates may know of one sample: released here, or of an import of history."""

    sample_id: UUID
    agency_id: UUID | None
    agency: str
    session_id: UUID | None
    day: date | None
    released_at: datetime
    region: str
    site: str
    service_type: str
    client: bool
    form: str
    expected: str
    expected_class: str
    verdict: str
    outcome: str
    found: tuple[FoundFact, ...] = ()
    tests: tuple[TestFact, ...] = ()
    import_id: UUID | None = None
    submitter_type: str = ""
    grade: str = ""
    turnaround_min: int | None = None
    outcomes: tuple[OutcomeFact, ...] = ()
