"""Use cases of libraries: what there is, what is in one, is it sound, and (from importing.py) taking one in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.laboratory.library import calibrating, calibrations, checking, repository
from app.laboratory.library.calibrating import Calibrated
from app.laboratory.library.calibrations import Kept
from app.laboratory.library.checking import LibraryFault
from app.laboratory.library.details import details_of
from app.laboratory.library.domain import TECHNIQUE_WORDS, Technique
from app.laboratory.library.importing import Imported, ImportParts, check_words, import_library
from app.laboratory.library.imports import arrivals, ask_for_import, get_import, imports
from app.laboratory.library.intake import Progress
from app.laboratory.library.opened import Opened
from app.laboratory.library.plots import entry_plot
from app.laboratory.library.raw_files import raw_store, readers_of
from app.laboratory.library.refusals import Reason, reasons_of, refusals_csv
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.reparse import Reparsed, lines_of, reparse_library
from app.laboratory.library.tables import Library, LibraryImport
from app.platform.kernel.errors import Invalid, NotFound

__all__ = [
    "Calibrated",
    "EntryView",
    "ImportParts",
    "Imported",
    "Kept",
    "LibraryFault",
    "LibraryImport",
    "LibraryRegistry",
    "LibraryView",
    "Opened",
    "Progress",
    "Reason",
    "Reparsed",
    "Technique",
    "arrivals",
    "ask_for_import",
    "calibrate_library",
    "calibrations_of",
    "check_library",
    "check_words",
    "entries",
    "entry",
    "entry_plot",
    "get_import",
    "get_library",
    "import_library",
    "imports",
    "library_faults",
    "lines_of",
    "list_libraries",
    "raw_store",
    "reasons_of",
    "refusals_csv",
    "reparse_library",
]


@dataclass(frozen=True, slots=True)
class LibraryView:
    """One library as a list shows it. `broken`: why it cannot be opened, else empty.

    `key` is the address of this edition: it changes when the library is made anew by newer readers, `library_id` does
    not. `files` are the raw files with sha-256, size and who read them; `readers` the same in short, each once.
    """

    key: str
    name: str
    technique: Technique
    accurate: bool
    starter: bool
    notice: str
    licence: str
    source: str
    n_entries: int
    n_refused: int = 0
    n_merged: int = 0
    refusals: tuple[dict[str, Any], ...] = ()
    checksum: str = ""
    imported_at: datetime | None = None
    broken: str = ""
    library_id: str = ""
    files: tuple[dict[str, Any], ...] = ()
    readers: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Technique in words."""
        words = TECHNIQUE_WORDS[self.technique]
        if self.technique is not Technique.MS:
            return words
        return words + (", accurate mass" if self.accurate else ", EI, unit mass")


@dataclass(frozen=True, slots=True)
class EntryView:
    """One reference spectrum in words."""

    number: int
    id: str
    substance: str
    compound: str
    formula: str
    form: str = ""
    source: str = ""
    licence: str = ""
    note: str = ""
    details: tuple[tuple[str, str], ...] = ()


def list_libraries(session: Session, registry: LibraryRegistry) -> list[LibraryView]:
    """Imported libraries in the order of import, then the starters."""
    broken = registry.broken()
    imported = [_of_row(row, broken.get(row.folder, "")) for row in repository.libraries(session)]
    return imported + [_of_starter(one) for one in registry.all() if one.starter]


def get_library(session: Session, registry: LibraryRegistry, key: str) -> LibraryView:
    """One library by key or name. Raises NotFound."""
    for view in list_libraries(session, registry):
        if key and key in (view.key, view.name, view.library_id):
            return view
    raise NotFound("library")


def _of_row(row: Library, broken: str) -> LibraryView:
    return LibraryView(
        row.folder, row.name, Technique(row.technique), row.accurate, False, row.notice, row.licence, row.source,
        row.n_entries, row.n_refused, row.n_merged, tuple(row.refusals), row.checksum, row.imported_at, broken,
        str(row.id), tuple(row.files), readers_of(row.files),
    )  # fmt: skip


def _of_starter(one: Opened) -> LibraryView:
    return LibraryView(
        one.key, one.name, one.technique, one.accurate, True, one.notice, one.licence, one.source, len(one)
    )  # fmt: skip


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
    terms = full.provenance
    return EntryView(
        number, row.id, row.substance, row.compound, row.formula, full.form, terms.source, terms.licence, terms.note,
        details_of(full),
    )  # fmt: skip


def _short(one: Opened, number: int) -> EntryView:
    if one.technique is Technique.FORMULA:
        known = one.formulas.entries[number]
        return EntryView(number, known.id, known.name, known.compound, known.formula)
    spectra = one.mass if one.technique is Technique.MS else one.infrared
    return EntryView(
        number, spectra.ids[number], spectra.names[number], spectra.compounds[number], spectra.formulas[number]
    )  # fmt: skip


def library_faults(
    session: Session, registry: LibraryRegistry, key: str, folder: Path, progress: Progress | None = None
) -> list[LibraryFault]:
    """What may be wrong with a stored library: damage, and entries that are suspicious, the gravest first.

    `folder` is the directory of libraries. Raises NotFound. An empty list: nothing was noticed.
    """
    view = get_library(session, registry, key)
    return checking.library_faults(session, registry, view.name, view.key, folder, view.broken, progress)


def check_library(session: Session, registry: LibraryRegistry, key: str, folder: Path) -> list[str]:
    """What the check of a library found, as one sentence each."""
    return [fault.sentence for fault in library_faults(session, registry, key, folder)]


def calibrate_library(
    parts: ImportParts,
    registry: LibraryRegistry,
    key: str,
    files: Sequence[Path],
    truth: Path,
    *,
    note: str = "",
    progress: Progress | None = None,
) -> Calibrated:
    """Calibrate the answers of a library by own readings of known samples; see calibrating.py.

    Raises NotFound, Invalid (also for a library that comes with MAST), Unreadable, Conflict.
    """
    with parts.db.read() as session:
        view = get_library(session, registry, key)
        row = repository.library_named(session, view.name)
    if view.starter or row is None:
        raise Invalid("A library that comes with MAST is for training; import a full one and calibrate that.")
    if view.broken:
        raise Invalid(view.broken)
    return calibrating.calibrate_library(
        parts, row, registry.get(view.key), files, truth, note=note, progress=progress
    )  # fmt: skip


def calibrations_of(registry: LibraryRegistry, view: LibraryView, folder: Path) -> list[Kept]:
    """Calibrations of a library by own readings, the newest first; one at most is in use."""
    if view.starter or view.broken or view.technique is not Technique.MS:
        return []
    return calibrations.kept(folder, uuid.UUID(view.library_id), registry.get(view.key).mass)
