"""From the keys and names of a spectral library to ids and classes of the substance register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from spectra import Candidate


class _Key(Protocol):
    @property
    def value(self) -> str: ...


class RegisterRow(Protocol):
    """What is needed of a row of harm_messages' register."""

    @property
    def id(self) -> str:
        """Register id."""
        ...

    @property
    def name(self) -> str:
        """Name."""
        ...

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names; street names may belong to several rows."""
        ...

    @property
    def drug_class(self) -> str:
        """Class of the register."""
        ...

    @property
    def inchikey(self) -> _Key | None:
        """InChIKey with its basis."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A register row a library entry belongs to."""

    id: str = ""
    drug_class: str = ""
    key: str = ""


_UNKNOWN = Known()


def plain(name: str) -> str:
    """Letters and figures only, lower case."""
    return "".join(c for c in name.casefold() if c.isalnum())


class SubstanceIndex:
    """Finds the register row of a candidate by InChIKey block first, by name second; never by an ambiguous alias."""

    def __init__(self, rows: Iterable[RegisterRow] = ()) -> None:
        self._by_key: dict[str, list[tuple[str, Known]]] = {}
        names: dict[str, set[Known]] = {}
        self._names: dict[str, Known] = {}
        for row in rows:
            key = row.inchikey.value.split("-")[0] if row.inchikey is not None else ""
            known = Known(row.id, row.drug_class, key)
            if key:
                self._by_key.setdefault(key, []).append((plain(row.name), known))
            self._names[plain(row.name)] = known
            for alias in row.aliases:
                names.setdefault(plain(alias), set()).add(known)
        for alias, owners in names.items():
            if len(owners) == 1:
                self._names.setdefault(alias, next(iter(owners)))

    def find(self, compound: str, name: str) -> Known:
        """The row, or an empty one. Stereoisomers share a key block: the one of the same name wins."""
        rows = self._by_key.get(compound.split("-", maxsplit=1)[0], [])
        if rows:
            return next((known for listed, known in rows if listed == plain(name)), rows[0][1])
        return self._names.get(plain(name), _UNKNOWN)

    def unified(self, candidate: Candidate) -> Candidate:
        """The same compound under one key, also from a library that knows it by name only."""
        if not candidate.compound.startswith("name:"):
            return candidate
        key = self._names.get(plain(candidate.name), _UNKNOWN).key
        return replace(candidate, compound=key) if key else candidate
