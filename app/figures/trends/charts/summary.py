"""What a chart shows, in sentences: the same for whoever hears it as for whoever sees it. Says nothing the interval
does not carry. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.figures.trends.charts.groups import Group, Point
from app.figures.trends.charts.words import Scale, about, figure, interval, said, whole


def over_time(group: Group, scale: Scale) -> str:
    """First and last whole period, whether their intervals overlap, the highest one, how many have no figure."""
    shown = [p for p in group.points if figure(p.row, scale) is not None]
    whole = [p for p in shown if not p.row.incomplete]
    if not shown:
        return "There is no figure."
    told = [f"{_at(shown[-1], scale)}."]
    if len(whole) > 1:
        first, last = whole[0], whole[-1]
        told = [f"{_at(first, scale)}; {_at(last, scale)}.", _compared(first, last)]
        highest = max(whole, key=lambda p: figure(p.row, scale) or 0.0)
        if highest not in (first, last):
            told.append(f"Highest: {_at(highest, scale, ',')}.")
    return " ".join(part for part in (*told, _hidden(group.points, len(shown))) if part)


def of_several(group: Group, scale: Scale) -> str:
    """Highest and lowest of things side by side."""
    shown = [p for p in group.points if figure(p.row, scale) is not None]
    if not shown:
        return "There is no figure."
    ordered = sorted(shown, key=lambda p: figure(p.row, scale) or 0.0)
    begun = all(p.row.incomplete for p in shown)
    told = [f"Highest: {_at(ordered[-1], scale, ',', mark=not begun)}."]
    if len(ordered) > 1:
        told += [f"Lowest: {_at(ordered[0], scale, ',', mark=not begun)}.", _compared(ordered[0], ordered[-1])]
    if begun:
        told.append("The data begin within this period.")
    return " ".join(part for part in (*told, _hidden(group.points, len(shown))) if part)


def _at(point: Point, scale: Scale, then: str = ":", *, mark: bool = True) -> str:
    """`mark`: say of a row that the data begin within its period."""
    row, value = point.row, figure(point.row, scale)
    between = f" ({whole(interval(row.low, row.high, scale))})" if row.low is not None else ""
    told = f"{about(row.n, row.few)}{'' if row.few else ' samples'}" if scale == Scale.COUNT else said(value, scale)
    return f"{point.label}{then} {told}{between}{', in which the data begin' if mark and row.incomplete else ''}"


def _compared(one: Point, other: Point) -> str:
    a, b = one.row.ends, other.row.ends
    if a is None or b is None:
        return ""
    if a[1] < b[0] or b[1] < a[0]:
        return "Their intervals do not overlap."
    return "Their intervals overlap: the difference may be chance."


def _hidden(points: Sequence[Point], shown: int) -> str:
    hidden = len(points) - shown
    return f"{hidden} of {len(points)} {'has' if hidden == 1 else 'have'} no figure." if hidden else ""
