"""Reader of ANDI-CHROM (AIA) chromatograms in netCDF: one detector trace and its table of peaks.

Standard: ASTM E1947 and its netCDF template 1.0. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from .. import units
from ..errors import CorruptFile
from ..limits import Limits
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .andi import EXTENSIONS, filled, moment, sniff_template, unread
from .netcdf_guard import NetCdf

KEPT_PEAKS = 1_000


@reader(
    "andi-chrom",
    title="an ANDI chromatogram (.cdf)",
    techniques={"GC", "LC"},
    magic=sniff_template(b"ordinate_values", b"aia_template_revision"),
    extensions=EXTENSIONS,
    version="6",
)
def read_andi_chrom(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One CHROMATOGRAM: y in the detector's unit as the file spells it, x in the unit of retention.

    x is raw_data_retention where the file has it, else delay + i · interval. Raises CorruptFile without either.
    """
    file = NetCdf(source, limits)
    y = file.series("ordinate_values")
    if y is None:
        raise CorruptFile("The file holds no chromatogram (ordinate_values).", code="no_points")
    x, notes = _times(file, y.size)
    x_unit, unit_notes = _time_unit(file, hints)
    detector_unit = file.text("detector_unit")
    y_unit = hints.y_unit or _y_unit(detector_unit)
    if not y_unit:
        unit_notes += (warning("y_unit_unknown", "The file does not name the unit of its detector."),)
    yield Reading(
        ReadingKind(hints.kind) if hints.kind else ReadingKind.CHROMATOGRAM,
        x,
        y,
        x_unit,
        y_unit,
        meta=_facts(file) | {"x_unit_raw": file.text("retention_unit"), "y_unit_raw": detector_unit},
        title=file.text("sample_name") or file.text("experiment_title"),
        remarks=notes + unit_notes + _run_time(file, x, x_unit) + _detector_range(file, y) + unread(file),
    )


def _times(file: NetCdf, n: int) -> tuple[FloatArray, tuple[Remark, ...]]:
    """Retention times (n,): as stored, or from delay and interval."""
    stored = file.series("raw_data_retention")
    if stored is not None:
        if stored.size != n:
            raise CorruptFile(f"The file holds {n:,} values but {stored.size:,} times.", code="array_length")
        return stored, ()
    interval, delay = file.number("actual_sampling_interval"), file.number("actual_delay_time")
    if interval is None or interval <= 0:
        raise CorruptFile("The file gives neither times nor a sampling interval.", code="no_times")
    notes: tuple[Remark, ...] = ()
    if delay is None and file.series("actual_delay_time") is not None:
        notes += (warning("no_delay", "The time at which the recording began is no number; it was counted from 0."),)
    elif delay is None:
        notes += (info("no_delay", "The file does not say when its recording began; it was counted from 0."),)
    flag = file.variables["ordinate_values"].attributes.get("uniform_sampling_flag", "Y")
    if str(flag).strip().upper() == "N":
        text = "The file calls its points unevenly spaced, but gives no times; an even spacing was assumed."
        notes += (warning("axis_guessed", text),)
    return (delay or 0.0) + interval * np.arange(n, dtype=np.float64), notes


def _run_time(file: NetCdf, x: FloatArray, unit: str) -> tuple[Remark, ...]:
    """The run's stated length against the times: two points and one per cent apart are roundings."""
    stated, span = file.number("actual_run_time_length"), float(x[-1] - x[0])
    if stated is None or stated <= 0 or x.size < 2:
        return ()
    if min(abs(stated - span), abs(stated - float(x[-1]))) <= 0.01 * stated + 2 * span / (x.size - 1):
        return ()
    look = "its end may be missing" if span < stated else "please compare the time of a known peak"
    return (
        warning(
            "run_time", f"The file says its run is {stated:g} {unit} long; its times span {span:g} {unit}: {look}."
        ),
    )


def _detector_range(file: NetCdf, y: FloatArray) -> tuple[Remark, ...]:
    """The lowest and the highest value of the detector against each other and against the signal."""
    low, high = file.number("detector_minimum_value"), file.number("detector_maximum_value")
    if low is None or high is None:
        return ()
    said, found = f"The file says that its detector gives values from {low:g} to {high:g}", ""
    if low > high:
        found = "which is not a range"
    elif low < high:
        room = 0.1 * (high - low)  # a detector may give a little more than its range
        far = [v for v in (float(y.min()), float(y.max())) if not low - room <= v <= high + room]
        found = f"but a value of its signal is {far[-1]:g}" if far else ""
    return (warning("detector_range", f"{said}, {found}."),) if found else ()


def _time_unit(file: NetCdf, hints: Hints) -> tuple[str, tuple[Remark, ...]]:
    """The unit a person or the file gives; the standard has seconds where the file is silent."""
    stated = file.text("retention_unit")
    unit = hints.x_unit or units.x_unit(stated) or stated
    if unit in units.TIMES or hints.x_unit:
        return unit, ()
    if unit:
        return unit, (
            warning(
                "time_unit_unknown", f"The file gives its times in {unit[:40]!r}, which is no unit of time known here."
            ),
        )
    return "s", (info("time_unit_assumed", "The file names no unit of time; the ANDI standard has seconds."),)


def _y_unit(stated: str) -> str:
    """The canonical unit; mAU stays what it is, for it is a thousandth of an absorbance unit."""
    return stated if re.match(r"m(illi)?[ -]?a\.?u|m(illi)?abs", stated, re.I) else units.y_unit(stated) or stated


def _facts(file: NetCdf) -> dict[str, Any]:
    """What the file states; the operator's name and paths on his computer are not kept."""
    return filled(
        {
            "acquired": moment(file.text("injection_date_time_stamp")),
            "sample": file.text("sample_name"),
            "detector": file.text("detector_name"),
            "delay": file.number("actual_delay_time"),
            "sampling_interval": file.number("actual_sampling_interval"),
            "run_time": file.number("actual_run_time_length"),
            "experiment_type": file.text("separation_experiment_type"),
            "n_peaks": file.lengths.get("peak_number"),
            "peaks": _peaks(file),
        }
    )


def _peaks(file: NetCdf) -> list[dict[str, Any]] | None:
    """Name, retention time and area of each peak that the data system integrated, as far as the file has them."""
    columns = {"retention_time": file.series("peak_retention_time"), "area": file.series("peak_area")}
    names = file.words("peak_name")
    count = min(KEPT_PEAKS, max([len(names), *(c.size for c in columns.values() if c is not None)]))
    rows: list[dict[str, Any]] = []
    for i in range(count):
        row: dict[str, Any] = {"name": names[i]} if i < len(names) and names[i] else {}
        row |= {k: float(c[i]) for k, c in columns.items() if c is not None and i < c.size and np.isfinite(c[i])}
        rows.append(row)
    return rows or None
