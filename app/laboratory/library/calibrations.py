"""Calibrations of a library by the laboratory's own readings, kept as numbered files beside the libraries.

A new one never replaces the one before: the newest that fits the library as it is now is in use. Imports spectra only.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from app.platform.kernel.errors import Conflict
from spectra import MassLibrary, SpectrumError
from spectra.confidence.calibration import Calibration
from spectra.confidence.identify import checksum

FOLDER = "calibrations"


@dataclass(frozen=True, slots=True)
class Kept:
    """One calibration of a library. `fault`: why it is not used, or empty."""

    number: int
    file: Path
    calibration: Calibration | None
    fault: str = ""
    in_use: bool = False

    @property
    def described(self) -> str:
        """One line for a person."""
        what = self.calibration.described if self.calibration is not None else self.file.name
        state = "in use" if self.in_use else self.fault or "superseded"
        return f"number {self.number}, {state}: {what}"


def folder_of(library_dir: Path, library_id: uuid.UUID) -> Path:
    """Where the calibrations of a library are; it outlives editions of the library."""
    return library_dir / FOLDER / str(library_id)


def kept(library_dir: Path, library_id: uuid.UUID, library: MassLibrary) -> list[Kept]:
    """Every calibration of a library, the newest first; one that cannot be read or does not fit says why."""
    found = [
        _read(path, library) for path in sorted(folder_of(library_dir, library_id).glob("[0-9]*.json"), reverse=True)
    ]
    used = next((one for one in found if not one.fault), None)
    return [replace(one, in_use=one is used) for one in found]


def in_use(library_dir: Path, library_id: uuid.UUID, library: MassLibrary) -> Calibration | None:
    """The calibration answers of this library rest on; None: the one that comes with MAST."""
    return next((one.calibration for one in kept(library_dir, library_id, library) if one.in_use), None)


def keep(library_dir: Path, library_id: uuid.UUID, calibration: Calibration) -> tuple[int, Path]:
    """Write a calibration under the next number. Raises Conflict when someone else took it in the meantime."""
    folder = folder_of(library_dir, library_id)
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.stem) for path in folder.glob("[0-9]*.json")), default=0)
    target, draft = folder / f"{number:04d}.json", folder / f".{uuid.uuid4().hex}.json"
    calibration.save(draft)
    try:
        target.hardlink_to(draft)  # fails where the name is taken: nothing is ever replaced
    except FileExistsError as error:
        raise Conflict(
            "Someone else has just calibrated this library. Their calibration is kept, yours was not saved.",
            hint="Run it again.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return number, target


def _read(path: Path, library: MassLibrary) -> Kept:
    number = int(path.stem)
    try:
        calibration = Calibration.load(path)
    except SpectrumError as error:
        return Kept(number, path, None, f"not readable ({error})")
    if calibration.kind != ("msms" if library.accurate else "ei"):
        return Kept(number, path, calibration, f"for {calibration.kind} spectra")
    if calibration.library_checksum != checksum(library):
        return Kept(number, path, calibration, "made for an earlier edition of this library")
    return Kept(number, path, calibration)
