"""Two methods against each other: the four counts as a square, sensitivity and specificity as bars. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator

from app.trends.charts.groups import Group, Point
from app.trends.charts.heat import NO_ROW
from app.trends.charts.scene import Box, Line, Mark, Scene, Told, Words
from app.trends.charts.words import Scale, row_in_words, said, why
from app.trends.domain import Row

WIDTH, HEIGHT = 720.0, 224.0
LEFT, TOP, CELL, TALL = 150.0, 66.0, 112.0, 62.0
BAR = 468.0
HALVES = ("sensitivity", "specificity")


def halves(group: Group) -> dict[str, Row]:
    """The two rows of a square by their name."""
    return {str(p.row.more.get("figure")): p.row for p in group.points}


def counts(row: Row | None) -> tuple[int | None, int | None]:
    """Of one answer of the yardstick: where the other method agreed and where it did not."""
    if row is None or row.numerator is None or row.denominator is None:
        return None, None
    return row.numerator, row.denominator - row.numerator


def scene(group: Group, yardstick: str, compared: str) -> Scene:
    """The drawing of one group. The yardstick's answers are the rows of the square, the other method's its columns."""
    rows = halves(group)
    (both, missed), (neither, more) = (counts(rows.get(name)) for name in HALVES)
    parts: list[Mark | Told] = [*_heads(yardstick, compared)]
    square = ((both, missed, rows.get("sensitivity")), (more, neither, rows.get("specificity")))
    for line, (one, two, row) in enumerate(square):
        for column, number in enumerate((one, two)):
            parts.append(_cell(LEFT + CELL * column, TOP + TALL * line, number, row))
    for line, name in enumerate(HALVES):
        found = next((p for p in group.points if p.row.more.get("figure") == name), None)
        if found is not None:
            parts.append(_bar(found, name, TOP + TALL * (line + 0.5)))
    y, end = TOP + 2 * TALL + 24, WIDTH - 8
    parts += [
        Words(BAR, y, "0\u00a0%", "tick"),
        Words((BAR + end) / 2, y, "50\u00a0%", "tick", "middle"),
        Words(end, y, "100\u00a0%", "tick", "end"),
    ]
    return Scene(WIDTH, HEIGHT, tuple(parts))


def _heads(yardstick: str, compared: str) -> Iterator[Mark]:
    yield Words(LEFT + CELL, 20, compared, "label", "middle")
    yield Words(LEFT + CELL / 2, TOP - 10, "saw it", "tick", "middle")
    yield Words(LEFT + CELL * 1.5, TOP - 10, "did not", "tick", "middle")
    yield Words(LEFT - 10, 20, yardstick, "label", "end")
    yield Words(LEFT - 10, TOP + TALL / 2 + 5, "saw it", "tick", "end")
    yield Words(LEFT - 10, TOP + TALL * 1.5 + 5, "did not see it", "tick", "end")


def _cell(x: float, y: float, number: int | None, row: Row | None) -> Told:
    if number is None:
        reason = row.suppressed if row is not None else NO_ROW
        words: Mark = Words(
            x + CELL / 2, y + TALL / 2 + 5, why(reason) if row is not None else reason, "over", "middle"
        )
        return Told(reason, (Box(x, y, CELL, TALL, "hatch"), Box(x, y, CELL, TALL, "cell"), words))
    told: Mark = Words(x + CELL / 2, y + TALL / 2 + 7, f"{number:,}", "count", "middle")
    return Told(f"{number:,} samples", (Box(x, y, CELL, TALL, "cell"), told))


def _bar(point: Point, name: str, y: float) -> Told:
    row, end = point.row, WIDTH - 8.0
    marks: list[Mark] = [Words(BAR, y - 14, name, "label")]
    if row.value is None:
        marks.append(Box(BAR, y - 6, end - BAR, 14, "hatch"))
        marks.append(Words(end, y - 14, why(row.suppressed), "value", "end"))
    else:
        marks += [
            Box(BAR, y - 6, end - BAR, 14, "cell"),
            Box(BAR, y - 3, row.value * (end - BAR), 8, "bar"),
            Words(end, y - 14, said(row.value, Scale.SHARE), "value", "end"),
        ]
        if row.low is not None and row.high is not None:
            marks.append(Line(BAR + row.low * (end - BAR), y + 1, BAR + row.high * (end - BAR), y + 1, "range"))
    return Told(f"{name}: {row_in_words(row, Scale.SHARE)}", tuple(marks))
