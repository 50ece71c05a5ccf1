"""Calibrating a library by readings of known samples: files and a table of truth → spectra.calibrate → a kept calibration.

A name that cannot be resolved stops everything: a reading taken as another compound would calibrate towards the wrong.
"""

from __future__ import annotations

import csv
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.laboratory.library import calibrations
from app.laboratory.library.domain import Progress, Technique
from app.laboratory.library.importing import ImportParts
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.service import get_library
from app.platform import audit
from app.platform.kernel.errors import Invalid, Unreadable
from instruments import FileReader, InstrumentError, to_mass_spectrum, to_seconds
from spectra import MassLibrary, MassRun, MassSpectrum, Reading, ReadingKind, SpectrumError
from spectra.chromatogram.components import find_components
from spectra.confidence.calibration import Calibration
from spectra.confidence.fitting import calibrate
from spectra.importing import compound_key

COLUMNS = ("file", "compound", "name", "retention_time_s")
WORST = 5


@dataclass(frozen=True, slots=True)
class Truth:
    """One row of the table: what is known of a file. `line` counts from 2, after the header."""

    line: int
    file: str
    compound: str
    name: str
    retention_time_s: float | None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration rests on and where it is. `before`: number of the one used until now, None for the first."""

    number: int
    file: Path
    calibration: Calibration
    readings: int
    compounds: int
    before: int | None


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
    """Calibrate the answers of a library of mass spectra by own readings and keep the calibration under a new number.

    Raises NotFound, Invalid (a library that comes with MAST or is no mass library, a table that cannot be used, a name
    the library does not know or knows twice, too few readings), Unreadable (a file), Conflict (someone else calibrated
    at the same moment).
    """
    with parts.db.read() as session:
        view = get_library(session, registry, key)
    if view.starter:
        raise Invalid("A library that comes with MAST is for training. Import a full one and calibrate that.")
    if view.broken:
        raise Invalid(view.broken)
    if view.technique is not Technique.MS:
        raise Invalid("Only libraries of mass spectra are calibrated.")
    library, library_id = registry.get(view.key).mass, uuid.UUID(view.library_id)
    tell = progress or (lambda _what, _done, _of: None)
    rows = _matched(truth_in(truth), files)
    keys = _keys(library, [known for known, _ in rows])
    spectra, compounds = [], []
    for compound, (known, path) in zip(keys, _told(rows, tell), strict=True):
        found = _spectra(path, known, parts.readers, library.accurate)
        spectra += found
        compounds += [compound] * len(found)
    tell("Ranking and fitting", 0, 1)
    try:
        made = calibrate(library, spectra, compounds, note=note)
    except SpectrumError as error:
        raise Invalid(f"The library was not calibrated: {error}.") from error
    used = [k.number for k in calibrations.kept(parts.library_dir, library_id, library) if k.in_use]
    number, file = calibrations.keep(parts.library_dir, library_id, made)
    with parts.db.begin() as uow:
        after = {"number": number, "readings": len(spectra), "compounds": len(set(keys)), "note": note[:200]}
        audit.record(uow, "calibrate", "library", library_id, before={"number": used[0] if used else None}, after=after)
    tell("Ranking and fitting", 1, 1)
    return Calibrated(number, file, made, len(spectra), len(set(keys)), used[0] if used else None)


def truth_in(path: Path) -> list[Truth]:
    """The table: CSV with the columns file and compound or name, and retention_time_s for runs. Raises Invalid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not a text in UTF-8; save the table as CSV UTF-8.") from error
    table = csv.DictReader(text.splitlines())
    columns = {(name or "").strip().casefold(): name for name in table.fieldnames or ()}
    if "file" not in columns or not {"compound", "name"} & set(columns):
        raise Invalid(f"{path.name} needs the columns file and compound (an InChIKey or key) or name.")
    out, wrong = [], []
    for line, values in enumerate(table, start=2):
        cell = {key: (values.get(columns[key]) or "").strip() if key in columns else "" for key in COLUMNS}
        if not cell["file"] or not (cell["compound"] or cell["name"]):
            wrong.append(f"line {line} lacks the file or what it is")
            continue
        try:
            at = float(cell["retention_time_s"]) if cell["retention_time_s"] else None
        except ValueError:
            wrong.append(f"line {line}: “{cell['retention_time_s']}” is no number of seconds")
            continue
        out.append(Truth(line, cell["file"], cell["compound"], cell["name"], at))
    if wrong or not out:
        raise Invalid(f"{path.name} cannot be used: {_some(wrong) or 'it holds no row'}.")
    return out


