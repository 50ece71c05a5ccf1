"""The words `harm_messages` speaks: facts in, context in, and the vocabularies of both.

Frozen and validated, so that the same input always gives the same page. Imports pydantic only:
no web, no ORM, nothing of `app`, `spectra` or `instruments`.

    HarmMessageError
    ├── GateClosed          this page may not be shown now; carries a reason code
    ├── UnknownSubstance    an id that is not in the register: never read as "not found"
    └── PackError           the pack on disk is not one that may be shown to people
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class HarmMessageError(Exception):
    """Anything this package refuses to do."""


class GateClosed(HarmMessageError):
    """The page stays shut. `reason` is a stable code, the text is for the worker's screen."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class UnknownSubstance(HarmMessageError, KeyError):
    """A substance, class or intent that the register does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is not in the register; it was not read as 'not found'"


class PackError(HarmMessageError):
    """The pack could not be read. Each line says the file, what is wrong and what is accepted."""


class Severity(StrEnum):
    """S0 act now · S1 life-threatening · S2 serious · S3 caution · S4 information."""

    S0 = "S0"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"

    @property
    def rank(self) -> int:
        """0 is the gravest, so that sorting upwards puts it first."""
        return int(self.value[1])


class Slot(StrEnum):
    """The places on a page, in reading order."""

    HEADLINE = "headline"
    DIFFERENCE = "difference"
    DANGER = "danger"
    STRENGTH = "strength"
    MIXING = "mixing"
    EMERGENCY = "emergency"
    SAFER_USE = "safer_use"
    LIMITS = "limits"
    NEXT = "next"

    @property
    def rank(self) -> int:
        return list(Slot).index(self)


BODY_SLOTS = frozenset({Slot.DIFFERENCE, Slot.DANGER, Slot.STRENGTH, Slot.MIXING})


class Confidence(StrEnum):
    CONFIRMED = "confirmed"
    INDICATED = "indicated"
    CLASS_ONLY = "class_only"
    TENTATIVE = "tentative"

    @property
    def rank(self) -> int:
        """3 is the strongest evidence."""
        return 3 - list(Confidence).index(self)


class Abundance(StrEnum):
    MAJOR = "major"
    MINOR = "minor"
    PRESENT_UNQUANTIFIED = "present_unquantified"
    TRACE = "trace"
    INDICATION = "indication"
    NOT_DETECTED = "not_detected"

    @property
    def rank(self) -> int:
        """5 is the most abundant."""
        return 5 - list(Abundance).index(self)


class Role(StrEnum):
    EXPECTED = "expected"
    SUBSTITUTE = "substitute"
    ADULTERANT = "adulterant"
    BYPRODUCT = "byproduct"
    CUTTING = "cutting"
    EXCIPIENT = "excipient"
    UNSTATED = "unstated"


class Band(StrEnum):
    NOT_MEASURED = "not_measured"
    BELOW = "below"
    USUAL = "usual"
    HIGH = "high"
    VERY_HIGH = "very_high"
    EXTREME = "extreme"

    @property
    def rank(self) -> int:
        return list(Band).index(self)


class Outcome(StrEnum):
    IDENTIFIED = "identified"
    PARTLY_IDENTIFIED = "partly_identified"
    NOTHING_FOUND = "nothing_found"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"
    PENDING = "pending"


class Verdict(StrEnum):
    AS_EXPECTED = "as_expected"
    EXPECTED_PLUS_INERT = "expected_plus_inert"
    EXPECTED_PLUS_ACTIVE = "expected_plus_active"
    PARTLY_AS_EXPECTED = "partly_as_expected"
    NOT_AS_EXPECTED = "not_as_expected"
    NOTHING_DETECTED = "nothing_detected"
    INCONCLUSIVE = "inconclusive"
    NO_EXPECTATION = "no_expectation"


class Form(StrEnum):
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
    PERCENT = "percent_ww"
    MG_PER_UNIT = "mg_per_unit"
    MG_PER_ML = "mg_per_ml"
    UG_PER_BLOTTER = "ug_per_blotter"
    RATIO = "ratio"


class Basis(StrEnum):
    BASE = "base"
    HYDROCHLORIDE = "hydrochloride"
    OTHER_SALT = "other_salt"
    UNKNOWN = "unknown"


class StripReading(StrEnum):
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


class LicenceMode(StrEnum):
    FOH_GENERAL = "foh_general"
    FOH_DEPENDENT_ADULT = "foh_dependent_adult"
    BOH_NO_INDIVIDUAL_RESULTS = "boh_no_individual_results"


class Frozen(BaseModel):
    """Base of every value here: unknown fields are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AmountFact(Frozen):
    """How much. `low` and `high` are value ∓ U at coverage factor `k` (2 unless said)."""

    value: Positive
    low: Positive | None = None
    high: Positive | None = None
    k: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0
    unit: Unit
    basis: Basis = Basis.UNKNOWN

    @model_validator(mode="after")
    def _ordered(self) -> AmountFact:
        if self.low is not None and self.low > self.value:
            raise ValueError(f"low {self.low} lies above the value {self.value}")
        if self.high is not None and self.high < self.value:
            raise ValueError(f"high {self.high} lies below the value {self.value}")
        return self

    @property
    def upper(self) -> float:
        """Value + U at k = 2, the figure bands are compared with: it errs towards caution."""
        if self.high is None:
            return self.value
        return self.value + (self.high - self.value) * 2.0 / self.k


