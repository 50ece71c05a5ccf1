"""Which charts a table is worth: one look at what its rows are, never at the name of its measure. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from app.figures.trends.charts import bars, heat, scales, summary, trend
from app.figures.trends.charts.groups import Group, Groups, Names, grouped, plain
from app.figures.trends.charts.scene import Scene
from app.figures.trends.charts.words import Scale, figure, row_in_words, scale_of
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
        grid = heat.grid(groups, scale)
        made = [Picture("heat", table.measure.title, heat.scene(grid), _many(groups, scale), grid)]
    elif groups.time:
        made = _trends(_with_figures(groups, scale), scale, baseline)
    else:
        made = _bars(groups, scale, baseline)
    kept = tuple(made[:MOST_CHARTS])
    left = f"{MOST_CHARTS} of {len(made)} charts are drawn; the table has all rows." if len(made) > MOST_CHARTS else ""
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
    return {unit: scales.top_of(of, scale) for unit, of in values.items()}


def _trends(groups: Groups, scale: Scale, baseline: str) -> list[Picture]:
    tops, size = _tops(groups, scale), trend.WIDE if len(groups.groups) == 1 else trend.NARROW
    if len(groups.places) <= trend.FEW_PERIODS:
        size = trend.SMALL
    made = []
    for group in groups.groups:
        frame = trend.Frame(*size, tops[group.unit], scale, groups.time, groups.places, group.unit)
        drawing = trend.scene(group, frame, baseline)
        made.append(Picture("trend", _title(group), drawing, summary.over_time(group, scale)))
    return made


def _bars(groups: Groups, scale: Scale, baseline: str) -> list[Picture]:
    tops = _tops(groups, scale)
    return [
        Picture("bars", _title(g), bars.scene(g, tops[g.unit], scale, baseline), summary.of_several(g, scale))
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
        told.append("“under 20”: a share of so few samples would say more than they carry.")
    if any(not cell.text for chart in charts if chart.grid for _, cells in chart.grid.lines for cell in cells):
        told.append(f"–: {heat.NO_ROW}.")
    if any(row.incomplete for row in rows):
        hollow = "Dotted frame" if kinds == {"heat"} else "Hollow and dotted"
        told.append(f"{hollow}: the data begin within this period.")
    if any(row.baseline is not None for row in rows) and kinds & {"trend", "bars"}:
        told.append(f"Long dashes: {baseline or 'what it is compared with'}.")
    return tuple(told)
