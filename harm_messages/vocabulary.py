"""The closed vocabularies: severities, places, confidence, roles, verdicts, units. Named as in domain.md.

There is no word of reassurance in any of them. Imports nothing.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property


class Severity(StrEnum):
    """S0 act now · S1 life-threatening · S2 serious · S3 caution · S4 information."""

    S0 = "S0"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"

    @cached_property
    def rank(self) -> int:
        """0 is the most serious, so that sorting upwards puts it first."""
        return int(self.value[1])


class Slot(StrEnum):
    """The places on a page, in reading order."""

    HEADLINE = "headline"
    DIFFERENCE = "difference"
    ACTION = "action"
    DANGER = "danger"
    STRENGTH = "strength"
    MIXING = "mixing"
    EMERGENCY = "emergency"
    SAFER_USE = "safer_use"
    LIMITS = "limits"
    NEXT = "next"

    @cached_property
    def rank(self) -> int:
        """Reading order."""
        return list(Slot).index(self)


BODY_SLOTS = frozenset({Slot.DIFFERENCE, Slot.DANGER, Slot.STRENGTH, Slot.MIXING})


class Confidence(StrEnum):
    """How sure, after SWGDRUG."""

    CONFIRMED = "confirmed"
    INDICATED = "indicated"
    CLASS_ONLY = "class_only"
    TENTATIVE = "tentative"

    @cached_property
    def rank(self) -> int:
        """3 is the strongest evidence."""
        return 3 - list(Confidence).index(self)


class Abundance(StrEnum):
    """How much of it, in words."""

    MAJOR = "major"
    MINOR = "minor"
    PRESENT_UNQUANTIFIED = "present_unquantified"
    TRACE = "trace"
    INDICATION = "indication"
    NOT_DETECTED = "not_detected"

    @cached_property
    def rank(self) -> int:
        """5 is the most abundant."""
        return 5 - list(Abundance).index(self)


class FindingRole(StrEnum):
    """What it is to what was expected."""

    EXPECTED = "expected"
    SUBSTITUTE = "substitute"
    ADULTERANT = "adulterant"
    BYPRODUCT = "byproduct"
    CUTTING = "cutting"
    EXCIPIENT = "excipient"
    UNSTATED = "unstated"


class Band(StrEnum):
    """How strong, against the agreed edges."""

    NOT_MEASURED = "not_measured"
    BELOW = "below"
    USUAL = "usual"
    HIGH = "high"
    VERY_HIGH = "very_high"
    EXTREME = "extreme"

    @cached_property
    def rank(self) -> int:
        """0 is not measured, then rising."""
        return list(Band).index(self)


class Outcome(StrEnum):
    """What the whole of the analyses came to."""

    IDENTIFIED = "identified"
    PARTLY_IDENTIFIED = "partly_identified"
    NOTHING_FOUND = "nothing_found"
    NOT_TESTED_FOR_EXPECTED = "not_tested_for_expected"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"
    PENDING = "pending"


class Verdict(StrEnum):
    """How it compares with what was expected."""

    AS_EXPECTED = "as_expected"
    EXPECTED_PLUS_INERT = "expected_plus_inert"
    EXPECTED_PLUS_ACTIVE = "expected_plus_active"
    PARTLY_AS_EXPECTED = "partly_as_expected"
    NOT_AS_EXPECTED = "not_as_expected"
    NOTHING_DETECTED = "nothing_detected"
    INCONCLUSIVE = "inconclusive"
    NO_EXPECTATION = "no_expectation"


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


class Unit(StrEnum):
    """Units an amount may have."""

    PERCENT = "percent_ww"
    MG_PER_UNIT = "mg_per_unit"
    MG_PER_ML = "mg_per_ml"
    UG_PER_BLOTTER = "ug_per_blotter"
    RATIO = "ratio"


class Basis(StrEnum):
    """Which form of the substance an amount counts. MDMA hydrochloride reads 84 % as base."""

    BASE = "base"
    HYDROCHLORIDE = "hydrochloride"
    OTHER_SALT = "other_salt"
    UNKNOWN = "unknown"


class StripReading(StrEnum):
    """A strip reading is never a boolean."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    FAINT = "faint"
    INVALID = "invalid"


class RunStatus(StrEnum):
    """How a planned method ended. Only `ok` with passed QC may carry a negative statement."""

    OK = "ok"
    PENDING = "pending"
    REPEAT = "repeat"
    CONTAMINATED = "contaminated"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    INSTRUMENT_FAULT = "instrument_fault"
    NOT_RUN = "not_run"


class State(StrEnum):
    """What one method did about one target. Only found and not_seen looked; only they carry a limit."""

    FOUND = "found"
    REACTED = "reacted"
    FAINT = "faint"
    NOT_SEEN = "not_seen"
    NO_REACTION = "no_reaction"
    OUT_OF_SCOPE = "out_of_scope"
    INVALID = "invalid"
    PENDING = "pending"
    TOO_LITTLE = "too_little"
    FAILED = "failed"
    NOT_RUN = "not_run"


class Technique(StrEnum):
    """What a method is called to people, whatever it is called in the laboratory."""

    STRIP = "strip"
    COLOUR_TEST = "colour_test"
    INFRARED = "infrared"
    LAB_MACHINE = "lab_machine"
    OTHER = "other"


class Family(StrEnum):
    """What a drug does to a body, the fastest killer first."""

    BREATHING = "breathing"
    POISON = "poison"
    HEAT = "heat"
    HEART = "heart"
    MIND = "mind"
    UNKNOWN = "unknown"
    OTHER = "other"

    @cached_property
    def rank(self) -> int:
        """0 kills fastest."""
        return list(Family).index(self)

    @cached_property
    def card(self) -> Family:
        """The family whose card speaks for it: heat and heart are one."""
        return Family.HEAT if self is Family.HEART else self


class DosingTag(StrEnum):
    """What a sentence about taking a drug gives: a start, a clock, a fraction of what was measured, a count."""

    START_LOW = "start_low"
    CLOCK = "clock"
    FRACTION = "fraction"
    MEASURE = "measure"


class LicenceMode(StrEnum):
    """What the Home Office licence of a session allows to be told to whom."""

    FOH_GENERAL = "foh_general"
    FOH_DEPENDENT_ADULT = "foh_dependent_adult"
    BOH_NO_INDIVIDUAL_RESULTS = "boh_no_individual_results"

    @property
    def individual_results(self) -> bool:
        """Whether an individual result may ever be shown to a client."""
        return self is not LicenceMode.BOH_NO_INDIVIDUAL_RESULTS


class Pictogram(StrEnum):
    """The drawings a message may carry beside its words. None of them praises or reassures."""

    PHONE = "phone"
    BREATHING = "breathing"
    RECOVERY_POSITION = "recovery_position"
    NALOXONE = "naloxone"
    STAY = "stay"
    SHOW_PAGE = "show_page"
    STOP = "stop"
    WAIT = "wait"
    LESS = "less"
    NO_MIXING = "no_mixing"
    NOT_ALONE = "not_alone"
    HEAT = "heat"
    WATER = "water"
    HEART = "heart"
    MIND = "mind"
    LUNGS = "lungs"
    NEEDLE = "needle"
    HAND_IN = "hand_in"
    LIMITS = "limits"
    UNKNOWN = "unknown"
    STRONG = "strong"
    DIFFERENT = "different"
    OVERDOSE = "overdose"
    SEIZURE = "seizure"
    SLEEP = "sleep"
    LIVER = "liver"
    POISON = "poison"
    ALERT = "alert"
