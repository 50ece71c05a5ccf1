"""What a page holds and in which order, before a word of it is written: cards, veto and emergency lines.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harm_messages.adjusting import Adjustments, Card, arranged, gravest_urgent
from harm_messages.derived import Derived
from harm_messages.ordering import Hit, in_order, one_per_topic, suppressed
from harm_messages.types import BODY_SLOTS, Severity, Slot
from harm_messages.veto import QUIET, Veto, veto_of
from harm_messages.vocabulary import Family


@dataclass(frozen=True, slots=True)
class Plan:
    """What a page holds, in which order, before a word of it is written. `asked` and `told` are the emergency lines without
    and with the self-report; `short`: no S0 or S1 stands on it, so the emergency block is the short one."""

    kept: list[Hit]
    cards: list[Card]
    later: list[Hit]
    veto: Veto
    asked: list[str]
    told: list[str]
    short: bool
    taken_back: bool
    adjustments: Adjustments
    grave: Mapping[Family, frozenset[int]]
    """By family, every drug that a grave rule is about, also of rules that gave way to another one."""


def plan_of(d: Derived, hits: list[Hit], base: list[Hit], adjustments: Adjustments) -> Plan:
    """The plan of a page. `base` are the hits without the self-report."""
    kept = in_order(one_per_topic(suppressed(hits)), d)
    body = [h for h in kept if h.rule.slot in BODY_SLOTS]
    taken_back = d.pack.manifest.status == "withdrawn" or any(h.withdrawn for h in hits)
    top = _gravest([*(h.rule.severity for h in body), gravest_urgent(d.pack, adjustments)])
    veto = veto_of(d, taken_back, _gravest(h.rule.severity for h in body if h.rule.slot is not Slot.STRENGTH))
    cards, later = arranged(body, adjustments, lambda hit: _kills_with_a_medicine(d, hit))
    short = top.rank > Severity.S1.rank
    grave: dict[Family, frozenset[int]] = {}
    for hit in hits:
        if hit.grave and not hit.self_reported and hit.rule.slot in BODY_SLOTS and hit.rule.slot is not Slot.STRENGTH:
            grave[hit.family.card] = grave.get(hit.family.card, frozenset()) | hit.seen
    return Plan(kept, cards, later, veto, _lines(d, base), _lines(d, hits), short, taken_back, adjustments, grave)


def _lines(d: Derived, hits: Iterable[Hit]) -> list[str]:
    """The lines that the fired rules ask for, those of a fallback, and the signs of what the drugs do to a body: the
    most serious on the page, and what was said and nobody tested; where no card is grave, of the drugs found, not of their cuts."""
    every, pack = list(hits), d.pack
    body = [h for h in every if h.rule.slot in BODY_SLOTS and h.rule.slot is not Slot.STRENGTH]
    about = [h for h in body if h.grave] or [h for h in body if h.rule.severity is Severity.S2]
    drugs = {s.family for s in d.seen if s.psychoactive and s.role not in QUIET}
    untested = {s.family for s in d.seen if s.source == "declared"}
    known = {h.family for h in about} or drugs or {h.family for h in body}
    kinds = sorted(known | untested or {Family.UNKNOWN}, key=lambda f: f.rank)
    found = [line for hit in every for line in hit.rule.emergency]
    found += [line for hit in every if hit.withdrawn for line in pack.families.fallbacks[hit.family].emergency]
    return [*found, *(line for kind in kinds for line in pack.families.signs[kind])]


def _kills_with_a_medicine(d: Derived, hit: Hit) -> bool:
    """Whether the card of a rule names a medicine that kills with what it is about, in the default language."""
    pack, locale = d.pack, d.pack.manifest.default_locale
    text = pack.message(hit.rule.emit.message, locale).short.casefold()
    return any(word in text for word in pack.families.on_the_card.get(locale, ()))


def _gravest(each: Iterable[Severity]) -> Severity:
    return min(each, key=lambda s: s.rank, default=Severity.S4)
