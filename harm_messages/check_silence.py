"""Do rules silence only what they may, and not each other in a circle?

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterator

from harm_messages.errors import Problem
from harm_messages.pack import Pack
from harm_messages.places import rule_problem
from harm_messages.rules import Rule


def suppression(pack: Pack) -> Iterator[Problem]:
    """A rule silences only messages of its own topic that are no graver."""
    for rule in pack.rules:
        for message_id in rule.suppresses:
            targets = [r for r in pack.rules if r.emit.message == message_id]
            if not targets:
                said = f"It suppresses {message_id}, which no rule says."
                yield rule_problem(pack, rule.id, "suppresses", said, "suppresses")
            for other in targets:
                if other.topic != rule.topic or other.severity.rank < rule.severity.rank:
                    said = f"It may not silence {other.id} ({message_id}): that is of another topic or graver."
                    yield rule_problem(pack, rule.id, "suppresses", said, "suppresses")


def cycles(pack: Pack) -> Iterator[Problem]:
    """Rules that silence each other in a circle would both be silent when they meet."""
    by_message: dict[str, list[Rule]] = {}
    for rule in pack.rules:
        by_message.setdefault(rule.emit.message, []).append(rule)
    silences = {r.id: [o.id for m in r.suppresses for o in by_message.get(m, ()) if o.id != r.id] for r in pack.rules}
    for rule in pack.rules:
        if rule.emit.message in rule.suppresses:
            text = f"It silences {rule.emit.message}, which it says itself."
            yield rule_problem(pack, rule.id, "suppression_cycle", text, "suppresses")
    said: set[frozenset[str]] = set()
    for start in silences:
        circle = _circle(start, silences)
        if circle and frozenset(circle) not in said:
            said.add(frozenset(circle))
            way = " → ".join([*circle, circle[0]])
            text = f"These rules silence each other in a circle, so nothing would be said: {way}."
            yield rule_problem(pack, start, "suppression_cycle", text, "suppresses")


def _circle(start: str, silences: dict[str, list[str]]) -> list[str]:
    """The shortest way from a rule back to itself; [] if there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        for other in silences[way[-1]]:
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
