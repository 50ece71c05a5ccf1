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
