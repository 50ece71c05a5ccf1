"""Which charts a table is worth: one look at what its rows are, never at the name of its measure. Pure.

What a chart shows is also said in sentences: the same for anyone who hears it as for anyone who sees it. They say nothing the
interval does not carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.figures.trends.charts import bars, heat, trend
from app.figures.trends.charts.groups import Group, Groups, Names, Point, grouped, plain
from app.figures.trends.charts.scene import Scene
from app.figures.trends.charts.words import Scale, about, figure, interval, row_in_words, said, scale_of, top_of, whole
from app.figures.trends.domain import TrendTable

FEW = 9
"""Small charts side by side; more of them are a heat table."""
MOST_CHARTS = 24


class Drawn(StrEnum):
    """How a table is drawn; `AUTO` leaves it to the number of its groups."""

    AUTO = "auto"
    CHARTS = "charts"
    HEAT = "heat"


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart: a title, the drawing, the same in sentences; `grid` where a page shows it as a table of its own.

    `kind` is trend, bars or heat.
    """

    kind: str
    title: str
    scene: Scene
    summary: str
    grid: heat.Grid | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """All charts of a table; `key` says what their marks mean, `left_off` what is not drawn; `nothing`: no row has a figure."""

    charts: tuple[Picture, ...] = ()
    key: tuple[str, ...] = ()
    left_off: str = ""
    wide: bool = False
    nothing: bool = False


def pictures(table: TrendTable, names: Names = plain, drawn: Drawn = Drawn.AUTO, baseline: str = "") -> Pictures:
    """The charts of a table. `names` puts values into words, `baseline` is the name of what figures are compared with."""
    if not table.rows:
        return Pictures()
    scale, groups = scale_of(table), grouped(table, names)
    many = drawn is Drawn.AUTO and len(groups.groups) > FEW
    if groups.time and (many or drawn is Drawn.HEAT):
        told = _with_figures(groups, scale)
        grid = heat.grid(told, scale, len(groups.groups) - len(told.groups))
        made = [Picture("heat", table.measure.title, heat.scene(grid), _many(groups, scale), grid)]
    elif groups.time:
        made = _trends(_with_figures(groups, scale), scale, baseline)
    else:
        made = _bars(groups, scale, baseline)
    kept = tuple(made[:MOST_CHARTS])
    left = f"{MOST_CHARTS} of {len(made)} charts are drawn. The table has all rows." if len(made) > MOST_CHARTS else ""
    nothing = all(figure(row, scale) is None for row in table.rows)
    return Pictures(kept, _key(table, kept, baseline), left, wide=len(kept) == 1, nothing=nothing)


def _with_figures(groups: Groups, scale: Scale) -> Groups:
    """Without charts that would be empty, as long as one is left."""
    told = tuple(g for g in groups.groups if any(figure(p.row, scale) is not None for p in g.points))
    return replace(groups, groups=told or groups.groups)


def _title(group: Group) -> str:
    return ", ".join(part for part in (group.title, group.unit) if part) or "All samples"


def _tops(groups: Groups, scale: Scale) -> dict[str, float]:
    """One end of the axis for all charts of a unit, so that they can be compared by eye."""
    values: dict[str, list[float | None]] = {}
    for group in groups.groups:
        for point in group.points:
            values.setdefault(group.unit, []).extend((figure(point.row, scale), point.row.high, point.row.baseline))
    return {unit: top_of(of, scale) for unit, of in values.items()}


def _trends(groups: Groups, scale: Scale, baseline: str) -> list[Picture]:
    tops, size = _tops(groups, scale), trend.WIDE if len(groups.groups) == 1 else trend.NARROW
    if len(groups.places) <= trend.FEW_PERIODS:
        size = trend.SMALL
    made = []
    for group in groups.groups:
        area = trend.PlotArea(*size, tops[group.unit], scale, groups.time, groups.places, group.unit)
        drawing = trend.scene(group, area, baseline)
        made.append(Picture("trend", _title(group), drawing, over_time(group, scale)))
    return made


