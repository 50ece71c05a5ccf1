"""Facts in, page out: gate → derive → match → suppress and dedupe → order → veto → locale → render.

A pure function: same input, same page. What the person said they also take is evaluated a second time
and never touches what may be logged. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from harm_messages.adjusting import NONE, Adjustments, Card, snippets, with_urgent
from harm_messages.derived import Derived, derive
from harm_messages.emergency import compose_emergency
from harm_messages.errors import GateClosed
from harm_messages.firing import fired, marked
from harm_messages.fitting import ordered_like, within_budget
from harm_messages.gate import closed_gate
from harm_messages.headline import compose_headline, difference_line
from harm_messages.hearing import Hearing, Place
from harm_messages.limits import compose_limits
from harm_messages.ordering import Hit
from harm_messages.pack import Pack
from harm_messages.page import EmergencyLine, Message, Page, shortened, titled
from harm_messages.planning import Plan, plan_of
from harm_messages.staffing import alert_proposals, recalled_strips, staff_actions
from harm_messages.staffing_types import StaffAction
from harm_messages.tagged import words_of
from harm_messages.types import Context, Facts, Severity, Slot, require_aware
from harm_messages.veto import QUIET, Veto
from harm_messages.wording import Writer

NOTICE = Place(Severity.S4, Slot.LIMITS)
ACTION = Place(Severity.S4, Slot.ACTION)
USE = Place(Severity.S4, Slot.SAFER_USE)
INJECTING = "injecting"  # tag of messages about how to inject


def evaluate(
    pack: Pack,
    facts: Facts,
    context: Context,
    locale: str,
    now: datetime,
    adjustments: Adjustments = NONE,
    *,
    counted: bool = False,
) -> Page:
    """The page for one released result, or GateClosed with what staff are asked to do all the same. Raises
    UnknownSubstance on an unknown id.

    `adjustments` are what staff did to it; what they may not do is left undone (adjusting.py).
    `counted`: nobody reads this page, so it has no HTML and nothing to read aloud; what stands on it is the same.
    """
    shut = closed_gate(pack, context, require_aware(now))
    d = derive(pack, facts, context)
    hits = fired(d, now)
    if shut is not None:
        raise GateClosed(shut.reason, shut.text, _staff(d, hits), alert_proposals(d))
    locale = pack.nearest(locale)
    base = _page(d, locale, hits, hits, adjustments, counted=counted)
    if not context.also_taking:
        return base
    told = derive(pack, facts, context, context.also_taking)
    page = _page(told, locale, marked(fired(told, now), hits), hits, adjustments, counted=counted)
    return page.with_base(base)


def _page(
    d: Derived,
    locale: str,
    hits: list[Hit],
    base: list[Hit],
    adjustments: Adjustments,
    lengths: dict[str, bool] | None = None,
    *,
    counted: bool = False,
) -> Page:
    """`base` are the hits without the self-report: staff are asked to act on those only. `lengths`: where to note what was
    too long. A page in another language is like the one in the default language."""
    pack, lengths = d.pack, {} if lengths is None else lengths
    default = pack.manifest.default_locale
    model = None if locale == default else _page(d, default, hits, base, adjustments, lengths, counted=True)
    plan = plan_of(d, hits, base, adjustments)
    w, parts = _heard(plan, d, locale, lengths, counted)
    notices, sign_off = _notices(w, parts, plan.taken_back)
    page = Page(
        pack_id=pack.manifest.id,
        pack_version=pack.manifest.version,
        pack_digest=pack.digest,
        approved=pack.approved,
        locale=w.locale,
        outcome=d.outcome,
        verdict=d.verdict,
        notices=notices,
        told_us=_told_us(w),
        sign_off=sign_off,
        staff=_staff(d, base),
        alert_proposals=alert_proposals(d),
        labels=w.labels,
        labels_locale=w.labels_locale,
        **parts,
    )
    return within_budget(page, pack) if model is None else ordered_like(model, page)


def _heard(
    plan: Plan, d: Derived, locale: str, lengths: dict[str, bool], counted: bool
) -> tuple[Writer, dict[str, Any]]:
    """Every part of the page, and who wrote it. What stands on the page is never given up for what waits behind More: where
    a sentence was written behind More before it turned out to stand on the page, all is written again, knowing that."""
    first = Hearing(plan.veto, lengths=dict(lengths), counted=counted)
    w = Writer(d, locale, first)
    parts = _written(plan, w, first)
    if first.said.isdisjoint(first.behind):
        lengths.update(first.lengths)
        return w, parts
    second = Hearing(plan.veto, stands=frozenset(first.said), lengths=lengths, counted=counted)
    w = Writer(d, locale, second)
    return w, _written(plan, w, second)


def _written(plan: Plan, w: Writer, hearing: Hearing) -> dict[str, Any]:
    """Every part of the page, in the order in which they are written: what must stand whole comes first, and what repeats a
    sentence of it is left out further down."""
    budgets = w.d.pack.budgets
    emergency = compose_emergency(w, plan.asked, plan.told, short=plan.short)
    headline, difference, action = _head(plan, w, hearing, emergency)
    if not plan.short:
        hearing.room = budgets.to_help - words_of(m.text for m in (*headline, difference, action) if m is not None)
    each = [_card(w, card, plan, stands=i == 0) for i, card in enumerate(plan.cards)]
    shown = with_urgent(w, plan.adjustments, [m for m in each if m.text])
    use = [] if plan.veto.no_use else _use(w, plan.kept, plan.veto, plan.adjustments)
    limits = compose_limits(w)
    following = [
        *snippets(w, plan.adjustments, Slot.NEXT),
        *(_write(w, h) for h in plan.kept if h.rule.slot is Slot.NEXT and not h.withdrawn),
    ]
    # a card whose every sentence stands on another card already has only its More left to say
    more = [*(m for m in each if not m.text), *(_write(w, h, behind_more=True) for h in plan.later)]
    return {
        "headline_parts": headline, "difference": difference, "action": action, "cards": shown, "more": _spoken(more),
        "emergency": emergency, "safer_use": _spoken(use), "limits": limits, "next": _spoken(following),
    }  # fmt: skip


def _head(
    plan: Plan, w: Writer, hearing: Hearing, emergency: Iterable[EmergencyLine]
) -> tuple[tuple[Message, ...], Message | None, Message | None]:
    """The headline, what differs and the action line, in the words that people give them."""
    pack, veto = w.d.pack, plan.veto
    difference = difference_line(w)
    beside = [
        pack.message(m, pack.manifest.default_locale).short for m in (difference and difference.id, veto.action) if m
    ]
    headline = compose_headline(w, words_of(beside))
    said = [*headline, *([difference] if difference else []), *(p for line in emergency for p in line.parts)]
    for sentence in (s for m in said for s in m.text.replace("\n", " ").split(". ")):
        hearing.fresh(sentence)
    hearing.brief = w.too_long("action", words_of([*(m.text for m in headline), *beside]), pack.budgets.head)
    action = w.write(veto.action, ACTION) if veto.action else None
    hearing.brief = False
    return headline, difference, action


def _use(w: Writer, kept: Iterable[Hit], veto: Veto, adjustments: Adjustments) -> list[Message]:
    """What the table must have said, what staff added, and the lines of the classes on the page."""
    ours = (h for h in kept if h.rule.slot is Slot.SAFER_USE and not h.withdrawn and _may_stand(h, veto, w.d.pack))
    return [
        *(w.write(message_id, USE) for message_id in veto.also),
        *snippets(w, adjustments, Slot.SAFER_USE),
        *(_write(w, h) for h in ours),
    ]


def _may_stand(hit: Hit, veto: Veto, pack: Pack) -> bool:
    """Where any amount can be too much, nothing is said of injecting but not to do it."""
    text = pack.messages[(hit.rule.emit.message, pack.manifest.default_locale)]
    return not (veto.no_injecting and INJECTING in text.tags)


def _spoken(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Drop the messages of which the veto, or what stood before, left no word."""
    return tuple(m for m in messages if m.text or m.more_text)


