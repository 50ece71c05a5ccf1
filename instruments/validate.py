"""The one check after every reader: finite, ordered, plausible. Imports spectra.types and numpy only.

Remarks of level ERROR turn into CorruptFile, so a reading that leaves `read` never carries one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spectra.types import FloatArray, Level, Reading, ReadingKind, Remark

from .errors import CorruptFile

ORDERED = frozenset(
    {
        ReadingKind.IR,
        ReadingKind.RAMAN,
        ReadingKind.UV,
        ReadingKind.CHROMATOGRAM,
        ReadingKind.MASS_RUN,
        ReadingKind.OTHER,
    }
)
# Mid-infrared and Raman instruments reach about 50–15,000 cm⁻¹; a Raman axis may start below its laser line.
PLAUSIBLE_CM1 = (-4_000.0, 30_000.0)
PLAUSIBLE_NM = (100.0, 30_000.0)


def error(code: str, text: str) -> Remark:
    """A remark that stops the import."""
    return Remark(Level.ERROR, code, text)


def warning(code: str, text: str) -> Remark:
    """A remark a person should read."""
    return Remark(Level.WARNING, code, text)


def info(code: str, text: str) -> Remark:
    """A remark worth keeping."""
    return Remark(Level.INFO, code, text)


def check(reading: Reading) -> tuple[Remark, ...]:
    """Everything wrong or odd about one reading, errors included."""
    if reading.n_points == 0:
        return (error("no_points", "The reading holds no points."),)
    if not (np.isfinite(reading.x).all() and np.isfinite(reading.y).all()):
        return (error("not_finite", "A value of the reading is not a finite number (NaN or infinite)."),)
    found = list(_axis(reading))
    found += _mass(reading) if reading.kind is ReadingKind.MASS_SPECTRUM else _range(reading)
    if reading.kind is ReadingKind.MASS_RUN and len(reading.scans) != reading.n_points:
        found.append(error("scan_count", f"{len(reading.scans)} scans but {reading.n_points} times."))
    if reading.n_points > 1 and not reading.y.any():
        found.append(warning("all_zero", "Every value of the reading is zero."))
    return tuple(found)


def checked(reading: Reading) -> Reading:
    """The reading with the remarks of `check` added. Raises CorruptFile if one of its remarks is an error."""
    codes = {r.code for r in reading.remarks}
    remarks = reading.remarks + tuple(r for r in check(reading) if r.code not in codes)
    for remark in remarks:
        if remark.level is Level.ERROR:
            where = f" ({reading.title})" if reading.title else ""
            raise CorruptFile(f"{remark.text.rstrip('.')}{where}.", code=remark.code)
    return replace(reading, remarks=remarks)


def count_remark(declared: float, found: int, what: str) -> Remark | None:
    """A warning when a file's header promises another number than it holds."""
    if declared == found:
        return None
    return warning("count_mismatch", f"The file announces {declared:,.0f} {what} but holds {found:,}.")


def direction(x: FloatArray) -> int:
    """1 strictly rising, −1 strictly falling, 0 neither. One point counts as rising."""
    steps = np.diff(x)
    return 1 if (steps > 0).all() else -1 if (steps < 0).all() else 0


def _axis(reading: Reading) -> Iterator[Remark]:
    if not reading.x_unit:
        yield warning("unit_unknown", "The file does not say what its x axis is; please give the unit.")
    if reading.kind not in ORDERED or direction(reading.x) != 0:
        return
    steps = np.diff(reading.x)
    if (steps >= 0).all() or (steps <= 0).all():
        yield warning("duplicate_x", "Some x values occur more than once.")
    else:
        yield warning("unsorted_x", "The x values are not in order; the file may be damaged or hold two curves.")


def _mass(reading: Reading) -> Iterator[Remark]:
    if (reading.x < 0).any():
        yield error("negative_mz", "A peak has a negative m/z.")
    if (reading.y < 0).any():
        yield error("negative_intensity", "A peak has a negative intensity.")
    ordered = np.sort(reading.x)
    if (np.diff(ordered) == 0).any():
        yield warning("duplicate_mz", "An m/z occurs more than once in this spectrum.")
    elif (np.diff(reading.x) < 0).any():
        yield info("unsorted_mz", "The peaks were not in order of m/z.")
    if ordered[-1] > 20_000:
        yield warning("implausible_mz", f"The largest m/z is {ordered[-1]:,.0f}; is this a mass spectrum?")


def _range(reading: Reading) -> Iterator[Remark]:
    bounds = {"cm-1": PLAUSIBLE_CM1, "nm": PLAUSIBLE_NM}.get(reading.x_unit)
    low, high = float(reading.x.min()), float(reading.x.max())
    if bounds and (low < bounds[0] or high > bounds[1]):
        yield warning("implausible_axis", f"An axis from {low:,.4g} to {high:,.4g} {reading.x_unit} is implausible.")
    if reading.kind in (ReadingKind.CHROMATOGRAM, ReadingKind.MASS_RUN) and low < 0:
        yield warning("negative_time", "A retention time is negative.")
