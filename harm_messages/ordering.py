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
    """A rule that fired, and on which findings. `withdrawn`: its advice has been taken back."""

    rule: Rule
    seen: frozenset[int]
    self_reported: bool = False
    withdrawn: bool = False

    @property
    def topic(self) -> str:
        """What must be said once. All that was taken back is one topic: it never stands in for advice that stands."""
        return "*withdrawn" if self.withdrawn else self.rule.topic

    @property
    def message(self) -> str:
        """What it says."""
        return "*withdrawn" if self.withdrawn else self.rule.emit.message


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