def _card(w: Writer, card: Card, plan: Plan, *, stands: bool) -> Message:
    """One card; where it speaks for several of its family, a sentence that names every drug stands first, and what the
    others say waits under its "More", but for the medicines that kill with them and a pair with what the person also
    takes. The first card and the grave ones stand (`stands`), whatever was said before. Where that
    "More" grows too long, the others say their first sentence alone."""
    lead, others = card
    w = w.in_one_language([_says(w, h) for h in (lead, *others)])
    if not others:
        own = _write(w, lead)
        return own if own.text or not (stands or lead.grave) else _write(w, lead, whole=True)
    of_family = plan.grave.get(lead.family.card, frozenset())
    bound = sorted(of_family.union(lead.seen, *(h.seen for h in others)))
    # a pair may join what the family is not about: an upper does not stop anybody's breathing
    seen = [
        s
        for s in (w.d.seen[i] for i in bound)
        if not s.unknown and s.role not in QUIET and s.family.card is lead.family.card
    ]
    joint = w.d.pack.families.together.get(lead.family, "") if len({s.name for s in seen}) > 1 else ""
    w = w.in_one_language([joint] if joint else [])
    opening = w.write(joint, _place(lead), seen, whole=True) if joint else None
    own = _write(w, lead, after=opening.text if opening else "")
    if not own.text:
        own = _write(w, lead, whole=True)
    told = [m if m.text else _write(w, h, whole=True) for h in others if h.self_reported for m in (_write(w, h),)]
    waiting = [h for h in others if not h.self_reported]
    medicines = [line for h in waiting for line in w.lines_on_the_card(_says(w, h))]
    rest = [_write(w, h, behind_more=True) for h in waiting]
    words = words_of([*(m.more_text for m in (own, *told)), *(titled(m).text for m in rest)])
    if w.too_long(f"more of {lead.rule.id}", words, w.d.pack.budgets.more):
        rest = [shortened(m) for m in rest]
    rest = [titled(m) for m in rest]
    first = [m for m in (opening, own, *told) if m is not None]
    return own.model_copy(
        update={
            "text": "\n".join(t for t in (*(m.text for m in first), *medicines) if t),
            "html": "".join(m.html for m in first) + "".join(f"<p>{escape(m)}</p>" for m in medicines),
            "spoken": " ".join(t for t in (*(m.spoken for m in first), *medicines) if t),
            "more_text": "\n".join(t for t in (*(m.more_text for m in (own, *told)), *(m.text for m in rest)) if t),
            "more_html": "".join((own.more_html, *(m.more_html for m in told), *(m.html for m in rest))),
            "origin": "self_reported" if told else own.origin,
            "joined": tuple((m.id, m.version) for m in (*([opening] if opening else []), *told, *rest)),
            "tags": tuple(dict.fromkeys((*own.tags, *(t for m in (*told, *rest) for t in m.tags)))),
        }
    )


