"""What a health worker may do to the page of one result, and an urgent message for all pages of a place. Pure."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from app.platform.kernel.actor import Role
from app.platform.kernel.worded import Worded


class AdjustmentKind(Worded):
    """What was done to the page."""

    SNIPPET = "snippet", "added"
    PIN = "pin", "pinned up"
    NOT_RELEVANT = "not_relevant", "marked not relevant"


ADJUSTMENT_WORDS = {one: one.words for one in AdjustmentKind}


class WhyNotRelevant(Worded):
    """Why a message was taken off a page: a choice, so that nothing about a person is typed."""

    DOES_NOT_APPLY = "does_not_apply", "It does not apply to how it is used here"
    KNOWN_ALREADY = "known_already", "They know it already"
    SAID_IN_PERSON = "said_in_person", "It was said in person, in other words"
    SAYS_IT_TWICE = "says_it_twice", "Another message says the same"
    CONFUSES = "confuses", "It confuses more than it helps"
    WRONG = "wrong", "It seems wrong: a clinician should look at it"


WHY_WORDS = {one: one.words for one in WhyNotRelevant}


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


class WhyRefused(Worded):
    """Why it was refused: a code, so that nothing anybody typed is kept."""

    NOT_ALLOWED = "not_allowed", "not this role’s to do"
    NOT_FOUND = "not_found", "no such sample, change or request"
    NOT_UNDERSTOOD = "not_understood", "not understood"
    STALE = "stale", "somebody else was faster"
    CONFLICT = "conflict", "clashed with another request"
    NO_PAGE = "no_page", "no result on a page"
    UNKNOWN_KIND = "unknown_kind", "no such act"
    UNKNOWN_SNIPPET = "unknown_snippet", "no such message to add"
    UNKNOWN_RULE = "unknown_rule", "no such rule"
    NOT_ON_PAGE = "not_on_page", "not on this page"
    ALWAYS_STAYS = "always_stays", "a part that always stays"
    TOO_GRAVE = "too_grave", "of a weight that always stays"
    AT_THE_TOP = "at_the_top", "at the top already"
    NO_REASON = "no_reason", "no reason given"
    UNDONE_ALREADY = "undone_already", "undone already"
    NO_SESSION = "no_session", "no session chosen"
    UNKNOWN_LENGTH = "unknown_length", "for no length that is offered"
    NOT_WAITING = "not_waiting", "approved or stopped already"
    LAPSED = "lapsed", "not approved within a day"
    OVER = "over", "over already"
    OWN_REQUEST = "own_request", "own request"
    APPROVED_ALREADY = "approved_already", "approved it already"
    NEEDS_SENIOR = "needs_senior", "a clinician or session lead has to"


REFUSED_WORDS = {one: one.words for one in WhyRefused}
URGENT_WAITS = timedelta(hours=24)
URGENT_HOURS = (6, 12, 24, 48, 72)
APPROVERS = frozenset({Role.HEALTH_WORKER, Role.CLINICIAN, Role.SESSION_LEAD})
SENIOR = frozenset({Role.CLINICIAN, Role.SESSION_LEAD})


class UrgentReach(StrEnum):
    """Whose pages carry an urgent message."""

    SESSION = "session"
    REGION = "region"


class UrgentState(Worded):
    """Where a request stands at a moment. Nothing is stored of it: the times say it."""

    ASKED = "asked", "waits for two people"
    LAPSED = "lapsed", "nobody approved it within a day"
    SHOWN = "shown", "on pages now"
    OVER = "over", "over"
    STOPPED = "stopped", "stopped"


URGENT_WORDS = {one: one.words for one in UrgentState}


def urgent_state(
    requested_at: datetime, until: datetime | None, stopped_at: datetime | None, now: datetime
) -> UrgentState:
    """From its times: `until` is known once two people approved it."""
    if stopped_at is not None:
        return UrgentState.STOPPED
    if until is None:
        return UrgentState.ASKED if now < requested_at + URGENT_WAITS else UrgentState.LAPSED
    return UrgentState.SHOWN if now < until else UrgentState.OVER


NO_APPROVAL: dict[WhyRefused, str] = {
    WhyRefused.NOT_ALLOWED: "This takes the role of health worker, clinician or session lead.",
    WhyRefused.OWN_REQUEST: "You asked for it, so two other people approve it.",
    WhyRefused.APPROVED_ALREADY: "You approved it already: a second person has to.",
    WhyRefused.NEEDS_SENIOR: "One of the two has to be a clinician or a session lead.",
}


def why_no_approval(
    requested_by: uuid.UUID, first: uuid.UUID | None, new: uuid.UUID, *, senior: bool
) -> WhyRefused | None:
    """Why this person may not approve now (NO_APPROVAL has the sentence); None when they may.

    Two people who did not ask for it, one of them a clinician or a session lead. `first`: who approved it before; `senior`:
    whether one of the two is.
    """
    if new == requested_by:
        return WhyRefused.OWN_REQUEST
    if new == first:
        return WhyRefused.APPROVED_ALREADY
    return None if first is None or senior else WhyRefused.NEEDS_SENIOR
