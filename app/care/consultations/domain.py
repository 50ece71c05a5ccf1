"""What telling knows: where a sample stands for its client, why a page stays shut, what people decide, what a health worker may do
to the page of one result, and an urgent message for all pages of a place. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.kernel.event import Event
from app.platform.kernel.worded import Worded


class ViewKind(StrEnum):
    """What a client's screen shows."""

    WAITING = "waiting"
    RESULT = "result"
    RETRACTED = "retracted"
    IN_PERSON = "in_person"


class Stage(StrEnum):
    """Where a sample stands before its result is out, in the order in which it goes."""

    QUEUED = "queued"
    BEING_LOOKED_AT = "being_looked_at"
    BEING_CHECKED = "being_checked"
    READY_SOON = "ready_soon"


def stage_of(result_state: str | None, *, analysed: bool) -> Stage:
    """The stage of a sample without a released result: `result_state` of its newest version, if there is one."""
    if result_state == "verified":
        return Stage.READY_SOON
    if result_state == "submitted":
        return Stage.BEING_CHECKED
    return Stage.BEING_LOOKED_AT if analysed or result_state is not None else Stage.QUEUED


class Shut(StrEnum):
    """Why a result is not on the client's own page; a worker tells it, or nobody may."""

    BACK_OF_HOUSE = "back_of_house"
    WITHDRAWN = "withdrawn"
    NOT_DEPENDENT_ADULT = "not_dependent_adult"
    PACK_NOT_EFFECTIVE = "pack_not_effective"
    NO_WORDS = "no_words"
    LOOKUP_OFF = "lookup_off"


# What staff read beside it. A gate of the message pack that is not here speaks with its own text.
SHUT_FOR_STAFF: dict[Shut, str] = {
    Shut.WITHDRAWN: "The client withdrew this sample, so its result is no longer given.",
    Shut.NO_WORDS: (
        "The message pack has no words for {what}. Nothing is shown to the client rather than part of it: tell them "
        "in person, and tell the session lead now."
    ),
}


class ShownTo(StrEnum):
    """Whose screen showed a page."""

    CLIENT = "client"
    STAFF = "staff"


class Intention(Worded):
    """What a person intends, or did; many per consultation."""

    WILL_NOT_TAKE = "will_not_take", "Will not take it"
    DISPOSED_HERE_VERIFIED = "disposed_here_verified", "Handed the rest in here to be destroyed"
    DISPOSED_SELF = "disposed_self", "Will get rid of it themselves"
    TAKE_LESS = "take_less", "Will take less"
    TAKE_AS_PLANNED = "take_as_planned", "Will take it as planned"
    TAKE_MORE = "take_more", "Will take more"
    AVOID_MIXING = "avoid_mixing", "Will not mix it"
    SPACE_OUT = "space_out", "Will leave more time between doses"
    TEST_DOSE_FIRST = "test_dose_first", "Will start with a small test dose"
    NOT_ALONE = "not_alone", "Will not be alone"
    CARRY_NALOXONE = "carry_naloxone", "Will carry naloxone"
    ALERT_FRIENDS = "alert_friends", "Will tell friends"
    ALERT_SELLER = "alert_seller", "Will tell the seller"
    SEEK_MEDICAL = "seek_medical", "Will get medical help"
    UNDECIDED = "undecided", "Has not decided"
    DECLINED = "declined", "Did not want to say"


class Moment(StrEnum):
    """Before or after the result was told: the two are kept apart."""

    BEFORE = "before"
    AFTER = "after"


class Referral(Worded):
    """Where someone was sent on to: a choice, so that no name or story is typed."""

    DRUG_SERVICE = "drug_service", "Drug and alcohol service"
    MEDICAL_HERE = "medical_here", "Medics on site"
    GP = "gp", "GP"
    HOSPITAL = "hospital", "Hospital"
    MENTAL_HEALTH = "mental_health", "Mental health service"
    SEXUAL_HEALTH = "sexual_health", "Sexual health service"
    WELFARE = "welfare", "Welfare, housing or money advice"
    OTHER = "other", "Somewhere else"


def person_of(actor: Actor) -> uuid.UUID:
    """Who is acting. Raises NotFound where nobody is: for the system, and for a client."""
    if actor.person_id is None:
        raise NotFound("person")
    return actor.person_id


@dataclass(frozen=True, slots=True)
class Tick:
    """What one person of the group intends."""

    intention: Intention
    moment: Moment = Moment.AFTER
    person_index: Annotated[int, Field(ge=1, le=20)] = 1


# -- what staff do to pages ----------------------------------------------------------------------------------------


class AdjustmentKind(Worded):
    """What was done to the page."""

    SNIPPET = "snippet", "added"
    PIN = "pin", "pinned"
    NOT_RELEVANT = "not_relevant", "marked not relevant"


class WhyNotRelevant(Worded):
    """Why a message was taken off a page: a choice, so that nothing about a person is typed."""

    DOES_NOT_APPLY = "does_not_apply", "It does not apply to how it is used here"
    KNOWN_ALREADY = "known_already", "They know it already"
    SAID_IN_PERSON = "said_in_person", "It was said in person, in other words"
    SAYS_IT_TWICE = "says_it_twice", "Another message says the same"
    CONFUSES = "confuses", "It confuses more than it helps"
    WRONG = "wrong", "It seems wrong. A clinician should look at it"


class Tried(StrEnum):
    """What someone tried to do to a page, as it stands in the log of refusals."""

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
    STALE = "stale", "someone else was faster"
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

    ASKED = "asked", "needs two approvals"
    LAPSED = "lapsed", "nobody approved it within a day"
    SHOWN = "shown", "on pages now"
    OVER = "over", "over"
    STOPPED = "stopped", "stopped"


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
    WhyRefused.NOT_ALLOWED: "Only a health worker, clinician or session lead can do this.",
    WhyRefused.OWN_REQUEST: "You requested it. Two other people must approve it.",
    WhyRefused.APPROVED_ALREADY: "You approved it already. A second person must approve it.",
    WhyRefused.NEEDS_SENIOR: "One of the two must be a clinician or a session lead.",
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


@dataclass(frozen=True, slots=True)
class TalkRecorded(Event):
    """What people intend, after a talk about a sample, was written down."""

    sample_id: UUID