def _place(hit: Hit) -> Place:
    rule = hit.rule
    return Place(rule.severity, rule.slot, rule.topic, rule.id, hit.self_reported)


def _write(w: Writer, hit: Hit, *, behind_more: bool = False, whole: bool = False, after: str = "") -> Message:
    """What a rule says; where that was withdrawn, the fallback of its family at the same severity."""
    bound = [w.d.seen[i] for i in sorted(hit.seen)]
    return w.write(_says(w, hit), _place(hit), bound, behind_more=behind_more, whole=whole, after=after)


def _says(w: Writer, hit: Hit) -> str:
    return w.d.pack.families.fallbacks[hit.family].message if hit.withdrawn else hit.rule.emit.message


def _notices(w: Writer, parts: dict[str, Any], taken_back: bool) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """(first on the page, last). What was taken back stands first, and "ask us" where danger is told in another language
    than the one asked for; that nobody has signed the words stands last."""
    shown = [
        *parts["headline_parts"], *([parts["action"]] if parts["action"] else []), *parts["cards"], *parts["more"],
        *(p for line in parts["emergency"] for p in line.parts), *parts["safer_use"], *parts["limits"], *parts["next"],
    ]  # fmt: skip
    pack = w.d.pack
    first, last = [], []
    if taken_back:
        first.append("withdrawn")
    if any(m.fallback and _must_be_understood(m, pack) for m in shown):
        first.append("ask_us")
    if not pack.approved and pack.manifest.status != "withdrawn":
        last.append("awaiting")
    if any(m.machine_drafted for m in shown):
        last.append("machine_drafted")
    said = [tuple(w.write(pack.manifest.fixed[k], NOTICE, whole=True) for k in keys) for keys in (first, last)]
    return said[0], said[1]


def _must_be_understood(m: Message, pack: Pack) -> bool:
    """Danger, help, limits, and that nobody knows what it is."""
    unknown = next(row.say for row in pack.dosing.rows if row.condition == "unknown")
    return m.severity.rank <= Severity.S2.rank or m.slot in (Slot.EMERGENCY, Slot.LIMITS) or m.id == unknown


def _told_us(w: Writer) -> str:
    said = w.expected(())
    return w.labels.told_us.replace("{expected}", said) if said else w.labels.not_told


def _staff(d: Derived, hits: list[Hit]) -> tuple[StaffAction, ...]:
    recalled = (StaffAction(action=a, causes=("recalled",)) for a in recalled_strips(d.pack, d.facts))
    return (*staff_actions(d, hits), *recalled)
