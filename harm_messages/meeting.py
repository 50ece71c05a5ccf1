"""What meets: a substance and a side of a dangerous pair, a warning and a sample.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Sequence

from harm_messages.content import Group
from harm_messages.derived_finding import DerivedFinding
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import Expectation
from harm_messages.types import AlertFact, Facts


def in_group(group: Group, substance: str | None, drug_class: str) -> bool:
    """Whether a substance or class stands on this side of a pair."""
    if substance in group.excludes:
        return False
    return substance in group.substances or (bool(drug_class) and f"{drug_class}.".startswith(group.beginnings))


def taken(group: Group, word: str, pack: Pack) -> bool:
    """`word` is a co-use id, a register id or a class; `refuse_unknown` has looked at it before."""
    if word in pack.co_use:
        return word in group.co_use
    row = pack.substances.get(word)
    if row is not None:
        return in_group(group, row.id, row.drug_class)
    return in_group(group, None, word)


def refuse_unknown(also_taking: tuple[str, ...], pack: Pack) -> None:
    """Silence would read as "no danger". The error never repeats what the person said."""
    reg = pack.substances
    if not all(w in pack.co_use or w in reg or reg.is_class(w) for w in also_taking):
        raise ValueError("also_taking holds a word that this pack does not know; offer the pack's co-use list")


def alert_matches(
    alert: AlertFact, facts: Facts, seen: Sequence[DerivedFinding], want: Expectation, pack: Pack
) -> bool:
    """By descriptors if the alert has any (all of them must fit), else by what was found or expected."""
    described = [
        (bool(alert.forms), facts.form in alert.forms),
        (bool(alert.logos), _fold(facts.logo) in {_fold(x) for x in alert.logos}),
        (bool(alert.colours), bool({_fold(c) for c in facts.colours} & {_fold(c) for c in alert.colours})),
    ]
    if any(given for given, _ in described):
        return all(fits for given, fits in described if given)
    named = {s.substance for s in seen} | set(want.substances)
    classes = {s.drug_class for s in seen} | {pack.substances[s].drug_class for s in want.substances} | want.classes
    return bool(named & set(alert.substances)) or any(within(c, a) for c in classes if c for a in alert.classes)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
