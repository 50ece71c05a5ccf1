"""What a person may say they also take: the choices put on the health worker's page, and which of what came back counts.

The choices are on the page before anybody asks, so that looking for a name needs no request: what is typed never leaves the
screen. What is ticked is used in memory for one page and kept nowhere. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harm_messages import Pack


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tick. `words` are what else people call it, for looking it up on the page."""

    id: str
    label: str
    words: str


def to_tap(pack: Pack) -> list[Choice]:
    """The pack's short list, which stands open."""
    return [Choice(one.id, one.label, " ".join(one.aliases)) for one in pack.co_use.values()]


def to_find(pack: Pack) -> list[Choice]:
    """The register's drugs and medicines by name; not cuts and by-products, which nobody says they take, nor what the
    short list has already."""
    tapped = {word.casefold() for one in pack.co_use.values() for word in (one.id, one.label, *one.aliases)}
    paired = {one for group in pack.groups.values() for one in group.substances}
    rows = [s for s in pack.substances if s.psychoactive or s.id in paired or s.drug_class.startswith("medicine")]
    rows.sort(key=lambda s: s.name.casefold())
    return [Choice(s.id, s.name, " ".join(s.aliases)) for s in rows if s.name.casefold() not in tapped]


def known(pack: Pack, said: Iterable[str]) -> tuple[str, ...]:
    """Of what came back, what this pack knows, each once; the rest is dropped without a word anywhere."""
    return tuple(dict.fromkeys(one for one in said if one in pack.co_use or one in pack.substances))


def labels(pack: Pack, also: Iterable[str]) -> list[str]:
    """The names of these, for the screen of whoever asked."""
    return [pack.co_use[one].label if one in pack.co_use else pack.substances[one].name for one in also]
