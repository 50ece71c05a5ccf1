"""The names of the columns of a text table, from the lines above it.

Imports the dialect, the units and validate only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

import numpy as np

from spectra.types import FloatArray

from .. import units
from ..validate import direction
from .text_dialect import SPACE, Dialect

LONGEST_HEADER = 8_192  # characters
HEADER_REACH = 4  # a header stands at most so many filled lines above its table
_AXIS = re.compile(r"([xy])[ _-]?(?:units?|label|axis(?: ?(?:units?|title|label|mode))?)|axisunit\[([01])\]", re.I)
_AXES_OF_LABSPEC = {"0": "y", "1": "x"}
_TIME = re.compile(r"[mun\u00b5\u03bc]?s|secs?|seconds?|mins?|minutes?|h|hours?", re.I)
_SETTING = re.compile(r"(exposure|integration|dwell)[ -]?time\b")  # of a detector; no axis is called so
_BRACKETED = re.compile(r"\[[^\]]*\]")
LOWEST_NM, HIGHEST_NM = 150, 1_200  # of detectors behind a column
_TIME_ALONE = re.compile(
    r"(?:r\.? ?t\.?|(?:r\.? ?|ret(?:ention|\.)? ?)?time|(?:retentions)?zeit|min(?:utes?)?)\s*(?:[\[(/] ?\w+[\])]?)?"
)
_TIME_TWICE = re.compile(r"rt ?\((?:milliseconds|seconds|minutes)\)")  # OpenChrom
_LIGHT_ALONE = re.compile(
    r"(?:wave ?(?:length|number)s?|raman ?shift|wellenlange|wellenzahl(?:en)?|nm|cm-1|1/cm)\s*(?:[\[(/] ?(?:nm|cm-1|1/cm|um)[\])]?)?"
)
ENOUGH_ROWS, EVEN = 8, 0.5  # to tell a curve from a value with its name: rows, and how far its steps may differ


def wavelengths_of(lines: Sequence[tuple[int, str]], dialect: Dialect) -> list[str]:
    """The names of columns where a first line has only wavelengths in nm above them and times below, as ChemStation writes; else none."""
    cells = dialect.cells(lines[0][1])
    values = [dialect.number(c) or 0.0 for c in cells[1:] if c]
    if cells[:1] != [""] or not values or len(lines) < 2 or not all(LOWEST_NM <= v <= HIGHEST_NM for v in values):
        return []
    row = dialect.row(lines[1][1], lines[1][0])
    if row is None or row[0] >= LOWEST_NM or len(values) != sum(map(isfinite, row)) - 1:
        return []
    names = ["time", *(f"{v:g} nm" for v in values)]
    return [*names, *[""] * (len(row) - len(names))]


def header_of(words: Sequence[str], width: int, dialect: Dialect, *, counted: bool = False) -> list[str]:
    """Column names from the lines above a table: the nearest that fits in width, joined with a line of units.

    Empty if no line fits. A line that names a known axis wins over a nearer one that does not. Lines such as XUNITS and
    YUNITS (JASCO), or the two below #GR (PerkinElmer), name the axes of a table of two columns one by one. Where rows may be `counted` from 0 or 1, a "#" may
    be the name of that column (Bruker Compass), elsewhere it marks a comment.
    """
    stated = {key: value for key, value in (_axis_line(line, dialect) for line in words) if key}
    if width == 2 and "x" in stated:
        named = next((c for line in words[:-3:-1] if (c := _header_cells(line, 2, dialect, counted))), ["", ""])
        other = units.x_unit(named[0]) not in ("", units.x_unit(stated["x"]))
        return [f"{named[0]} {stated['x']}" if other else stated["x"], stated.get("y", named[1])]
    if width == 2 and "#GR" in words:  # PerkinElmer ASCII: the units stand in the two lines below
        return [*words[words.index("#GR") + 1 :], "", ""][:2]
    fitting = [c for line in words[: -HEADER_REACH - 1 : -1] if (c := _header_cells(line, width, dialect, counted))]
    if not fitting:
        return []
    for i, cells in enumerate(fitting):
        if any(map(names_axis, cells)):
            above = fitting[i + 1] if i + 1 < len(fitting) else _wider(words, width, dialect)
            units_only = all(len(c) <= 8 or _BRACKETED.fullmatch(c) for c in cells) and not any(":" in c for c in above)
            units_only &= any(names_axis(c) or units.y_unit(c) for c in above) or (
                bool(above) and all(map(_BRACKETED.fullmatch, cells))
            )
            return [f"{a} {c}".strip() for a, c in zip(above, cells, strict=True)] if units_only else cells
    nearest = _header_cells(words[-1], width, dialect, counted)
    return nearest if all(nearest) else []


def names_axis(name: str) -> bool:
    """Whether the name of a column is that of an axis."""
    return bool(units.x_unit(name) or units.is_time(name))


def _wider(words: Sequence[str], width: int, dialect: Dialect) -> list[str]:
    """The names above a line of units where the last one is of a column without values (AvaSoft); else none."""
    return _header_cells(words[-2], width + 1, dialect, counted=False)[:width] if len(words) > 1 else []


def named_by_numbers(line: str, table: FloatArray, dialect: Dialect) -> list[str]:
    """The names in the line above a table where all but the first, or the first few, are wavelengths or m/z; else none.

    "Time (min);5.12" and "Laser wavelength (nm);785" above two columns give a value, unless what follows is a curve over time.
    """
    width = table.shape[1]
    cells = [c.strip() for c in dialect.cells(line[:LONGEST_HEADER])]
    numbers = [(dialect.number(c) if c else None) for c in cells]
    first = next((i for i, value in enumerate(numbers) if value is not None), 0)
    if len(cells) != width or first == 0 or not all(v is not None and isfinite(v) for v in numbers[first:]):
        return []
    axis = units.plain(cells[0])
    timed = _TIME_ALONE.fullmatch(axis) or _TIME_TWICE.fullmatch(axis)
    if not timed and not (_LIGHT_ALONE.fullmatch(axis) and table[:, 0].max() >= LOWEST_NM):
        return []
    own = first > 1 or width > 2 or (numbers[1] or 0.0) >= LOWEST_NM  # 5.12 minutes are none of a detector
    curve = timed and own and table.shape[0] >= ENOUGH_ROWS and direction(table[:, 0]) > 0 and _even(table[:, 0])
    return cells if width > 2 or curve else []


def _even(x: FloatArray) -> bool:
    steps = np.abs(np.diff(x))
    return direction(x) != 0 and float(steps.std() / steps.mean()) <= EVEN


def _axis_line(line: str, dialect: Dialect) -> tuple[str, str]:
    """("x" or "y", its name and unit) of a line that states one of the two axes; ("", "") of any other."""
    cells = dialect.cells(line) if dialect.delimiter != SPACE else line.strip().split(None, 1)
    if len(cells) == 1:  # XUNITS=1/CM above columns of tabs
        cells = re.split("[=:]", cells[0], maxsplit=1)
    match = _AXIS.fullmatch(cells[0].strip(" #:=")) if len(cells) == 2 else None
    if match is None or not cells[1].strip() or "Spec.Data" in cells[1]:  # of WITec, a name beside X-Axis
        return "", ""
    return _AXES_OF_LABSPEC.get(match[2], match[1]).lower(), cells[1].strip()


def _header_cells(line: str, width: int, dialect: Dialect, counted: bool) -> list[str]:
    bare = re.sub(r"^\s*(#|%|//|;|!)+\s*", "", line[:LONGEST_HEADER])
    attempts = [dialect.cells(bare)] if dialect.delimiter != SPACE else []
    if dialect.delimiter == SPACE:
        attempts = [re.split(r"\s{2,}|\t", bare.strip()), bare.split(), re.split("[,;]", bare.strip())]
        attempts.append(re.split(r"\s++(?![(\[])", bare.strip()))  # Wavenumber (cm-1) Absorbance
        if bare.lstrip().startswith('"'):  # "Wavelength nm." "Abs."
            attempts.insert(0, re.findall('"([^"]*)"', bare))
    numbered = (
        [["#", *c[bool(c) and not c[0] :]] for c in attempts] if counted and line.lstrip().startswith("#") else []
    )
    for short in (0, 1):  # first with a name for every column, then without one for the last
        for cells in (*numbered, *attempts) if not short else attempts:
            filled = [c.strip() for c in cells]
            while len(filled) > width and not filled[-1]:
                filled.pop()
            filled += [""] * short
            if len(filled) != width or not any(filled) or _states_a_value(filled):
                continue
            if all(not c or dialect.number(c) is None for c in filled):
                return filled
    return []


def _states_a_value(cells: Sequence[str]) -> bool:
    """Whether a line such as "Exposure (s): auto" or "Laser wavelength;785 nm" gives a value, and names no columns."""
    name, value = cells[0], cells[1] if len(cells) == 2 else ""
    if len(cells) == 2 and _SETTING.match(units.plain(name)):
        return True
    if not any(cells[1:]) and re.search(r"[:=]\s*\S|\d\s*(?:min|sec|s)\b", name):  # Scan 300 (5.12 min)
        return True
    if name.endswith((":", "=")) and not cells[-1].endswith((":", "=")):
        return True
    measured = re.fullmatch(r"[+-]?\d[\d.,]*\s*([^\W\d][\w/^-]*)", value)
    if measured is None:
        return False
    unit = units.x_unit(measured[1])
    return bool(unit and unit == units.x_unit(name)) or (units.is_time(name) and bool(_TIME.fullmatch(measured[1])))
