"""From the keys and names of a spectral library to ids and classes of the substance register."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.laboratory.library.domain import plain
from harm_messages.register import Substance
from spectra import Candidate


@dataclass(frozen=True, slots=True)
class Known:
    """A register row a library entry belongs to."""

    id: str = ""
    drug_class: str = ""
    key: str = ""


_UNKNOWN = Known()


_FLAT = "UHFFFAOYSA"  # second block of an InChIKey that states no stereochemistry


# A name that says which mirror image or stereoisomer is meant: (1S,2S)-, (+)-, d-, levo-, dex-, es-, threo-.
_STEREO = re.compile(
    r"\((?:[\drsez+\-±,*′' ]|dl|rac)+\)-|\b(?:[dlrs]|dl|rs|rac|cis|trans|threo|erythro)-"
    r"|^(?:levo|dextro|dex|lev|ar(?=m)|es(?=[ck]))",
    re.IGNORECASE,
)
_SALT = re.compile(
    r"[ ,]+(?:hydrochloride|hcl|hydrobromide|sulfate|sulphate|phosphate|tartrate|bitartrate|fumarate|maleate|citrate"
    r"|(?:mono|di)?hydrate|(?:free )?base)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A register row under its InChIKey block, with all it is called."""

    known: Known
    full_key: str
    names: frozenset[str]

    @property
    def any_stereoisomer(self) -> bool:
        """The register's key states no stereochemistry."""
        return self.full_key.split("-")[1:2] == [_FLAT]


def without_salt(name: str) -> str:
    """A library's name without the salt, hydrate or base at its end: that is a form of the same substance."""
    return _SALT.sub("", name.strip())


class SubstanceIndex:
    """Finds the register row of a candidate by InChIKey first, by name second; never by an ambiguous alias, and
    never one stereoisomer for another: levomethorphan is an opioid, dextromethorphan is not."""

    def __init__(self, rows: Iterable[Substance] = ()) -> None:
        self._by_key: dict[str, list[_Listed]] = {}
        names: dict[str, set[Known]] = {}
        self._names: dict[str, Known] = {}
        for row in rows:
            full = row.inchikey.value if row.inchikey is not None else ""
            known = Known(row.id, row.drug_class, full.split("-")[0])
            if full:
                called = frozenset(plain(n) for n in (row.id, row.name, *row.aliases))
                self._by_key.setdefault(known.key, []).append(_Listed(known, full, called))
            self._names[plain(row.name)] = known
            for alias in row.aliases:
                names.setdefault(plain(alias), set()).add(known)
        for alias, owners in names.items():
            if len(owners) == 1:
                self._names.setdefault(alias, next(iter(owners)))

    def find(self, compound: str, name: str) -> Known:
        """The row, or an empty one: then the library's own name stands and a person chooses."""
        rows = self._by_key.get(compound.split("-", maxsplit=1)[0], [])
        if not rows:
            return self._names.get(plain(name)) or self._names.get(plain(without_salt(name)), _UNKNOWN)
        words = {plain(name), plain(without_salt(name))}
        same_key = [r for r in rows if r.full_key == compound]
        same_name = [r for r in rows if words & r.names]
        for fits in (same_key, same_name):
            if len(fits) == 1:
                return fits[0].known
        return rows[0].known if len(rows) == 1 and _covers(rows[0], name) else _UNKNOWN

    def key_of(self, compound: str, name: str) -> str:
        """One key for each compound, also of a library that knows it by name only."""
        return compound if not compound.startswith("name:") else self.find(compound, name).key or compound

    def unified(self, candidate: Candidate) -> Candidate:
        """A candidate under the key of its compound."""
        return replace(candidate, compound=self.key_of(candidate.compound, candidate.name))


def _covers(row: _Listed, name: str) -> bool:
    """Whether a row found by its block alone is meant: it stands for every stereoisomer, and the name picks
    out none, unless what is left of the name is the row's own."""
    if not row.any_stereoisomer or _STEREO.search(row.known.id):
        return False
    rest = _STEREO.sub("", name.strip())
    return rest == name.strip() or plain(without_salt(rest)) in row.names
