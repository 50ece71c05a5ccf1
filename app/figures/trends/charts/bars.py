"""A figure for each of several things, one line each: bar, interval, the figure in words. Pure geometry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from app.figures.trends.charts.groups import Group, Point
from app.figures.trends.charts.scene import Box, Line, Mark, Scene, Titled, Words
from app.figures.trends.charts.words import Scale, axis_title, figure, row_in_words, said, ticks, why

WIDTH, LABEL, FIGURE = 468.0, 160.0, 122.0
"""Narrow enough to be read whole on a phone."""
ROW, LINE, TOP, BOTTOM = 34.0, 16.0, 12.0, 30.0
MOST = 30
"""Lines of one chart; the table has the rest."""
LETTERS, LINES = 17, 3
"""Of a label: letters of a line, and lines; the whole of it is told when pointed at, and stands in the table."""


def scene(group: Group, top: float, scale: Scale, baseline: str = "") -> Scene:
    """The drawing of one group, in the order of its rows."""
    points = group.points[:MOST]
    tall = ROW + LINE * (max((len(_lines(p.label)) for p in points), default=0) == LINES)
    height = TOP + tall * len(points) + _foot(scale)
    parts: list[Mark | Titled] = [*_axes(height, top, scale, group.unit)]
    parts += [_titled(p, TOP + tall * (index + 0.5), top, scale, baseline) for index, p in enumerate(points)]
    return Scene(WIDTH, height, tuple(parts))


def _foot(scale: Scale) -> float:
    """Below the lines: the figures of the axis, and a line for the unit where it is a long one."""
    return BOTTOM + (22.0 if scale == Scale.AMOUNT else 0.0)


def _x(value: float, top: float) -> float:
    return LABEL + min(1.0, max(0.0, value / (top or 1.0))) * (WIDTH - LABEL - FIGURE)


def _axes(height: float, top: float, scale: Scale, unit: str) -> Iterator[Mark]:
    floor = height - _foot(scale)
    low = floor + 22
    for value, label in ticks(top, scale, few=True):
        x = _x(value, top)
        yield Line(x, TOP, x, floor, "axis" if value == 0 else "grid")
        yield Words(x, low, label, "tick", "middle")
    if scale == Scale.AMOUNT:
        yield Words((LABEL + WIDTH - FIGURE) / 2, height - 8, axis_title(scale, unit), "tick", "middle")
    elif scale != Scale.MINUTES:
        yield Words(WIDTH - FIGURE + 32, low, axis_title(scale, unit), "tick")


def _lines(label: str) -> list[str]:
    return textwrap.wrap(label, LETTERS, max_lines=LINES, placeholder="…") or [""]


def short(label: str, letters: int) -> str:
    """A label that fits."""
    return label if len(label) <= letters else label[: letters - 1].rstrip() + "…"


def _titled(point: Point, y: float, top: float, scale: Scale, baseline: str) -> Titled:
    row, value = point.row, figure(point.row, scale)
    lines = _lines(point.label)
    first = y + 5 - LINE / 2 * (len(lines) - 1)
    marks: list[Mark] = [Words(LABEL - 10, first + LINE * k, line, "label", "end") for k, line in enumerate(lines)]
    if value is None:
        marks.append(Words(WIDTH - FIGURE + 12, y + 5, why(row.why), "value"))
    else:
        marks.append(Box(LABEL, y - 6, max(1.0, _x(value, top) - LABEL), 12, "bar-hollow" if row.incomplete else "bar"))
        if row.ends:
            low, high = (_x(end, top) for end in row.ends)
            marks += [
                Line(low, y, high, y, "range"),
                Line(low, y - 8, low, y + 8, "range"),
                Line(high, y - 8, high, y + 8, "range"),
            ]
        of = f" of {row.denominator:,}" if scale == Scale.SHARE and row.denominator is not None else ""
        marks.append(Words(WIDTH - FIGURE + 12, y + 5, f"{said(value, scale)}{of}", "value"))
    told = f"{point.label}: {row_in_words(row, scale)}"
    if row.baseline is not None:
        x = _x(row.baseline, top)
        marks.append(Line(x, y - 13, x, y + 13, "baseline"))
        told += f"; {baseline or 'compared with'}: {said(row.baseline, scale)}"
    return Titled(told, tuple(marks))
