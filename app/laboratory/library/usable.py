"""What of some files can be entries of one library: read one after the other, converted, checked, of one technique.

Single files, and zips of thousands; every refusal with its file. Readings go on as they come, so that memory holds one
file at a time.

The files themselves are kept byte for byte, so that a newer reader can read them again. They stand in a store of their own inside
the one of raw files: a backup takes both along, and nothing that tidies up after uploads can reach them. A row of `library` names
them; they are never deleted.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path

from app.laboratory.library.domain import Progress, Refusal, Technique, plain
from app.laboratory.library.tables import Library
from app.platform.kernel.errors import Conflict, Invalid, Unreadable
from app.platform.storage import BlobStore
from harm_messages import load_pack
from harm_messages.register import Substance
from instruments import DEFAULT_LIMITS, FileReader, InstrumentError, members_of_zip, printable, to_absorbance
from spectra import InfraredLibrary, LibraryEntry, MassLibrary, Provenance, Reading, ReadingKind, SpectrumError
from spectra.importing import FILE, ImportReport, entries_from_readings
from spectra.reference_titles import same_molecule

NAME_LENGTH = 120
READING = "Reading files"


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


@dataclass
class Intake:
    """`readings()` once; after it, `refused`, `files` (with who read them) and `n_files` that could not be read."""

    given: Sequence[RawFile]
    reader: FileReader
    tell: Progress
    refused: list[Refusal] = field(default_factory=list)
    files: list[RawFile] = field(default_factory=list)
    done: int = 0
    total: int = 0

    def readings(self) -> Iterator[Reading]:
        """Every reading, in absorbance where it is infrared, its file noted in `meta`.

        Raises Unreadable when the only file there is cannot be read.
        """
        self.total = sum(self._count(file) for file in self.given)
        for file in self.given:
            first: Reading | None = None
            for reading in self._of(file):
                first = first or reading
                yield reading
            who = (first.reader, first.reader_version) if first is not None else ("", "")
            self.files.append(replace(file, reader=who[0], reader_version=who[1]))
        self.tell(READING, self.total, self.total)

    def _count(self, file: RawFile) -> int:
        try:
            many = members_of_zip(file.path)
        except InstrumentError:
            return 1
        return 1 if many is None else len(many)

    def _of(self, file: RawFile) -> Iterator[Reading]:
        try:
            many = members_of_zip(file.path) if file.size else None
            if many is None:
                yield from self._read(file.path, file.name, file)
                return
            for member in many.members():
                label = member.name if len(self.given) == 1 else f"{file.name}: {member.name}"
                if member.error is not None:
                    self._refuse(label, member.error)
                    continue
                yield from self._read(member.content, member.name, file, label)
        except InstrumentError as error:
            if len(self.given) == 1:
                raise Unreadable(f"{file.name}: {error.message}", hint=error.hint) from error
            self._refuse(file.name, error)

    def _read(self, source: Path | bytes, name: str, file: RawFile, label: str = "") -> Iterator[Reading]:
        """The readings of one file. A file of a zip that cannot be read is refused here and leaves the others be."""
        self.tell(READING, self.done, self.total)
        said = ({"y_unit": file.y_unit},) if file.y_unit else ()
        try:
            found = self.reader.read(source, name, *said)
        except InstrumentError as error:
            if not label:
                raise
            self._refuse(label, error)
            return
        self.done += 1
        for reading in map(_in_absorbance, found):
            # readers keep a file's own fields one level down; the importer looks for names and keys at the top
            fields = (value if isinstance(value, Mapping) else {key: value} for key, value in reading.meta.items())
            meta = dict(chain.from_iterable(one.items() for one in fields))
            yield replace(reading, meta={**meta, FILE: printable(label or file.name, NAME_LENGTH)})

    def _refuse(self, label: str, error: InstrumentError) -> None:
        self.done += 1
        shown = printable(label, NAME_LENGTH)
        self.refused.append(
            {"position": 0, "name": shown, "reason": printable(error.message, 400).rstrip("."), "file": shown}
        )


def _in_absorbance(reading: Reading) -> Reading:
    """Infrared in transmittance is converted; what cannot be stays as it is and is refused with its reason."""
    if reading.kind is not ReadingKind.IR:
        return reading
    try:
        curve = to_absorbance(reading)
    except (InstrumentError, SpectrumError):
        return reading
    meta = {**reading.meta, "recorded_as": reading.y_unit if reading.y_unit != "absorbance" else ""}
    return replace(reading, x=curve.wavenumber, y=curve.absorbance, x_unit="cm-1", y_unit="absorbance", meta=meta)


# -- entries of one technique


@dataclass(frozen=True, slots=True)
class Usable:
    """What can be used of some files: entries of one technique, every refusal with its reason, who read what."""

    entries: list[LibraryEntry]
    technique: Technique
    report: ImportReport
    refusals: list[Refusal]
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
        reasons = [r.reason for r in report.refused] + [str(r["reason"]) for r in intake.refused]
        first = f"The first reason: {reasons[0]}" if reasons else ""
        raise Invalid(
            f"None of the spectra can be used, so no library was made. {first}",
            hint="Look at one of the files with `mast read`.",
        )
    refused: list[Refusal] = [
        {"position": r.position, "name": r.name[:NAME_LENGTH], "reason": r.reason, "file": r.file}
        for r in report.refused
    ]
    n_read = report.read + len(intake.refused)
    return Usable(entries, technique, report, intake.refused + misfits + refused, intake.files, n_read)


def _ionisation(entry: LibraryEntry) -> str:
    return str(getattr(entry.spectrum, "ionisation", "EI"))


def _one_technique(entries: list[LibraryEntry]) -> tuple[list[LibraryEntry], Technique, list[Refusal]]:
    """Entries of the commonest technique; a library is searched as one thing, so others are refused."""
    groups: dict[str, list[LibraryEntry]] = {}
    for entry in entries:
        groups.setdefault(_group(entry), []).append(entry)
    if not groups:
        return [], Technique.MS, []
    chosen = max(groups, key=lambda key: len(groups[key]))
    reason = f"it is not {chosen} like most of these files; import it as a library of its own"
    misfits: list[Refusal] = [
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


_CHUNK = 1024 * 1024


def raw_store(blob_dir: Path) -> BlobStore:
    """Where raw files of libraries are kept, below the raw files of uploads."""
    return BlobStore(blob_dir / "libraries", max_bytes=DEFAULT_LIMITS.upload_bytes)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of an import; a zip of many files is one. `reader` and its version are empty when it could not be read, or
    nobody wrote it down. `y_unit`: what a person said its y axis is, else empty.
    """

    path: Path
    name: str
    sha256: str
    size: int
    reader: str = ""
    reader_version: str = ""
    y_unit: str = ""