def _matched(rows: Sequence[Truth], files: Sequence[Path]) -> list[tuple[Truth, Path]]:
    """Every row with its file; a file without a row is left out by nobody: it is named."""
    paths = [p for file in files for p in (sorted(file.rglob("*")) if file.is_dir() else [file]) if p.is_file()]
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_name[path.name].append(path)
    wrong = [f"line {row.line}: no file {row.file} was given" for row in rows if Path(row.file).name not in by_name]
    named = {Path(row.file).name for row in rows}
    wrong += [f"{path.name} has no row in the table" for path in paths if path.name not in named]
    wrong += [f"{name} was given {len(same)} times" for name, same in by_name.items() if len(same) > 1]
    if wrong:
        raise Invalid(f"Files and table do not fit: {_some(wrong)}.")
    return [(row, by_name[Path(row.file).name][0]) for row in rows]


def _keys(library: MassLibrary, rows: Sequence[Truth]) -> list[str]:
    """Compound key of every row. Raises Invalid on a name nobody knows or that means two compounds."""
    known, by_name = set(library.compounds), defaultdict(set)
    for name, compound in zip(library.names, library.compounds, strict=True):
        by_name[name.casefold()].add(compound)
    keys, wrong = [], []
    for row in rows:
        key = row.compound if row.compound in known else compound_key(row.name, row.compound)
        meant = {key} if key in known else by_name.get((row.name or row.compound).casefold(), set())
        if len(meant) == 1:
            keys.append(next(iter(meant)))
        else:
            several = "means several compounds" if meant else "is not in the library"
            wrong.append(f"line {row.line}: {row.name or row.compound} {several}")
    if wrong:
        raise Invalid(f"The library was not calibrated: {_some(wrong)}.")
    return keys


def _spectra(path: Path, row: Truth, reader: FileReader, accurate: bool) -> list[MassSpectrum]:
    """Every mass spectrum of a file, all of the one compound; of a run the one peak."""
    try:
        readings = reader.read(path, path.name)
    except InstrumentError as error:
        raise Unreadable(f"{path.name}: {error.message}", hint=error.hint) from error
    try:
        run = next((reading for reading in readings if reading.kind is ReadingKind.MASS_RUN), None)
        if run is not None:
            return [_peak(run, row, accurate)]
        found = [to_mass_spectrum(reading) for reading in readings if reading.kind is ReadingKind.MASS_SPECTRUM]
    except (InstrumentError, SpectrumError) as error:
        raise Invalid(f"{path.name} cannot be used: {str(error).rstrip('.')}.") from error
    if not found:
        raise Invalid(f"{path.name} holds no mass spectrum.")
    return found


def _peak(reading: Reading, row: Truth, accurate: bool) -> MassSpectrum:
    """Of a run the component at the time given, else the largest."""
    run = MassRun(reading.scans, to_seconds(reading.x, reading.x_unit))
    found = find_components(run, accurate=accurate).substances
    if not found:
        raise Invalid(f"{row.file}: no peak stands out of this run.")
    if row.retention_time_s is None:
        return max(found, key=lambda one: one.area).spectrum
    wanted = row.retention_time_s
    best = min(found, key=lambda one: abs(one.retention_time_s - wanted))
    if abs(best.retention_time_s - wanted) > max(best.width_s, 1.0):
        raise Invalid(f"{row.file}: there is no peak at {wanted:g} s; the nearest is at {best.retention_time_s:.1f} s.")
    return best.spectrum


def _told(rows: Sequence[tuple[Truth, Path]], tell: Progress) -> Iterator[tuple[Truth, Path]]:
    for number, pair in enumerate(rows):
        tell("Reading files", number, len(rows))
        yield pair
    tell("Reading files", len(rows), len(rows))


def _some(wrong: Sequence[str]) -> str:
    rest = f", and {len(wrong) - WORST} more" if len(wrong) > WORST else ""
    return "; ".join(wrong[:WORST]) + rest
