"""The vocabulary of samples, their stages and the consents they need. Pure: no database, no web."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, get_args

from app.platform.kernel.actor import Role
from app.platform.kernel.worded import Worded


class SubmitterType(StrEnum):
    """Who brought it. Police and partner rows are never mixed with client rows."""

    PUBLIC = "public"
    MEDIC = "medic"
    WELFARE = "welfare"
    SECURITY_AMNESTY = "security_amnesty"
    POLICE_BACK_OF_HOUSE = "police_back_of_house"
    PARTNER_AGENCY = "partner_agency"


NEVER_CLIENTS = frozenset({SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY})
"""Their samples are never mixed with those of clients, in no figure that leaves the service either."""


class Intent(StrEnum):
    """Whether anybody said what it should be."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    MIXTURE = "mixture"


class Collection(StrEnum):
    """How the portion was taken."""

    SPATULA = "spatula"
    SWAB = "swab"
    COTTON = "cotton"
    WHOLE_UNIT = "whole_unit"
    SYRINGE = "syringe"
    COOKER = "cooker"
    BAG = "bag"
    PIPE = "pipe"
    OTHER = "other"


class Provider(StrEnum):
    """Relation to the person it came from."""

    DEALER = "dealer"
    FRIEND = "friend"
    STRANGER = "stranger"
    GIFT_FOUND = "gift_found"
    ONLINE = "online"
    SHOP = "shop"
    NO_ANSWER = "no_answer"


class AcquiredWhere(StrEnum):
    """Where it came from."""

    ON_SITE = "on_site"
    OFF_SITE = "off_site"
    ONLINE = "online"
    ABROAD = "abroad"


class UsedBefore(StrEnum):
    """Whether someone took some before the test."""

    NO = "no"
    SELF = "self"
    SOMEONE_ELSE = "someone_else"
    NO_ANSWER = "no_answer"


class HarmEvent(StrEnum):
    """What happened to the person who took it."""

    NONE = "none"
    FELT_UNWELL = "felt_unwell"
    MEDICAL_HELP = "medical_help"
    OVERDOSE = "overdose"
    FATAL = "fatal"
    UNKNOWN = "unknown"


HARMED = frozenset({HarmEvent.MEDICAL_HELP, HarmEvent.OVERDOSE, HarmEvent.FATAL})
"""What happened to someone that makes what was found a matter for more people."""


class AgeBand(StrEnum):
    """Bands only; never an age or a date of birth."""

    B18_24 = "18_24"
    B25_34 = "25_34"
    B35_44 = "35_44"
    B45_54 = "45_54"
    B55_UP = "55_up"
    NO_ANSWER = "no_answer"


PERSON_FIELDS = frozenset({"age_band", "gender", "harm_event"})
"""What is recorded of the person, and not of what was handed in."""
PERSON_SEEN_BY = (Role.RECEPTION, Role.HEALTH_WORKER)
"""Who writes it down, and who talks with the client. Nobody else's work needs it."""


class ConsentKind(Worded):
    """What a person agrees to, each on its own."""

    ANALYSIS = "analysis", "Analysis"
    AGGREGATE_DATA = "aggregate_data", "Anonymous statistics"
    SHARE_IN_ALERT = "share_in_alert", "Use it in an alert"
    FOLLOWUP = "followup", "Follow-up"
    AGE_18_ATTESTED = "age_18_attested", "Says they are 18 or over"
    UNDERSTANDS_NOT_SAFE = "understands_not_safe", "Understands the limits of a test"


