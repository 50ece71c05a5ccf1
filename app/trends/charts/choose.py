"""Which charts a table is worth: one look at what its rows are, never at the name of its measure. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from app.trends.charts import agreement, bands, bars, heat, scales, summary, trend
from app.trends.charts.groups import Group, Groups, Names, grouped, plain
from app.trends.charts.scene import Scene, Told
from app.trends.charts.words import Scale, figure, row_in_words, scale_of
from app.trends.domain import Row, TrendTable

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

    `kind` is trend, bars, bands, agreement or heat.
    """

    kind: str
    title: str
    scene: Scene
    summary: str
    grid: heat.Grid | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """All charts of a table; `key` says what their marks mean, `left_off` what is not drawn; `nothing`: every figure of
    the table is hidden, so that a drawing would be hatched from edge to edge."""

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
    if any("band_from" in row.more for row in table.rows):
        made = _histograms(table, names)
    elif any(row.more.get("figure") in agreement.HALVES for row in table.rows) and not groups.time:
        made = _squares(table, names)
    elif groups.time and _as_heat(groups, drawn):
        grid = heat.grid(groups, scale)
        made = [Picture("heat", table.measure.title, heat.scene(grid), _many(groups, scale), grid)]
    elif groups.time:
        made = _trends(groups, scale, baseline)
    else:
        made = _bars(groups, scale, baseline)
    kept = tuple(made[:MOST_CHARTS])
    left = f"{MOST_CHARTS} of {len(made)} charts are drawn; the table has all rows." if len(made) > MOST_CHARTS else ""
    nothing = all(figure(row, scale) is None for row in table.rows)
    return Pictures(kept, _key(table, kept, baseline), left, wide=len(kept) == 1, nothing=nothing)


def _as_heat(groups: Groups, drawn: Drawn) -> bool:
    if drawn is Drawn.HEAT:
        return True
    return drawn is Drawn.AUTO and len(groups.groups) > FEW


def _title(group: Group) -> str:
    return ", ".join(part for part in (group.title, group.unit) if part) or "All samples"


def _drawn_values(row: Row, scale: Scale) -> tuple[float | None, ...]:
    more = [row.more.get(key) for key in ("baseline_value", "q75", "q90")]
    extra = (float(v) if isinstance(v, int | float) else None for v in more)
    return figure(row, scale), row.high, *extra


def _tops(groups: Groups, scale: Scale) -> dict[str, float]:
    """One end of the axis for all charts of a unit, so that they can be compared by eye."""
    values: dict[str, list[float | None]] = {}
    for group in groups.groups:
        for point in group.points:
            values.setdefault(group.unit, []).extend(_drawn_values(point.row, scale))
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


def _histograms(table: TrendTable, names: Names) -> list[Picture]:
    groups = grouped(table, names, "band_from")
    top = scales.top_of((v for row in table.rows for v in (row.value, row.high)), Scale.SHARE)
    made = []
    for group in groups.groups:
        named = [replace(p, label=bands.name_of(p.row, group.unit)) for p in group.points]
        told = summary.of_bands(replace(group, points=tuple(named)))
        made.append(Picture("bands", _title(group), bands.scene(group, top), told))
    return made


def _squares(table: TrendTable, names: Names) -> list[Picture]:
    _, yardstick, compared = (*table.measure.about, "", "", "")[:3]
    methods = names("method", yardstick), names("method", compared)
    groups = grouped(table, names, "figure").groups
    return [Picture("agreement", _title(g), agreement.scene(g, *methods), _halves(g)) for g in groups]


def _halves(group: Group) -> str:
    rows = agreement.halves(group)
    told = [
        f"{name.capitalize()}: {row_in_words(rows[name], Scale.SHARE)}." for name in agreement.HALVES if name in rows
    ]
    return " ".join(told)


def _many(groups: Groups, scale: Scale) -> str:
    """Of a heat table: its highest place, and how much of it is hidden."""
    points = [(group, p) for group in groups.groups for p in group.points]
    shown = [(figure(p.row, scale) or 0.0, group, p) for group, p in points if figure(p.row, scale) is not None]
    hidden = len(points) - len(shown)
    told = f"{len(groups.groups)} lines over {len(groups.places)} periods."
    if shown:
        _, group, point = max(shown, key=lambda one: one[0])
        told += f" Highest: {_title(group)}, {point.label}: {row_in_words(point.row, scale)}."
    return told + (f" {hidden} of {len(points)} places are hidden." if hidden else "")


def _words(chart: Picture, style: str) -> bool:
    marks = (m for part in chart.scene.parts for m in (part.marks if isinstance(part, Told) else (part,)))
    return any(mark.style == style for mark in marks)


def _key(table: TrendTable, charts: tuple[Picture, ...], baseline: str) -> tuple[str, ...]:
    """What the marks that are there mean: nothing is explained that nobody sees."""
    kinds = {chart.kind for chart in charts}
    rows, told = table.rows, []
    if "trend" in kinds:
        spread = any(row.low is not None for row in rows)
        told.append("Dot: the figure." + (" Bar and band: its 95\u00a0% interval." if spread else ""))
    if kinds & {"bars", "agreement", "bands"}:
        told.append("Thick bar: the figure. Thin line across it: its 95\u00a0% interval.")
    if "bands" in kinds and any(_words(chart, "quarter") for chart in charts):
        told.append("¼ ½ ¾: the band in which a quarter, half and three quarters of the samples are reached.")
    if any(row.more.get("q25") is not None for row in rows) and "trend" in kinds:
        told.append("Box: the middle half of the samples.")
    if any(row.more.get("q10") is not None for row in rows) and "trend" in kinds:
        told.append("Thin line with ends: eight of ten samples.")
    if any(row.suppressed for row in rows):
        told.append("Hatched: not shown, for the reason in words; it may be none, a few or nearly all.")
    if any(not cell.text for chart in charts if chart.grid for _, cells in chart.grid.lines for cell in cells):
        told.append(f"–: {heat.NO_ROW}.")
    if any(row.incomplete for row in rows):
        hollow = "Dotted frame" if kinds == {"heat"} else "Hollow and dotted"
        told.append(f"{hollow}: the period is not complete.")
    if any(getattr(row, "testing_changed", False) for row in rows) and "trend" in kinds:
        told.append("Upright dashed line: testing changed, a method came or went.")
    if any(row.more.get("baseline_value") is not None for row in rows) and kinds & {"trend", "bars"}:
        told.append(f"Long dashes: {baseline or 'what it is compared with'}.")
    return tuple(told)
