"""What staff may change on a page, and nothing else: add an approved snippet, pin a card up, take out an S3–S4.

Why here and not in the service: anyone who asks for more than this gets the page unchanged. S0–S2, the limits and the
emergency block stay, no severity changes, and every word comes from the pack. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from harm_messages.hearing import Place
from harm_messages.ordering import Hit, behind_more, families
from harm_messages.page import Message, Page
from harm_messages.snippets import SnippetRow
from harm_messages.types import Frozen, Severity, Slot
from harm_messages.wording import Writer

if TYPE_CHECKING:
    from harm_messages.pack import Pack

TOPIC = "staff"


class Adjustments(Frozen):
    """What staff did to one page: `pinned` and `not_relevant` hold rule ids, the other two ids of snippets."""

    pinned: tuple[str, ...] = ()
    not_relevant: tuple[str, ...] = ()
    snippets: tuple[str, ...] = ()
    urgent: tuple[str, ...] = ()


NONE = Adjustments()


def snippets_of(pack: Pack, kind: Literal["snippet", "urgent"]) -> tuple[SnippetRow, ...]:
    """What may be added from this pack: of an approved pack the approved ones only, and never a withdrawn one."""
    allowed = ("approved",) if pack.approved else ("draft", "in_review", "approved")
    return tuple(
        row
        for row in pack.snippets
        if row.kind == kind
        and row.status in allowed
        and pack.message(row.message, pack.manifest.default_locale).status in allowed
    )


def why_not_taken_out(page: Page, rule_id: str) -> str:
    """Why the card of this rule may not be marked not relevant; "" when it may."""
    card = _card(page, rule_id)
    if card is None:
        return "There is no such message on this page that staff may take out."
    if card.severity.rank < Severity.S3.rank:
        return f"“{card.title or card.id}” is {card.severity}: a warning of this weight always stays on the page."
    return ""


def why_not_pinned(page: Page, rule_id: str) -> str:
    """Why the card of this rule may not be pinned up; "" when it may."""
    card = _card(page, rule_id)
    if card is None:
        return "There is no such message on this page that could be pinned up."
    return f"“{card.title or card.id}” stands at the top already." if card.severity.rank <= Severity.S1.rank else ""


def _card(page: Page, rule_id: str) -> Message | None:
    """Never one that what a person also takes has caused: its id would say what they take."""
    return next((m for m in page.loggable().body if m.rule_id == rule_id and rule_id), None)


Card = tuple[Hit, tuple[Hit, ...]]


def arranged(
    body: Sequence[Hit], adjustments: Adjustments, kills_with: Callable[[Hit], bool] = lambda _: False
) -> tuple[list[Card], list[Hit]]:
    """(cards, behind "More") of the body, in order, each card with those of its family that it speaks for: what may be
    taken out is gone, what is pinned stands higher.

    A pinned card comes behind every card of S0–S1, and behind those of its own weight or graver that are not pinned
    only where it is S3–S4. Nothing is pushed behind "More" by it.
    """
    left = [h for h in body if not (_named(h, adjustments.not_relevant) and h.rule.severity.rank >= Severity.S3.rank)]
    grave = Severity.S1.rank
    joined = families(left)
    leads = [lead for lead, _ in joined]
    pinned = {h.rule.id for h in leads if _named(h, adjustments.pinned) and h.rule.severity.rank > grave}
    later = behind_more([h for h in leads if h.rule.id not in pinned], kills_with)
    cards = [card for card in joined if card[0].rule.id not in later]
    order = {id(h): place for place, h in enumerate(leads)}
    cards.sort(key=lambda card: (_height(card[0], pinned), order[id(card[0])]))
    return cards, [h for h in leads if h.rule.id in later]


def _named(hit: Hit, rules: Sequence[str]) -> bool:
    return hit.rule.id in rules and not hit.self_reported


def _height(hit: Hit, pinned: set[str]) -> int:
    rank = hit.rule.severity.rank
    if rank <= Severity.S1.rank:
        return 0
    if rank == Severity.S2.rank:
        return 1 if hit.rule.id in pinned else 2
    return 3 if hit.rule.id in pinned else 4


def snippets(w: Writer, adjustments: Adjustments, slot: Slot) -> tuple[Message, ...]:
    """What staff added to this part of the tail, in the order of the pack."""
    rows = snippets_of(w.d.pack, "snippet") if adjustments.snippets else ()
    return tuple(_say(w, r) for r in rows if r.id in adjustments.snippets and r.slot is slot)


def with_urgent(w: Writer, adjustments: Adjustments, cards: Sequence[Message]) -> tuple[Message, ...]:
    """The cards with the urgent messages among them: before the first that is no graver."""
    out = list(cards)
    for row in snippets_of(w.d.pack, "urgent") if adjustments.urgent else ():
        if row.id in adjustments.urgent:
            at = next((i for i, m in enumerate(out) if m.severity.rank >= row.severity.rank), len(out))
            out.insert(at, _say(w, row))
    return tuple(out)


def gravest_urgent(pack: Pack, adjustments: Adjustments) -> Severity:
    """The most serious urgent message on this page; S4 where there is none."""
    rows = snippets_of(pack, "urgent") if adjustments.urgent else ()
    each = [row.severity for row in rows if row.id in adjustments.urgent]
    return min(each, key=lambda s: s.rank, default=Severity.S4)


def _say(w: Writer, row: SnippetRow) -> Message:
    return w.write(row.message, Place(row.severity, row.slot, TOPIC, row.id))
