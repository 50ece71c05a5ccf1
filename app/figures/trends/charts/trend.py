"""A figure over time: line, interval band, words where there is no figure, hollow and dotted where a period is not whole, a
dashed line for what it is compared with. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from app.figures.trends.charts.groups import Group, Point
from app.figures.trends.charts.scene import Anchor, Area, Dot, Line, Mark, Scene, Told, Words
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
class Frame:
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


def scene(group: Group, frame: Frame, baseline: str = "") -> Scene:
    """The drawing of one group."""
    at = {place: index for index, place in enumerate(frame.places)}
    points = {at[p.at]: p for p in group.points if p.at in at}
    parts: list[Mark | Told] = [*_axes(frame), *_bands(points, frame)]
    parts += _baseline(points, frame, baseline)
    parts += _lines(points, frame)
    parts += [_told(index, p, frame) for index, p in sorted(points.items())]
    parts += _reasons(points, frame)
    return Scene(frame.width, frame.height, tuple(parts))


def _axes(frame: Frame) -> Iterator[Mark]:
    share = "share " if frame.scale == Scale.SHARE else ""
    yield Words(4, 16, share + axis_title(frame.scale, frame.unit), "tick")
    for value, label in ticks(frame.top, frame.scale, few=frame.width <= NARROW[0]):
        y = frame.y(value)
        yield Line(LEFT, y, frame.edge, y, "axis" if value == 0 else "grid")
        yield Words(LEFT - 8, y + 5, label, "tick", "end")
        if frame.edge < frame.width:
            yield Words(frame.edge + 8, y + 5, label, "tick")
    each, last_year = every(len(frame.places), frame.edge - LEFT, 46), ""
    for index in range(0, len(frame.places), each):
        first, second = period(frame.time, frame.places[index])
        x, anchor = _foot(frame, index)
        yield Words(x, frame.floor + 19, first, "tick", anchor)
        if second != last_year:
            yield Words(x, frame.floor + 38, second, "tick", anchor)
            last_year = second


def _foot(frame: Frame, index: int) -> tuple[float, Anchor]:
    """Where the name of a period stands: below its middle, the last one no further than the edge."""
    x = frame.x(index)
    return (frame.width, "end") if x > frame.width - 22 else (x, "middle")


def _shown(points: Mapping[int, Point], frame: Frame) -> list[tuple[int, Point, float]]:
    values = ((i, p, figure(p.row, frame.scale)) for i, p in sorted(points.items()))
    return [(i, p, v) for i, p, v in values if v is not None]


def _bands(points: Mapping[int, Point], frame: Frame) -> Iterator[Mark]:
    """The interval as a band through neighbours; one by itself has only its own bar."""
    run: list[tuple[float, float, float]] = []
    before = -2
    for index, point, _ in [*_shown(points, frame), (10**6, None, 0.0)]:
        ends = point.row.ends if point else None
        if index != before + 1 or ends is None:
            if len(run) > 1:
                yield Area((*((x, low) for x, low, _ in run), *((x, high) for x, _, high in reversed(run))), "band")
            run = []
        if ends is not None:
            run.append((frame.x(index), frame.y(ends[0]), frame.y(ends[1])))
        before = index


def _lines(points: Mapping[int, Point], frame: Frame) -> Iterator[Mark]:
    for (i, p, v), (j, q, w) in pairwise(_shown(points, frame)):
        if j == i + 1:
            part = p.row.incomplete or q.row.incomplete
            yield Line(frame.x(i), frame.y(v), frame.x(j), frame.y(w), "line-dotted" if part else "line")


def _told(index: int, point: Point, frame: Frame) -> Told:
    row, x = point.row, frame.x(index)
    value = figure(row, frame.scale)
    marks: list[Mark] = []
    if value is not None:
        if row.ends:
            marks.append(Line(x, frame.y(row.ends[1]), x, frame.y(row.ends[0]), "whisker"))
        small = frame.step < 14
        marks.append(Dot(x, frame.y(value), 3 if small else 5, "dot-hollow" if row.incomplete else "dot"))
    told = f"{point.label}: {row_in_words(row, frame.scale)}"
    told += f" ({row.incomplete_why})" if row.incomplete else ""
    return Told(told, tuple(marks))


def _reasons(points: Mapping[int, Point], frame: Frame) -> Iterator[Mark]:
    """Why there is no figure: in each column, or once over a run of narrow ones hidden for the same reason."""
    hidden = {i: why(p.row.why) for i, p in points.items() if figure(p.row, frame.scale) is None}
    narrow, middle = 2 * min(frame.step * 0.42, 26) < ROOM_FOR_WORDS, (TOP + frame.floor) / 2
    run: list[int] = []
    for index in [*sorted(hidden), -1]:
        joined = narrow and run and index == run[-1] + 1 and hidden[index] == hidden[run[-1]]
        if run and not joined:
            x, words = (frame.x(run[0]) + frame.x(run[-1])) / 2, hidden[run[0]]
            if frame.step * len(run) >= ROOM_ACROSS:
                yield Words(x, middle, words, "over", "middle")
            elif not narrow or frame.step * len(run) >= ROOM_FOR_WORDS:
                yield Words(x + 5, middle, words, "over", "middle", turned=True)
            run = []
        run.append(index)


def _baseline(points: Mapping[int, Point], frame: Frame, name: str) -> Iterator[Mark]:
    """What the figures are compared with: one for all of a group, or one per period."""
    values = [(i, p.row.baseline) for i, p in sorted(points.items()) if p.row.baseline is not None]
    if not values:
        return
    alike = len({v for _, v in values}) == 1
    if alike:
        y = frame.y(values[0][1])
        yield Line(LEFT, y, frame.edge, y, "baseline")
    else:
        for index, value in values:
            y, half = frame.y(value), frame.step * 0.45
            yield Line(frame.x(index) - half, y, frame.x(index) + half, y, "baseline")
    words = f"{name or 'compared with'}: {said(values[-1][1], frame.scale)}" if alike else name or "compared with"
    start = frame.width - 4 - 8.4 * len(words)  # above the chart, where nothing is drawn
    yield Line(start - 36, 11, start - 6, 11, "baseline")
    yield Words(frame.width - 4, 16, words, "over", "end")
