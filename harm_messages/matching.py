"""The fourteen predicates and three combinators: does a rule fire, and on which findings.

A match is the set of findings it binds (perhaps none); no match is None. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harm_messages.derived import Derived
from harm_messages.derived_finding import DerivedFinding
from harm_messages.register import within
from harm_messages.roles import finding_class
from harm_messages.rules import (
    AlertSpec,
    BandSpec,
    ConfidenceSpec,
    FoundSpec,
    IntentSpec,
    NoneFoundSpec,
    PairSpec,
    RoleSpec,
    Selector,
    StripSpec,
    When,
)
from harm_messages.types import FindingRole, Form, Outcome, StripReading
from harm_messages.verdicts import OPEN
from harm_messages.vocabulary import State

Bound = frozenset[int] | None
NOTHING: frozenset[int] = frozenset()


def selects(spec: Selector, seen: DerivedFinding) -> bool:
    """Whether this finding is one the selector means."""
    if spec.unknown != seen.unknown:
        return False
    named = spec.substance or spec.drug_class
    if named and seen.substance not in spec.substance and not f"{seen.drug_class}.".startswith(spec.beginnings):
        return False
    if spec.psychoactive is not None and spec.psychoactive != seen.psychoactive:
        return False
    return seen.substance not in spec.not_substance and not any(within(seen.drug_class, c) for c in spec.not_class)


def _where(d: Derived, test: Callable[[DerivedFinding], bool]) -> Bound:
    found = frozenset(i for i, s in enumerate(d.seen) if test(s))
    return found or None


def _found(spec: FoundSpec, d: Derived) -> Bound:
    """What was declared and not tested, or warned of, brings its card whatever the rule's least confidence."""

    def sure(s: DerivedFinding) -> bool:
        return s.source != "result" or s.confidence.rank >= spec.min_confidence.rank

    return _where(d, lambda s: selects(spec, s) and sure(s))


def _all_found(specs: Iterable[FoundSpec], d: Derived) -> Bound:
    each = [_found(spec, d) for spec in specs]
    return None if None in each else NOTHING.union(*(e for e in each if e is not None))


def not_found(d: Derived, substance: str | None, drug_class: str) -> bool:
    """The only way to a negative: a method looked, none that could see it still runs, and not even a weak trace."""
    target = substance or drug_class
    if d.outcome in OPEN or not d.evidence.not_seen(target) or d.evidence.pending(target):
        return False
    for fact in d.raw:
        if any(one not in d.pack.substances for one in fact.look_alikes):
            return False  # it looks like something without a register id: perhaps like this one
        other = finding_class(fact, d.pack)
        if not other:
            continue
        if substance is not None and fact.substance is not None:
            if fact.substance == substance:
                return False
        elif within(other, drug_class) or within(drug_class, other):
            return False
    return True


def _none_found(spec: NoneFoundSpec, d: Derived) -> Bound:
    targets: list[tuple[str | None, str]] = [(s, d.pack.substances[s].drug_class) for s in spec.substance]
    targets += [(None, c) for c in spec.drug_class]
    if spec.expected:
        targets += [(s, d.pack.substances[s].drug_class) for s in sorted(d.want.substances)]
        targets += [(None, c) for c in sorted(d.want.classes)]
    return NOTHING if targets and all(not_found(d, s, c) for s, c in targets) else None


def _role(spec: RoleSpec, d: Derived) -> Bound:
    unexpected = (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT)

    def fits(s: DerivedFinding) -> bool:
        return (
            s.source == "result" and s.role in spec.is_ and selects(spec, s) and (s.role not in unexpected or s.differs)
        )

    return _where(d, fits)


def _substituted(_: Any, d: Derived) -> Bound:
    """Another drug stands in place of what was named: nothing named was found."""
    return _where(d, lambda s: s.role is FindingRole.SUBSTITUTE and s.differs and s.psychoactive)


