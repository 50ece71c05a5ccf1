"""Facts in, page out: gate → derive → match → suppress and dedupe → order → locale → render.

A pure function: same input, same page. What the person said they also take is evaluated a second time
and never touches what may be logged. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from harm_messages.adjusting import NONE, Adjustments, arranged, snippets, with_urgent
from harm_messages.derived import Derived, derive
from harm_messages.emergency import compose_emergency
from harm_messages.gate import closed_gate
from harm_messages.headline import compose_headline, difference_line
from harm_messages.matching import match
from harm_messages.ordering import Hit, in_order, one_per_topic, suppressed
from harm_messages.pack import Pack
from harm_messages.page import Message, Page
from harm_messages.rules import Rule
from harm_messages.types import BODY_SLOTS, Context, Facts, Severity, Slot, require_aware
from harm_messages.wording import Place, Writer

NOTICE = Place(Severity.S4, Slot.LIMITS)
TAIL = (Slot.SAFER_USE, Slot.LIMITS, Slot.NEXT)


def evaluate(
    pack: Pack, facts: Facts, context: Context, locale: str, now: datetime, adjustments: Adjustments = NONE
) -> Page:
    """The page for one released result, or GateClosed. Raises UnknownSubstance on an unknown id.

    `adjustments` are what staff did to it; what they may not do is left undone (adjusting.py).
    """
    shut = closed_gate(pack, context, require_aware(now))
    if shut is not None:
        raise shut
    rules = [r for r in pack.rules if _in_force(r, pack, now)]
    locale = pack.nearest(locale)
    d = derive(pack, facts, context)
    hits = fired(rules, d)
    base = _page(Writer(d, locale), hits, hits, adjustments)
    if not context.also_taking:
        return base
    told = derive(pack, facts, context, context.also_taking)
    return _page(Writer(told, locale), _marked(fired(rules, told), hits), hits, adjustments).with_base(base)


def _in_force(rule: Rule, pack: Pack, now: datetime) -> bool:
    """In a vetted pack only approved rules speak. Withdrawn ones still do, as a caution."""
    if not rule.effective.covers(now):
        return False
    return rule.status in ("approved", "withdrawn") or not pack.vetted


def fired(rules: Iterable[Rule], d: Derived) -> list[Hit]:
    """The rules that hold, each with the findings it binds."""
    matched = ((rule, match(rule.when, d)) for rule in rules)
    return [Hit(rule, seen, withdrawn=d.pack.withdrawn(rule)) for rule, seen in matched if seen is not None]


def _marked(hits: list[Hit], base: list[Hit]) -> list[Hit]:
    known = {(h.rule.id, h.seen) for h in base}
    return [h if (h.rule.id, h.seen) in known else replace(h, self_reported=True) for h in hits]


def _page(w: Writer, hits: list[Hit], base: list[Hit], adjustments: Adjustments) -> Page:
    """`base` are the hits without the self-report: staff are asked to act on those only."""
    d, pack = w.d, w.d.pack
    kept = in_order(one_per_topic(suppressed(hits)), d)
    body = [h for h in kept if h.rule.slot in BODY_SLOTS]
    first, later = arranged(body, adjustments)
    tail = {
        slot: (*snippets(w, adjustments, slot), *(_write(w, h) for h in kept if h.rule.slot is slot)) for slot in TAIL
    }
    headline = compose_headline(w)
    cards = with_urgent(w, adjustments, [_write(w, h) for h in first])
    more = tuple(_write(w, h) for h in later)
    emergency = compose_emergency(w, _lines(base), _lines(hits))
    page = Page(
        pack_id=pack.manifest.id,
        pack_version=pack.manifest.version,
        pack_digest=pack.digest,
        approved=pack.approved,
        locale=w.locale,
        outcome=d.outcome,
        verdict=d.verdict,
        notices=_notices(
            w, [*headline, *cards, *more, *(p for line in emergency for p in line.parts), *chain(*tail.values())]
        ),
        headline_parts=headline,
        told_us=_told_us(w),
        difference=difference_line(w),
        cards=cards,
        more=more,
        emergency=emergency,
        safer_use=tail[Slot.SAFER_USE],
        limits=tail[Slot.LIMITS],
        next=tail[Slot.NEXT],
        staff_actions=(*_staff_actions(base), *recalled_strips(pack, d.facts)),
        labels=w.labels,
        labels_locale=w.labels_locale,
    )
    return page


def _lines(hits: Iterable[Hit]) -> Iterator[str]:
    return (line for hit in hits for line in hit.rule.emergency)


def _write(w: Writer, hit: Hit) -> Message:
    rule = hit.rule
    place = Place(rule.severity, rule.slot, rule.topic, rule.id, hit.self_reported)
    message_id = rule.emit.message
    if hit.withdrawn:
        message_id = w.d.pack.manifest.fixed["withdrawn"]
    return w.write(message_id, place, (w.d.seen[i] for i in sorted(hit.seen)))


def _notices(w: Writer, shown: Sequence[Message]) -> tuple[Message, ...]:
    """What has to be said about the words themselves. A translation nobody signed says so; danger told in another
    language than the one asked for says "ask us"."""
    fixed, keys = w.d.pack.manifest.fixed, []
    if w.d.pack.manifest.status == "withdrawn":
        keys.append("withdrawn")
    elif not w.d.pack.approved:
        keys.append("awaiting")
    if any(m.machine_drafted for m in shown):
        keys.append("machine_drafted")
    if any(m.fallback and m.severity.rank <= Severity.S2.rank for m in shown):
        keys.append("ask_us")
    return tuple(w.write(fixed[k], NOTICE) for k in keys)


def _told_us(w: Writer) -> str:
    said = w.expected(())
    return w.labels.told_us.replace("{expected}", said) if said else w.labels.not_told


def _staff_actions(hits: list[Hit]) -> tuple[str, ...]:
    gravest = sorted(hits, key=lambda h: (h.rule.severity.rank, h.rule.id))
    return tuple(dict.fromkeys(action for h in gravest for action in h.rule.staff_action))


def recalled_strips(pack: Pack, facts: Facts) -> tuple[str, ...]:
    """A reading from a recalled lot is told to staff. It never reassured anybody: no strip does."""
    bad = {(row.target, lot) for row in pack.strips if row.recalled for lot in row.lots}
    hit = {f"strip_lot_recalled:{s.lot}" for s in facts.strips if (s.target, s.lot) in bad}
    return tuple(sorted(hit))
