"""The short description of a reading that `mast read --json` prints. Imports spectra.types and numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectra.types import MassSpectrum, Reading, ReadingKind

from .peaks import PLACEHOLDER_MZ

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "ms": 1e-3}
RUN_KEYS = ("mz_min", "mz_max", "max_intensity", "tic_max", "rt_first_s", "rt_last_s")


def describe(reading: Reading) -> dict[str, Any]:
    """The keys of docs `mast read`, values as recorded.

    kind, n_points (of a run: the points of all its scans), n_scans, x_unit, x_first, x_last, y_unit, y_max,
    instrument, ms_level, warnings (their sentences), remarks (level, code, text), format, reader, reader_version,
    assurance ("high", "medium", "low"; "" when nobody said); of a run also mz_min, mz_max, max_intensity, tic_max,
    rt_first_s, rt_last_s, which are None for everything else.
    """
    filled = reading.n_points > 0
    run = reading.kind is ReadingKind.MASS_RUN
    return {
        "kind": reading.kind.value,
        "n_points": _points(reading) if run else reading.n_points,
        "n_scans": len(reading.scans),
        "x_unit": reading.x_unit,
        "x_first": float(reading.x[0]) if filled else None,
        "x_last": float(reading.x[-1]) if filled else None,
        "y_unit": reading.y_unit,
        "y_max": float(reading.y.max()) if filled else None,
        "instrument": reading.instrument,
        "ms_level": reading.ms_level,
        "warnings": list(reading.warnings),
        "remarks": [{"level": r.level.value, "code": r.code, "text": r.text} for r in reading.remarks],
        "format": reading.format,
        "reader": reading.reader,
        "reader_version": reading.reader_version,
        "assurance": str(reading.meta.get("assurance", "")),
        **(_run(reading) if run and filled else dict.fromkeys(RUN_KEYS)),
    }


def _points(reading: Reading) -> int:
    """As the reader counted them, points it left out included; else those of the scans that hold any."""
    counted = reading.meta.get("points")
    if isinstance(counted, int):
        return counted
    return sum(int(s.mz.size) for s in reading.scans if not _is_empty(s))


def _highest(reading: Reading, filled: list[MassSpectrum]) -> float | None:
    """As the reader saw it, points it left out included, as with the number of points."""
    seen = reading.meta.get("max_intensity")
    if filled and isinstance(seen, (int, float)):
        return float(seen)
    return max((float(np.max(s.intensity)) for s in filled), default=None)


def _run(reading: Reading) -> dict[str, float | None]:
    filled = [s for s in reading.scans if not _is_empty(s)]
    factor = SECONDS.get(reading.x_unit)
    first, last = (float(reading.x[i]) * factor if factor else None for i in (0, -1))
    return {
        "mz_min": min((float(s.mz[0]) for s in filled), default=None),
        "mz_max": max((float(s.mz[-1]) for s in filled), default=None),
        "max_intensity": _highest(reading, filled),
        "tic_max": float(reading.y.max()),
        "rt_first_s": first,
        "rt_last_s": last,
    }


def _is_empty(scan: MassSpectrum) -> bool:
    """Whether this is the stand-in for a scan without peaks (see peaks.to_scan)."""
    return bool(scan.mz.size == 1 and scan.mz[0] == PLACEHOLDER_MZ and scan.intensity[0] == 0)
