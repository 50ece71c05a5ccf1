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


class Tried(StrEnum):
    """What somebody tried to do to a page, as it stands in the log of refusals."""

    SNIPPET = "snippet"
    PIN = "pin"
    NOT_RELEVANT = "not_relevant"
    ADJUST = "adjust"
    UNDO = "undo"
    ASK_URGENT = "ask_urgent"
    APPROVE_URGENT = "approve_urgent"
    STOP_URGENT = "stop_urgent"


class WhyRefused(StrEnum):
    """Why it was refused: a code, so that nothing anybody typed is kept."""

    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    NOT_UNDERSTOOD = "not_understood"
    STALE = "stale"
    CONFLICT = "conflict"
    NO_PAGE = "no_page"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_SNIPPET = "unknown_snippet"
    UNKNOWN_RULE = "unknown_rule"
    NOT_ON_PAGE = "not_on_page"
    ALWAYS_STAYS = "always_stays"
    TOO_GRAVE = "too_grave"
    AT_THE_TOP = "at_the_top"
    NO_REASON = "no_reason"
    UNDONE_ALREADY = "undone_already"
    NO_SESSION = "no_session"
    UNKNOWN_LENGTH = "unknown_length"
    NOT_WAITING = "not_waiting"
    LAPSED = "lapsed"
    OVER = "over"
    OWN_REQUEST = "own_request"
    APPROVED_ALREADY = "approved_already"
    NEEDS_SENIOR = "needs_senior"


REFUSED_WORDS: dict[WhyRefused, str] = {
    WhyRefused.NOT_ALLOWED: "not this role’s to do",
    WhyRefused.NOT_FOUND: "no such sample, change or request",
    WhyRefused.NOT_UNDERSTOOD: "not understood",
    WhyRefused.STALE: "somebody else was faster",
    WhyRefused.CONFLICT: "clashed with another request",
    WhyRefused.NO_PAGE: "no result on a page",
    WhyRefused.UNKNOWN_KIND: "no such act",
    WhyRefused.UNKNOWN_SNIPPET: "no such message to add",
    WhyRefused.UNKNOWN_RULE: "no such rule",
    WhyRefused.NOT_ON_PAGE: "not on this page",
    WhyRefused.ALWAYS_STAYS: "a part that always stays",
    WhyRefused.TOO_GRAVE: "of a weight that always stays",
    WhyRefused.AT_THE_TOP: "at the top already",
    WhyRefused.NO_REASON: "no reason given",
    WhyRefused.UNDONE_ALREADY: "undone already",
    WhyRefused.NO_SESSION: "no session chosen",
    WhyRefused.UNKNOWN_LENGTH: "for no length that is offered",
    WhyRefused.NOT_WAITING: "approved or stopped already",
    WhyRefused.LAPSED: "not approved within a day",
    WhyRefused.OVER: "over already",
    WhyRefused.OWN_REQUEST: "own request",
    WhyRefused.APPROVED_ALREADY: "approved it already",
    WhyRefused.NEEDS_SENIOR: "a clinician or session lead has to",
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


NO_APPROVAL: dict[WhyRefused, str] = {
    WhyRefused.NOT_ALLOWED: "This takes the role of health worker, clinician or session lead.",
    WhyRefused.OWN_REQUEST: "You asked for it, so two other people approve it.",
    WhyRefused.APPROVED_ALREADY: "You approved it already: a second person has to.",
    WhyRefused.NEEDS_SENIOR: "One of the two has to be a clinician or a session lead.",
}


def why_no_approval(requested_by: uuid.UUID, given: Iterable[Approver], new: Approver) -> WhyRefused | None:
    """Why this person may not approve now (NO_APPROVAL has the sentence); None when they may.

    Two people who did not ask for it, one of them a clinician or a session lead.
    """
    before = list(given)
    if new.person_id == requested_by:
        return WhyRefused.OWN_REQUEST
    if any(one.person_id == new.person_id for one in before):
        return WhyRefused.APPROVED_ALREADY
    if before and not new.senior and not any(one.senior for one in before):
        return WhyRefused.NEEDS_SENIOR
    return None
