"""Words of the page "Files from the instruments"."""

from __future__ import annotations

from pydantic import BaseModel, TypeAdapter

from app.laboratory.incoming.domain import IncomingState
from app.laboratory.incoming.tables import IncomingFile
from app.screens.navigation import Link

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


class Tab(Link):
    """A tab with how many files are under it."""

    count: int | None


def tabs(shown: IncomingState, counted: dict[IncomingState, int]) -> list[Tab]:
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


class Described(BaseModel):
    """What is shown of one reading in a file."""

    kind: str = ""
    n_scans: int = 0
    n_points: int = 0
    x_first: float | None = None
    x_last: float | None = None
    x_unit: str = ""
    instrument: str = ""


_READINGS = TypeAdapter(list[Described])


def what_it_is(row: IncomingFile) -> list[str]:
    """A line per reading; several of one file are counted after the first three."""
    found = _READINGS.validate_python(row.summary.get("readings", []))
    lines = [reading_words(one) for one in found[:3]]
    more = int(str(row.summary.get("count", len(found)))) - len(lines)
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def reading_words(one: Described) -> str:
    """ "infrared spectrum, 3,601 points, 4000 to 400 cm⁻¹, Nicolet iS5"."""
    parts = [_KINDS.get(one.kind, "measurement")]
    if one.n_scans:
        parts.append(f"{one.n_scans:,} scans")
    parts.append(f"{one.n_points:,} points")
    if one.x_first is not None and one.x_last is not None:
        parts.append(f"{one.x_first:.6g} to {one.x_last:.6g} {_UNITS.get(one.x_unit, one.x_unit)}".strip())
    if one.instrument:
        parts.append(one.instrument)
    return ", ".join(parts)