def _bars(groups: Groups, scale: Scale, baseline: str) -> list[Picture]:
    tops = _tops(groups, scale)
    return [
        Picture("bars", _title(g), bars.scene(g, tops[g.unit], scale, baseline), of_several(g, scale))
        for g in groups.groups
    ]


def _many(groups: Groups, scale: Scale) -> str:
    """Of a heat table: its highest place, and how much of it has no figure."""
    points = [(group, p) for group in groups.groups for p in group.points]
    shown = [(figure(p.row, scale) or 0.0, group, p) for group, p in points if figure(p.row, scale) is not None]
    hidden = len(points) - len(shown)
    told = f"{len(groups.groups)} lines over {len(groups.places)} periods."
    if shown:
        _, group, point = max(shown, key=lambda one: one[0])
        told += f" Highest: {_title(group)}, {point.label}: {row_in_words(point.row, scale)}."
    return told + (f" {hidden} of {len(points)} places have no figure." if hidden else "")


def _key(table: TrendTable, charts: tuple[Picture, ...], baseline: str) -> tuple[str, ...]:
    """What the marks that are there mean: nothing is explained that nobody sees."""
    kinds = {chart.kind for chart in charts}
    rows, told = table.rows, []
    if "trend" in kinds:
        spread = any(row.low is not None for row in rows)
        told.append("Dot: the figure." + (" Bar and band: its 95\u00a0% interval." if spread else ""))
    if "bars" in kinds:
        told.append("Thick bar: the figure. Thin line across it: its 95\u00a0% interval.")
    if any(row.why.startswith("no share") for row in rows):
        told.append("“under 20”: fewer than 20 samples, too few for a share.")
    if any(not cell.text for chart in charts if chart.grid for _, cells in chart.grid.lines for cell in cells):
        told.append(f"–: {heat.NO_ROW}.")
    if any(row.incomplete for row in rows):
        hollow = "Dotted area" if kinds == {"heat"} else "Hollow and dotted"
        whys = dict.fromkeys(row.incomplete_why for row in rows if row.incomplete)
        told.append(f"{hollow}: {', or '.join(whys)}.")
    if any(row.baseline is not None for row in rows) and kinds & {"trend", "bars"}:
        told.append(f"Long dashes: {baseline or 'what it is compared with'}.")
    return tuple(told)


def over_time(group: Group, scale: Scale) -> str:
    """First and last whole period, whether their intervals overlap, the highest one, how many have no figure."""
    shown = [p for p in group.points if figure(p.row, scale) is not None]
    whole = [p for p in shown if not p.row.incomplete]
    if not shown:
        return "There is no figure."
    told = [f"{_at(shown[-1], scale)}."]
    if len(whole) > 1:
        first, last = whole[0], whole[-1]
        told = [f"{_at(first, scale)}. {_at(last, scale)}.", _compared(first, last)]
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
        why = shown[0].row.incomplete_why
        told.append(f"{why[:1].upper()}{why[1:]}.")
    return " ".join(part for part in (*told, _hidden(group.points, len(shown))) if part)


def _at(point: Point, scale: Scale, then: str = ":", *, mark: bool = True) -> str:
    """`mark`: say why a row is incomplete."""
    row, value = point.row, figure(point.row, scale)
    between = f" ({whole(interval(row.low, row.high, scale))})" if row.low is not None else ""
    told = f"{about(row.n, row.few)}{'' if row.few else ' samples'}" if scale == Scale.COUNT else said(value, scale)
    return f"{point.label}{then} {told}{between}{f' ({row.incomplete_why})' if mark and row.incomplete else ''}"


def _compared(one: Point, other: Point) -> str:
    a, b = one.row.ends, other.row.ends
    if a is None or b is None:
        return ""
    if a[1] < b[0] or b[1] < a[0]:
        return "Their intervals do not overlap."
    return "Their intervals overlap. The difference may be chance."


def _hidden(points: Sequence[Point], shown: int) -> str:
    hidden = len(points) - shown
    return f"{hidden} of {len(points)} {'has' if hidden == 1 else 'have'} no figure." if hidden else ""
