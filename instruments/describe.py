"""The short description of a reading that `mast read --json` prints. Imports spectra.types only."""

from __future__ import annotations

from typing import Any

from spectra.types import Reading


def describe(reading: Reading) -> dict[str, Any]:
    """The keys of docs `mast read`: kind, n_points, n_scans, x_unit, x_first, x_last, y_unit, y_max,
    instrument, ms_level, warnings. Values are as recorded; `n_points` of a run counts its scans.
    """
    filled = reading.n_points > 0
    return {
        "kind": reading.kind.value,
        "n_points": reading.n_points,
        "n_scans": len(reading.scans),
        "x_unit": reading.x_unit,
        "x_first": float(reading.x[0]) if filled else None,
        "x_last": float(reading.x[-1]) if filled else None,
        "y_unit": reading.y_unit,
        "y_max": float(reading.y.max()) if filled else None,
        "instrument": reading.instrument,
        "ms_level": reading.ms_level,
        "warnings": list(reading.warnings),
    }
