"""One key for a compound whatever library it comes from: forms joined, compounds known by name only, deuterated standards apart.

Why: two methods can only speak of one compound when they call it the same. Imports the standard library and `spectra.sample` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from spectra.sample.answer import SampleRegister

LABELLED = "deuterated "
"""Begins the key of a deuterated standard, which is no part of a sample."""
_DEUTERATED = re.compile(r"(?:^|[\s\-(\[,])d\d{1,2}(?:$|[\s\-)\],])|deuter|\bperdeutero", re.IGNORECASE)
_INCHIKEY = re.compile(r"^[A-Z]{14}-[A-Z]{10}-[A-Z]$")
_SALTS = re.compile(
    r"[\s,]+(?:hydrochloride|hydrobromide|hcl|hbr|dihydrochloride|sulfate|sulphate|tartrate|citrate|fumarate|maleate|phosphate"
    r"|acetate|mesylate|monohydrate|hydrate|anhydrous|base|free base|salt|sodium)\b\.?",
    re.IGNORECASE,
)


class Listing(Protocol):
    """A library as far as its entries are called something."""

    @property
    def compounds(self) -> Sequence[str]:
        """Key of every entry, "" where it has none."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Name of every entry."""
        ...


@dataclass(frozen=True, eq=False)
class _Known:
    """What a library could name under one register: the compounds, the entries of each key, the names met."""

    register: SampleRegister
    named: frozenset[str]
    entries: Mapping[str, Sequence[int]]
    met: Mapping[str, str]


_KEPT: WeakKeyDictionary[Listing, _Known] = WeakKeyDictionary()
"""By library, under the register it was last asked with: the same for every reading."""
_KEYED: WeakKeyDictionary[Listing, bool] = WeakKeyDictionary()


def keyed(library: Listing) -> bool:
    """Whether every entry of a library has a key; a library is looked through once."""
    if library not in _KEYED:
        _KEYED[library] = all(library.compounds)
    return _KEYED[library]


def folded(name: str) -> str:
    """A name without case, spaces at its ends and the form at its end.

    >>> folded("  Cocaine HCl "), folded("Morphine sulfate hydrate")
    ('cocaine', 'morphine')
    """
    short, before = name.strip().casefold(), ""
    while short != before:
        before = short
        found = [m for m in _SALTS.finditer(short) if m.end() == len(short) and m.start() > 0]
        short = short[: found[0].start()].rstrip(" ,") if found else short
    return short


class Naming:
    """Keys and names under one register. Names are remembered as they are met; the register's own come first."""

    def __init__(self, register: SampleRegister) -> None:
        self._register = register
        self._by_name = {folded(name): compound for compound, name in register.names.items()}
        self._met: dict[str, str] = {}

    def of(self, key: str, name: str = "") -> str:
        """The compound behind an entry of this key and name; "" where it has neither."""
        known = self._register.same
        short = key.strip()
        short = short[:14] if _INCHIKEY.match(short) else short
        compound = known.get(key) or known.get(short) or ""
        if not compound and (known or not short):
            by_name = folded(name)
            compound = known.get(by_name, "")
            if not compound and not short:
                compound = self._by_name.get(by_name, by_name)
        compound = compound or short
        if compound and name and _DEUTERATED.search(name):
            compound = LABELLED + compound
        if compound and name:
            self._met.setdefault(compound, name.strip())
        return compound

    def of_library(self, library: Listing) -> frozenset[str]:
        """Every compound a library could name; deuterated standards are none."""
        return self._known(library).named

    def entries(self, library: Listing, compound: str) -> Sequence[int]:
        """The entries of a library that are of one compound."""
        return self._known(library).entries.get(compound, ())

    def _known(self, library: Listing) -> _Known:
        kept = _KEPT.get(library)
        if kept is None or kept.register != self._register:
            fresh = Naming(self._register)
            pairs = list(zip(library.compounds, library.names, strict=True))
            keys, entries = {pair: fresh.of(*pair) for pair in dict.fromkeys(pairs)}, dict[str, list[int]]()
            for entry, pair in enumerate(pairs):
                entries.setdefault(keys[pair], []).append(entry)
            named = frozenset(key for key in entries if key and not key.startswith(LABELLED))
            kept = _KEPT[library] = _Known(self._register, named, entries, fresh._met)
        self._met = {**kept.met, **self._met}
        return kept

    def seen_as(self, method: str, compound: str) -> str:
        """The compound that a method sees in place of this one."""
        return self._register.seen_as.get(method, {}).get(compound, compound)

    def seen_otherwise(self, method: str) -> list[tuple[str, str]]:
        """Every compound in place of which the method sees another, and which one."""
        return [(c, seen) for c, seen in self._register.seen_as.get(method, {}).items() if seen != c]

    def blind(self, method: str, compound: str) -> bool:
        """Whether the method cannot see this compound whatever its amount."""
        return compound in self._register.blind.get(method, frozenset())

    def name(self, compound: str) -> str:
        """What a compound is called."""
        return self._register.names.get(compound) or self._met.get(compound) or compound

    def names(self, compounds: Iterable[str]) -> dict[str, str]:
        """Compound → name."""
        return {compound: self.name(compound) for compound in compounds}

    def members(self, target: str, compounds: Iterable[str]) -> list[str]:
        """Those of the compounds a test of this target speaks for: the compound itself, or the members of the class."""
        own, classes = self.of(target), self._register.classes
        return [c for c in compounds if c == own or target in classes.get(c, frozenset())]


def summed(rows: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Probabilities of forms of one compound added up, in the order met."""
    out: dict[str, float] = {}
    for compound, p in rows:
        out[compound] = out.get(compound, 0.0) + p
    return out
