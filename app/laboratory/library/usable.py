"""What of some files can be entries of one library: read, converted, checked, of one technique. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.laboratory.library.domain import Technique
from app.laboratory.library.intake import NAME_LENGTH, Intake, Progress
from app.laboratory.library.raw_files import RawFile
from app.laboratory.library.register import by_register
from app.laboratory.library.tables import Library
from app.platform.kernel.errors import Invalid
from instruments import FileReader
from spectra import (
    ImportReport,
    InfraredLibrary,
    LibraryEntry,
    MassLibrary,
    Provenance,
    entries_from_readings,
)


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
    intake = Intake(files, reader, tell)
    entries, report = entries_from_readings(intake.readings(), provenance, by_register)
    entries, technique, misfits = _one_technique(entries)
    if not entries:
        raise Invalid(
            "None of the spectra can be used, so no library was made. " + _first_reasons(report, intake.refused),
            hint="Look at one of the files with `mast read`.",
        )
    refused = [
        {"position": r.position, "name": r.name[:NAME_LENGTH], "reason": r.reason, "file": r.file}
        for r in report.refused
    ]
    n_read = report.read + len(intake.refused)
    return Usable(entries, technique, report, intake.refused + misfits + refused, intake.files, n_read)


def _first_reasons(report: ImportReport, unreadable: list[dict[str, Any]]) -> str:
    reasons = [r.reason for r in report.refused] + [str(u["reason"]) for u in unreadable]
    return "The first reason: " + reasons[0] if reasons else ""


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
        {"position": int(e.meta.get("position", 0)), "name": e.substance[:NAME_LENGTH], "reason": reason,
         "file": str(e.meta.get("file", ""))}
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
