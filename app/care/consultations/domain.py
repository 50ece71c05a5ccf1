"""What telling knows: where a sample stands for its client, why a page stays shut, what people decide. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
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
    Shut.WITHDRAWN: "The client withdrew this sample, so its result is not told any more.",
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
    ALERT_SELLER = "alert_seller", "Will tell whoever sold it"
    SEEK_MEDICAL = "seek_medical", "Will get medical help"
    UNDECIDED = "undecided", "Has not decided"
    DECLINED = "declined", "Did not want to say"


INTENTION_WORDS = {one: one.words for one in Intention}


class Moment(StrEnum):
    """Before or after the result was told: the two are kept apart."""

    BEFORE = "before"
    AFTER = "after"


class Referral(Worded):
    """Where somebody was sent on to: a choice, so that no name or story is typed."""

    DRUG_SERVICE = "drug_service", "Drug and alcohol service"
    MEDICAL_HERE = "medical_here", "Medics on site"
    GP = "gp", "GP"
    HOSPITAL = "hospital", "Hospital"
    MENTAL_HEALTH = "mental_health", "Mental health service"
    SEXUAL_HEALTH = "sexual_health", "Sexual health service"
    WELFARE = "welfare", "Welfare, housing or money advice"
    OTHER = "other", "Somewhere else"


REFERRAL_WORDS = {one: one.words for one in Referral}


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