class ConsentAnswer(StrEnum):
    """An answer, or that nobody asked."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class Colour(StrEnum):
    """Colours to tick; several for one sample."""

    WHITE = "white"
    OFF_WHITE = "off_white"
    YELLOW = "yellow"
    ORANGE = "orange"
    PINK = "pink"
    RED = "red"
    PURPLE = "purple"
    BLUE = "blue"
    GREEN = "green"
    BROWN = "brown"
    GREY = "grey"
    BLACK = "black"
    CLEAR = "clear"
    MULTI = "multi"


class Texture(StrEnum):
    """How it feels under the spatula."""

    FINE = "fine"
    COARSE = "coarse"
    CRYSTALLINE = "crystalline"
    STICKY = "sticky"
    WAXY = "waxy"
    OILY = "oily"
    CRUMBLY = "crumbly"
    HARD = "hard"


class PlannedRoute(StrEnum):
    """How the person means to take it."""

    SWALLOW = "swallow"
    SNORT = "snort"
    SMOKE_VAPE = "smoke_vape"
    INJECT = "inject"
    RECTAL = "rectal"
    UNDER_TONGUE = "under_tongue"
    OTHER = "other"
    NO_ANSWER = "no_answer"


class Gender(StrEnum):
    """The gender a person gives."""

    WOMAN = "woman"
    MAN = "man"
    NON_BINARY = "non_binary"
    OTHER = "other"
    NO_ANSWER = "no_answer"


class Effect(StrEnum):
    """What the person who took some reported."""

    AS_EXPECTED = "as_expected"
    NONE = "none"
    WEAKER = "weaker"
    STRONGER = "stronger"
    LONGER = "longer"
    ANXIETY = "anxiety"
    SICKNESS = "sickness"
    OVERHEATING = "overheating"
    RACING_HEART = "racing_heart"
    DROWSINESS = "drowsiness"
    HALLUCINATIONS = "hallucinations"
    COLLAPSE = "collapse"
    SEIZURE = "seizure"
    OTHER = "other"


class PriceUnit(StrEnum):
    """What the price is for."""

    PER_UNIT = "per_unit"
    PER_GRAM = "per_gram"
    PER_ML = "per_ml"
    WHOLE = "whole"


class WithdrawReason(StrEnum):
    """Why a sample leaves the figures. A list, so that nothing about a person is written here."""

    CLIENT_ASKED = "client_asked"
    REGISTERED_BY_MISTAKE = "registered_by_mistake"
    SAMPLE_LOST = "sample_lost"


class Stage(Worded):
    """How far a sample has come, read from its times."""

    RECEIVED = "received", "awaiting analysis"
    ANALYSED = "analysed", "awaiting verification"
    VERIFIED = "verified", "ready to release"
    RELEASED = "released", "result ready"
    TOLD = "told", "result given"
    WITHDRAWN = "withdrawn", "withdrawn"


# Each stage but the first has the time it was reached in the column of the same name + "_at".
Stamp = Literal["analysed_at", "verified_at", "released_at", "told_at"]
STAMPS: tuple[Stamp, ...] = get_args(Stamp)

# After this long in the queue a row is marked: half of all samples should be released by then.
LATE_AFTER_S = 30 * 60


class Times(Protocol):
    """When a sample reached each stage, as far as it has come."""

    analysed_at: datetime | None
    verified_at: datetime | None
    released_at: datetime | None
    told_at: datetime | None
    withdrawn_at: datetime | None


def stage(times: Times) -> Stage:
    """How far a sample has come: the furthest stage that has a time."""
    steps = (
        (times.withdrawn_at, Stage.WITHDRAWN),
        (times.told_at, Stage.TOLD),
        (times.released_at, Stage.RELEASED),
        (times.verified_at, Stage.VERIFIED),
        (times.analysed_at, Stage.ANALYSED),
    )
    return next((reached for at, reached in steps if at is not None), Stage.RECEIVED)


def consent_problems(
    answers: Mapping[ConsentKind, ConsentAnswer], submitter: SubmitterType, *, individual_results: bool
) -> dict[ConsentKind, str]:
    """Why a sample with these answers may not be registered; empty when it may.

    Nothing is analysed without consent. Where a person will be told a result, they have to be an adult (every
    licence says so) and to know what a test cannot tell.
    """
    wrong: dict[ConsentKind, str] = {}
    if answers.get(ConsentKind.ANALYSIS) is not ConsentAnswer.YES:
        wrong[ConsentKind.ANALYSIS] = "You need consent to test this sample. Ask for it, or do not take the sample."
    if submitter is not SubmitterType.PUBLIC or not individual_results:
        return wrong
    if answers.get(ConsentKind.AGE_18_ATTESTED) is not ConsentAnswer.YES:
        wrong[ConsentKind.AGE_18_ATTESTED] = (
            "The licence allows results to adults only. Ask if they are 18 or over. If not, call the session lead."
        )
    if answers.get(ConsentKind.UNDERSTANDS_NOT_SAFE) is not ConsentAnswer.YES:
        wrong[ConsentKind.UNDERSTANDS_NOT_SAFE] = (
            "Explain first that no test can say a drug is free of danger, and ask whether that is understood."
        )
    return wrong


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest-rank percentile; None when there is nothing to rank."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
