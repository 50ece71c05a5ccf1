"""The tables of a pack beside its rules and messages: classes, closures, intents, bands, pairs, labels.

Why: every number and every word that matters lives in data with its source and review date, and a
misspelt key stops the load. Imports pydantic and this package's vocabulary only.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field, model_validator

from harm_messages.types import Basis, Confidence, Form, Frozen, Severity, Unit

# The emergency block: its steps in their only order, and the lines that stand on every page.
EMERGENCY_ORDER = ("call", "airway", "recovery", "naloxone", "stay", "show")
EMERGENCY_BASE = frozenset({"call", "airway", "recovery", "stay", "show"})

Status = Literal["draft", "in_review", "approved", "withdrawn"]


class Sourced(Frozen):
    """Something a clinician signs: where it comes from, and when to look again."""

    evidence: tuple[str, ...] = Field(min_length=1)
    review_by: date


class ClassRow(Frozen):
    """One register class in plain words. `always_warn` says that weak evidence is enough to warn."""

    plain: str
    psychoactive: bool
    always_warn: Literal["yes", "no", "when_unexpected"] = "no"
    say_class: bool = False
    floor: Severity | None = None


class SubstanceFlags(Frozen):
    """What the class does not say about single substances."""

    always_warn: tuple[str, ...] = ()
    not_psychoactive: tuple[str, ...] = ()
    excipients: tuple[str, ...] = ()
    in_sentence: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    clashes: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Intent(Frozen):
    """Something people say that is no single substance."""

    id: str
    label: str
    aliases: tuple[str, ...] = ()
    vague: bool = False
    covers: tuple[str, ...] = ()


class Closure(Sourced):
    """What comes with an expected substance without being news: `same` is as good as the thing itself."""

    expected: str
    same: tuple[str, ...] = ()
    byproducts: tuple[str, ...] = ()


class CoUse(Frozen):
    """Something a person may say they also take; asked by tapping, kept in memory only."""

    id: str
    label: str
    aliases: tuple[str, ...] = ()


class Group(Frozen):
    """One side of a pair. A class covers everything that begins with it."""

    plain: str
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    co_use: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class PairRow(Sourced):
    """Two groups that must not meet, and how grave it is if they do."""

    id: str
    a: str
    b: str
    severity: Severity


class BandRow(Sourced):
    """Edges for one substance in given forms. Each edge is the largest whole number of its band."""

    id: str
    substance: str
    forms: tuple[Form, ...]
    unit: Unit
    basis: Basis
    below_max: int | None = None
    usual_max: int
    high_max: int
    very_high_max: int | None = None
    status: Literal["proposed", "approved"]

    @model_validator(mode="after")
    def _rising(self) -> BandRow:
        edges = [e for e in (self.below_max, self.usual_max, self.high_max, self.very_high_max) if e is not None]
        if edges != sorted(set(edges)):
            raise ValueError(f"{self.id}: band edges must rise, got {edges}")
        return self


class ScopeWatch(Frozen):
    """When one of `about` is found or expected, say so if nothing run could see `watch`."""

    about: tuple[str, ...]
    watch: str


class StripRow(Sourced):
    """What one kind of strip is known to miss, for all lots or for the lots named."""

    target: str
    lots: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    recalled: bool = False


class EmergencyStep(Frozen):
    """One numbered step and the sentences it may be made of, in their order."""

    step: str
    fragments: dict[str, str]


class Negatives(Sourced):
    """The largest limit of detection (% w/w) that may carry "we did not find"."""

    usual_max_lod: float
    potent_max_lod: float


class Approval(Frozen):
    """One signature under one digest."""

    name: str
    clinician: bool
    digest: str
    signed_at: datetime


class Effective(Frozen):
    """Half-open: from (included) to (excluded), in UTC."""

    start: datetime | None = Field(default=None, alias="from")
    end: datetime | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _aware(self) -> Effective:
        for when in (self.start, self.end):
            if when is not None and when.tzinfo is None:
                raise ValueError("effective dates carry a time zone, for instance 2026-02-01T00:00:00Z")
        return self

    def covers(self, now: datetime) -> bool:
        """Whether this moment lies inside."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)


class Manifest(Frozen):
    """pack.yaml: who wrote it, from when it holds, and what it may never say."""

    id: str
    version: int
    title: str
    jurisdiction: str
    emergency_number: str
    status: Status
    effective: Effective
    locales: tuple[str, ...]
    default_locale: str = "en"
    banned: dict[str, tuple[str, ...]]
    never: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    contradictions: tuple[tuple[str, str], ...] = ()
    negatives: Negatives
    fixed: dict[str, str]


class Labels(Frozen):
    """Short words of the page itself, per locale."""

    severity: dict[Severity, str]
    confidence: dict[Confidence, str]
    told_us: str
    not_told: str
    more: str
    emergency: str
    safer_use: str
    limits: str
    next: str
    something_unknown: str
    lod_known: str
    lod_unknown: str
    place_unknown: str
    methods_unknown: str
    units: dict[Unit, str]
    basis: dict[Basis, str]
    methods: dict[str, str]
