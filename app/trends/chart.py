"""Small multiples as plain SVG geometry: one chart of shares over months per other key. No script needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from app.trends.domain import Dimension, Row, TrendTable

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 200, 56, 28, 12


@dataclass(frozen=True, slots=True)
class Mark:
    """One month: position, interval, or why there is no figure."""

    x: float
    half: float
    y: float | None
    y_low: float | None
    y_high: float | None
    label: str
    text: str
    suppressed: bool
    incomplete: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, marks from left to right, and the line through those that have a figure."""

    title: str
    marks: tuple[Mark, ...]
    segments: tuple[tuple[float, float, float, float, bool], ...]
    summary: str


def charts(table: TrendTable, names: Mapping[str, str] = MappingProxyType({})) -> list[Chart]:
    """One chart per combination of the other dimensions; none when the table is not split by month."""
    if Dimension.MONTH not in table.dimensions:
        return []
    months = _through({row.key["month"] for row in table.rows})
    others = [d.value for d in table.dimensions if d is not Dimension.MONTH]
    groups: dict[str, dict[str, Row]] = {}
    for row in table.rows:
        groups.setdefault(" · ".join(names.get(row.key[o], row.key[o]) for o in others), {})[row.key["month"]] = row
    return [_chart(title, rows, months) for title, rows in sorted(groups.items())]


def _through(seen: set[str]) -> list[str]:
    """Every month from the first to the last, so that a month without samples leaves a gap."""
    if not seen:
        return []
    first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (min(seen), max(seen)))
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(first, last + 1)]


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _chart(title: str, rows: dict[str, Row], months: list[str]) -> Chart:
    step = (WIDTH - LEFT) / max(1, len(months))
    marks: list[Mark] = []
    for index, month in enumerate(months):
        row, x = rows.get(month), round(LEFT + step * (index + 0.5), 1)
        if row is None:
            continue
        shown = row.value is not None and row.low is not None and row.high is not None
        text = f"{row.value:.0%} of {row.denominator}" if row.value is not None else row.suppressed
        marks.append(
            Mark(
                x=x,
                half=round(min(step * 0.4, 24), 1),
                y=_y(row.value) if row.value is not None else None,
                y_low=_y(row.low) if row.low is not None else None,
                y_high=_y(row.high) if row.high is not None else None,
                label=month,
                text=f"{month}: {text}" + (" (month incomplete)" if row.incomplete else ""),
                suppressed=not shown,
                incomplete=row.incomplete,
            )
        )
    segments = tuple(
        (a.x, a.y, b.x, b.y, a.incomplete or b.incomplete)
        for a, b in pairwise(marks)
        if a.y is not None and b.y is not None and b.x - a.x < step * 1.5
    )
    return Chart(title or "All", tuple(marks), segments, "; ".join(m.text for m in marks))
