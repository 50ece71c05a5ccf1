"""What telling knows: where a sample stands for its client, why a page stays shut, what people decide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


class Intention(StrEnum):
    """What a person intends, or did; many per consultation."""

    WILL_NOT_TAKE = "will_not_take"
    DISPOSED_HERE_VERIFIED = "disposed_here_verified"
    DISPOSED_SELF = "disposed_self"
    TAKE_LESS = "take_less"
    TAKE_AS_PLANNED = "take_as_planned"
    TAKE_MORE = "take_more"
    AVOID_MIXING = "avoid_mixing"
    SPACE_OUT = "space_out"
    TEST_DOSE_FIRST = "test_dose_first"
    NOT_ALONE = "not_alone"
    CARRY_NALOXONE = "carry_naloxone"
    ALERT_FRIENDS = "alert_friends"
    ALERT_SELLER = "alert_seller"
    SEEK_MEDICAL = "seek_medical"
    UNDECIDED = "undecided"
    DECLINED = "declined"


class Moment(StrEnum):
    """Before or after the result was told: the two are kept apart."""

    BEFORE = "before"
    AFTER = "after"


INTENTION_WORDS: dict[Intention, str] = {
    Intention.WILL_NOT_TAKE: "Will not take it",
    Intention.DISPOSED_HERE_VERIFIED: "Handed the rest in here to be destroyed",
    Intention.DISPOSED_SELF: "Will get rid of it themselves",
    Intention.TAKE_LESS: "Will take less",
    Intention.TAKE_AS_PLANNED: "Will take it as planned",
    Intention.TAKE_MORE: "Will take more",
    Intention.AVOID_MIXING: "Will not mix it",
    Intention.SPACE_OUT: "Will leave more time between doses",
    Intention.TEST_DOSE_FIRST: "Will start with a small test dose",
    Intention.NOT_ALONE: "Will not be alone",
    Intention.CARRY_NALOXONE: "Will carry naloxone",
    Intention.ALERT_FRIENDS: "Will tell friends",
    Intention.ALERT_SELLER: "Will tell whoever sold it",
    Intention.SEEK_MEDICAL: "Will get medical help",
    Intention.UNDECIDED: "Has not decided",
    Intention.DECLINED: "Did not want to say",
}


class Referral(StrEnum):
    """Where somebody was sent on to: a choice, so that no name or story is typed."""

    DRUG_SERVICE = "drug_service"
    MEDICAL_HERE = "medical_here"
    GP = "gp"
    HOSPITAL = "hospital"
    MENTAL_HEALTH = "mental_health"
    SEXUAL_HEALTH = "sexual_health"
    WELFARE = "welfare"
    OTHER = "other"


REFERRAL_WORDS: dict[Referral, str] = {
    Referral.DRUG_SERVICE: "Drug and alcohol service",
    Referral.MEDICAL_HERE: "Medics on site",
    Referral.GP: "GP",
    Referral.HOSPITAL: "Hospital",
    Referral.MENTAL_HEALTH: "Mental health service",
    Referral.SEXUAL_HEALTH: "Sexual health service",
    Referral.WELFARE: "Welfare, housing or money advice",
    Referral.OTHER: "Somewhere else",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """What one person of the group intends."""

    intention: Intention
    moment: Moment = Moment.AFTER
    person_index: int = 1
