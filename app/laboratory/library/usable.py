"""What of some files can be entries of one library: read one after the other, converted, checked, of one technique.

Single files, and zips of thousands; every refusal with its file. Readings go on as they come, so that memory holds one
file at a time. Writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from app.laboratory.library.domain import Progress, Refusal, Technique, plain
from app.laboratory.library.raw_files import RawFile
from app.laboratory.library.tables import Library
from app.platform.kernel.errors import Invalid, Unreadable
from harm_messages import load_pack
from harm_messages.register import Substance
from instruments import FileReader, InstrumentError, members_of_zip, printable, to_absorbance
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
from spectra.importing import FILE
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
