"""A figure over time: line, interval band, words where there is no figure, hollow and dotted where a period is not whole, a
dashed line for what it is compared with. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from app.figures.trends.charts.groups import Group, Point
from app.figures.trends.charts.scene import Anchor, Area, Dot, Line, Mark, Scene, Titled, Words
from app.figures.trends.charts.words import Scale, axis_title, every, figure, period, row_in_words, said, ticks, why

LEFT, TOP, BOTTOM, RIGHT = 62.0, 46.0, 46.0, 58.0
FEW_PERIODS = 6
SMALL, NARROW, WIDE = (400.0, 250.0), (560.0, 266.0), (940.0, 356.0)
"""Of few periods, beside other charts, and alone: a phone shows the small one without scrolling."""
ROOM_FOR_WORDS = 17.0
"""Narrowest column that takes a line of turned text."""
ROOM_ACROSS = 112.0
"""Narrowest run of columns that takes the words as they are."""


@dataclass(frozen=True, slots=True)
class PlotArea:
    """Where things stand: size, end of the axis, periods from left to right."""

    width: float
    height: float
    top: float
    scale: Scale
    time: str
    places: tuple[str, ...]
    unit: str = ""

    @property
    def step(self) -> float:
        """Width of one period."""
        return (self.edge - LEFT - 8) / max(1, len(self.places))

    @property
    def edge(self) -> float:
        """Where the lines of the axis end; a wide chart has its figures on both sides, for a phone shows its end."""
        return self.width - (RIGHT if self.width >= WIDE[0] else 0.0)

    @property
    def floor(self) -> float:
        """Where the axis begins."""
        return self.height - BOTTOM

    def x(self, place: int) -> float:
        """Middle of a period."""
        return LEFT + self.step * (place + 0.5)

    def y(self, value: float) -> float:
        """Height of a figure."""
        return self.floor - min(1.0, max(0.0, value / (self.top or 1.0))) * (self.floor - TOP)


def scene(group: Group, area: PlotArea, baseline: str = "") -> Scene:
    """The drawing of one group."""
    at = {place: index for index, place in enumerate(area.places)}
    points = {at[p.at]: p for p in group.points if p.at in at}
    parts: list[Mark | Titled] = [*_axes(area), *_bands(points, area)]
    parts += _baseline(points, area, baseline)
    parts += _lines(points, area)
    parts += [_titled(index, p, area) for index, p in sorted(points.items())]
    parts += _reasons(points, area)
    return Scene(area.width, area.height, tuple(parts))


def _axes(area: PlotArea) -> Iterator[Mark]:
    share = "share " if area.scale == Scale.SHARE else ""
    yield Words(4, 16, share + axis_title(area.scale, area.unit), "tick")
    for value, label in ticks(area.top, area.scale, few=area.width <= NARROW[0]):
        y = area.y(value)
        yield Line(LEFT, y, area.edge, y, "axis" if value == 0 else "grid")
        yield Words(LEFT - 8, y + 5, label, "tick", "end")
        if area.edge < area.width:
            yield Words(area.edge + 8, y + 5, label, "tick")
    each, last_year = every(len(area.places), area.edge - LEFT, 46), ""
    for index in range(0, len(area.places), each):
        first, second = period(area.time, area.places[index])
        x, anchor = _foot(area, index)
        yield Words(x, area.floor + 19, first, "tick", anchor)
        if second != last_year:
            yield Words(x, area.floor + 38, second, "tick", anchor)
            last_year = second


def _foot(area: PlotArea, index: int) -> tuple[float, Anchor]:
    """Where the name of a period stands: below its middle, the last one no further than the edge."""
    x = area.x(index)
    return (area.width, "end") if x > area.width - 22 else (x, "middle")


def _shown(points: Mapping[int, Point], area: PlotArea) -> list[tuple[int, Point, float]]:
    values = ((i, p, figure(p.row, area.scale)) for i, p in sorted(points.items()))
    return [(i, p, v) for i, p, v in values if v is not None]


def _bands(points: Mapping[int, Point], area: PlotArea) -> Iterator[Mark]:
    """The interval as a band through neighbours; one by itself has only its own bar."""
    run: list[tuple[float, float, float]] = []
    before = -2
    for index, point, _ in [*_shown(points, area), (10**6, None, 0.0)]:
        ends = point.row.ends if point else None
        if index != before + 1 or ends is None:
            if len(run) > 1:
                yield Area((*((x, low) for x, low, _ in run), *((x, high) for x, _, high in reversed(run))), "band")
            run = []
        if ends is not None:
            run.append((area.x(index), area.y(ends[0]), area.y(ends[1])))
        before = index


def _lines(points: Mapping[int, Point], area: PlotArea) -> Iterator[Mark]:
    for (i, p, v), (j, q, w) in pairwise(_shown(points, area)):
        if j == i + 1:
            part = p.row.incomplete or q.row.incomplete
            yield Line(area.x(i), area.y(v), area.x(j), area.y(w), "line-dotted" if part else "line")


def _titled(index: int, point: Point, area: PlotArea) -> Titled:
    row, x = point.row, area.x(index)
    value = figure(row, area.scale)
    marks: list[Mark] = []
    if value is not None:
        if row.ends:
            marks.append(Line(x, area.y(row.ends[1]), x, area.y(row.ends[0]), "whisker"))
        small = area.step < 14
        marks.append(Dot(x, area.y(value), 3 if small else 5, "dot-hollow" if row.incomplete else "dot"))
    told = f"{point.label}: {row_in_words(row, area.scale)}"
    told += f" ({row.incomplete_why})" if row.incomplete else ""
    return Titled(told, tuple(marks))


def _reasons(points: Mapping[int, Point], area: PlotArea) -> Iterator[Mark]:
    """Why there is no figure: in each column, or once over a run of narrow ones hidden for the same reason."""
    hidden = {i: why(p.row.why) for i, p in points.items() if figure(p.row, area.scale) is None}
    narrow, middle = 2 * min(area.step * 0.42, 26) < ROOM_FOR_WORDS, (TOP + area.floor) / 2
    run: list[int] = []
    for index in [*sorted(hidden), -1]:
        joined = narrow and run and index == run[-1] + 1 and hidden[index] == hidden[run[-1]]
        if run and not joined:
            x, words = (area.x(run[0]) + area.x(run[-1])) / 2, hidden[run[0]]
            if area.step * len(run) >= ROOM_ACROSS:
                yield Words(x, middle, words, "over", "middle")
            elif not narrow or area.step * len(run) >= ROOM_FOR_WORDS:
                yield Words(x + 5, middle, words, "over", "middle", turned=True)
            run = []
        run.append(index)


def _baseline(points: Mapping[int, Point], area: PlotArea, name: str) -> Iterator[Mark]:
    """What the figures are compared with: one for all of a group, or one per period."""
    values = [(i, p.row.baseline) for i, p in sorted(points.items()) if p.row.baseline is not None]
    if not values:
        return
    alike = len({v for _, v in values}) == 1
    if alike:
        y = area.y(values[0][1])
        yield Line(LEFT, y, area.edge, y, "baseline")
    else:
        for index, value in values:
            y, half = area.y(value), area.step * 0.45
            yield Line(area.x(index) - half, y, area.x(index) + half, y, "baseline")
    words = f"{name or 'compared with'}: {said(values[-1][1], area.scale)}" if alike else name or "compared with"
    start = area.width - 4 - 8.4 * len(words)  # above the chart, where nothing is drawn
    yield Line(start - 36, 11, start - 6, 11, "baseline")
    yield Words(area.width - 4, 16, words, "over", "end")
