"""Importing a reference library: files → readings → entries → a folder of arrays → one row. Used by the command line.

A library is there whole or not at all: the folder is written first, the row makes it known, and a folder without
a row is removed. Licence and source are required, because a match is only as good as its reference.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from app.library import repository
from app.library.domain import Technique, fault_of_name
from app.library.tables import Library
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.errors import Conflict, Invalid, Unreadable
from app.platform.kernel.ids import new_id
from app.platform.live.publish import publish
from instruments import InstrumentError, read, to_absorbance
from spectra import (
    ImportReport,
    InfraredLibrary,
    LibraryEntry,
    MassLibrary,
    Provenance,
    Reading,
    ReadingKind,
    SpectrumError,
    entries_from_readings,
)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""
KEPT_REFUSALS = 500


class FileReader(Protocol):
    """Reads instrument files; a ReaderJail, or `instruments.read` itself."""

    def read(self, source: Path, name: str | None = None) -> list[Reading]:
        """Readings of one file; raises InstrumentError."""
        ...


class _Plain:
    """Without a jail: for the operator's own files."""

    def read(self, source: Path, name: str | None = None) -> list[Reading]:
        return read(source, name)


@dataclass(frozen=True, slots=True)
class ImportParts:
    """What an import needs of the process."""

    db: Database
    library_dir: Path
    reader: FileReader | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. `already_there`: the same files were imported under this name before."""

    library: Library
    already_there: bool
    n_read: int
    n_accepted: int
    n_merged: int
    n_refused: int
    refusals: list[dict[str, Any]]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """The report as one or two sentences."""
        if self.already_there:
            return f"{self.library.name} holds these files already; nothing was changed."
        said = (
            f"Of {self.n_read:,} spectra {self.n_accepted:,} were accepted, {self.n_merged:,} merged with an "
            f"identical one, {self.n_refused:,} refused."
        )
        return " ".join((said, *self.notes))


def import_library(
    parts: ImportParts,
    files: Sequence[Path],
    name: str,
    licence: str,
    source: str,
    *,
    actor: Actor = SYSTEM,
    progress: Progress | None = None,
) -> Imported:
    """Import MSP, MGF, MassBank, JCAMP-DX and whatever else can be read, as one library.

    Folders are searched for files. Raises Invalid (name, licence or source missing; no file; nothing usable),
    Conflict (the name is taken by another library), Unreadable (a single file that cannot be read; of several,
    those that cannot are refused in the report).
    """
    name, licence, source = name.strip(), licence.strip(), source.strip()
    _check_words(name, licence, source)
    tell = progress or (lambda _what, _done, _of: None)
    paths = _expand(files)
    checksum = _checksum(paths, tell)
    with parts.db.read() as session:
        existing = repository.library_named(session, name)
    if existing is not None:
        return _repeated(existing, checksum)
    readings, unreadable = _read_all(paths, parts.reader or _Plain(), tell)
    usable = _usable(readings, unreadable, Provenance(source, licence), tell)
    row = Library(
        id=new_id(),
        name=name,
        technique=usable.technique.value,
        accurate=usable.technique is Technique.MS and any(_ionisation(e) != "EI" for e in usable.entries),
        licence=licence[:120],
        source=source[:200],
        notice="",
        folder="",
        checksum=checksum,
        n_entries=len(usable.entries),
        n_refused=len(usable.refusals),
        n_merged=len(usable.report.merged),
        refusals=usable.refusals[:KEPT_REFUSALS],
        imported_by=actor.person_id,
        imported_at=parts.db.clock(),
    )
    row.folder = str(row.id)
    _write(parts, actor, row, usable, tell)
    total, merged = len(readings) + len(unreadable), len(usable.report.merged)
    notes = _notes(usable.entries, usable.report)
    return Imported(row, False, total, row.n_entries, merged, row.n_refused, usable.refusals, notes)


@dataclass(frozen=True, slots=True)
class _Usable:
    entries: list[LibraryEntry]
    technique: Technique
    report: ImportReport
    refusals: list[dict[str, Any]]


def _usable(
    readings: list[Reading], unreadable: list[dict[str, Any]], provenance: Provenance, tell: Progress
) -> _Usable:
    """The entries of one technique, and every refusal with its reason. Raises Invalid when nothing is left."""
    tell("Checking spectra", 0, len(readings))
    entries, report = entries_from_readings(readings, provenance)
    entries, technique, misfits = _one_technique(entries)
    if not entries:
        raise Invalid(
            "None of the spectra can be used, so no library was made. " + _first_reasons(report, unreadable),
            hint="Look at one of the files with `mast read`.",
        )
    tell("Checking spectra", len(readings), len(readings))
    refused = [{"position": r.position, "name": r.name[:120], "reason": r.reason} for r in report.refused]
    return _Usable(entries, technique, report, unreadable + misfits + refused)


def _write(parts: ImportParts, actor: Actor, row: Library, usable: _Usable, tell: Progress) -> None:
    """The folder first, then the row that makes it known; without the row the folder goes again."""
    tell("Writing the library", 0, 1)
    folder = parts.library_dir / row.folder
    _save(usable.entries, row, usable.technique, folder)
    try:
        with parts.db.begin(actor) as uow:
            _record(uow, row)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    tell("Writing the library", 1, 1)


def _check_words(name: str, licence: str, source: str) -> None:
    wrong: dict[str, str] = {}
    if fault := fault_of_name(name):
        wrong["name"] = fault
    if not licence:
        wrong["licence"] = "Say under which licence the spectra may be used."
    if not source:
        wrong["source"] = "Say where the spectra come from: publisher, edition, address."
    if len(licence) > 120:
        wrong["licence"] = "Keep the licence within 120 characters."
    if len(source) > 200:
        wrong["source"] = "Keep the source within 200 characters."
    if wrong:
        raise Invalid("The library was not imported. " + " ".join(wrong.values()), fields=wrong)


def _expand(files: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for path in files:
        if path.is_dir():
            paths += sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            paths.append(path)
    if not paths:
        raise Invalid("There is no file to import.", fields={"files": "none given"})
    return paths


def _checksum(paths: Sequence[Path], tell: Progress) -> str:
    """Of all contents in the order given; file names do not count."""
    whole = hashlib.sha256()
    for number, path in enumerate(paths):
        tell("Reading files", number, len(paths))
        try:
            with path.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise Invalid(f"{path} cannot be opened: {error.strerror}.", fields={"files": str(path)}) from error
    return whole.hexdigest()


def _repeated(existing: Library, checksum: str) -> Imported:
    if existing.checksum != checksum:
        raise Conflict(
            f"There is already a library called {existing.name}, made from other files. It is unchanged.",
            hint="Choose another name, for example with the edition in it.",
        )
    return Imported(
        existing, True, existing.n_entries + existing.n_merged + existing.n_refused, existing.n_entries,
        existing.n_merged, existing.n_refused, existing.refusals,
    )  # fmt: skip


def _read_all(paths: Sequence[Path], reader: FileReader, tell: Progress) -> tuple[list[Reading], list[dict[str, Any]]]:
    readings: list[Reading] = []
    refused: list[dict[str, Any]] = []
    for number, path in enumerate(paths):
        tell("Reading files", number, len(paths))
        try:
            readings += map(_flattened, _in_absorbance(reader.read(path, path.name)))
        except InstrumentError as error:
            if len(paths) == 1:
                raise Unreadable(f"{path.name}: {error.message}", hint=error.hint) from error
            refused.append({"position": 0, "name": path.name[:120], "reason": error.message})
    tell("Reading files", len(paths), len(paths))
    return readings, refused


def _in_absorbance(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Infrared in transmittance is converted; what cannot be stays as it is and is refused with its reason."""
    for reading in readings:
        if reading.kind is ReadingKind.IR and (reading.y_unit != "absorbance" or reading.x_unit != "cm-1"):
            try:
                curve = to_absorbance(reading)
            except (InstrumentError, SpectrumError):
                yield reading
                continue
            yield replace(reading, x=curve.wavenumber, y=curve.absorbance, x_unit="cm-1", y_unit="absorbance")
        else:
            yield reading


