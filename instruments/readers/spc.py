"""Reader of Galactic SPC files (GRAMS, Spectra Calc, Lab Calc): one spectrum, many, or a run of mass spectra.

Source: "A Brief Guide to SPC File Format" and SPC.H (Thermo Galactic). Own code: the one library with a fitting
licence needs pandas. Header and subfiles are siblings. Imports nothing above `instruments`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectra.types import Reading, ReadingKind, Remark

from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .lost_values import zeroed
from .spc_codes import TIMES, Axes, axes, x_unit_of
from .spc_header import MULTI, NEW_BIG, NEW_LITTLE, OLD, Header, Window, parse, plausible, read_log
from .spc_subfiles import Subfile, doubts, read_subfiles

EXTENSIONS = ("spc", "cgm")
# A mass spectrometer scans every few seconds; spectra of picked peaks lie further apart and are few.
RUN_SCANS, RUN_STEP_S = 10, 5.0
_PADDING = 512
# Keys of the audit log, by the software that writes them.
_INSTRUMENT, _DETECTOR, _SCANS = ("MODEL", "INSTRUMENT"), ("DETECTOR", "DET"), ("SCANS", "ACCUM")


def sniff_spc(probe: Probe) -> Guess | None:
    """The version byte proves little: type codes must be of the specification as well."""
    if plausible(probe.head):
        return Guess(90, "version byte and axis codes")
    if probe.extension in EXTENSIONS and probe.head[1:2] in (b"K", b"L", b"M") and b"\0" in probe.head[:32]:
        return Guess(55, "version byte and extension")
    return None


@reader(
    "spc",
    title="a Galactic SPC file",
    techniques={"IR", "Raman", "UV", "MS", "GC-MS", "chromatography"},
    magic=sniff_spc,
    extensions=EXTENSIONS,
    version="8",
)
def read_spc(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading per subfile, with its z in `meta`; mass spectra taken every few seconds become one MASS_RUN.

    x and y in the units of the type codes or labels. Raises CorruptFile with a byte when counts, offsets or sizes
    do not fit the file, UnsupportedVariant for floating-point files of the old format.
    """
    window = Window(source)
    header = parse(window)
    read = read_subfiles(window, header, limits)
    subfiles, end = read.found, read.end
    filled = [float(s.y.max()) for s in subfiles if s.y.size]
    if not filled:
        raise CorruptFile("The file holds no points.", code="no_points")
    if not all(math.isfinite(v) for v in filled):
        raise CorruptFile("A value of the file is not a finite number (NaN or infinite).", code="not_finite")
    log = read_log(window, header, end)
    found = axes(header.codes, hints, max(filled))
    notes = (*found.remarks, *log.remarks, *_unread(header, window, end), *doubts(header, read))
    file = _File(header, found, log.entries, notes)
    if found.kind in (ReadingKind.MASS_SPECTRUM, ReadingKind.MASS_RUN):
        yield from _mass(file, subfiles, hints, limits)
    else:
        yield from _spectra(file, subfiles, limits)


@dataclass(frozen=True, slots=True)
class _File:
    """What all readings of a file have in common."""

    header: Header
    axes: Axes
    log: dict[str, str]
    notes: tuple[Remark, ...]

    @property
    def z_unit(self) -> str:
        """Unit of the axis along which the subfiles lie."""
        return x_unit_of(self.header.z_code, self.header.codes.labels[2])

    @property
    def instrument(self) -> str:
        """The source field of the header, else the model in the log."""
        return self.header.source or self.logged(_INSTRUMENT)

    @property
    def title(self) -> str:
        """The comment of the header, else the name in the log."""
        return self.header.comment or self.logged(("NAME",)).strip('"')

    def logged(self, keys: tuple[str, ...]) -> str:
        """The first of these log entries that is filled."""
        return next((self.log[k] for k in keys if k in self.log), "")

    def meta(self) -> dict[str, Any]:
        """What the file states, without what is empty; who operated the instrument is not kept."""
        header = self.header
        scans = self.logged(_SCANS)
        resolution = "resolution_cm1" if self.axes.x_unit == "cm-1" else "resolution"
        found = {
            "acquired": header.acquired,
            resolution: header.resolution,
            "n_coadded": int(scans) if scans.isdecimal() else header.n_scans,
            "detector": self.logged(_DETECTOR),
            "sample": self.logged(("SAMPLE",)).strip('"'),
            "laser_nm": _number(self.logged(("EXCIT_LINE",))),
            "method": header.method,
        }
        always = {
            "x_unit_raw": self.axes.x_raw,
            "y_unit_raw": self.axes.y_raw,
            "spc_version": {NEW_LITTLE: "new", NEW_BIG: "new, big-endian", OLD: "old"}[header.version],
        }
        return {k: v for k, v in found.items() if v} | always


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unread(header: Header, window: Window, end: int) -> tuple[Remark, ...]:
    """Bytes that belong to nothing and are not the padding of old disks: perhaps more points or spectra than the header counts."""
    rest = (header.log_offset if end <= header.log_offset <= window.size else window.size) - end
    if rest <= _PADDING and not window.at(end, max(rest, 0), "the rest").strip(b"\0\x1a \r\n"):
        return ()
    return (warning("trailing_data", f"Behind its last spectrum the file holds {rest:,} bytes that were not read."),)


