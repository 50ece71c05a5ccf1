"""Two people's changes to one text: what only one of them changed goes together, part by part. Pure.

A part is a field of a message, a rule of a file of rules, or any other file as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Clash:
    """A part that both changed; None where it was not there, or was removed. `before` is what both began with."""

    part: str
    before: str | None
    theirs: str | None
    yours: str | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The parts with both sides' changes; where they clash, yours stand in them. `from_them`: parts that only they changed."""

    parts: dict[str, str]
    clashes: tuple[Clash, ...]
    from_them: tuple[str, ...]


def merge(before: Parts, theirs: Parts, yours: Parts) -> Merged:
    """Theirs in their order, with your changes; what only you have comes last. Without `before`, all that differs clashes."""
    parts: dict[str, str] = {}
    clashes: list[Clash] = []
    from_them: list[str] = []
    for name in dict.fromkeys((*theirs, *yours)):
        old, their, your = before.get(name), theirs.get(name), yours.get(name)
        kept = your
        if your == old and their != old:
            kept = their
            from_them.append(name)
        elif their not in (old, your):
            clashes.append(Clash(name, old, their, your))
        if kept is not None:
            parts[name] = kept
    return Merged(parts, tuple(clashes), tuple(from_them))
