"""The shape of a case, as a person writes it. Read into facts by case.py; format: docs/methods/messages.md.

Imports pydantic and this package only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from harm_messages import case_words as words
from harm_messages.content import StrictBool
from harm_messages.types import (
    Abundance,
    AmountFact,
    Basis,
    Confidence,
    Form,
    Frozen,
    LicenceMode,
    Positive,
    StripReading,
    Unit,
)


def _said_as(synonyms: Mapping[str, str], kind: Any) -> BeforeValidator:
    """The word itself, however it is spaced, or a synonym of it."""

    def read(value: Any) -> Any:
        word = words.key(value)
        return synonyms.get(word, word) if isinstance(word, str) else value

    return BeforeValidator(read, json_schema_input_type=kind | str)


def _many(value: Any) -> Any:
    return () if value is None else (value,) if isinstance(value, str) else value


def _named(first: str, *others: str, **more: Any) -> Any:
    return Field(validation_alias=AliasChoices(first, *others), **more)


Words = Annotated[tuple[str, ...], BeforeValidator(_many, json_schema_input_type=str | tuple[str, ...] | None)]
_Form = Annotated[Form, _said_as(words.FORMS, Form)]


class CaseAmount(Frozen):
    """How much. `uncertainty` is U at coverage `k`, in the same unit; or give `low` and `high`."""

    value: Positive
    unit: Annotated[Unit, _said_as(words.UNITS, Unit)]
    basis: Annotated[Basis, _said_as(words.BASES, Basis)] = Basis.UNKNOWN
    uncertainty: Positive | None = _named("uncertainty", "u", "U", default=None)
    k: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0
    low: Positive | None = None
    high: Positive | None = None

    @model_validator(mode="after")
    def _one_way(self) -> CaseAmount:
        least = self.low if self.low is not None else self.value - (self.uncertainty or 0.0)
        if self.unit is Unit.PERCENT and least > 100:
            raise ValueError(f"There cannot be more than 100 mg in each 100 mg, but the value is {self.value:g} %.")
        if self.uncertainty is not None and (self.low is not None or self.high is not None):
            raise ValueError("Give uncertainty, or low and high, not both.")
        return self

    def fact(self) -> AmountFact:
        """In the words of the evaluator."""
        low, high = self.low, self.high
        if self.uncertainty is not None:
            low, high = max(self.value - self.uncertainty, 0.0), self.value + self.uncertainty
        return AmountFact(value=self.value, low=low, high=high, k=self.k, unit=self.unit, basis=self.basis)


class CaseFinding(Frozen):
    """One component: a substance by register id, name or street name, or a `class`, or neither (seen, not named)."""

    substance: str | None = _named("substance", "name", default=None)
    drug_class: str | None = _named("class", "drug_class", default=None)
    confidence: Annotated[Confidence, _said_as(words.CONFIDENCES, Confidence)]
    abundance: Annotated[Abundance, _said_as(words.ABUNDANCES, Abundance)] = Abundance.PRESENT_UNQUANTIFIED
    amount: CaseAmount | None = None
    methods: Words = ()
    lod: Positive | None = _named("lod", "lod_percent", default=None)
    look_alikes: Words = _named("look_alikes", "cannot_tell_from", default=())


class CaseAnalysis(Frozen):
    """One planned method: how it ended, what it can see, from how much on (`lod`, % w/w)."""

    method: str
    outcome: str = _named("outcome", "status", default="ok")
    qc_passed: StrictBool = True
    classes: Words = ()
    substances: Words = ()
    excludes: Words = ()
    lod: Positive | None = _named("lod", "lod_percent", default=None)
    printed: dict[str, Positive] | None = None
    shown: Words = ()


class CaseStrip(Frozen):
    """One strip and its reading."""

    target: str
    reading: Annotated[StripReading, _said_as(words.READINGS, StripReading)] = _named("reading", "result")
    brand: str = ""
    lot: str = ""
    cut_off_ng_ml: Positive | None = None
    dilution: str = ""


class CaseAlert(Frozen):
    """An alert of this session or region. It counts between `from` (included) and `until` (excluded)."""

    id: str = "alert"
    tier: str = ""
    substances: Words = ()
    classes: Words = ()
    forms: Annotated[tuple[_Form, ...], BeforeValidator(_many)] = ()
    logos: Words = ()
    colours: Words = ()
    start: datetime | None = _named("from", default=None)
    until: datetime | None = None


class Case(Frozen):
    """One sample, one reader, one moment. `self_reported` is used in memory and left out of repr and dumps."""

    id: str = _named("id", "case", "title", default="")
    licence_mode: Annotated[LicenceMode, _said_as(words.LICENCES, LicenceMode)] = LicenceMode.FOH_GENERAL
    released: StrictBool = True
    dependent_adult_confirmed: StrictBool = False
    place: str = _named("place", "session_place", default="")
    form: _Form = Form.OTHER
    unit_mass_mg: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    logo: str = ""
    colours: Words = ()
    expected: Words = ()
    findings: tuple[CaseFinding, ...] = ()
    analyses: tuple[CaseAnalysis, ...] = _named("analyses", "scope", default=())
    strips: tuple[CaseStrip, ...] = ()
    alerts: tuple[CaseAlert, ...] = ()
    same_visit: Words = ()
    harm_reported: StrictBool = False
    second_sample: StrictBool = False
    self_reported: Words = _named("self_reported", "also_taking", default=(), repr=False, exclude=True)
    locale: str = "en"
    now: datetime | None = None
