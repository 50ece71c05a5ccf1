"""The files of an import read one after the other: single files, and zips of thousands. Every refusal with its file.

Readings go on as they come, so that memory holds one file at a time. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.laboratory.library.raw_files import RawFile
from app.platform.kernel.errors import Unreadable
from instruments import FileReader, InstrumentError, members_of_zip, printable, to_absorbance
from spectra import Reading, ReadingKind, SpectrumError
from spectra.importing import FILE

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""
NAME_LENGTH = 120
READING = "Reading files"


@dataclass
class Intake:
    """`readings()` once; after it, `refused`, `files` (with who read them) and `n_files` that could not be read."""

    given: Sequence[RawFile]
    reader: FileReader
    tell: Progress
    refused: list[dict[str, Any]] = field(default_factory=list)
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
            none_read = replace(file, reader="", reader_version="")
            self.files.append(file.read_by([first]) if first is not None else none_read)
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
        for reading in found:
            yield _noted(_in_absorbance(reading), label or file.name)

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


def _noted(reading: Reading, file: str) -> Reading:
    """Readers keep a file's own fields one level down; the importer looks for names and keys at the top."""
    meta: dict[str, Any] = {}
    for key, value in reading.meta.items():
        meta.update(value if isinstance(value, Mapping) else {key: value})
    return replace(reading, meta={**meta, FILE: printable(file, NAME_LENGTH)})