def _spectra(file: _File, subfiles: list[Subfile], limits: Limits) -> Iterator[Reading]:
    """One Reading per subfile, of one kind."""
    if len(subfiles) > limits.blocks:
        raise TooLarge(
            f"This file holds {len(subfiles):,} spectra of one map or series; {limits.blocks:,} are allowed.",
            code="too_many_spectra",
        )
    filled = [(index, sub) for index, sub in enumerate(subfiles) if sub.x.size]
    notes, empty = file.notes, len(subfiles) - len(filled)
    if empty:
        text = f"{empty:,} of {len(subfiles):,} spectra of the file hold no points and were left out."
        notes += (warning("empty_spectra", text),)
    for index, sub in filled:
        yield Reading(
            file.axes.kind,
            sub.x,
            sub.y,
            file.axes.x_unit,
            file.axes.y_unit,
            meta=file.meta() | _place(file, sub, index),
            title=file.title,
            instrument=file.instrument,
            remarks=notes + zeroed(sub.y),
        )
        notes = ()


def _place(file: _File, sub: Subfile, index: int) -> dict[str, Any]:
    """Number and z of one subfile among several."""
    if not file.header.flags & MULTI or not math.isfinite(sub.z):
        return {}
    return {"subfile": index + 1, "z": sub.z, "z_unit": file.z_unit}


def _mass(file: _File, subfiles: list[Subfile], hints: Hints, limits: Limits) -> Iterator[Reading]:
    """A run when the spectra follow each other as scans do, otherwise one spectrum each. A person's hint decides."""
    run = _is_run(file, subfiles) if hints.kind is None else hints.kind == ReadingKind.MASS_RUN
    if run and len(subfiles) > 1:
        yield _run(file, subfiles)
        return
    if len(subfiles) > 1:
        file = replace(file, notes=(*file.notes, _why_apart(file, subfiles)))
    for reading in _spectra(file, subfiles, limits):
        factor = TIMES.get(file.z_unit) if "z" in reading.meta else None
        yield peak_list(
            reading.x,
            reading.y,
            title=reading.title,
            instrument=reading.instrument,
            y_unit=reading.y_unit,
            meta=reading.meta,
            remarks=reading.remarks,
            ionisation="",
            retention_time_s=reading.meta["z"] * factor if factor else None,
        )


def _why_apart(file: _File, subfiles: list[Subfile]) -> Remark:
    """Why mass spectra are no run: a warning where their times are no numbers, or lie as close as those of scans but not in order."""
    factor, steps = TIMES.get(file.z_unit), np.abs(np.diff([s.z for s in subfiles]))
    if factor is not None and len(subfiles) >= RUN_SCANS and steps.any() and not np.median(steps) * factor > RUN_STEP_S:
        text = "The times of the scans are not in order or are no numbers, so they were not put together as a run."
        return warning("unsorted_times", text)
    text = "The mass spectra of this file lie too far apart for the scans of a run; each is a reading of its own."
    return info("separate_spectra", text)


def _is_run(file: _File, subfiles: list[Subfile]) -> bool:
    factor = TIMES.get(file.z_unit)
    if factor is None or len(subfiles) < RUN_SCANS:
        return False
    steps = np.diff([s.z for s in subfiles]) * factor
    return bool((steps > 0).all() and np.median(steps) <= RUN_STEP_S)


def _run(file: _File, subfiles: list[Subfile]) -> Reading:
    """One MASS_RUN: x = z as stored, y = summed intensity per scan."""
    notes, factor = ScanNotes(), TIMES.get(file.z_unit)
    scans = [
        to_scan(s.x, s.y, notes, ionisation="", retention_time_s=s.z * factor if factor else None) for s in subfiles
    ]
    return Reading(
        ReadingKind.MASS_RUN,
        np.array([s.z for s in subfiles]),
        np.array([float(s.intensity.sum()) for s in scans]),
        file.z_unit or "scan",
        "total ion current",
        meta=file.meta() | {"points": notes.points, "max_intensity": notes.largest},
        title=file.title,
        instrument=file.instrument,
        scans=tuple(scans),
        remarks=file.notes + notes.remarks(),
    )
