"""What a health worker may do to the page of one result, and an urgent message for all pages of a place. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.platform.kernel.actor import Role


class AdjustmentKind(StrEnum):
    """What was done to the page."""

    SNIPPET = "snippet"
    PIN = "pin"
    NOT_RELEVANT = "not_relevant"


ADJUSTMENT_WORDS: dict[AdjustmentKind, str] = {
    AdjustmentKind.SNIPPET: "added",
    AdjustmentKind.PIN: "pinned up",
    AdjustmentKind.NOT_RELEVANT: "marked not relevant",
}


class WhyNotRelevant(StrEnum):
    """Why a message was taken off a page: a choice, so that nothing about a person is typed."""

    DOES_NOT_APPLY = "does_not_apply"
    KNOWN_ALREADY = "known_already"
    SAID_IN_PERSON = "said_in_person"
    SAYS_IT_TWICE = "says_it_twice"
    CONFUSES = "confuses"
    WRONG = "wrong"


WHY_WORDS: dict[WhyNotRelevant, str] = {
    WhyNotRelevant.DOES_NOT_APPLY: "It does not apply to how it is used here",
    WhyNotRelevant.KNOWN_ALREADY: "They know it already",
    WhyNotRelevant.SAID_IN_PERSON: "It was said in person, in other words",
    WhyNotRelevant.SAYS_IT_TWICE: "Another message says the same",
    WhyNotRelevant.CONFUSES: "It confuses more than it helps",
    WhyNotRelevant.WRONG: "It seems wrong: a clinician should look at it",
}

URGENT_LONGEST = timedelta(hours=72)
URGENT_WAITS = timedelta(hours=24)
URGENT_HOURS = (6, 12, 24, 48, 72)
APPROVERS = frozenset({Role.HEALTH_WORKER, Role.CLINICIAN, Role.SESSION_LEAD})
SENIOR = frozenset({Role.CLINICIAN, Role.SESSION_LEAD})


class UrgentReach(StrEnum):
    """Whose pages carry an urgent message."""

    SESSION = "session"
    REGION = "region"


class UrgentState(StrEnum):
    """Where a request stands at a moment. Nothing is stored of it: the times say it."""

    ASKED = "asked"
    LAPSED = "lapsed"
    SHOWN = "shown"
    OVER = "over"
    STOPPED = "stopped"


URGENT_WORDS: dict[UrgentState, str] = {
    UrgentState.ASKED: "waits for two people",
    UrgentState.LAPSED: "nobody approved it within a day",
    UrgentState.SHOWN: "on pages now",
    UrgentState.OVER: "over",
    UrgentState.STOPPED: "stopped",
}


def urgent_state(
    requested_at: datetime, until: datetime | None, stopped_at: datetime | None, now: datetime
) -> UrgentState:
    """From its times: `until` is known once two people approved it."""
    if stopped_at is not None:
        return UrgentState.STOPPED
    if until is None:
        return UrgentState.ASKED if now < requested_at + URGENT_WAITS else UrgentState.LAPSED
    return UrgentState.SHOWN if now < until else UrgentState.OVER


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who approves, or would."""

    person_id: uuid.UUID
    senior: bool


def why_no_approval(requested_by: uuid.UUID, given: Iterable[Approver], new: Approver) -> str:
    """Why this person may not approve now; "" when they may.

    Two people who did not ask for it, one of them a clinician or a session lead.
    """
    before = list(given)
    if new.person_id == requested_by:
        return "You asked for it, so two other people approve it."
    if any(one.person_id == new.person_id for one in before):
        return "You approved it already: a second person has to."
    if before and not new.senior and not any(one.senior for one in before):
        return "One of the two has to be a clinician or a session lead."
    return ""