def rows_of(files: Sequence[RawFile]) -> list[dict[str, str | int]]:
    """For `Library.files`. Of an empty file there is nothing to keep."""
    out: list[dict[str, str | int]] = []
    for file in (one for one in files if one.size):
        shown = "".join(c if c.isprintable() else "?" for c in file.name)  # a name may hold bytes that are no text
        said = {"y_unit": file.y_unit} if file.y_unit else {}
        out.append({
            "name": shown[:200], "sha256": file.sha256, "size": file.size,
            "reader": file.reader, "reader_version": file.reader_version, **said,
        })  # fmt: skip
    return out


def looked_at(
    paths: Sequence[Path], tell: Progress, y_unit: str = "", names: Mapping[Path, str] | None = None
) -> list[RawFile]:
    """Sizes and hashes. Raises Invalid for a file that cannot be opened."""
    found = []
    for number, path in enumerate(paths):
        tell("Looking at files", number, len(paths))
        try:
            name, size = (names or {}).get(path, path.name), path.stat().st_size
            found.append(RawFile(path, name, _digest(path), size, y_unit=y_unit))
        except OSError as error:
            raise Invalid(f"{path} cannot be opened: {error.strerror}.", fields={"files": str(path)}) from error
    return found


def checksum(files: Sequence[RawFile]) -> str:
    """Of all contents in the order given; file names do not count."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(bytes.fromhex(file.sha256))
    return whole.hexdigest()


def keep(store: BlobStore, files: Sequence[RawFile], tell: Progress) -> None:
    """Copy the files into the store, durably. Raises Conflict when one is not what was read any more."""
    store.sweep()
    for number, file in enumerate(files):
        tell("Keeping the raw files", number, len(files))
        if not file.size:
            continue
        with file.path.open("rb") as stream:
            kept_as = store.put(iter(partial(stream.read, _CHUNK), b"")).sha256
        if kept_as != file.sha256:
            raise Conflict(
                f"{file.name} changed while it was imported, so the library was not made.",
                hint="Wait until the file is complete and import again.",
            )
    tell("Keeping the raw files", len(files), len(files))


def kept(store: BlobStore, rows: Sequence[dict[str, str | int]]) -> list[RawFile]:
    """The files of a library in the order of its import. Raises Conflict when one is gone or altered."""
    found = []
    for row in rows:
        path = store.path(str(row["sha256"]))
        readers = (str(row.get("reader", "")), str(row.get("reader_version", "")))
        if not path.exists() or _digest(path) != row["sha256"]:
            raise Conflict(
                f"The raw file {row['name']} is not on this disk as it was imported. The library itself is unharmed.",
                hint="Restore the folder “blobs” from a backup.",
            )
        said = str(row.get("y_unit", ""))
        found.append(RawFile(path, str(row["name"]), str(row["sha256"]), int(row["size"]), *readers, y_unit=said))
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def readers_of(rows: Sequence[dict[str, str | int]]) -> tuple[str, ...]:
    """Who read the files, each once: `msp 2`. Empty when nobody wrote it down."""
    named = {f"{str(row.get('reader', '')).removeprefix('instruments.')} {row.get('reader_version', '')}".strip()
             for row in rows}  # fmt: skip
    return tuple(sorted(named - {""}))
