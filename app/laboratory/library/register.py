"""Which substance of the register a reference spectrum is of: by InChIKey, CAS number and names, with its formula as check.

Why: libraries key a salt apart from its base, or know a substance by name only; then one drug would be several compounds.
A name that means several substances, or a formula that does not fit, resolves to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from app.laboratory.library.domain import plain
from harm_messages import load_pack
from harm_messages.register import Substance
from spectra.reference_titles import same_molecule

_SHORTEST_ALIAS = 3


class RegisterKeys:
    """`keys(inchikey, names, cas, formula)`: the InChIKey of the register's substance, "" where none is meant for sure.

    An InChIKey whose first block the register knows stands as it is. Else CAS number (confirmed ones only) and names must
    agree on one substance, and a stated formula must be its base, a salt or a hydrate of it. An InChIKey stated with the
    formula of the base itself is trusted against the register: it is another isomer.
    """

    def __init__(self, rows: Iterable[Substance] = ()) -> None:
        self._blocks: set[str] = set()
        self._by_cas: dict[str, list[Substance]] = defaultdict(list)
        self._by_name: dict[str, list[Substance]] = defaultdict(list)
        for row in rows:
            if row.inchikey is None:
                continue
            self._blocks.add(row.inchikey.value.partition("-")[0])
            if row.cas is not None and row.cas.certain:
                self._by_cas[row.cas.value].append(row)
            words = {plain(w) for w in (row.id, row.name, *(a for a in row.aliases if len(a) >= _SHORTEST_ALIAS))}
            for word in words - {""}:
                self._by_name[word].append(row)

    def __call__(self, inchikey: str, names: Sequence[str], cas: str, formula: str) -> str:
        """See the class."""
        block = inchikey.strip().upper().partition("-")[0]
        if block in self._blocks:
            return inchikey
        row = self._row(names, cas)
        if row is None or row.inchikey is None:
            return ""
        fits = same_molecule(formula, row.formula) if formula else None
        salt = (
            fits is True and same_molecule(row.formula, formula) is not True
        )  # or a hydrate: more than the base itself
        return "" if fits is False or (block and not salt) else row.inchikey.value

    def _row(self, names: Sequence[str], cas: str) -> Substance | None:
        """The one substance that number and names agree on."""
        numbered = {row.id: row for row in self._by_cas.get(cas, ())}
        called: dict[str, Substance] = {}
        for name in names:
            meant = self._by_name.get(plain(name), [])
            if len(meant) == 1:
                called[meant[0].id] = meant[0]
        both = numbered.keys() & called.keys() if numbered and called else numbered.keys() | called.keys()
        return (numbered | called)[next(iter(both))] if len(both) == 1 else None


@lru_cache(maxsize=1)
def _shipped() -> RegisterKeys:
    return RegisterKeys(load_pack().substances)


def by_register(inchikey: str, names: Sequence[str], cas: str, formula: str) -> str:
    """`RegisterKeys` of the register that comes with MAST, read at the first spectrum that asks."""
    return _shipped()(inchikey, names, cas, formula)
