"""Use cases of libraries: what there is, what is in one, and whether it is sound (spectra.library_check). Reads only: a fault
is a reason to look, and nothing is taken out of a library here."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, JsonValue
from sqlmodel import Session, col, select

from app.laboratory.library import calibrations
from app.laboratory.library.calibrations import Kept
from app.laboratory.library.domain import Holds, Opened, Progress, Refusal, Technique
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.tables import Library
from app.laboratory.library.usable import readers_of
from app.platform.kernel.errors import NotFound
from app.platform.plots import Plot
from spectra import InfraredLibrary, LibraryEntry, LibraryFileError, MassLibrary, MassSpectrum
from spectra.library_check import check, check_infrared

_FIGURES = re.compile(r"[-+−]?\d[\d,.]*")
_LABELS = (
    ("sampling", "Sampling"),
    ("sampling_as_stated", "Sampling, as stated"),
    ("instrument", "Instrument"),
    ("serial", "Serial number"),
    ("resolution_cm1", "Resolution / cm⁻¹"),
    ("state", "State"),
    ("recorded_as", "Recorded as"),
    ("processing", "Processing"),
    ("cas", "CAS number"),
    ("inchikey", "InChIKey"),
    ("inchikey_as_stated", "InChIKey in the file"),
    ("formula_as_stated", "Formula in the file"),
    ("cas_name", "CAS name"),
    ("names", "Other names"),
    ("class", "Class"),
    ("origin", "Origin"),
    ("owner", "Owner"),
    ("date", "Date"),
    ("file", "File"),
    ("remarks", "Remarks at import"),
)


class LibraryOut(BaseModel, frozen=True):
    """A reference library. `key` is its address; `notice` and `broken` belong beside every answer from it.

    `readers`: who read its files, such as `msp 2`; empty for a starter and for imports that did not note it.
    """

    key: str
    name: str
    technique: Technique
    accurate: bool
    holds: Holds
    starter: bool
    notice: str
    licence: str
    source: str
    n_entries: int
    n_refused: int
    n_merged: int
    checksum: str
    imported_at: datetime | None
    broken: str
    readers: tuple[str, ...]


class LibraryView(LibraryOut):
    """One library as a list shows it. `broken`: why it cannot be opened, else empty.

    `key` is the address of this edition: it changes when the library is made again by newer readers, `library_id` does
    not. `files` are the raw files with sha-256, size and who read them; `readers` the same in short, each once.
    """

    refusals: tuple[dict[str, str | int], ...] = ()
    library_id: str = ""
    files: tuple[dict[str, str | int], ...] = ()

    @property
    def kind(self) -> str:
        """Technique in words."""
        words = self.technique.words
        if self.technique is not Technique.MS:
            return words
        return words + (", accurate mass" if self.accurate else ", EI, unit mass")


@dataclass(frozen=True, slots=True)
class EntryView:
    """One reference spectrum in words; source, licence, note and details (how it was measured, other names, keys) are
    filled when it is asked for alone.
    """

    number: int
    id: str
    substance: str
    compound: str
    formula: str
    form: str = ""
    source: str = ""
    licence: str = ""
    note: str = ""
    details: dict[str, str] = field(default_factory=dict)


def list_libraries(session: Session, registry: LibraryRegistry) -> list[LibraryView]:
    """Imported libraries in the order of import, then the starters."""
    broken = registry.broken()
    imported = [
        LibraryView(
            **row.model_dump(), key=row.folder, starter=False, broken=broken.get(row.folder, ""),
            library_id=str(row.id), readers=readers_of(row.files),
        )
        for row in session.exec(select(Library).order_by(col(Library.id)))
    ]  # fmt: skip
    starters = [
        LibraryView(
            key=one.key, name=one.name, technique=one.technique, accurate=one.accurate, holds=one.holds, starter=True, notice=one.notice,
            licence=one.licence, source=one.source, n_entries=len(one), n_refused=0, n_merged=0, checksum="",
            imported_at=None, broken="", readers=(),
        )
        for one in registry.all()
        if one.starter
    ]  # fmt: skip
    return imported + starters


def editions(session: Session) -> str:
    """Which editions of imported libraries there are, and what each was declared to hold: as one text, to be compared."""
    rows = session.exec(select(Library.folder, Library.holds).order_by(col(Library.id)))
    return "libraries " + ", ".join(f"{folder} {holds}" for folder, holds in rows)


def get_library(session: Session, registry: LibraryRegistry, key: str) -> LibraryView:
    """One library by key or name. Raises NotFound."""
    for view in list_libraries(session, registry):
        if key and key in (view.key, view.name, view.library_id):
            return view
    raise NotFound("library")


def entries(
    registry: LibraryRegistry, key: str, query: str = "", after: int = -1, limit: int = 50
) -> tuple[list[EntryView], bool]:
    """Entries whose name, formula or key holds `query`, by number after `after`; and whether there are more."""
    one = registry.get(key)
    wanted = query.strip().casefold()
    found: list[EntryView] = []
    for number in range(after + 1, len(one)):
        row = _short(one, number)
        if wanted and not any(wanted in text.casefold() for text in (row.substance, row.formula, row.compound, row.id)):
            continue
        if len(found) == limit:
            return found, True
        found.append(row)
    return found, False


def entry(registry: LibraryRegistry, key: str, number: int) -> EntryView:
    """One entry with its own provenance. Raises NotFound."""
    one = registry.get(key)
    if not 0 <= number < len(one):
        raise NotFound("library entry")
    row = _short(one, number)
    if one.technique is Technique.FORMULA:
        return row
    full = one.mass.entry(number) if one.technique is Technique.MS else one.infrared.entry(number)
    terms, details = full.provenance, _details_of(full)
    return replace(row, form=full.form, source=terms.source, licence=terms.licence, note=terms.note, details=details)


def _details_of(entry: LibraryEntry) -> dict[str, str]:
    """Label → words of everything known; what is stated and what was made of it only where they differ."""
    meta = dict(entry.meta)
    for stated, kept in (("inchikey_as_stated", "inchikey"), ("formula_as_stated", "formula")):
        if meta.get(stated) == (entry.formula if kept == "formula" else meta.get(kept)):
            meta.pop(stated, None)
    return {label: _words(meta[key]) for key, label in _LABELS if meta.get(key) not in (None, "", [], ())}


def _words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value).replace("\n", "; ")


def _short(one: Opened, number: int) -> EntryView:
    if one.technique is Technique.FORMULA:
        known = one.formulas.entries[number]
        return EntryView(number, known.id, known.name, known.compound, known.formula)
    spectra = one.mass if one.technique is Technique.MS else one.infrared
    return EntryView(
        number, spectra.ids[number], spectra.names[number], spectra.compounds[number], spectra.formulas[number]
    )  # fmt: skip


def entry_plot(one: Opened, number: int) -> Plot | None:
    """An entry as sticks or a curve to draw, with a summary in words (docs/look.md, "Plots").

    None for a list of formulae, which holds no spectra. Raises NotFound.
    """
    if not 0 <= number < len(one):
        raise NotFound("library entry")
    if one.technique is Technique.FORMULA:
        return None
    if one.technique is Technique.MS:
        return sticks(one.mass.spectrum(number), one.mass.names[number])
    return _curve(one, number)


def sticks(spectrum: MassSpectrum, label: str, most: int | None = None) -> Plot:
    """A mass spectrum to draw, with a summary in words; of very many peaks the `most` most intense."""
    order = np.argsort(-spectrum.intensity, kind="stable")
    top, shown = ", ".join(f"{spectrum.mz[k]:.6g}" for k in order[:8]), np.sort(order[:most])
    return {
        "kind": "mass", "x_label": "m/z", "y_label": "Relative intensity / %", "labels": 8, "reference": None,
        "query": {"label": label, "mz": [round(float(m), 4) for m in spectrum.mz[shown]],
                  "intensity": [float(f"{i:.5g}") for i in spectrum.intensity[shown]]},
        "summary": f"{spectrum.mz.size} peaks, most intense at m/z {top}.",
    }  # fmt: skip


def _curve(one: Opened, number: int) -> Plot:
    spectrum, name = one.infrared.spectrum(number), one.infrared.names[number]
    top = float(spectrum.wavenumber[int(np.argmax(spectrum.absorbance))])
    low, high = spectrum.wavenumber[0], spectrum.wavenumber[-1]
    return {
        "kind": "raman" if one.technique is Technique.RAMAN else "ir",
        "x_label": "Wavenumber / cm⁻¹", "y_label": "Absorbance, scaled", "marks": [],
        "series": [{"label": name, "role": "query", "x": [round(float(w), 1) for w in spectrum.wavenumber],
                    "y": [float(f"{a:.5g}") for a in spectrum.absorbance]}],
        "summary": f"Measured from {high:.0f} to {low:.0f} cm⁻¹; strongest band at {top:.0f} cm⁻¹.",
    }  # fmt: skip


def calibrations_of(registry: LibraryRegistry, view: LibraryView, folder: Path) -> list[Kept]:
    """Calibrations of a library by own readings, the newest first; one at most is in use."""
    if view.starter or view.broken or view.technique is not Technique.MS:
        return []
    return calibrations.kept(folder, uuid.UUID(view.library_id), registry.get(view.key).mass)


# -- what an import refused, for people


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: in the words of its first case, which is named, and how many there are of the kind."""

    words: str
    count: int
    name: str
    file: str


