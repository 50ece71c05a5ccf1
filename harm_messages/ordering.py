"""Suppression, one message per topic, one card per family, the order of the body, and the cap before "More".

Order: (severity, how fast it kills, slot, −specificity, −abundance, rule id). Pure; imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harm_messages.derived import Derived
from harm_messages.rules import Rule
from harm_messages.types import Slot
from harm_messages.vocabulary import Family

VISIBLE = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired, and on which findings; `family`: what the fastest of them does to a body. `withdrawn`: its
    advice has been taken back."""

    rule: Rule
    seen: frozenset[int]
    family: Family
    self_reported: bool = False
    withdrawn: bool = False

    @property
    def topic(self) -> str:
        """What must be said once. What was taken back of a family is one topic: it never stands in for advice that stands."""
        return f"*withdrawn.{self.family}" if self.withdrawn else self.rule.topic

    @property
    def message(self) -> str:
        """What it says."""
        return f"*withdrawn.{self.family}" if self.withdrawn else self.rule.emit.message

    @property
    def grave(self) -> bool:
        """S0 or S1."""
        return self.rule.severity.rank <= 1


def suppressed(hits: Sequence[Hit]) -> list[Hit]:
    """What is left. A rule silences only messages of its own topic, of the same or lower severity; one that was
    taken back silences nothing."""
    silencing = [h.rule for h in hits if h.rule.suppresses and not h.withdrawn]
    return [h for h in hits if not any(_silences(by, h.rule) for by in silencing)]


def _silences(by: Rule, rule: Rule) -> bool:
    return (
        rule.id != by.id
        and rule.emit.message in by.suppresses
        and rule.topic == by.topic
        and by.severity.rank <= rule.severity.rank
    )


def one_per_topic(hits: Iterable[Hit]) -> list[Hit]:
    """Highest severity, then specificity, then version; findings merge where the message is the same."""
    topics: dict[str, list[Hit]] = {}
    for hit in hits:
        topics.setdefault(hit.topic, []).append(hit)
    return [_merged(sorted(group, key=_standing)) for group in topics.values()]


def _standing(hit: Hit) -> tuple[int, int, int, str]:
    rule = hit.rule
    return (rule.severity.rank, -rule.when.specificity, -rule.version, rule.id)


def _merged(group: Sequence[Hit]) -> Hit:
    """The first, with the findings of all that say the same; told by the person as soon as a finding is."""
    best = group[0]
    same = [h for h in group if h.message == best.message]
    base = frozenset().union(*(h.seen for h in same if not h.self_reported))
    seen = frozenset().union(*(h.seen for h in same))
    return replace(best, seen=seen, self_reported=best.self_reported or seen != base)


def in_order(hits: Iterable[Hit], d: Derived) -> list[Hit]:
    """Most serious first; the rest of the key only breaks ties."""

    def place(hit: Hit) -> tuple[int, int, int, int, int, str]:
        rule = hit.rule
        abundance = max((d.seen[i].fact.abundance.rank for i in hit.seen), default=0)
        quick = hit.family.card.rank if rule.slot is not Slot.STRENGTH else len(Family)
        return (rule.severity.rank, quick, rule.slot.rank, -rule.when.specificity, -abundance, rule.id)

    return sorted(hits, key=place)


def families(body: Sequence[Hit]) -> list[tuple[Hit, tuple[Hit, ...]]]:
    """(card, the S0–S1 of the same family that it speaks for) of the body in order. Strength stands by itself."""
    leads: dict[Family, int] = {}
    cards: list[tuple[Hit, tuple[Hit, ...]]] = []
    for hit in body:
        joins = hit.grave and hit.rule.slot is not Slot.STRENGTH
        if joins and hit.family.card in leads:
            at = leads[hit.family.card]
            cards[at] = (cards[at][0], (*cards[at][1], hit))
            continue
        if joins:
            leads[hit.family.card] = len(cards)
        cards.append((hit, ()))
    return cards


def behind_more(body: Sequence[Hit], kills_with: Callable[[Hit], bool] = lambda _: False) -> frozenset[str]:
    """Ids of rules whose card waits behind "More": all but four. S0–S1 never do, nor what the person's own answer about
    other drugs has brought; of the others, what kills with a medicine (`kills_with`) stays before the rest. Beside an
    S0–S1, information (S4) always waits, so that the grave part stands alone."""
    grave = [h for h in body if h.grave]
    must = [h for h in body if h.self_reported and not h.grave]
    left = VISIBLE - len(grave) - len(must)
    hidden: set[str] = set()
    for hit in sorted(body, key=lambda h: not kills_with(h)):
        if hit.grave or hit.self_reported:
            continue
        if left <= 0 or (grave and hit.rule.severity.rank == 4 and hit.rule.slot is not Slot.STRENGTH):
            hidden.add(hit.rule.id)
        else:
            left -= 1
    return frozenset(hidden)