def _band(spec: BandSpec, d: Derived) -> Bound:
    def fits(s: DerivedFinding) -> bool:
        amount = s.fact.amount
        measured = amount is not None and s.confidence.rank == 3
        if spec.quantified and not measured:
            return False
        if spec.unit is not None and (amount is None or amount.unit is not spec.unit):
            return False
        return s.band in spec.is_ and selects(spec, s)

    return _where(d, fits)


def _pair(spec: PairSpec, d: Derived) -> Bound:
    hits = [
        h.seen
        for h in d.pairs
        if (h.row.a in spec.a and h.row.b in spec.b) or (h.row.b in spec.a and h.row.a in spec.b)
    ]
    return NOTHING.union(*hits) if hits else None


def _outcome(spec: tuple[Outcome, ...], d: Derived) -> Bound:
    return NOTHING if d.outcome in spec else None


def _confidence(spec: ConfidenceSpec, d: Derived) -> Bound:
    return _where(d, lambda s: s.source == "result" and selects(spec, s) and s.confidence in spec.is_)


def _scope_gap(spec: str, d: Derived) -> Bound:
    return NOTHING if spec in d.gaps else None


def _strip(spec: StripSpec, d: Derived) -> Bound:
    """By the one state of the target: a strip that was read again speaks once."""
    reg = d.pack.substances
    wanted = {_READ[reading] for reading in spec.reading}

    def of_class(target: str) -> str:
        return target if reg.is_class(target) or target not in reg else reg[target].drug_class

    hit = any(within(of_class(t.target), spec.target) and t.state in wanted for t in d.evidence.strips)
    return NOTHING if hit else None


_READ = {
    StripReading.POSITIVE: State.REACTED, StripReading.FAINT: State.FAINT, StripReading.NEGATIVE: State.NO_REACTION,
    StripReading.INVALID: State.INVALID,
}  # fmt: skip


def _alert(spec: AlertSpec, d: Derived) -> Bound:
    """Binds what the warning is about, so that the card can name it."""
    about = [alert for alert in d.alerts if spec.named is None or spec.named == bool(alert.substances or alert.classes)]
    if not about:
        return None
    names = {one for alert in about for one in (*alert.substances, *alert.classes)}
    found = frozenset(
        i
        for i, s in enumerate(d.seen)
        if s.substance in names or any(within(s.drug_class, n) for n in names if s.drug_class)
    )
    return found or (None if spec.named else NOTHING)


def _form(spec: tuple[Form, ...], d: Derived) -> Bound:
    return NOTHING if d.facts.form in spec else None


def _intent(spec: IntentSpec, d: Derived) -> Bound:
    if spec.vague is not None and spec.vague == d.want.stated:
        return None
    if not (spec.drug_class or spec.substance or spec.id):
        return NOTHING
    classes = {d.pack.substances[s].drug_class for s in d.want.substances} | d.want.classes
    hit = (
        bool(set(spec.substance) & d.want.substances)
        or bool(set(spec.id) & set(d.facts.expected))
        or any(within(c, w) for c in classes for w in spec.drug_class)
    )
    return NOTHING if hit else None


PREDICATES: dict[str, Callable[[Any, Derived], Bound]] = {
    "found": _found,
    "all_found": _all_found,
    "none_found": _none_found,
    "role": _role,
    "substituted": _substituted,
    "band": _band,
    "pair": _pair,
    "outcome": _outcome,
    "confidence": _confidence,
    "scope_gap": _scope_gap,
    "strip": _strip,
    "alert": _alert,
    "form": _form,
    "intent": _intent,
}


def _all(inner: Iterable[When], d: Derived) -> Bound:
    held = NOTHING
    for when in inner:
        bound = match(when, d)
        if bound is None:
            return None
        held |= bound
    return held


def match(when: When, d: Derived) -> Bound:
    """The findings the condition binds, or None when it does not hold."""
    if when.kind == "not":
        return NOTHING if match(when.inner[0], d) is None else None
    if when.kind == "all":
        return _all(when.inner, d)
    if when.kind == "any":
        held = [e for w in when.inner if (e := match(w, d)) is not None]
        return NOTHING.union(*held) if held else None
    return PREDICATES[when.kind](when.chosen, d)
