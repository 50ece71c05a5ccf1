"""The vocabulary of samples, the ticket code and the consents. Pure: no database, no web."""

from __future__ import annotations

from enum import StrEnum


class SubmitterType(StrEnum):
    """Who brought it. Police and partner rows are never mixed with client rows."""

    PUBLIC = "public"
    MEDIC = "medic"
    WELFARE = "welfare"
    SECURITY_AMNESTY = "security_amnesty"
    POLICE_BACK_OF_HOUSE = "police_back_of_house"
    PARTNER_AGENCY = "partner_agency"


class Intent(StrEnum):
    """Whether anybody said what it should be."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    MIXTURE = "mixture"


class Form(StrEnum):
    """What it looks like."""

    TABLET = "tablet"
    CAPSULE = "capsule"
    POWDER = "powder"
    CRYSTAL = "crystal"
    ROCK = "rock"
    BLOTTER = "blotter"
    LIQUID = "liquid"
    GEL = "gel"
    PLANT = "plant"
    EDIBLE = "edible"
    VAPE = "vape"
    RESIDUE = "residue"
    OTHER = "other"


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
    """Relation to whoever it came from."""

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
    """Whether somebody took some before the test."""

    NO = "no"
    SELF = "self"
    SOMEONE_ELSE = "someone_else"
    NO_ANSWER = "no_answer"


class HarmEvent(StrEnum):
    """What happened to whoever took it."""

    NONE = "none"
    FELT_UNWELL = "felt_unwell"
    MEDICAL_HELP = "medical_help"
    OVERDOSE = "overdose"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class AgeBand(StrEnum):
    """Bands only; never an age or a date of birth."""

    B18_24 = "18_24"
    B25_34 = "25_34"
    B35_44 = "35_44"
    B45_54 = "45_54"
    B55_UP = "55_up"
    NO_ANSWER = "no_answer"


class ConsentKind(StrEnum):
    """What a person agrees to, each on its own."""

    ANALYSIS = "analysis"
    AGGREGATE_DATA = "aggregate_data"
    SHARE_IN_ALERT = "share_in_alert"
    FOLLOWUP = "followup"
    AGE_18_ATTESTED = "age_18_attested"
    UNDERSTANDS_NOT_SAFE = "understands_not_safe"


class ConsentAnswer(StrEnum):
    """An answer, or that nobody asked."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


COLOURS: tuple[str, ...] = (
    "white", "off_white", "yellow", "orange", "pink", "red", "purple", "blue", "green", "brown", "grey", "black",
    "clear", "multi",
)  # fmt: skip

TEXTURES: tuple[str, ...] = ("fine", "coarse", "crystalline", "sticky", "waxy", "oily", "crumbly", "hard")
