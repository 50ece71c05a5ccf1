"""A heat table: time from left to right, one line per substance or class, shaded in five steps of one colour *and* with
the figure printed, empty where there is none. The page shows it as a table, a slide as a drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.figures.trends.charts.bars import short
from app.figures.trends.charts.groups import Groups, Point
from app.figures.trends.charts.scene import Box, Mark, Scene, Titled, Words
from app.figures.trends.charts.words import Scale, figure, period, row_in_words, said, top_of, why
from app.figures.trends.domain import Row

STEPS = 5
MOST_COLUMNS, MOST_LINES = 36, 40
LABEL, COLUMN, LINE, TOP = 210.0, 62.0, 34.0, 48.0


NO_ROW = "no figure for that period"


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of the grid. `step` 1–5 is its shade; 0: no figure, for the reason in `reason`, or no row."""

    text: str
    step: int
    reason: str
    incomplete: str
    told: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The table: heads of the columns in two lines, then a title and cells per line. `key` says what each step means."""

    columns: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]
    key: tuple[str, ...]
    left_off: str


def grid(groups: Groups, scale: Scale, silent: int = 0) -> Grid:
    """The newest periods and the first lines of a table by time and something else; `silent` lines without any figure are left off."""
    places, lines = groups.places[-MOST_COLUMNS:], groups.groups[:MOST_LINES]
    top = top_of((figure(p.row, scale) for g in lines for p in g.points if p.at in places), scale)
    made = []
    for group in lines:
        at = {p.at: p for p in group.points}
        title = f"{group.title}, {group.unit}" if group.unit else group.title
        made.append((title or "All", tuple(_cell(at.get(place), scale, top) for place in places)))
    ends = [top * step / STEPS for step in range(STEPS + 1)]
    shaded = any(cell.step for _, cells in made for cell in cells)
    key = tuple(f"{said(a, scale)} to {said(b, scale)}" for a, b in pairwise(ends)) if shaded else ()
    return Grid(tuple(period(groups.time, p) for p in places), tuple(made), key, _left_off(groups, places, silent))


def _left_off(groups: Groups, places: Sequence[str], silent: int) -> str:
    parts = []
    if len(groups.places) > len(places):
        parts.append(f"the newest {len(places)} of {len(groups.places)} periods")
    if len(groups.groups) > MOST_LINES:
        parts.append(f"{MOST_LINES} of {len(groups.groups)} lines")
    told = [f"The chart shows {' and '.join(parts)}."] if parts else []
    if silent:
        told.append(f"{silent} more {'line has' if silent == 1 else 'lines have'} no figure in any period.")
    return " ".join([*told, "The table has all of them."]) if told else ""


def _part(row: Row) -> str:
    return row.incomplete_why if row.incomplete else ""


def _cell(point: Point | None, scale: Scale, top: float) -> Cell:
    if point is None:
        return Cell("", 0, "", "", NO_ROW)
    row, value = point.row, figure(point.row, scale)
    if value is None:
        return Cell(why(row.why), 0, row.why, _part(row), row.why)
    step = min(STEPS, max(1, int(value / top * STEPS - 1e-9) + 1))
    return Cell(said(value, scale), step, "", _part(row), row_in_words(row, scale))


def scene(table: Grid) -> Scene:
    """The heat table as a drawing."""
    width = LABEL + COLUMN * max(1, len(table.columns)) + 4
    parts: list[Mark | Titled] = []
    before = ""
    for index, (first, second) in enumerate(table.columns):
        x = LABEL + COLUMN * (index + 0.5)
        parts.append(Words(x, TOP - 10, first, "tick", "middle"))
        if second != before:
            parts.append(Words(x, TOP - 29, second, "tick", "middle"))
            before = second
    for line, (title, cells) in enumerate(table.lines):
        y = TOP + LINE * line
        parts.append(Words(LABEL - 10, y + LINE / 2 + 5, short(title, 26), "label", "end"))
        parts += [_drawn(cell, LABEL + COLUMN * index, y) for index, cell in enumerate(cells) if cell.text]
    return Scene(width, TOP + LINE * len(table.lines) + 8, tuple(parts))


def _drawn(cell: Cell, x: float, y: float) -> Titled:
    box = Box(x + 1, y + 1, COLUMN - 2, LINE - 2, f"heat-{cell.step}" if cell.step else "cell")
    marks: list[Mark] = [box]
    if cell.incomplete:
        marks.append(Box(x + 2.5, y + 2.5, COLUMN - 5, LINE - 5, "part"))
    marks.append(Words(x + COLUMN / 2, y + LINE / 2 + 5, cell.text, "in-cell" if cell.step else "over", "middle"))
    return Titled(cell.told, tuple(marks))
