"""Importing a reference library: files → readings → entries → a folder of arrays → one row. Used by the command line.

A library is there whole or not at all: the folder is written first, the row makes it known, and a folder without
a row is removed. Licence and source are required, because a match is only as good as its reference. The raw files
are kept, so that a newer reader can read them again (reparse.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, select

from app.laboratory.library import usable as raw_files
from app.laboratory.library.domain import Holds, Progress, Refusal, Technique, fault_of_name
from app.laboratory.library.tables import Library
from app.laboratory.library.usable import RawFile, Usable, built, by_register, read_usable, rows_of
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.ids import new_id
from app.platform.live.publish import publish
from app.platform.storage import BlobStore
from instruments import LIBRARY_MEMBERS, Y_UNITS, FileReader, PlainReader
from spectra import LibraryEntry, Provenance
from spectra.importing import counted

KEPT_REFUSALS = 5_000
MANY = 1_000
"""Compounds from which a library is large enough to ask what it holds."""
LIKE_DRUGS = 0.03
"""Share of compounds in the register below which it looks like one of general chemicals: SWGDRUG 3.4 has .077, MassBank's EI part .0055."""


@dataclass(frozen=True, slots=True)
class ImportParts:
    """What an import needs of the process. Without `raw`, raw files are not kept and cannot be read again."""

    db: Database
    library_dir: Path
    reader: FileReader | None = None
    raw: BlobStore | None = None

    @property
    def readers(self) -> FileReader:
        """Who reads the files."""
        return self.reader or PlainReader()


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. `already_there`: the same files were imported under this name before."""

    library: Library
    already_there: bool
    n_read: int
    n_accepted: int
    n_merged: int
    n_refused: int
    refusals: list[Refusal]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """The report in a few sentences."""
        if self.already_there:
            return " ".join((f"{self.library.name} holds these files already. Its entries are unchanged.", *self.notes))
        return " ".join((counted(self.n_read, self.n_accepted, self.n_merged, self.n_refused), *self.notes))


def import_library(
    parts: ImportParts,
    files: Sequence[Path],
    name: str,
    licence: str,
    source: str,
    *,
    y_unit: str = "",
    holds: Holds = Holds.DRUGS,
    actor: Actor = SYSTEM,
    progress: Progress | None = None,
    names: Mapping[Path, str] | None = None,
) -> Imported:
    """Import MSP, MGF, MassBank, JCAMP-DX and whatever else can be read, as one library.

    Folders are searched for files, and a zip of many files is taken apart. `names` are those of files that lie here
    under another one. `y_unit`, one of `instruments.Y_UNITS`, says what the y axis of infrared files is where they say
    it wrongly; `holds`, what the compounds are. Raises Invalid (name, licence or source missing; no file; nothing usable; an unknown unit), Conflict (the
    name is taken by another library), Unreadable (a single file that cannot be read; of several, those that cannot are
    refused in the report).
    """
    name, licence, source = name.strip(), licence.strip(), source.strip()
    check_words(name, licence, source, y_unit)
    tell = progress or (lambda _what, _done, _of: None)
    raw = raw_files.looked_at(_expand(files), tell, y_unit, names or {})
    checksum = raw_files.checksum(raw)
    with parts.db.read() as session:
        existing = library_named(session, name)
        same_files = select(Library.name).where(Library.checksum == checksum)
        twins = [] if existing else list(session.exec(same_files))
    if existing is not None:
        return _repeated(parts, actor, existing, raw, tell)
    terms = Provenance(source, licence)
    usable = read_usable(raw, parts.readers, terms, tell)
    if parts.raw is not None:
        raw_files.keep(parts.raw, usable.files, tell)
    row = _row(parts, actor, name, terms, checksum, usable, holds)
    _write(parts, actor, row, usable, tell)
    notes = _notes(usable, twins, holds)
    return Imported(row, False, usable.n_read, row.n_entries, row.n_merged, row.n_refused, usable.refusals, notes)


def library_named(session: Session, name: str) -> Library | None:
    """One imported library by its exact name. Libraries belong to the installation, not to one agency."""
    return session.exec(select(Library).where(Library.name == name)).first()


def _row(
    parts: ImportParts, actor: Actor, name: str, terms: Provenance, checksum: str, usable: Usable, holds: Holds
) -> Library:
    key = new_id()
    return Library(
        id=key,
        name=name,
        technique=usable.technique.value,
        accurate=usable.accurate,
        holds=holds,
        licence=terms.licence[:120],
        source=terms.source[:200],
        folder=str(key),
        checksum=checksum,
        n_entries=len(usable.entries),
        n_refused=len(usable.refusals),
        n_merged=len(usable.report.merged),
        refusals=usable.refusals[:KEPT_REFUSALS],
        files=rows_of(usable.files) if parts.raw is not None else [],
        imported_by=actor.person_id,
        imported_at=parts.db.clock(),
    )


def _write(parts: ImportParts, actor: Actor, row: Library, usable: Usable, tell: Progress) -> None:
    """The folder first, then the row that makes it known; without the row the folder goes again."""
    tell("Writing the library", 0, 1)
    folder = parts.library_dir / row.folder
    built(usable, row).save(folder)
    try:
        with parts.db.begin(actor) as uow:
            uow.session.add(row)
            uow.session.flush()
            words = {
                "name",
                "technique",
                "holds",
                "licence",
                "source",
                "checksum",
                "n_entries",
                "n_refused",
                "n_merged",
            }
            audit.record(uow, "import", "library", row.id, after=row.model_dump(include=words))
            publish(uow, "library", "library.added", payload={"library_id": row.id, "name": row.name})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    tell("Writing the library", 1, 1)


def check_words(name: str, licence: str, source: str, y_unit: str = "") -> None:
    """Check how a library is called and described. Raises Invalid with every field that is wrong."""
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
    if y_unit and y_unit not in Y_UNITS:
        wrong["y_unit"] = "There is no such unit of the y axis. Known are " + ", ".join(Y_UNITS) + "."
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
    if len(paths) > LIBRARY_MEMBERS:
        raise Invalid(
            f"There are {len(paths):,} files here. A library is made from {LIBRARY_MEMBERS:,} at most.",
            hint="Name the folder of the spectra itself, or import it in parts.",
            fields={"files": "too many"},
        )
    return paths


def _repeated(parts: ImportParts, actor: Actor, existing: Library, raw: Sequence[RawFile], tell: Progress) -> Imported:
    """What an import under a name that is taken answers: the same files change nothing, but that their raw bytes are kept if they
    were not before. Raises Conflict for other files or another y axis."""
    if existing.checksum != raw_files.checksum(raw):
        raise Conflict(
            f"There is already a library called {existing.name}, made from other files. It is unchanged.",
            hint="Choose another name, for example with the edition in it.",
        )
    said = {str(row.get("y_unit", "")) for row in existing.files} or {""}
    if said != {file.y_unit for file in raw}:
        raise Conflict(
            f"{existing.name} was made from these files with another y axis. It is unchanged.",
            hint="Choose another name for the files read this way.",
        )
    notes: tuple[str, ...] = ()
    if parts.raw is not None and not existing.files:
        raw_files.keep(parts.raw, raw, tell)
        with parts.db.begin(actor) as uow:
            row = uow.session.get(Library, existing.id)
            assert row is not None
            row.files = rows_of(raw)
            audit.record(uow, "keep_files", "library", row.id, after={"files": len(raw), "checksum": row.checksum})
        existing = row
        notes = ("Its raw files are kept from now on, so that newer readers can read them again.",)
    return Imported(
        existing, True, existing.n_entries + existing.n_merged + existing.n_refused, existing.n_entries,
        existing.n_merged, existing.n_refused, existing.refusals, notes,
    )  # fmt: skip


def _notes(usable: Usable, twins: list[str], holds: Holds) -> tuple[str, ...]:
    entries: list[LibraryEntry] = usable.entries
    out = []
    compounds = {e.compound for e in entries}
    if len(compounds) < len(entries):
        out.append(f"They are of {len(compounds):,} compounds.")
    known = {e.compound for e in entries if by_register(e.meta.get("inchikey", ""), [e.substance], "", e.formula)}
    weighed = holds is Holds.DRUGS and usable.technique is Technique.MS and not usable.accurate
    if weighed and len(compounds) >= MANY and len(known) < LIKE_DRUGS * len(compounds):
        out.append(
            f"The register knows {len(known):,} of the {len(compounds):,} compounds of this library. If they are chemicals of any kind, "
            "say so on its page, and mixtures get fewer wrong names."
        )
    if without := sum(1 for e in entries if not e.meta.get("inchikey")):
        out.append(f"{without:,} have no InChIKey. Their names stand in for it.")
    if inverted := sum("looks like an absorbance turned over" in str(r["reason"]) for r in usable.refusals):
        out.append(
            f"{inverted:,} refused ones look like an absorbance turned over, 100 (1 - A/Amax). If that is what they are, "
            "import them as a library of their own and say that the y axis is “inverted absorbance (%)”."
        )
    if twins:
        out.append(f"The same files are also the library {', '.join(twins)}: every search will find both.")
    return tuple(out)
