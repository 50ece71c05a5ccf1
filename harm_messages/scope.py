"""Which negatives may be said. "Not seen" is not "absent": only a method that ran, passed its quality
control, can see the thing and goes low enough may carry "we did not find".

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable

from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import Expectation
from harm_messages.types import Abundance, Facts, ScopeFact


def max_lod(pack: Pack, substance: str | None, drug_class: str) -> float:
    """% w/w: low for what is strong in tiny amounts, and for a class if any member is."""
    rows = [pack.substances[substance]] if substance is not None else pack.substances.members(drug_class)
    potent = any(row.potent for row in rows)
    limits = pack.manifest.negatives
    return limits.potent_max_lod if potent else limits.usual_max_lod


def sees(scope: ScopeFact, substance: str | None, drug_class: str) -> bool:
    """Whether this method covers the class, leaving the limit aside. A wider class than declared: no."""
    if not scope.counts:
        return False
    if any(within(drug_class, c) for c in scope.excludes) or substance in scope.excludes:
        return False
    if substance is None and any(within(c, drug_class) for c in scope.excludes):
        return False
    return substance in scope.substances or any(within(drug_class, c) for c in scope.classes)


def in_scope(pack: Pack, facts: Facts, substance: str | None, drug_class: str) -> bool:
    """Whether "we did not find" may be said of it."""
    limit = max_lod(pack, substance, drug_class)
    meant = {substance} if substance is not None else {row.id for row in pack.substances.members(drug_class)}
    declared = any(
        _low_enough(s, substance, limit) and meant.isdisjoint(s.shown)
        for s in facts.scope
        if sees(s, substance, drug_class)
    )
    said = any(
        f.abundance is Abundance.NOT_DETECTED
        and substance is not None
        and f.substance == substance
        and f.lod is not None
        and f.lod <= limit
        and _ran(facts, f.methods)
        for f in facts.findings
    )
    return declared or said


def _low_enough(scope: ScopeFact, substance: str | None, limit: float) -> bool:
    lod = scope.lod_of(substance)
    return lod is not None and lod <= limit


def _ran(facts: Facts, methods: Iterable[str]) -> bool:
    counted = {s.method for s in facts.scope if s.counts}
    return any(m in counted for m in methods)


def scope_gaps(pack: Pack, facts: Facts, want: Expectation, found: Iterable[str]) -> frozenset[str]:
    """Classes worth a word because of what was found or expected, which nothing run could see."""
    here = {c for c in found if c}
    about = here | {pack.substances[s].drug_class for s in want.substances} | want.classes
    return frozenset(
        row.watch
        for row in pack.scope_watch
        if any(within(c, a) for c in about for a in row.about)
        and not any(within(c, row.watch) for c in here)
        and not in_scope(pack, facts, None, row.watch)
    )
