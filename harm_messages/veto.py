"""Which rows of the dosing table hold for a page, and so which sentences about taking it may stand there.

The strictest row that holds for anything on the page governs all of it: a tag is allowed only where every row that holds
allows it. What counts is everything found at any confidence, what a strip reacted to, look-alikes, what a warning is
about, what was withdrawn, and that what was expected could not be tested. Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from harm_messages.derived import Derived
from harm_messages.derived_finding import DerivedFinding
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import finding_class
from harm_messages.tables_of_use import DosingRow, Where
from harm_messages.types import Confidence, FindingFact, FindingRole
from harm_messages.verdicts import OPEN
from harm_messages.vocabulary import DosingTag, Severity

QUIET = (FindingRole.BYPRODUCT, FindingRole.CUTTING, FindingRole.EXCIPIENT)


@dataclass(frozen=True)
class Veto:
    """The rows that hold, strictest first. `top`: the most serious danger or difference card of the page."""

    rows: tuple[DosingRow, ...]
    top: Severity

    def allows(self, where: Where) -> Callable[[frozenset[DosingTag]], bool]:
        """Whether a sentence with these tags may stand on the page, or behind More."""

        def allowed(tags: frozenset[DosingTag]) -> bool:
            return all(self._allows(tag, where) for tag in tags)

        return allowed

    def _allows(self, tag: DosingTag, where: Where) -> bool:
        # nobody reads "best not to take it" and, lower down, how to begin; a count of water may stay
        grave = self.top is Severity.S0 or (self.top is Severity.S1 and where == "page")
        if grave and tag is not DosingTag.MEASURE:
            return False
        return all(row.allow.get(tag) == "page" or (where == "more" and tag in row.allow) for row in self.rows)

    @property
    def action(self) -> str:
        """The message of the strictest row that has one."""
        return next((row.say for row in self.rows if row.say), "")

    @cached_property
    def held(self) -> tuple[str, ...]:
        """All that it depends on: two with the same leave the same out of one pack."""
        return (self.top.value, *(row.id for row in self.rows))

    @cached_property
    def no_use(self) -> bool:
        """Whether the page says nothing about how to take it."""
        return any(row.no_use for row in self.rows)

    @cached_property
    def no_injecting(self) -> bool:
        """Whether nothing is said of injecting but not to do it: any amount can be too much."""
        return any(row.deadly for row in self.rows)

    def unsaid(self, pack: Pack, locale: str) -> tuple[re.Pattern[str], ...]:
        """The words, in this language, of ways to take it that this page leaves out without a tag."""
        return pack.unsaid(locale, no_use=self.no_use, no_injecting=self.no_injecting)

    @property
    def also(self) -> tuple[str, ...]:
        """What the other rows that hold must say."""
        return tuple(dict.fromkeys(row.say for row in self.rows if row.say and row.say != self.action))


def veto_of(d: Derived, withdrawn: bool, top: Severity) -> Veto:
    """The veto over one page. `withdrawn`: advice on this page was taken back."""
    held = {row.id for row in _held(d, withdrawn)}
    rows = tuple(row for row in d.pack.dosing.rows if row.id in held)
    return Veto(rows, top)


def _held(d: Derived, withdrawn: bool) -> Iterator[DosingRow]:
    unknown = next(row for row in d.pack.dosing.rows if row.condition == "unknown")
    things = [fact for fact in d.raw if not fact.unidentified]
    named = list(_of_things(d, things, unknown))
    told = [_row(d, s.substance, s.drug_class, unknown) for s in d.seen if s.source != "result"]
    yield from named
    yield from told
    if withdrawn or _nobody_knows(d) or not (named or told):
        yield unknown
    if any(
        s.role in (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT) and s.psychoactive for s in d.shown
    ) or _weak_other(d):
        yield from (row for row in d.pack.dosing.rows if row.condition == "adulterated")


def _of_things(d: Derived, things: Iterable[FindingFact], unknown: DosingRow) -> Iterator[DosingRow]:
    by_fact = {(s.substance, s.drug_class if s.substance is None else ""): s for s in d.shown}
    for fact in things:
        if fact.substance in d.want.byproducts:
            continue  # it comes with what was expected: isopropanol in poppers, acetylcodeine in heroin
        drug_class = finding_class(fact, d.pack)
        seen = by_fact.get((fact.substance, drug_class if fact.substance is None else ""))
        row = _row(d, fact.substance, drug_class, unknown, seen)
        if _adds_weight(d.pack, fact, seen) and not _always_speaks(row, unknown):
            continue
        yield row
        if fact.confidence.rank <= Confidence.CLASS_ONLY.rank and fact.substance is None:
            yield unknown  # a strip or colour test alone


def _adds_weight(pack: Pack, fact: FindingFact, seen: DerivedFinding | None) -> bool:
    if seen is not None and seen.role in QUIET:
        return True
    if fact.substance is not None:
        row = pack.substances[fact.substance]
        return not row.psychoactive or row.cutting or row.excipient
    return False


def _always_speaks(row: DosingRow, unknown: DosingRow) -> bool:
    """A poison or a trace of a fentanyl vetoes although it has no effect that anybody looks for."""
    return row is not unknown and not row.allow


def _row(
    d: Derived, substance: str | None, drug_class: str, unknown: DosingRow, seen: DerivedFinding | None = None
) -> DosingRow:
    """The row of one thing: by its name first, then by its class; a class in no row takes the row for what nobody knows."""
    for by_name in (True, False):
        for row in d.pack.dosing.rows:
            if row.condition in ("unknown", "adulterated") or substance in row.not_substances:
                continue
            if row.only_forms and d.facts.form not in row.only_forms:
                continue
            fits = substance in row.substances if by_name else any(_in(drug_class, c) for c in row.classes)
            if fits and _condition(row, seen, d):
                return row
    return unknown


def _in(drug_class: str, wanted: str) -> bool:
    """A class that is only known roughly ("opioid") is taken for the strictest class below it."""
    return within(drug_class, wanted) or within(wanted, drug_class)


def _condition(row: DosingRow, seen: DerivedFinding | None, d: Derived) -> bool:
    if row.condition == "expected":
        named = d.pack.substances
        said = [named[one].drug_class if one in named and not named.is_class(one) else one for one in d.want.ids]
        return not said or any(_in(one, c) for one in said for c in row.classes)
    if row.condition == "opioid_expected":
        return (
            seen is not None and seen.role is FindingRole.EXPECTED and seen.confidence.rank >= Confidence.INDICATED.rank
        )
    if row.condition == "measured":
        return seen is not None and seen.confidence is Confidence.CONFIRMED and seen.fact.amount is not None
    return True


def _nobody_knows(d: Derived) -> bool:
    """No name, no clear answer, what was expected untested, a test still running that could change it, a warning that
    matches and that nothing looked for."""
    if d.outcome in OPEN or any(fact.unidentified for fact in d.raw):
        return True
    if not any(
        s.psychoactive and s.confidence.rank >= Confidence.INDICATED.rank and s.role not in QUIET for s in d.shown
    ):
        return True
    if any(one not in d.pack.substances for fact in d.raw for one in fact.look_alikes):
        return True
    if d.evidence.pending_runs and _could_change(d):
        return True
    return any(s.source != "result" for s in d.seen)


def _could_change(d: Derived) -> bool:
    """Whether a test that still runs could change the verdict, or see a drug of a row that allows nothing."""
    strict = [c for row in d.pack.dosing.rows if row.deadly for c in row.classes]
    for run in d.evidence.pending_runs:
        sees = (*run.classes, *run.substances)
        classes = [d.pack.substances[t].drug_class if t in d.pack.substances else t for t in d.named]
        if not sees or any(within(c, s) or within(s, c) for c in (*strict, *classes) for s in sees):
            return True
        if set(d.named) & set(sees):
            return True
    return False


def _several(d: Derived) -> bool:
    """Whether more than one drug is there or hinted at."""
    rows = [d.pack.substances[f.substance] for f in d.raw if f.substance is not None]
    alike = {one for f in d.raw for one in f.look_alikes}
    return len({r.id for r in rows if r.psychoactive and not r.cutting and r.id not in alike}) > 1


def _weak_other(d: Derived) -> bool:
    """Another drug that was only hinted at, beside what was expected; where nobody said what that is, beside any."""
    if not d.want.stated:
        return _several(d)
    for fact in d.raw:
        if fact.unidentified or fact.confidence.rank >= Confidence.INDICATED.rank:
            continue
        drug_class = finding_class(fact, d.pack)
        row = d.pack.substances.get(fact.substance or "")
        active = row.psychoactive and not row.cutting if row is not None else True
        if active and not d.want.covers(fact.substance, drug_class):
            return True
    return False
