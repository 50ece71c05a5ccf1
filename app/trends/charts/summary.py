"""What a chart shows, in sentences: the same for whoever hears it as for whoever sees it. Says nothing the interval
does not carry. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.trends.charts import bands
from app.trends.charts.groups import Group, Point
from app.trends.charts.words import Scale, figure, interval, said, whole


def over_time(group: Group, scale: Scale) -> str:
    """First and last whole period, whether their intervals overlap, the highest one, how many are hidden."""
    shown = [p for p in group.points if figure(p.row, scale) is not None]
    whole = [p for p in shown if not p.row.incomplete]
    told = []
    if not shown:
        told.append("No figure can be shown.")
    elif len(whole) < 2:
        told.append(f"{_at(shown[-1], scale)}.")
    else:
        first, last = whole[0], whole[-1]
        told.append(f"{_at(first, scale)}; {_at(last, scale)}.")
        told.append(_compared(first, last))
        highest = max(whole, key=lambda p: figure(p.row, scale) or 0.0)
        if highest not in (first, last):
            told.append(f"Highest: {_at(highest, scale, ',')}.")
    return " ".join(part for part in (*told, _changed(group.points), _hidden(group.points, shown)) if part)


def of_several(group: Group, scale: Scale) -> str:
    """Highest and lowest of things side by side."""
    shown = [p for p in group.points if figure(p.row, scale) is not None]
    told = []
    if not shown:
        told.append("No figure can be shown.")
    else:
        ordered = sorted(shown, key=lambda p: figure(p.row, scale) or 0.0)
        told.append(f"Highest: {_at(ordered[-1], scale, ',')}.")
        if len(ordered) > 1:
            told.append(f"Lowest: {_at(ordered[0], scale, ',')}.")
            told.append(_compared(ordered[0], ordered[-1]))
    return " ".join(part for part in (*told, _hidden(group.points, shown)) if part)


def of_bands(group: Group) -> str:
    """The fullest band, and the one in which half of the samples are reached."""
    ordered = sorted(group.points, key=lambda p: bands.edges(p.row)[0])
    rows = [p.row for p in ordered]
    shown = [p for p in ordered if p.row.value is not None]
    told = []
    if not shown:
        told.append("No figure can be shown.")
    else:
        fullest = max(shown, key=lambda p: p.row.value or 0.0)
        told.append(
            f"Fullest band shown: {_at(fullest, Scale.SHARE, ', with')}."
            if fullest.row.value
            else "All bands shown are empty."
        )
    half = next((index for index, label in bands.quarters(rows) if label == "½"), None)
    if half is not None:
        told.append(f"Half of the samples are reached in {ordered[half].label}.")
    return " ".join(part for part in (*told, _hidden(ordered, shown)) if part)


def _at(point: Point, scale: Scale, then: str = ":") -> str:
    row, value = point.row, figure(point.row, scale)
    between = f" ({whole(interval(row.low, row.high, scale))})" if row.low is not None else ""
    of = " samples" if scale == Scale.COUNT else ""
    return f"{point.label}{then} {said(value, scale)}{of}{between}{', not complete' if row.incomplete else ''}"


def _compared(one: Point, other: Point) -> str:
    a, b = one.row, other.row
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return ""
    if a.high < b.low or b.high < a.low:
        return "Their intervals do not overlap."
    return "Their intervals overlap: the difference may be chance."


def _changed(points: Sequence[Point]) -> str:
    at = [p.label for p in points if getattr(p.row, "testing_changed", False)]
    if not at:
        return ""
    return f"Testing changed in {', '.join(at[:3])}{' and later' if len(at) > 3 else ''}: compare across it with care."


def _hidden(points: Sequence[Point], shown: Sequence[Point]) -> str:
    hidden = len(points) - len(shown)
    return f"{hidden} of {len(points)} {'is' if hidden == 1 else 'are'} hidden." if hidden and shown else ""
