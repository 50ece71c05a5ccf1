"""A figure for each of several things, one line each: bar, interval, the figure in words. Pure geometry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from app.trends.charts import scales
from app.trends.charts.groups import Group, Point
from app.trends.charts.scene import Box, Line, Mark, Scene, Told, Words
from app.trends.charts.words import Scale, figure, row_in_words, said, why

WIDTH, LABEL, FIGURE = 640.0, 200.0, 150.0
ROW, TOP, BOTTOM = 34.0, 12.0, 30.0
MOST = 30
"""Lines of one chart; the table has the rest."""
LETTERS = 23
"""Of a line of a label, of which there are two; the whole of it is told when pointed at, and stands in the table."""


def scene(group: Group, top: float, scale: Scale, baseline: str = "") -> Scene:
    """The drawing of one group, in the order of its rows."""
    points = group.points[:MOST]
    height = TOP + ROW * len(points) + BOTTOM
    parts: list[Mark | Told] = [*_axes(height, top, scale)]
    parts += [_told(p, TOP + ROW * (index + 0.5), top, scale, baseline) for index, p in enumerate(points)]
    return Scene(WIDTH, height, tuple(parts))


def _x(value: float, top: float) -> float:
    return LABEL + min(1.0, max(0.0, value / top)) * (WIDTH - LABEL - FIGURE)


def _axes(height: float, top: float, scale: Scale) -> Iterator[Mark]:
    for value, label in scales.ticks(top, scale, parts=2):
        x = _x(value, top)
        yield Line(x, TOP, x, height - BOTTOM, "axis" if value == 0 else "grid")
        yield Words(x, height - 8, label, "tick", "middle")


def short(label: str, letters: int) -> str:
    """A label that fits."""
    return label if len(label) <= letters else label[: letters - 1].rstrip() + "…"


def _told(point: Point, y: float, top: float, scale: Scale, baseline: str) -> Told:
    row, value = point.row, figure(point.row, scale)
    lines = textwrap.wrap(point.label, LETTERS, max_lines=2, placeholder="…") or [""]
    first = y + 5 - 8 * (len(lines) - 1)
    marks: list[Mark] = [Words(LABEL - 10, first + 16 * k, line, "label", "end") for k, line in enumerate(lines)]
    if value is None:
        marks.append(Box(LABEL, y - 9, WIDTH - LABEL - FIGURE, 18, "hatch"))
        marks.append(Words(WIDTH - FIGURE + 12, y + 5, why(row.suppressed), "value"))
    else:
        marks.append(Box(LABEL, y - 6, max(1.0, _x(value, top) - LABEL), 12, "bar-hollow" if row.incomplete else "bar"))
        if row.low is not None and row.high is not None:
            low, high = _x(row.low, top), _x(row.high, top)
            marks += [
                Line(low, y, high, y, "range"),
                Line(low, y - 8, low, y + 8, "range"),
                Line(high, y - 8, high, y + 8, "range"),
            ]
        of = f" of {row.denominator}" if scale == Scale.SHARE and row.denominator is not None else ""
        marks.append(Words(WIDTH - FIGURE + 12, y + 5, f"{said(value, scale)}{of}", "value"))
    compared = row.more.get("baseline_value")
    told = f"{point.label}: {row_in_words(row, scale)}"
    if isinstance(compared, int | float):
        x = _x(float(compared), top)
        marks.append(Line(x, y - 13, x, y + 13, "baseline"))
        told += f"; {baseline or 'compared with'}: {said(float(compared), scale)}"
    return Told(told, tuple(marks))
