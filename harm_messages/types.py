"""The facts a page is made from and the context it is shown in; the vocabularies come along with them.

Frozen and validated, so that the same input always gives the same page. Imports pydantic only:
no web, no ORM, nothing of `app`, `spectra` or `instruments`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harm_messages.errors import GateClosed, HarmMessageError, PackError, UnknownSubstance
from harm_messages.vocabulary import (
    BODY_SLOTS,
    Abundance,
    Band,
    Basis,
    Confidence,
    FindingRole,
    Form,
    LicenceMode,
    Outcome,
    RunStatus,
    Severity,
    Slot,
    StripReading,
    Unit,
    Verdict,
)

__all__ = [
    "BODY_SLOTS",
    "Abundance",
    "AlertFact",
    "AmountFact",
    "Band",
    "Basis",
    "Confidence",
    "Context",
    "Facts",
    "FindingFact",
    "FindingRole",
    "Form",
    "Frozen",
    "GateClosed",
    "HarmMessageError",
    "LicenceMode",
    "Outcome",
    "PackError",
    "RunStatus",
    "ScopeFact",
    "Severity",
    "Slot",
    "StripFact",
    "StripReading",
    "Unit",
    "UnknownSubstance",
    "Verdict",
    "require_aware",
]


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
    something was seen that nobody could name yet. `look_alikes` are register ids of what the method
    cannot tell from this one."""

    substance: str | None = None
    drug_class: str | None = None
    abundance: Abundance = Abundance.PRESENT_UNQUANTIFIED
    confidence: Confidence
    amount: AmountFact | None = None
    methods: tuple[str, ...] = ()
    lod: Positive | None = None
    look_alikes: tuple[str, ...] = ()

    @property
    def unidentified(self) -> bool:
        """Neither a substance nor a class."""
        return self.substance is None and self.drug_class is None


class StripFact(Frozen):
    """One immunoassay strip. `target` is a register class (opioid.nitazene) or a register id (xylazine)."""

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
    `printed`: limits (%) of this very reading by register id. Where there are any, nothing is said of a substance
    without one: the library behind the method does not hold it. `shown`: register ids this reading itself shows,
    whether or not anybody found them, or that it could not have shown; no negative about them, or about a class they belong to, rests on it.
    """

    method: str
    status: RunStatus = RunStatus.OK
    qc_passed: bool = True
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    lod: Positive | None = None
    printed: tuple[tuple[str, Positive], ...] | None = None
    shown: tuple[str, ...] = ()

    def lod_of(self, substance: str | None) -> float | None:
        """From which amount on this method would have seen it: of a class, and without printed limits, `lod`."""
        if substance is None or self.printed is None or self.lod is None:
            return self.lod
        return dict(self.printed).get(substance)

    @property
    def counts(self) -> bool:
        """It ran and passed its quality control."""
        return self.status is RunStatus.OK and self.qc_passed


class Facts(Frozen):
    """What one authorised result version says about one sample.

    `expected` holds register ids, register classes ("cannabinoid.synthetic" for "spice") or intents of
    the pack ("unknown", "tusi"). Empty means nobody asked, which reads like "unknown". `expected_words`: what was said,
    where no register knows it. `unit_mass_mg`: what this very unit weighs. `same_visit`: register ids found in other
    samples of the same visit. `harm_reported`, `second_sample`: what makes a confirmed finding a matter for more people.
    """

    expected: tuple[str, ...] = ()
    expected_words: str = ""
    form: Form = Form.OTHER
    unit_mass_mg: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    logo: str = ""
    colours: tuple[str, ...] = ()
    findings: tuple[FindingFact, ...] = ()
    strips: tuple[StripFact, ...] = ()
    scope: tuple[ScopeFact, ...] = ()
    alerts: tuple[AlertFact, ...] = ()
    same_visit: tuple[str, ...] = ()
    harm_reported: bool = False
    second_sample: bool = False


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
