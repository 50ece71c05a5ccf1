"""What people decide after they were told. Pure."""

from __future__ import annotations

from enum import StrEnum


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
