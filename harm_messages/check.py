"""Is this pack fit to be signed? Coverage, reachability, shadowing, conflicts, words, dates.

Why before people see it: every answer here can be decided from the pack alone, because the predicates
are a closed set. Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from harm_messages.derived import derive
from harm_messages.evaluate import evaluate, fired
from harm_messages.pack import Pack
from harm_messages.page import Page
from harm_messages.register import Substance
from harm_messages.rules import Rule
from harm_messages.structure import Problem, conditions, structural_problems
from harm_messages.types import (
    Abundance,
    Confidence,
    Facts,
    FindingFact,
    HarmMessageError,
    Severity,
    Slot,
)
from harm_messages.witness import EVERYTHING, RELEASED, witness

ANY_CLASS_SLOTS = (Slot.DANGER, Slot.DIFFERENCE, Slot.SAFER_USE)


def check(pack: Pack, today: date | None = None) -> list[Problem]:
    """Everything wrong with the pack, worst kind first. Review dates are asked only with `today`."""
    problems = structural_problems(pack)
    if problems:
        return problems
    now = pack.manifest.effective.start or datetime(2000, 1, 1, tzinfo=UTC)
    found = [*_reachable(pack, now), *_covered(pack, now), *_pairs(pack), *_words(pack)]
    return [*found, *(_dates(pack, today) if today is not None else ())]


# -- reachability, shadowing, conflicts ------------------------------------------------------------


def _reachable(pack: Pack, now: datetime) -> Iterator[Problem]:
    """Two tries a rule: with a substance it names, and with its class alone."""
    for rule in pack.rules:
        if rule.status == "withdrawn":
            continue
        first = list(_tried(rule, pack, now, by_class=False))
        if first and list(_tried(rule, pack, now, by_class=True)):
            yield from first


def _tried(rule: Rule, pack: Pack, now: datetime, by_class: bool) -> Iterator[Problem]:
    try:
        facts, context = witness(rule, pack, by_class)
    except (ValueError, StopIteration):
        yield Problem("unreachable", rule.id, "nothing in the register can make it fire")
        return
    hits = fired(pack.rules, derive(pack, facts, context, context.also_taking))
    if rule.id not in {h.rule.id for h in hits}:
        yield Problem("unreachable", rule.id, "does not fire on facts made for it")
        return
    try:
        page = evaluate(pack, facts, context, pack.manifest.default_locale, now)
    except HarmMessageError as error:
        yield Problem("render", rule.id, str(error))
        return
    if rule.emit.message not in {m.id for m in page.messages()}:
        yield Problem("shadowed", rule.id, "fires, but another of its topic always stands in front", "warning")
    yield from conflicts(pack, page, rule.id)


def conflicts(pack: Pack, page: Page, where: str) -> Iterator[Problem]:
    """Tags that contradict each other, on one page."""
    tags = {t for m in page.messages() for t in m.tags}
    for a, b in pack.manifest.contradictions:
        if a in tags and b in tags:
            yield Problem("conflict", where, f"one page says both {a!r} and {b!r}")


# -- coverage --------------------------------------------------------------------------------------


def finding_of(row: Substance, confidence: Confidence = Confidence.CONFIRMED) -> FindingFact:
    """One major finding of this row."""
    return FindingFact(substance=row.id, confidence=confidence, abundance=Abundance.MAJOR)


def _covered(pack: Pack, now: datetime) -> Iterator[Problem]:
    for class_id, row in pack.substances.classes.items():
        if not pack.substances.members(class_id):
            yield Problem("coverage", class_id, "the class has no substance")
        finding = FindingFact(drug_class=class_id, confidence=Confidence.INDICATED)
        page = _page(pack, Facts(findings=(finding,), scope=(EVERYTHING,)), now)
        yield from _answers(page, class_id, row.floor if row.psychoactive else None)
    for row_ in pack.substances:
        yield from _substance_covered(pack, row_, now)


def _substance_covered(pack: Pack, row: Substance, now: datetime) -> Iterator[Problem]:
    cls = pack.substances.classes[row.drug_class]
    floor = cls.floor if row.psychoactive or not cls.psychoactive else None
    alone = _page(pack, Facts(findings=(finding_of(row),), scope=(EVERYTHING,)), now)
    yield from _answers(alone, row.id, floor)
    other = "mdma" if row.drug_class != "entactogen" else "ketamine"
    if row.psychoactive and not row.cutting:
        for beside in ((), (finding_of(pack.substances[other]),)):
            facts = Facts(expected=(other,), findings=(finding_of(row), *beside), scope=(EVERYTHING,))
            page = _page(pack, facts, now)
            if page.top_severity.rank > Severity.S2.rank:
                yield Problem("floor", row.id, "unexpected and psychoactive, yet nothing at S2 or graver")
    if cls.always_warn != "no" or row.id in pack.flags.always_warn:
        weak = Facts(expected=(other,), findings=(finding_of(row, Confidence.TENTATIVE),), scope=(EVERYTHING,))
        if _page(pack, weak, now).top_severity.rank > Severity.S1.rank:
            yield Problem("floor", row.id, "always warned of, yet weak evidence gives no S0 or S1")


def _answers(page: Page, where: str, floor: Severity | None) -> Iterator[Problem]:
    if not page.headline or not page.limits or not page.emergency:
        yield Problem("coverage", where, "a page without headline, limits or emergency block")
    specific = [m for m in (*page.body, *page.safer_use) if m.slot in ANY_CLASS_SLOTS and m.topic != "use.general"]
    if not specific:
        yield Problem("coverage", where, "nothing is said about it beyond its name")
    if floor is not None and page.top_severity.rank > floor.rank:
        yield Problem("floor", where, f"gives {page.top_severity}, the class asks for {floor}")


def _page(pack: Pack, facts: Facts, now: datetime) -> Page:
    return evaluate(pack, facts, RELEASED, pack.manifest.default_locale, now)


def _pairs(pack: Pack) -> Iterator[Problem]:
    """Every dangerous pair is spoken for by a rule at least as grave."""
    spoken = [(w.chosen, rule.severity) for rule in pack.rules for w in conditions(rule.when) if w.kind == "pair"]
    for pair in pack.pairs:
        fits = [
            severity
            for spec, severity in spoken
            if (pair.a in spec.a and pair.b in spec.b) or (pair.b in spec.a and pair.a in spec.b)
        ]
        if not fits or min(s.rank for s in fits) > pair.severity.rank:
            yield Problem("pair", pair.id, f"no rule says it at {pair.severity} or graver")


# -- words and dates -------------------------------------------------------------------------------


def _words(pack: Pack) -> Iterator[Problem]:
    texts = [(f"{mid} ({lo})", lo, text.source) for (mid, lo), text in pack.messages.items()]
    for locale, labels in pack.labels.items():
        texts.append((f"labels ({locale})", locale, " \n ".join(_strings(labels.model_dump(mode="json")))))
    texts += [(c, pack.manifest.default_locale, row.plain) for c, row in pack.substances.classes.items()]
    for where, locale, text in texts:
        for word in pack.manifest.banned.get(locale, ()):
            if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE):
                yield Problem("banned", where, f"says {word!r}")
        for pattern in pack.manifest.never.get(locale, ()):
            if re.search(pattern, text, re.IGNORECASE):
                yield Problem("never", where, f"matches {pattern!r}")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _dates(pack: Pack, today: date) -> Iterator[Problem]:
    rows = [(r.id, r.review_by) for r in pack.rules]
    rows += [(f"{mid} ({lo})", m.review_by) for (mid, lo), m in pack.messages.items()]
    rows += [(b.id, b.review_by) for b in pack.bands] + [(p.id, p.review_by) for p in pack.pairs]
    for where, due in rows:
        if due < today:
            yield Problem("review", where, f"was to be reviewed by {due.isoformat()}", "warning")
