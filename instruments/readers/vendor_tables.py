"""What a vendor file holds besides signals and spectra: channels kept as tables only.

Imports numpy, spectra.types and siblings; the library's handle is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spectra.types import Reading, ReadingKind

from ..errors import TooLarge
from ..limits import Limits
from ..registry import Hints
from .vendor_open import Opened
from .vendor_traces import time_unit


def tables(opened: Opened, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """Waters functions whose scans came at uneven times are no signals for the library: one chromatogram per column."""
    shown = _functions_shown(opened)
    for table in opened.info.get("tables", ()):
        extra, columns = table.get("extra") or {}, table["columns"]
        function = extra.get("function")
        if function is None or function in shown or columns[0]["name"] != "rt_min":
            continue
        if int(table["row_count"]) * len(columns) > limits.points:
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points")
        yield from _table(opened, hints, table, extra)


def _functions_shown(opened: Opened) -> set[Any]:
    """The functions that are spectra or signals already."""
    found = {(t.get("extra") or {}).get("function") for t in opened.info.get("traces", ())}
    for run in opened.info.get("spectra", ()):
        found |= {f.get("function") for f in (run.get("extra") or {}).get("functions", ())}
    return found


def _table(opened: Opened, hints: Hints, table: dict[str, Any], extra: dict[str, Any]) -> Iterator[Reading]:
    values = opened.file.read_table(int(table["index"]))
    if not len(values):
        return
    columns = list(enumerate(table["columns"]))[1:]
    chosen = [c for c in columns if c[1]["name"] != "tic_stored"] or columns
    remarks, doubt = opened.doubts("tables")
    for place, column in chosen:
        raw = str(column.get("unit") or "")
        yield Reading(
            ReadingKind(hints.kind) if hints.kind else ReadingKind.CHROMATOGRAM,
            values[:, 0],
            values[:, place],
            hints.x_unit or "min",
            hints.y_unit or time_unit(raw),
            meta=opened.about() | doubt | {"function": extra["function"], "type": "selected ion"},
            title=f"{table['name']} {column['name']}",
            instrument=opened.model,
            remarks=remarks,
        )
