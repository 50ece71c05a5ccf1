"""A rule: when it fires, which message it emits, how grave it is. A closed set of predicates.

Why closed: coverage, reachability and conflicts can be decided when the pack is built. There is no
expression engine and there will be none. Imports pydantic and this package's vocabulary only.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harm_messages.content import Effective, Sourced, Status
from harm_messages.types import (
    Band,
    Confidence,
    FindingRole,
    Form,
    Frozen,
    Outcome,
    Severity,
    Slot,
    StripReading,
    Unit,
)

MAX_DEPTH = 3

# placeholder → where its value comes from; a rule names both, so that neither can drift
ARGS: dict[str, str] = {
    "names": "found.names",
    "class_plain": "found.class_plain",
    "amount": "found.amount",
    "fraction": "found.fraction",
    "in_usual": "found.in_usual",
    "quarter_in_usual": "found.quarter_in_usual",
    "expected": "facts.expected",
    "lod": "scope.lod",
    "methods": "scope.methods",
    "session_place": "context.session_place",
}


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...])]


class Selector(Frozen):
    """Which findings: by class (or its beginning), by substance, or the unidentified ones."""

    drug_class: Words = Field(default=(), alias="class")
    substance: Words = ()
    not_class: Words = ()
    not_substance: Words = ()
    psychoactive: bool | None = None
    unknown: bool = False

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """What a class with a dot behind it begins with, if it is one of those named: ("opioid.",)."""
        return tuple("" if c == "*" else f"{c}." for c in self.drug_class)

    @cached_property
    def needs(self) -> frozenset[str] | None:
        """Substances and classes of which one must be seen for this to select anything; None where none must."""
        named = frozenset((*self.substance, *self.drug_class))
        return named if named and "*" not in named else None

    @property
    def specificity(self) -> int:
        """Substance 9, class by depth 2–4, anything 0."""
        if self.substance:
            return 9
        if self.drug_class:
            return 2 + min(c.count(".") for c in self.drug_class)
        return 1 if self.unknown or self.psychoactive is not None else 0


class FoundSpec(Selector):
    """Findings at least this sure."""

    min_confidence: Confidence = Confidence.CLASS_ONLY


class NoneFoundSpec(Selector):
    """Nothing of it was found, and a method that counts could have seen it. Never without scope."""

    in_scope: Literal[True]
    expected: bool = False


class RoleSpec(Selector):
    """Findings with one of these roles."""

    is_: Annotated[
        tuple[FindingRole, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=FindingRole | tuple[FindingRole, ...]),
    ] = Field(alias="is")


class ConfidenceSpec(Selector):
    """Findings with exactly one of these confidences."""

    is_: Annotated[
        tuple[Confidence, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=Confidence | tuple[Confidence, ...]),
    ] = Field(alias="is")


class BandSpec(Selector):
    """Confirmed, measured findings in one of these bands."""

    is_: Annotated[tuple[Band, ...], BeforeValidator(_one_or_many, json_schema_input_type=Band | tuple[Band, ...])] = (
        Field(alias="is")
    )
    quantified: bool = True
    unit: Unit | None = None


class PairSpec(Frozen):
    """A dangerous pair with one side of `a` and the other of `b`, either way round."""

    a: Words
    b: Words


class StripSpec(Frozen):
    """A strip for this class with one of these readings."""

    target: str
    reading: Annotated[
        tuple[StripReading, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=StripReading | tuple[StripReading, ...]),
    ]


class AlertSpec(Frozen):
    """An active alert that fits this sample; `named`: whether it says which drug it is about."""

    matches: Literal[True]
    named: bool | None = Field(
        default=None, exclude_if=lambda named: named is None
    )  # packs signed before it keep their digest


class IntentSpec(Frozen):
    """What was said: a class or substance expected, or an intent by id, or vague or not."""

    drug_class: Words = Field(default=(), alias="class")
    substance: Words = ()
    id: Words = ()
    vague: bool | None = None


class When(Frozen):
    """Exactly one predicate or combinator. `all`, `any` and `not` nest at most three deep."""

    found: FoundSpec | None = None
    all_found: Annotated[tuple[FoundSpec, ...], Field(min_length=2)] | None = None
    none_found: NoneFoundSpec | None = None
    role: RoleSpec | None = None
    substituted: Literal[True] | None = None
    band: BandSpec | None = None
    pair: PairSpec | None = None
    outcome: (
        Annotated[
            tuple[Outcome, ...], BeforeValidator(_one_or_many, json_schema_input_type=Outcome | tuple[Outcome, ...])
        ]
        | None
    ) = None
    confidence: ConfidenceSpec | None = None
    scope_gap: str | None = None
    strip: StripSpec | None = None
    alert: AlertSpec | None = None
    form: (
        Annotated[tuple[Form, ...], BeforeValidator(_one_or_many, json_schema_input_type=Form | tuple[Form, ...])]
        | None
    ) = None
    intent: IntentSpec | None = None
    all_: Annotated[tuple[When, ...], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[tuple[When, ...], Field(min_length=1)] | None = Field(default=None, alias="any")
    not_: When | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _exactly_one(self) -> When:
        if len(self.model_fields_set) != 1 or self.chosen is None:
            raise ValueError(f"a condition is exactly one predicate, got {sorted(self.model_fields_set) or 'none'}")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"all/any/not nest {self.depth} deep; at most {MAX_DEPTH}")
        return self

    @cached_property
    def kind(self) -> str:
        """Which predicate or combinator this is."""
        return next(iter(self.model_fields_set)).rstrip("_")

    @cached_property
    def chosen(self) -> Any:
        """The specification of the kind that was chosen."""
        return getattr(self, next(iter(self.model_fields_set)))

    @cached_property
    def inner(self) -> tuple[When, ...]:
        """The conditions inside a combinator."""
        return self.all_ or self.any_ or ((self.not_,) if self.not_ else ())

    @cached_property
    def needs(self) -> frozenset[str] | None:
        """Substances and classes of which one must be seen before this can hold; None where it can hold without. It spares
        asking most rules on most pages."""
        if self.kind == "any":
            each = [w.needs for w in self.inner]
            return None if None in each else frozenset().union(*(e for e in each if e is not None))
        if self.kind in ("all", "all_found"):
            return next((w.needs for w in self.inner or self.chosen if w.needs is not None), None)
        return self.chosen.needs if self.kind in ("found", "role", "band", "confidence") else None

    @property
    def depth(self) -> int:
        """How deep combinators nest; 0 for a predicate."""
        return 1 + max(w.depth for w in self.inner) if self.inner else 0

    @cached_property
    def specificity(self) -> int:
        """How narrowly the condition aims; breaks ties between rules of one topic."""
        if self.kind == "any":
            return min(w.specificity for w in self.inner)
        if self.kind == "all":
            return max(w.specificity for w in self.inner)
        if self.kind in ("pair", "alert", "substituted"):
            return 9
        if self.kind == "all_found":
            return max(s.specificity for s in self.all_found or ())
        spec = self.chosen
        return spec.specificity if isinstance(spec, Selector) else 1


class Emit(Frozen):
    """The message, and where each of its placeholders gets its value."""

    message: str
    args: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_sources(self) -> Emit:
        for name, source in self.args.items():
            if ARGS.get(name) != source:
                raise ValueError(f"arg {name!r} comes from {ARGS.get(name, 'nowhere')!r}, not {source!r}")
        return self


class Rule(Sourced):
    """See docs/methods/messages.md. `id` is immutable and never used again."""

    id: str = Field(pattern=r"^R-[A-Z0-9-]+$")
    version: int = Field(ge=1)
    status: Status
    effective: Effective = Effective()
    severity: Severity
    slot: Slot
    topic: str = Field(pattern=r"^[a-z0-9_.-]+$")
    when: When
    emit: Emit
    suppresses: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    staff_action: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _grave_rules_carry_help(self) -> Rule:
        if self.severity.rank <= 1 and not self.emergency:
            raise ValueError(f"{self.id}: {self.severity} needs emergency lines")
        if self.slot in (Slot.HEADLINE, Slot.ACTION, Slot.EMERGENCY):
            raise ValueError(f"{self.id}: {self.slot} is composed, no rule writes there")
        return self