def _flattened(reading: Reading) -> Reading:
    """Readers keep a file's own fields one level down; the importer looks for names and keys at the top."""
    meta: dict[str, Any] = {}
    for key, value in reading.meta.items():
        meta.update(value if isinstance(value, Mapping) else {key: value})
    return replace(reading, meta=meta)


def _ionisation(entry: LibraryEntry) -> str:
    return str(getattr(entry.spectrum, "ionisation", "EI"))


def _one_technique(entries: list[LibraryEntry]) -> tuple[list[LibraryEntry], Technique, list[dict[str, Any]]]:
    """Entries of the commonest technique; a library is searched as one thing, so others are refused."""
    groups: dict[str, list[LibraryEntry]] = {}
    for entry in entries:
        groups.setdefault(_group(entry), []).append(entry)
    if not groups:
        return [], Technique.MS, []
    chosen = max(groups, key=lambda key: len(groups[key]))
    reason = f"it is not {chosen} like most of these files; import it as a library of its own"
    misfits = [
        {"position": int(e.meta.get("position", 0)), "name": e.substance[:120], "reason": reason}
        for key, group in groups.items() if key != chosen for e in group
    ]  # fmt: skip
    technique = {"infrared": Technique.IR, "Raman": Technique.RAMAN}.get(chosen, Technique.MS)
    return groups[chosen], technique, misfits


def _group(entry: LibraryEntry) -> str:
    if entry.technique == "Raman":
        return "Raman"
    if not hasattr(entry.spectrum, "mz"):
        return "infrared"
    return "EI mass spectra" if _ionisation(entry) == "EI" else "accurate mass spectra"


def _save(entries: list[LibraryEntry], row: Library, technique: Technique, folder: Path) -> None:
    info = {"licence": row.licence, "source": row.source, "notice": row.notice}
    folder.parent.mkdir(parents=True, exist_ok=True)
    if technique is Technique.MS:
        MassLibrary.build(entries, name=row.name, accurate=row.accurate, info=info).save(folder)
    else:
        InfraredLibrary.build(entries, name=row.name, info=info).save(folder)


def _record(uow: UnitOfWork, row: Library) -> None:
    uow.session.add(row)
    uow.session.flush()
    after = {
        "name": row.name, "technique": row.technique, "licence": row.licence, "source": row.source,
        "checksum": row.checksum, "n_entries": row.n_entries, "n_refused": row.n_refused, "n_merged": row.n_merged,
    }  # fmt: skip
    audit.record(uow, "import", "library", row.id, after=after)
    publish(uow, "library", "library.added", payload={"library_id": row.id, "name": row.name})


def _notes(entries: list[LibraryEntry], report: ImportReport) -> tuple[str, ...]:
    del report
    without = sum(1 for e in entries if not e.meta.get("inchikey"))
    return (f"{without:,} have no InChIKey; their names stand in for it.",) if without else ()


def _first_reasons(report: ImportReport, unreadable: list[dict[str, Any]]) -> str:
    reasons = [r.reason for r in report.refused] + [str(u["reason"]) for u in unreadable]
    return "The first reason: " + reasons[0] if reasons else ""
