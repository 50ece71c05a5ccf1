"""For every rule, facts on which it fires: the proof that it can be reached.

Why possible: the predicates are a closed set, so a condition can be read backwards. Used by `check` and
by the tests. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from harm_messages.content import BandRow
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.rules import Rule, Selector, When
from harm_messages.types import (
    Abundance,
    AlertFact,
    AmountFact,
    Band,
    Basis,
    Confidence,
    Context,
    Facts,
    FindingFact,
    FindingRole,
    Form,
    LicenceMode,
    Outcome,
    RunStatus,
    ScopeFact,
    StripFact,
    Unit,
)

EVERYTHING = ScopeFact(method="GC_MS", classes=("*",), lod=0.01)
RELEASED = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="the test site")


@dataclass
class Draft:
    """Facts in the making."""

    pack: Pack
    by_class: bool = False
    expected: list[str] = field(default_factory=list)
    form: Form = Form.OTHER
    findings: list[FindingFact] = field(default_factory=list)
    strips: list[StripFact] = field(default_factory=list)
    scope: list[ScopeFact] = field(default_factory=list)
    alerts: list[AlertFact] = field(default_factory=list)
    also: list[str] = field(default_factory=list)

    def find(self, substance: str, amount: AmountFact | None = None) -> None:
        """Add a confirmed finding."""
        self.findings.append(
            FindingFact(
                substance=substance,
                confidence=Confidence.CONFIRMED,
                abundance=Abundance.MAJOR,
                amount=amount,
                methods=("GC_MS", "FTIR"),
            )
        )

    def facts(self) -> Facts:
        """The facts as they stand."""
        return Facts(
            expected=tuple(self.expected),
            form=self.form,
            findings=tuple(self.findings),
            strips=tuple(self.strips),
            scope=tuple(self.scope),
            alerts=tuple(self.alerts),
        )


def witness(rule: Rule, pack: Pack, by_class: bool = False) -> tuple[Facts, Context]:
    """Facts and context on which this rule should fire; `by_class`: only the class of a finding is known."""
    return joint_witness([rule], pack, by_class)


def joint_witness(rules: Iterable[Rule], pack: Pack, by_class: bool = False) -> tuple[Facts, Context]:
    """Facts and context on which these rules should fire together.

    ValueError, IndexError or StopIteration where nothing in the register can make one of them fire.
    """
    draft = Draft(pack, by_class)
    for rule in rules:
        _add(rule.when, draft)
    return draft.facts(), RELEASED.model_copy(update={"also_taking": tuple(draft.also)})


def picked(spec: Selector, pack: Pack, wanted: Iterable[str] = ()) -> str:
    """The first substance the selector selects; of `wanted` if it takes one of them."""
    rows = list(pack.substances)
    first = [pack.substances[w] for w in wanted]
    for row in (*first, *rows):
        named = row.id in spec.substance or any(within(row.drug_class, c) for c in spec.drug_class)
        free = not spec.substance and not spec.drug_class
        barred = row.id in spec.not_substance or any(within(row.drug_class, c) for c in spec.not_class)
        active = spec.psychoactive is None or spec.psychoactive == row.psychoactive
        if (named or free) and not barred and active:
            return row.id
    raise ValueError(f"no register row fits {spec}")


def _add(when: When, draft: Draft) -> None:
    if when.kind == "not":
        return
    if when.kind == "all":
        for inner in when.inner:
            _add(inner, draft)
    elif when.kind == "any":
        _add(when.inner[0], draft)
    else:
        _BUILD[when.kind](when.chosen, draft)


def _found(spec: Any, draft: Draft) -> None:
    if spec.unknown:
        draft.findings.append(FindingFact(confidence=Confidence.INDICATED))
    elif spec.drug_class and (draft.by_class or not _has_row(spec, draft.pack)):
        only = FindingFact(drug_class=spec.drug_class[0], confidence=Confidence.INDICATED)
        draft.findings.append(only)
    else:
        draft.find(picked(spec, draft.pack))


def _has_row(spec: Selector, pack: Pack) -> bool:
    """False where a rule speaks of a class as a whole: every substance in it has rules of its own."""
    try:
        return bool(picked(spec, pack))
    except ValueError:
        return False


def _all_found(specs: Any, draft: Draft) -> None:
    for spec in specs:
        _found(spec, draft)


def _none_found(spec: Any, draft: Draft) -> None:
    draft.scope.append(EVERYTHING)
    draft.find("lactose")
    if spec.expected and not draft.expected:
        draft.expected.append("mdma")


_TYPICAL = {
    FindingRole.CUTTING: ["lactose"],
    FindingRole.BYPRODUCT: ["noscapine"],
    FindingRole.EXCIPIENT: ["magnesium-stearate"],
}


def _role(spec: Any, draft: Draft) -> None:
    role = spec.is_[0]
    one = picked(spec, draft.pack, _TYPICAL.get(role, []))
    draft.find(one)
    other = "ketamine" if draft.pack.substances[one].drug_class != "dissociative" else "mdma"
    if role is FindingRole.EXPECTED:
        draft.expected.append(one)
    elif role is FindingRole.BYPRODUCT:
        draft.expected.append("heroin")
    elif role in (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT):
        draft.expected.append(other)
        if role is FindingRole.ADULTERANT:
            draft.find(other)


def _substituted(_: Any, draft: Draft) -> None:
    draft.expected.append("ketamine")
    draft.find("mdma")


def _band(spec: Any, draft: Draft) -> None:
    one, band = picked(spec, draft.pack), spec.is_[0]
    row = next((b for b in draft.pack.bands if b.substance == one), None)
    if row is None or band is Band.NOT_MEASURED:
        unit = spec.unit or Unit.PERCENT
        draft.find(one, AmountFact(value=50, low=45, high=55, unit=unit, basis=Basis.BASE))
        return
    draft.form = row.forms[0]
    value = inside(row, band)
    draft.find(one, AmountFact(value=value, low=value, high=value, unit=row.unit, basis=row.basis))


def inside(row: BandRow, band: Band) -> float:
    """A figure in the middle of this band."""
    edges = {
        Band.BELOW: row.below_max,
        Band.USUAL: row.usual_max,
        Band.HIGH: row.high_max,
        Band.VERY_HIGH: row.very_high_max or row.high_max + 10,
        Band.EXTREME: (row.very_high_max or 0) + 10,
    }
    return float(edges[band] or 0)


def _pair(spec: Any, draft: Draft) -> None:
    for side in (spec.a[0], spec.b[0]):
        group = draft.pack.groups[side]
        members = [s.id for c in group.classes for s in draft.pack.substances.members(c)]
        rows = [m for m in members if m not in group.excludes]
        if group.substances or rows:
            draft.find((*group.substances, *rows)[0])
        else:
            draft.also.append(group.co_use[0])


def _outcome(spec: Any, draft: Draft) -> None:
    outcome = spec[0]
    status = {
        Outcome.INCONCLUSIVE: RunStatus.INSTRUMENT_FAULT,
        Outcome.INSUFFICIENT: RunStatus.INSUFFICIENT_SAMPLE,
        Outcome.PENDING: RunStatus.PENDING,
    }.get(outcome, RunStatus.OK)
    draft.scope.append(EVERYTHING.model_copy(update={"status": status}))
    if outcome in (Outcome.IDENTIFIED, Outcome.PARTLY_IDENTIFIED):
        draft.find("lactose")
    if outcome is Outcome.PARTLY_IDENTIFIED:
        draft.findings.append(FindingFact(confidence=Confidence.INDICATED))


def _confidence(spec: Any, draft: Draft) -> None:
    draft.find(picked(spec, draft.pack))
    draft.findings[-1] = draft.findings[-1].model_copy(update={"confidence": spec.is_[0]})


def _scope_gap(spec: str, draft: Draft) -> None:
    about = next(w.about[0] for w in draft.pack.scope_watch if w.watch == spec)
    rows = [s.id for s in draft.pack.substances.members(about) if not within(s.drug_class, spec)]
    draft.find(rows[0])


def _strip(spec: Any, draft: Draft) -> None:
    draft.strips.append(StripFact(target=spec.target, reading=spec.reading[0]))


def _alert(spec: Any, draft: Draft) -> None:
    draft.form = Form.TABLET
    about = ("pmma",) if spec.named else ()
    draft.alerts.append(AlertFact(id="alert", forms=(Form.TABLET,), substances=about))


def _form(spec: Any, draft: Draft) -> None:
    draft.form = spec[0]


def _intent(spec: Any, draft: Draft) -> None:
    if spec.id or spec.vague:
        draft.expected.append(spec.id[0] if spec.id else "unknown")
    else:
        members = [s.id for c in spec.drug_class for s in draft.pack.substances.members(c)]
        draft.expected.append((*spec.substance, *members, "mdma")[0])


_BUILD: dict[str, Callable[[Any, Draft], None]] = {
    "found": _found, "all_found": _all_found, "none_found": _none_found, "role": _role,
    "substituted": _substituted, "band": _band, "pair": _pair, "outcome": _outcome,
    "confidence": _confidence, "scope_gap": _scope_gap, "strip": _strip, "alert": _alert,
    "form": _form, "intent": _intent,
}  # fmt: skip
