"""Words of the page "Files from the instruments"."""

from __future__ import annotations

from typing import Any

from app.laboratory.incoming.domain import IncomingState
from app.laboratory.incoming.tables import IncomingFile

LIMIT = 25
_KINDS = {
    "ir": "infrared spectrum",
    "raman": "Raman spectrum",
    "uv": "UV spectrum",
    "mass_spectrum": "mass spectrum",
    "mass_run": "run with mass spectra",
    "chromatogram": "chromatogram",
}
_UNITS = {"cm-1": "cm⁻¹"}
_TABS = {
    IncomingState.WAITING: "To attach",
    IncomingState.ATTACHED: "Attached",
    IncomingState.SET_ASIDE: "Set aside",
}


def tabs(shown: IncomingState, counted: dict[IncomingState, int]) -> list[dict[str, Any]]:
    """For ui.tabs; only what waits is counted."""
    return [
        {
            "label": label,
            "href": f"/bench/incoming?state={state.value}",
            "current": state is shown,
            "count": counted[state] if state is IncomingState.WAITING else None,
        }
        for state, label in _TABS.items()
    ]


def what_it_is(row: IncomingFile) -> list[str]:
    """A line per reading; several of one file are counted after the first three."""
    found = row.summary.get("readings", [])
    lines = [reading_words(one) for one in found[:3]]
    more = int(row.summary.get("count", len(found))) - len(lines)
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def reading_words(one: dict[str, Any]) -> str:
    """ "infrared spectrum, 3,601 points, 4000 to 400 cm⁻¹, Nicolet iS5"."""
    kind = _KINDS.get(str(one.get("kind")), "measurement")
    parts = [kind]
    if one.get("n_scans"):
        parts.append(f"{int(one['n_scans']):,} scans")
    parts.append(f"{int(one.get('n_points') or 0):,} points")
    first, last = one.get("x_first"), one.get("x_last")
    if first is not None and last is not None:
        unit = str(one.get("x_unit") or "")
        parts.append(f"{float(first):.6g} to {float(last):.6g} {_UNITS.get(unit, unit)}".strip())
    if one.get("instrument"):
        parts.append(str(one["instrument"]))
    return ", ".join(parts)
