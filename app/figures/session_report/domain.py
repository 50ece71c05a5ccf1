"""What a session's report says, and how it is counted from facts. Pure: imports words of other features only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.care.consultations.adjusting_domain import AdjustmentKind, WhyNotRelevant
from app.care.consultations.domain import Intention, Referral
from app.intake.custody.domain import Balance
from harm_messages.vocabulary import FindingRole, Verdict


class Column(StrEnum):
    """How a result compares with what was expected; each sample stands in exactly one."""

    AS_EXPECTED = "as_expected"
    PLUS_INERT = "expected_plus_inert"
    PLUS_ACTIVE = "expected_plus_active"
    NOT_AS_EXPECTED = "not_as_expected"
    NOTHING_SEEN = "nothing_detected"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not_compared"


COLUMN_WORDS: dict[Column, str] = {
    Column.AS_EXPECTED: "As expected",
    Column.PLUS_INERT: "Expected plus a cutting agent",
    Column.PLUS_ACTIVE: "Expected plus another drug",
    Column.NOT_AS_EXPECTED: "Partly or not as expected",
    Column.NOTHING_SEEN: "Nothing seen above the limits",
    Column.INCONCLUSIVE: "Inconclusive",
    Column.NOT_COMPARED: "No result, or nothing to compare it with",
}

PARTS: dict[str, tuple[Column, ...]] = {
    "As expected": (Column.AS_EXPECTED,),
    "Expected plus something": (Column.PLUS_INERT, Column.PLUS_ACTIVE),
    "Partly or not as expected": (Column.NOT_AS_EXPECTED, Column.NOTHING_SEEN),
    "Inconclusive, or not compared": (Column.INCONCLUSIVE, Column.NOT_COMPARED),
}
"""The columns a report to pass on has: small ones are put together."""


def column_of(verdict: Verdict | None) -> Column:
    """The column of a result; None: there is no result that stands.

    >>> column_of(None) is Column.NOT_COMPARED
    True
    """
    if verdict in (None, Verdict.NO_EXPECTATION):
        return Column.NOT_COMPARED
    return Column.NOT_AS_EXPECTED if verdict is Verdict.PARTLY_AS_EXPECTED else Column(verdict)


@dataclass(frozen=True, slots=True)
class Flow:
    """How far samples came. Waits in seconds from received to released, withdrawn samples left out."""

    received: int
    withdrawn: int
    analysed: int
    released: int
    told: int
    retracted: int
    wait_p50_s: float | None
    wait_p90_s: float | None


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """Samples expected to be one thing; the columns add up to `samples`."""

    expected: str
    samples: int
    columns: Mapping[Column, int]


@dataclass(frozen=True, slots=True)
class UnexpectedRow:
    """Samples of one expectation in which something else was found."""

    found: str
    role: FindingRole
    expected: str
    samples: int


@dataclass(frozen=True, slots=True)
class Talks:
    """Consultations. People are counted once per talk and moment, whatever they ticked."""

    talks: int
    people: int
    minutes_p50: float | None
    people_before: int
    people_after: int
    intentions: tuple[tuple[Intention, int, int], ...]
    """Each intention with how many people said it before and after the result."""
    naloxone_given: int
    naloxone_said: int
    """Talks in which it was written down whether naloxone was given."""
    referrals: tuple[tuple[Referral, int], ...]
    disposal_mg: float


@dataclass(frozen=True, slots=True)
class Custody:
    """All ledgers of the session added up, in mg. `gaps`: the number of each sample whose ledger leaves something open, and what."""

    balance: Balance
    weighed_in: int
    not_weighed_in: int
    destructions: int
    gaps: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """What staff changed on clients' pages and left so."""

    changed: Mapping[AdjustmentKind, int]
    reasons: Mapping[WhyNotRelevant, int]
    urgent: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything, in true counts. For the session's own people; not for passing on."""

    flow: Flow
    expected: tuple[ExpectedRow, ...]
    unexpected: tuple[UnexpectedRow, ...]
    talks: Talks
    made_at: datetime
