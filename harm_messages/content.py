"""The tables of a pack beside its rules and messages: classes, closures, intents, bands, pairs, labels.

Why: every number and every word that matters lives in data with its source and review date, and a
misspelt key stops the load. Imports pydantic and this package's vocabulary only.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from harm_messages.types import Basis, Confidence, Form, Frozen, Severity, Unit

# The emergency block: its steps in their only order, and the lines that stand on every page.
EMERGENCY_ORDER = ("signs", "call", "airway", "recovery", "naloxone", "stay", "show")
EMERGENCY_BASE = frozenset({"call", "airway", "recovery", "stay", "show"})

Status = Literal["draft", "in_review", "approved", "withdrawn"]
# what a language may promise to hold: severities, the tail of a page, and the sentences the code itself puts there
LocalePart = Literal["S0", "S1", "S2", "S3", "S4", "emergency", "limits", "safer_use", "next", "fixed"]
StrictBool = Annotated[bool, Strict()]  # "no" is a word, not false


class Sourced(Frozen):
    """Something a clinician signs: where it comes from, and when to look again."""

    evidence: tuple[str, ...] = Field(min_length=1)
    review_by: date


class ClassRow(Frozen):
    """One register class in plain words. `always_warn` says that weak evidence is enough to warn."""

    plain: str
    psychoactive: StrictBool
    always_warn: Literal["yes", "no", "when_unexpected"] = "no"
    say_class: StrictBool = False
    floor: Severity | None = None


class SubstanceFlags(Frozen):
    """What the class does not say about single substances."""

    always_warn: tuple[str, ...] = ()
    not_psychoactive: tuple[str, ...] = ()
    excipients: tuple[str, ...] = ()
    in_sentence: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    clashes: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def by_key(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Key of the file → the register ids under it."""
        return (
            ("always_warn", self.always_warn),
            ("not_psychoactive", self.not_psychoactive),
            ("excipients", self.excipients),
            ("in_sentence", tuple(self.in_sentence)),
            ("aliases", tuple(self.aliases)),
            ("clashes", tuple(one for ids in self.clashes.values() for one in ids)),
        )


class Intent(Frozen):
    """Something people say that is no single substance."""

    id: str
    label: str
    aliases: tuple[str, ...] = ()
    vague: StrictBool = False
    covers: tuple[str, ...] = ()


class Closure(Sourced):
    """What comes with an expected substance without being news: `same` is as good as the thing itself."""

    expected: str
    same: tuple[str, ...] = ()
    byproducts: tuple[str, ...] = ()


class CoUse(Frozen):
    """Something a person may say they also take, or (`about_you`) say about themselves; asked by tapping, kept in memory only."""

    id: str
    label: str
    kind: Literal["taken", "about_you"] = "taken"
    aliases: tuple[str, ...] = ()


class Group(Frozen):
    """One side of a pair. A class covers everything that begins with it."""

    plain: str
    classes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    co_use: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """What a class with a dot behind it begins with, if it stands on this side."""
        return tuple("" if c == "*" else f"{c}." for c in self.classes)


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


class Interferent(Frozen):
    """A substance that makes a strip react although its target is not there, from a concentration on."""

    substance: str
    above_mg_per_ml: float | None = Field(default=None, gt=0)
    brand: str = ""
    evidence: tuple[str, ...] = Field(min_length=1)


class StripRow(Sourced):
    """What one kind of strip is known to miss and to be fooled by, for all lots or for the lots named. `dilution`: that
    of the leaflet, where there is one; a reading at another one is repeated. `no_reaction`: a sentence of its own for a
    strip that did not react."""

    target: str
    lots: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    interferents: tuple[Interferent, ...] = ()
    dilution: str = ""
    no_reaction: str = ""
    recalled: StrictBool = False


class EmergencyStep(Frozen):
    """One numbered step and the sentences it may be made of, in their order. `short`: those that also stand in the short
    block of a page without an S0 or S1."""

    step: str
    fragments: dict[str, str]
    short: tuple[str, ...] = ()


class LocaleRow(Frozen):
    """One language: what it promises to hold, and who put it into words. The rest is shown in the default one."""

    name: str
    complete_for: Literal["all"] | tuple[LocalePart, ...]
    drafted: Literal["people", "machine"]

    def promises(self, part: str) -> bool:
        """Whether texts of this part must be there."""
        return self.complete_for == "all" or part in self.complete_for


class EvidenceRow(Frozen):
    """One source that rules and messages name by its id. `recalled`: named from memory, nobody has read it yet."""

    title: str
    publisher: str = ""
    year: int | None = None
    url: str = ""
    status: Literal["read", "recalled"]


class Approval(Frozen):
    """One signature under one digest."""

    name: str
    clinician: StrictBool
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


class Labels(Frozen):
    """Short words of the page itself, per locale.

    `names` (substances and intents) and `classes`, by id: how this language says them inside a sentence; what is not
    here is said in the default language. `class_kind` is for a class that is only known roughly. `list_and` stands
    before the last name of a list where the usual word would not do. `say`: whole words as read-aloud says them
    ("999": "nine nine nine"). `status`: in an approved pack, labels that are not approved give way to the default ones.
    """

    status: Status = "draft"

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
    range_words: str = "{low} to {high}"
    at_most: str = "{amount} at most"
    of_words: str = "{amount} of {name}"
    portions: dict[str, str] = Field(default_factory=dict)
    portions_more: str = "more than {words}"
    because: dict[str, str] = Field(default_factory=dict)
    staff: dict[str, str] = Field(default_factory=dict)
    lod_known: str
    lod_unknown: str
    place_unknown: str
    methods_unknown: str
    units: dict[Unit, str]
    basis: dict[Basis, str]
    methods: dict[str, str]
    names: dict[str, str] = Field(default_factory=dict)
    classes: dict[str, str] = Field(default_factory=dict)
    plurals: dict[str, str] = Field(default_factory=dict)
    class_kind: str = "a drug of the {kind} kind"
    list_and: str = ""
    say: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Labels:
        """Every word of the vocabularies, and each sentence with the place it is filled at."""
        for key, wanted, given in (
            ("severity", Severity, self.severity),
            ("confidence", Confidence, self.confidence),
            ("units", Unit, self.units),
            ("basis", Basis, self.basis),
        ):
            missing = [w.value for w in wanted if w not in given]
            if missing:
                raise ValueError(f"“{key}” has no words for {', '.join(missing)}")
        sentences = [("told_us", "expected", self.told_us), ("lod_known", "percent", self.lod_known)]
        sentences += [("class_kind", "kind", self.class_kind)]
        sentences += [(f"confidence {c.value}", "names", said) for c, said in self.confidence.items()]
        for key, place, said in sentences:
            if re.findall(r"[{}]|\w+(?=})", said) != ["{", place, "}"]:
                raise ValueError(f"“{key}” must hold {{{place}}} once, and no other brace")
        return self
