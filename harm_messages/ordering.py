"""Suppression, one message per topic, the order of the body, and the cap before "More".

Order: (severity, slot, −specificity, −abundance, rule id). Pure; imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harm_messages.derived import Derived
from harm_messages.rules import Rule

VISIBLE = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired, and on which findings."""

    rule: Rule
    seen: frozenset[int]
    self_reported: bool = False


def suppressed(hits: Sequence[Hit]) -> list[Hit]:
    """What is left. A rule silences only messages of its own topic, of the same or lower severity."""
    return [h for h in hits if not any(_silences(by.rule, h.rule) for by in hits)]


def _silences(by: Rule, rule: Rule) -> bool:
    return (
        rule.id != by.id
        and rule.emit.message in by.suppresses
        and rule.topic == by.topic
        and by.severity.rank <= rule.severity.rank
    )


def one_per_topic(hits: Iterable[Hit]) -> list[Hit]:
    """Highest severity, then specificity, then version; findings merge where the message is the same."""
    topics: dict[str, Hit] = {}
    for hit in hits:
        old = topics.get(hit.rule.topic)
        topics[hit.rule.topic] = hit if old is None else _merged(old, hit)
    return list(topics.values())


def _standing(hit: Hit) -> tuple[int, int, int, str]:
    rule = hit.rule
    return (rule.severity.rank, -rule.when.specificity, -rule.version, rule.id)


def _merged(a: Hit, b: Hit) -> Hit:
    best, other = sorted((a, b), key=_standing)
    if best.rule.emit.message != other.rule.emit.message:
        return best
    return replace(best, seen=best.seen | other.seen)


def in_order(hits: Iterable[Hit], d: Derived) -> list[Hit]:
    """Gravest first; the rest of the key only breaks ties."""

    def place(hit: Hit) -> tuple[int, int, int, int, str]:
        rule = hit.rule
        abundance = max((d.seen[i].fact.abundance.rank for i in hit.seen), default=0)
        return (rule.severity.rank, rule.slot.rank, -rule.when.specificity, -abundance, rule.id)

    return sorted(hits, key=place)


def behind_more(body: Sequence[Hit]) -> frozenset[str]:
    """Ids of rules whose card waits behind "More". S0–S1 never do; they do not count against the cap.
    Beside an S0–S1, information (S4) always waits, so that the grave part stands alone."""
    grave = any(h.rule.severity.rank <= 1 for h in body)
    hidden: set[str] = set()
    shown = 0
    for hit in body:
        if hit.rule.severity.rank <= 1:
            continue
        if shown >= VISIBLE or (grave and hit.rule.severity.rank == 4):
            hidden.add(hit.rule.id)
        else:
            shown += 1
    return frozenset(hidden)
