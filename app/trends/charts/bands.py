"""A distribution of amounts in bands of fixed width: a column per band with its interval, and ticks under the bands in
which a quarter, the half and three quarters of the samples are reached. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.trends.charts import scales
from app.trends.charts.groups import Group
from app.trends.charts.scene import Area, Box, Line, Mark, Scene, Told, Words
from app.trends.charts.words import Scale, number, row_in_words, why
from app.trends.domain import Row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 560.0, 270.0, 62.0, 14.0, 62.0
QUARTERS = ((0.25, "¼"), (0.5, "½"), (0.75, "¾"))


def edges(row: Row) -> tuple[float, float | None]:
    """Where a band begins and ends; the last one may be open."""
    start, end = row.more.get("band_from"), row.more.get("band_to")
    return float(str(start or 0)), None if end is None else float(str(end))


def name_of(row: Row, unit: str = "") -> str:
    """“20 to 40 mg per unit”, “400 and more”."""
    start, end = edges(row)
    told = f"{number(start)} to {number(end)}" if end is not None else f"{number(start)} and more"
    return f"{told} {unit}" if unit else told


def quarters(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Band in which a quarter, the half and three quarters of the samples are reached; none where a band is hidden,
    because then nobody can say."""
    reached, told = 0.0, []
    if not rows or any(row.value is None for row in rows):
        return []
    whole = sum(row.value or 0.0 for row in rows)
    left = list(QUARTERS)
    for index, row in enumerate(rows):
        reached += row.value or 0.0
        while left and whole > 0 and reached >= left[0][0] * whole - 1e-9:
            told.append((index, left.pop(0)[1]))
    return told


def scene(group: Group, top: float) -> Scene:
    """The drawing of one group."""
    rows = sorted((p.row for p in group.points), key=lambda row: edges(row)[0])
    step = (WIDTH - LEFT - 8) / max(1, len(rows))
    parts: list[Mark | Told] = [*_axes(rows, step, top, group.unit)]
    parts += [_column(row, LEFT + step * index, step, top, group.unit) for index, row in enumerate(rows)]
    parts += _quarters(rows, step)
    return Scene(WIDTH, HEIGHT, tuple(parts))


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - min(1.0, max(0.0, value / top)) * (HEIGHT - BOTTOM - TOP)


def _axes(rows: Sequence[Row], step: float, top: float, unit: str) -> Iterator[Mark]:
    for value, label in scales.ticks(top, Scale.SHARE, few=True):
        y = _y(value, top)
        yield Line(LEFT, y, WIDTH, y, "axis" if value == 0 else "grid")
        yield Words(LEFT - 8, y + 5, label, "tick", "end")
    each = scales.every(len(rows), WIDTH - LEFT, 44)
    for index in range(0, len(rows), each):
        yield Words(LEFT + step * index, HEIGHT - BOTTOM + 30, number(edges(rows[index])[0]), "tick", "middle")
    end = edges(rows[-1])[1] if rows else None
    if end is not None and len(rows) % each == 0:
        yield Words(WIDTH, HEIGHT - BOTTOM + 30, number(end), "tick", "end")
    yield Words((LEFT + WIDTH) / 2, HEIGHT - 8, unit or "amount", "tick", "middle")


def _column(row: Row, x: float, step: float, top: float, unit: str) -> Told:
    floor, marks = HEIGHT - BOTTOM, list[Mark]()
    if row.value is None:
        marks.append(Box(x + 1, TOP, step - 2, floor - TOP, "hatch"))
        if step >= 19:
            marks.append(Words(x + step / 2 + 5, (TOP + floor) / 2, why(row.suppressed), "over", "middle", turned=True))
    else:
        y = _y(row.value, top)
        marks.append(Box(x + 1, y, step - 2, max(0.0, floor - y), "bar-hollow" if row.incomplete else "bar"))
        if row.low is not None and row.high is not None:
            middle = x + step / 2
            marks.append(Line(middle, _y(row.high, top), middle, _y(row.low, top), "range"))
    return Told(f"{name_of(row, unit)}: {row_in_words(row, Scale.SHARE)}", tuple(marks))


def _quarters(rows: Sequence[Row], step: float) -> Iterator[Mark]:
    """Ticks hang from the axis; several in one band stand side by side."""
    at: dict[int, list[str]] = {}
    for index, label in quarters(rows):
        at.setdefault(index, []).append(label)
    y = HEIGHT - BOTTOM
    for index, labels in at.items():
        x = LEFT + step * (index + 0.5)
        yield Area(((x, y + 1), (x - 5, y + 9), (x + 5, y + 9)), "tickmark")
        yield Words(x + 8, y + 14, " ".join(labels), "quarter")
