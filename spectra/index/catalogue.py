"""What a library knows about its entries besides the curves: names, keys, terms. Shared by both libraries.

Why: naming an answer needs the same columns for mass spectra and infrared. Imports numpy and `spectra.types`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from spectra.index.columns import TextColumn
from spectra.types import LibraryEntry, Provenance

COLUMNS = ("names", "compounds", "ids", "formulas", "details")
_OF_BOTH = ("name", "notice", "source", "licence")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Columns of N texts each; `details` holds per entry a JSON object (form, provenance, meta).

    `info` describes the library as a whole: name, technique, notice, source, licence, version — JSON values.
    """

    names: TextColumn
    compounds: TextColumn
    ids: TextColumn
    formulas: TextColumn
    details: TextColumn
    info: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        compounds: Sequence[str],
        ids: Sequence[str] | None = None,
        formulas: Sequence[str] | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> Catalogue:
        """Catalogue of plain lists; ids default to the entry's number. Raises ValueError on unequal lengths."""
        n = len(names)
        chosen = [str(i) for i in range(n)] if ids is None else ids
        columns = (names, compounds, chosen, [""] * n if formulas is None else formulas)
        if any(len(column) != n for column in columns):
            raise ValueError(f"names, compounds, ids and formulas must have one text per entry ({n})")
        texts = [TextColumn.of(column) for column in columns]
        return cls(texts[0], texts[1], texts[2], texts[3], TextColumn.of(["{}"] * n), dict(info or {}))

    @classmethod
    def of_entries(cls, entries: Sequence[LibraryEntry], info: Mapping[str, Any]) -> Catalogue:
        """Catalogue of library entries."""
        return cls(
            TextColumn.of(e.substance for e in entries),
            TextColumn.of(e.compound for e in entries),
            TextColumn.of(e.id for e in entries),
            TextColumn.of(e.formula for e in entries),
            TextColumn.of(_details(e) for e in entries),
            dict(info),
        )

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], info: Mapping[str, Any]) -> Catalogue:
        """Catalogue stored by `arrays`."""
        names, compounds, ids, formulas, details = (TextColumn.from_arrays(arrays, c) for c in COLUMNS)
        return cls(names, compounds, ids, formulas, details, dict(info))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything to store except `info`."""
        out: dict[str, NDArray[Any]] = {}
        for name in COLUMNS:
            column: TextColumn = getattr(self, name)
            out.update(column.arrays(name))
        return out

    def joined(self, other: Catalogue) -> Catalogue:
        """These entries, then those of `other`; the library described as here."""
        columns = (getattr(self, c).joined(getattr(other, c)) for c in COLUMNS)
        names, compounds, ids, formulas, details = columns
        return Catalogue(names, compounds, ids, formulas, details, dict(self.info))

    def together(self, other: Catalogue) -> Catalogue:
        """These entries, then those of another library: described by what both say alike, and by the names and terms of both."""
        info = {key: said for key, said in self.info.items() if key == "technique" or other.info.get(key) == said}
        for key in _OF_BOTH:
            said = dict.fromkeys(str(one.info[key]) for one in (self, other) if one.info.get(key))
            info |= {key: " and ".join(said)} if said else {}
        return replace(self.joined(other), info=info)

    def detail(self, entry: int) -> dict[str, Any]:
        """Form, technique, provenance and meta of one entry."""
        return dict(json.loads(self.details[entry]))

    def entry(self, index: int, spectrum: Any, technique: str) -> LibraryEntry:
        """One entry as it was built, with its spectrum as stored."""
        detail = self.detail(index)
        terms = detail.get("provenance") or {
            "source": str(self.info.get("source", "")),
            "licence": str(self.info.get("licence", "")),
        }
        return LibraryEntry(
            id=self.ids[index],
            substance=self.names[index],
            compound=self.compounds[index],
            technique=str(detail.get("technique", technique)),
            spectrum=spectrum,
            provenance=Provenance(**terms),
            formula=self.formulas[index],
            form=str(detail.get("form", "")),
            meta=detail.get("meta", {}),
        )


def _details(entry: LibraryEntry) -> str:
    terms = entry.provenance
    body = {
        "technique": entry.technique,
        "form": entry.form,
        "provenance": {"source": terms.source, "licence": terms.licence, "note": terms.note},
        "meta": dict(entry.meta),
    }
    return json.dumps(body, ensure_ascii=False, default=str)
