"""Which rows of a table belong to one chart, and what runs along its axis. Pure.

Where one of the dimensions of a table is a time it runs along the axis; else, and where classes were found together, the
last one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.figures.trends.charts.words import DIMENSIONS, unit_of, when
from app.figures.trends.domain import Row, TrendTable

TIMES = ("month", "quarter", "year")
Names = Callable[[str, str], str]
"""From a dimension and a value to the words for it."""
WITH = "with"
"""What was found together has a row for each other class."""
LONGEST_RUN = 600
"""Places on an axis of time at most; a date far off (a typing mistake of long ago) must not make a chart of ages."""


@dataclass(frozen=True, slots=True)
class Point:
    """One row at its place on the axis: `at` is its value there, `label` the words for it."""

    at: str
    label: str
    row: Row


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one chart."""

    title: str
    points: tuple[Point, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """All charts of a table, with the axis they share: `time` is a dimension or "", `places` every value on it."""

    time: str
    axis: str
    places: tuple[str, ...]
    groups: tuple[Group, ...]


def plain(dimension: str, value: str) -> str:
    """A value without a register: underscores are spaces, nothing is “not recorded”."""
    return value.replace("_", " ") or "not recorded"


def value_of(row: Row, key: str) -> str:
    """A row's value of a dimension, or the other class that was found with it."""
    return row.key.get(key, "") or str(row.more.get(key) or "")


def keys_of(table: TrendTable) -> list[str]:
    """What tells the rows of a table apart, in order."""
    keys = [d.value for d in table.dimensions]
    return [*keys, WITH] if any(WITH in row.more for row in table.rows) else keys


def grouped(table: TrendTable, names: Names = plain) -> Groups:
    """The rows of a table by chart, in the order of the table."""
    keys = keys_of(table)
    time = "" if WITH in keys else next((key for key in keys if key in TIMES), "")
    axis = time or (keys[-1] if keys else "")
    found: dict[tuple[str, str], list[Point]] = {}
    for row in table.rows:
        at = value_of(row, axis) if axis else ""
        if time and not at:
            continue  # no date was written down: in the table, on no axis of time
        title = " · ".join(_said(names, key, value_of(row, key)) for key in keys if key != axis)
        label = when(time, at) if time else (_said(names, axis, at) if axis else "All")
        found.setdefault((title, unit_of(row)), []).append(Point(at, label, row))
    places = _through(time, {p.at for points in found.values() for p in points}) if time else ()
    groups = tuple(Group(title, tuple(points), unit) for (title, unit), points in found.items())
    return Groups(time, axis, places, groups)


def _said(names: Names, key: str, value: str) -> str:
    if key in TIMES and value:
        return when(key, value)
    return names(key, value) if value else f"{DIMENSIONS.get(key, plain('', key))} not recorded"


def _through(time: str, seen: set[str]) -> tuple[str, ...]:
    """Every period from the first to the last, so that one without samples leaves a gap."""
    if not seen:
        return ()
    ordered = sorted(seen)
    try:
        run = _run(time, ordered[0], ordered[-1])
    except ValueError:  # a period nobody can count on from: what is there, in order
        return tuple(ordered)
    return run if seen <= set(run) else tuple(ordered)


def _run(time: str, first: str, last: str) -> tuple[str, ...]:
    if time == "year":
        return tuple(str(year) for year in range(int(first), min(int(last), int(first) + LONGEST_RUN) + 1))
    per_year, mark, width = (12, "", 2) if time == "month" else (4, "Q", 1)
    begin, until = (int(v[:4]) * per_year + int(v[5:].removeprefix(mark)) - 1 for v in (first, last))
    return tuple(
        f"{k // per_year}-{mark}{k % per_year + 1:0{width}d}" for k in range(begin, min(until, begin + LONGEST_RUN) + 1)
    )