def reasons_of(refusals: Iterable[Mapping[str, str | int]]) -> list[Reason]:
    """The kinds of reasons, the commonest first. Sentences that differ in figures only are of one kind."""
    groups: dict[str, list[Mapping[str, str | int]]] = {}
    for one in refusals:
        groups.setdefault(_FIGURES.sub("#", str(one.get("reason", ""))), []).append(one)
    found = [
        Reason(str(g[0].get("reason", "")), len(g), str(g[0].get("name", "")), str(g[0].get("file", "")))
        for g in groups.values()
    ]
    return sorted(found, key=lambda reason: -reason.count)


def refusal_lines(refusals: Iterable[Refusal]) -> list[tuple[str, ...]]:
    """File, spectrum and reason of each as lines of a table, the head first."""
    columns = ("file", "name", "reason")
    return [("file", "spectrum", "reason"), *(tuple(str(row.get(key, "")) for key in columns) for row in refusals)]


# -- whether a stored library is sound: damage of its files, and what may be wrong with its entries --


@dataclass(frozen=True, slots=True)
class LibraryFault:
    """Something wrong. `entry` is the number of an entry, None for the library as a whole; `severity` error, warning, note.

    `id` and `name` say which entry, `what` in a few words, `why` as a sentence with the figures in `figures`.
    """

    entry: int | None
    id: str
    name: str
    kind: str
    severity: str
    what: str
    why: str
    figures: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The fault with the entry it is of."""
        return f"{self.name} ({self.id}): {self.why}" if self.entry is not None else self.why


def library_faults(
    session: Session, registry: LibraryRegistry, key: str, folder: Path, progress: Progress | None = None
) -> list[LibraryFault]:
    """What may be wrong with a stored library: damage, and entries that are suspicious, the most serious first.

    `folder` is the directory of libraries. A damaged library has that one fault; an empty list: nothing was noticed.
    Raises NotFound.
    """
    view = get_library(session, registry, key)
    if view.broken:
        return [_damaged(view.broken)]
    if not view.starter:
        opener = MassLibrary.open if view.technique is Technique.MS else InfraredLibrary.open
        try:
            opener(folder / view.key, verify=True)
        except LibraryFileError as error:
            return [_damaged(str(error))]
    one = registry.get(view.key)
    if one.technique is Technique.FORMULA:
        return []
    found = check(one.mass, progress) if one.technique is Technique.MS else check_infrared(one.infrared, progress)
    return [
        LibraryFault(f.entry, f.id, f.name, f.kind, f.severity.value, f.what, f.why, dict(f.figures)) for f in found
    ]


def _damaged(sentence: str) -> LibraryFault:
    return LibraryFault(None, "", "", "damaged", "error", "damaged", sentence)
