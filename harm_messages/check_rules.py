"""Can every rule speak, and do two of them ever contradict each other? Asked on facts made for them.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from harm_messages.check_pages import Pages
from harm_messages.derived import derive
from harm_messages.errors import Problem
from harm_messages.firing import fired
from harm_messages.pack import Pack
from harm_messages.page import Page
from harm_messages.places import rule_problem, table_problem
from harm_messages.rules import Rule
from harm_messages.structure import conditions
from harm_messages.types import HarmMessageError
from harm_messages.witness import joint_witness, witness


def rule_problems(pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Unreachable, shadowed and contradicting rules, and pairs nobody speaks for."""
    for rule in pages.each(pack.rules):
        if rule.status != "withdrawn":
            yield from _tried(rule, pack, pages)
    yield from _contradictions(pack, pages)
    yield from _pairs(pack)


def _tried(rule: Rule, pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Two tries: with a substance it names, and with its class alone. One that shows it is enough."""
    first = list(_try(rule, pack, pages, by_class=False))
    if first and list(_try(rule, pack, pages, by_class=True)):
        yield from first


def _try(rule: Rule, pack: Pack, pages: Pages, by_class: bool) -> Iterator[Problem]:
    try:
        facts, context = witness(rule, pack, by_class)
    except (ValueError, StopIteration, IndexError):
        yield rule_problem(pack, rule.id, "unreachable", "Nothing in the register can make this rule fire.", "when")
        return
    if rule.id not in {h.rule.id for h in fired(derive(pack, facts, context, context.also_taking))}:
        yield rule_problem(pack, rule.id, "unreachable", "It does not fire on findings made for it.", "when")
        return
    try:
        page = pages.of(facts, context)
    except HarmMessageError as error:
        yield rule_problem(pack, rule.id, "render", f"Its page cannot be shown: {error}.", "emit")
        return
    shown = {one for m in page.messages() for one in (m.id, m.rule_id, *(joined for joined, _ in m.joined))}
    if pack.approved and rule.status != "approved":
        return
    if rule.emit.message not in shown:
        said = f"{rule.emit.message} never shows: another rule of the topic {rule.topic!r} always stands in front."
        yield rule_problem(pack, rule.id, "shadowed", said, "topic")
    for said in conflicts(pack, page):
        yield rule_problem(pack, rule.id, "conflict", said, "when")


def conflicts(pack: Pack, page: Page) -> Iterator[str]:
    """A sentence for every two tags on one page that contradict each other."""
    tags: dict[str, str] = {t: m.id for m in page.messages() for t in m.tags}
    for a, b in pack.manifest.contradictions:
        if a in tags and b in tags:
            yield f"One page says both “{a}” ({tags[a]}) and “{b}” ({tags[b]}), which contradict each other."


def _contradictions(pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Two rules whose advice contradicts, and which can stand on one page."""
    default = pack.manifest.default_locale
    by_tag: dict[str, list[Rule]] = {}
    for rule in pack.rules:
        for tag in pack.messages[(rule.emit.message, default)].tags:
            by_tag.setdefault(tag, []).append(rule)
    known = {t for text in pack.messages.values() for t in text.tags}
    for index, (a, b) in enumerate(pack.manifest.contradictions):
        for tag in sorted({a, b} - known):
            said = f"No message carries the tag “{tag}”, so this contradiction is never looked for."
            yield table_problem(pack, "pack.yaml", "conflict", said, ["contradictions", index], "warning")
        for one, other in product(by_tag.get(a, ()), by_tag.get(b, ())):
            if one.id == other.id or _meet(pack, one, other, pages):
                said = f"It advises “{a}” where {other.id} advises “{b}”: both can stand on one page."
                yield rule_problem(pack, one.id, "conflict", said, "when")


def _meet(pack: Pack, one: Rule, other: Rule, pages: Pages) -> bool:
    for by_class in (False, True):
        try:
            facts, context = joint_witness([one, other], pack, by_class)
            page = pages.of(facts, context)
        except (ValueError, StopIteration, IndexError, HarmMessageError):
            continue
        if {one.emit.message, other.emit.message} <= {message_id for message_id, _ in page.display_log}:
            return True
    return False


def _pairs(pack: Pack) -> Iterator[Problem]:
    """Every dangerous pair is spoken for by a rule at least as grave."""
    spoken = [(w.chosen, rule.severity) for rule in pack.rules for w in conditions(rule.when) if w.kind == "pair"]
    for index, pair in enumerate(pack.pairs):
        fits = [
            severity
            for spec, severity in spoken
            if (pair.a in spec.a and pair.b in spec.b) or (pair.b in spec.a and pair.a in spec.b)
        ]
        if not fits or min(s.rank for s in fits) > pair.severity.rank:
            said = f"No rule speaks for this pair at {pair.severity} or graver."
            yield table_problem(pack, "pairs.yaml", "pair", said, ["pairs", index], where=pair.id)
