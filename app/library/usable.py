"""What of some files can be entries of one library: read, converted, checked, of one technique. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from app.library.domain import Technique
from app.library.raw_files import RawFile
from app.library.tables import Library
from app.platform.kernel.errors import Invalid, Unreadable
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


class FileReader(Protocol):
    """Reads instrument files; a ReaderJail, or `instruments.read` itself."""

    def read(self, source: Path, name: str | None = None) -> list[Reading]:
        """Readings of one file; raises InstrumentError."""
        ...


class PlainReader:
    """Without a jail: for the operator's own files."""

    def read(self, source: Path, name: str | None = None) -> list[Reading]:
        """As `instruments.read`."""
        return read(source, name)


@dataclass(frozen=True, slots=True)
class Usable:
    """What can be used of some files: entries of one technique, every refusal with its reason, who read what."""

    entries: list[LibraryEntry]
    technique: Technique
    report: ImportReport
    refusals: list[dict[str, Any]]
    files: list[RawFile]
    n_read: int

    @property
    def accurate(self) -> bool:
        """Mass spectra with accurate masses."""
        return self.technique is Technique.MS and any(_ionisation(entry) != "EI" for entry in self.entries)


def read_usable(files: Sequence[RawFile], reader: FileReader, provenance: Provenance, tell: Progress) -> Usable:
    """Read files and keep what can be an entry. Raises Unreadable (the only file), Invalid when nothing is left."""
    readings, unreadable, read_files = _read_all(files, reader, tell)
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
    n_read = len(readings) + len(unreadable)
    return Usable(entries, technique, report, unreadable + misfits + refused, read_files, n_read)


def _first_reasons(report: ImportReport, unreadable: list[dict[str, Any]]) -> str:
    reasons = [r.reason for r in report.refused] + [str(u["reason"]) for u in unreadable]
    return "The first reason: " + reasons[0] if reasons else ""


def _read_all(
    files: Sequence[RawFile], reader: FileReader, tell: Progress
) -> tuple[list[Reading], list[dict[str, Any]], list[RawFile]]:
    readings: list[Reading] = []
    refused: list[dict[str, Any]] = []
    read_files: list[RawFile] = []
    for number, file in enumerate(files):
        tell("Reading files", number, len(files))
        try:
            found = reader.read(file.path, file.name)
        except InstrumentError as error:
            if len(files) == 1:
                raise Unreadable(f"{file.name}: {error.message}", hint=error.hint) from error
            refused.append({"position": 0, "name": file.name[:120], "reason": error.message})
            read_files.append(replace(file, reader="", reader_version=""))
            continue
        readings += map(_flattened, _in_absorbance(found))
        read_files.append(file.read_by(found))
    tell("Reading files", len(files), len(files))
    return readings, refused, read_files


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


def built(usable: Usable, row: Library) -> MassLibrary | InfraredLibrary:
    """The library in memory, under the name and the terms of its row."""
    info = {"licence": row.licence, "source": row.source, "notice": row.notice}
    if usable.technique is Technique.MS:
        return MassLibrary.build(usable.entries, name=row.name, accurate=usable.accurate, info=info)
    return InfraredLibrary.build(usable.entries, name=row.name, info=info)
