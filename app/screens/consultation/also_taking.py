"""What a person may say they also take, or say about themselves: the choices put on the health worker's page, which of what
came back counts, and the table of what must not meet, for screens without scripts.

The choices are on the page before anybody asks, so that looking for a name needs no request: what is typed never leaves the
screen. What is ticked is used in memory for one page and kept nowhere. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harm_messages import Pack, Severity
from harm_messages.content import CoUse


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tick. `words` are what else people call it, for looking it up on the page."""

    id: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Mixing:
    """One row of the table: what somebody takes or what is true of them, and what must not meet it."""

    plain: str
    grave: tuple[str, ...]
    serious: tuple[str, ...]


def short_list(pack: Pack, kind: str) -> list[Choice]:
    """The pack's short list: of what people take (`taken`), which stands open, or of what a person may say about themselves
    (`about_you`): pregnancy, an illness, a habit. Never an age."""
    return [Choice(one.id, one.label, " ".join(one.aliases)) for one in pack.co_use.values() if one.kind == kind]


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


def labels(pack: Pack, also: Iterable[str], kind: str = "taken") -> list[str]:
    """The names of those of this kind, for the screen of whoever asked."""
    known = [pack.co_use.get(one) or CoUse(id=one, label=pack.substances[one].name) for one in also]
    return [one.label for one in known if one.kind == kind]


def mixing_table(pack: Pack) -> list[Mixing]:
    """Every side of a dangerous pair of the pack by its plain name, with the sides that must not meet it."""
    sides: dict[str, dict[str, Severity]] = {}
    for pair in pack.pairs:
        for one, other in ((pair.a, pair.b), (pair.b, pair.a)):
            met, plain = sides.setdefault(pack.groups[one].plain, {}), pack.groups[other].plain
            met[plain] = min(pair.severity, met.get(plain, pair.severity), key=lambda s: s.rank)
    return [
        Mixing(
            plain,
            tuple(sorted((p for p, s in met.items() if s.rank <= Severity.S1.rank), key=str.casefold)),
            tuple(sorted((p for p, s in met.items() if s.rank > Severity.S1.rank), key=str.casefold)),
        )
        for plain, met in sorted(sides.items(), key=lambda row: row[0].casefold())
    ]
