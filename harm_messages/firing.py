"""Which rules speak, and on which findings.

Imports this package only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from harm_messages.derived import Derived
from harm_messages.matching import match
from harm_messages.ordering import Hit
from harm_messages.pack import Pack
from harm_messages.register import beginnings
from harm_messages.rules import Rule
from harm_messages.types import Slot
from harm_messages.vocabulary import Family


def in_force(rule: Rule, pack: Pack, now: datetime) -> bool:
    """In a vetted pack only approved rules speak. Withdrawn ones still do, as a caution. Limits are composed from what
    the tests did; a rule that an older pack wrote there is not asked."""
    if not rule.effective.covers(now) or rule.slot is Slot.LIMITS:
        return False
    return rule.status in ("approved", "withdrawn") or not pack.vetted


def fired(d: Derived, now: datetime | None = None) -> list[Hit]:
    """The rules that hold, each with the findings it binds and what the fastest of them does to a body; with `now`, those
    in force then."""
    here = {one for s in d.seen for one in (s.substance, *beginnings(s.drug_class)) if one}
    rules = (r for r in d.pack.rules_about(here) if now is None or in_force(r, d.pack, now))
    matched = ((rule, match(rule.when, d)) for rule in rules)
    return [
        Hit(rule, seen, _family(d, seen), withdrawn=d.pack.withdrawn(rule))
        for rule, seen in matched
        if seen is not None
    ]


def _family(d: Derived, seen: frozenset[int]) -> Family:
    return min((d.seen[i].family for i in seen), key=lambda f: f.rank, default=Family.UNKNOWN)


def marked(hits: list[Hit], base: list[Hit]) -> list[Hit]:
    """Mark the rules that fired only because of what the person also takes."""
    known = {(h.rule.id, h.seen) for h in base}
    return [h if (h.rule.id, h.seen) in known else replace(h, self_reported=True) for h in hits]