class FindingFact(Frozen):
    """One component. A register id, or a class when only the class is known, or neither:
    something was seen that nobody could name yet."""

    substance: str | None = None
    drug_class: str | None = None
    abundance: Abundance = Abundance.PRESENT_UNQUANTIFIED
    confidence: Confidence
    amount: AmountFact | None = None
    methods: tuple[str, ...] = ()
    lod: Positive | None = None

    @property
    def unidentified(self) -> bool:
        return self.substance is None and self.drug_class is None


class StripFact(Frozen):
    """One immunoassay strip. `target` is a register class, for instance opioid.nitazene."""

    target: str
    reading: StripReading
    brand: str = ""
    lot: str = ""
    cut_off_ng_ml: Positive | None = None
    dilution: str = ""


class AlertFact(Frozen):
    """An alert active for this session or region. Empty descriptors match anything."""

    id: str
    substances: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    logos: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()


class ScopeFact(Frozen):
    """One planned method: how it ended, which classes it can see, and from which amount on.

    `classes` are register classes or their beginnings ("opioid" covers "opioid.nitazene"), "*" is
    everything; `excludes` is taken away again; `lod` is in % w/w. Without `lod` no negative is said.
    """

    method: str
    status: RunStatus = RunStatus.OK
    qc_passed: bool = True
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    lod: Positive | None = None

    @property
    def counts(self) -> bool:
        return self.status is RunStatus.OK and self.qc_passed


class Facts(Frozen):
    """What one authorised result version says about one sample.

    `expected` holds register ids, register classes ("cannabinoid.synthetic" for "spice") or intents of
    the pack ("unknown", "tusi"). Empty means nobody asked, which reads like "unknown".
    """

    expected: tuple[str, ...] = ()
    form: Form = Form.OTHER
    logo: str = ""
    colours: tuple[str, ...] = ()
    findings: tuple[FindingFact, ...] = ()
    strips: tuple[StripFact, ...] = ()
    scope: tuple[ScopeFact, ...] = ()
    alerts: tuple[AlertFact, ...] = ()


class Context(Frozen):
    """Who is asking, and under which licence.

    `also_taking` (ids of the pack's co-use list, register ids or classes) lives in memory only: it is
    left out of `repr` and of every dump, and the messages it causes are marked self_reported.
    """

    licence_mode: LicenceMode
    released: bool
    dependent_adult_confirmed: bool = False
    session_place: str = ""
    also_taking: tuple[str, ...] = Field(default=(), repr=False, exclude=True)


def require_aware(now: datetime) -> datetime:
    """Naive times are refused: in the UK they are wrong for seven months of the year."""
    if now.tzinfo is None or now.utcoffset() is None:
        raise ValueError("now must carry a time zone; use UTC")
    return now
