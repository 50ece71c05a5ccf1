"""Figures, units, months and reasons in words, as they stand on charts, in summaries and in tables; and where axes end. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from app.figures.trends.domain import Kind, Row, TrendTable

FEW_OR_NONE = "few or none"
SPACE = "\u00a0"
"""Between a number and its unit: the two are never parted."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

UNITS = {
    "percent_ww": "% by weight",
    "mg_per_unit": "mg per unit",
    "mg_per_ml": "mg per ml",
    "ug_per_blotter": "µg per blotter",
    "ratio": "ratio",
}
BASES = {"other_salt": "as another salt"}

DIMENSIONS = {
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    "region": "region",
    "expected": "what was expected",
    "expected_class": "class of what was expected",
    "with": "also found",
}
"""Ways to split a table, as a person would say them; “with” is a column of what was found together."""


class Scale(StrEnum):
    """What the figures of a table are: how they read and where their axis ends."""

    SHARE = "share"
    COUNT = "count"
    AMOUNT = "amount"
    MINUTES = "minutes"


def scale_of(table: TrendTable) -> Scale:
    """Of a whole table."""
    if table.measure.kind is Kind.COUNT:
        return Scale.COUNT
    if any(row.more.get("unit") == "min" for row in table.rows):
        return Scale.MINUTES
    if any("unit" in row.more for row in table.rows):
        return Scale.AMOUNT
    return Scale.SHARE


def figure(row: Row, scale: Scale) -> float | None:
    """What is drawn of a row: a perturbed count is limited to 0 and more, a share to 0–1."""
    if scale == Scale.COUNT:
        return None if row.n is None else max(0, row.n)
    return row.value if row.value is None or scale != Scale.SHARE else min(1.0, max(0.0, row.value))


def about(count: int | None, few: bool = False) -> str:
    """A perturbed count as it is read; one under 5 is few or none in any case."""
    if count is None:
        return "–"
    return FEW_OR_NONE if few or count < 5 else f"about {count:,}"


def said(value: float | None, scale: Scale) -> str:
    """A figure as it is read: 67 %, 45, 12.5, 3 h 20 min. Its unit, where a column has one, stands elsewhere."""
    if value is None:
        return "–"
    if scale == Scale.SHARE:
        return f"{_percent(value)}{SPACE}%"
    if scale == Scale.MINUTES:
        return duration(value)
    return number(value)


def axis_title(scale: Scale, unit: str) -> str:
    """What an axis measures, in words with its unit."""
    return {Scale.SHARE: "of samples", Scale.COUNT: "samples", Scale.MINUTES: "time"}.get(scale, unit or "amount")


def whole(between: str) -> str:
    """An interval that is never parted at its dash, however narrow the column."""
    return between.replace("–", "\u2060–\u2060") if between != "–" else between


def interval(low: float | None, high: float | None, scale: Scale) -> str:
    """59–74 %, or a dash where there is none."""
    if low is None or high is None:
        return "–"
    if scale == Scale.SHARE:
        return f"{_percent(low)}–{_percent(high)}{SPACE}%"
    if scale == Scale.MINUTES:
        return f"{duration(low)} to {duration(high)}"
    if low == high:
        return f"rounds to {number(low)}"
    return f"{number(low)}–{number(high)}"


def _percent(share: float) -> str:
    """Whole percent, one decimal near none and near all, so that 99.7 % never reads as all of them."""
    near = 0 < share < 0.01 or 0.99 < share < 1
    return f"{share * 100:.{1 if near else 0}f}"


def number(value: float) -> str:
    """Three significant figures, no exponent for everyday sizes, thousands apart."""
    if value == 0 or 1e-4 <= abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}"


def duration(minutes: float) -> str:
    """45 min, 3 h 20 min, 2 d 4 h."""
    whole = round(minutes)
    if whole < 90:
        return f"{whole}{SPACE}min"
    if whole < 48 * 60:
        return f"{whole // 60}{SPACE}h {whole % 60}{SPACE}min"
    return f"{whole // 1440}{SPACE}d {whole % 1440 // 60}{SPACE}h"


def unit_of(row: Row) -> str:
    """“mg per unit, as base”, or nothing."""
    unit, basis = str(row.more.get("unit") or ""), str(row.more.get("basis") or "")
    if unit == "min":
        return ""  # a time says its unit itself
    told = UNITS.get(unit, unit.replace("_", " "))
    if basis in ("", "unknown"):
        return told
    return f"{told}, {BASES.get(basis, 'as ' + basis.replace('_', ' '))}"


def period(dimension: str, value: str) -> tuple[str, str]:
    """A week, month, quarter or year in two lines, for the foot of a chart: (“May”, “2026”)."""
    year, _, part = value.partition("-")
    if not part:
        return year, ""
    if dimension == "month" and part.isdigit() and 1 <= int(part) <= 12:
        return _MONTHS[int(part) - 1], year
    return part, year


def when(dimension: str, value: str) -> str:
    """A period in one line, such as “May 2026”."""
    return " ".join(part for part in period(dimension, value) if part)


def why(reason: str) -> str:
    """A reason for which there is no figure, short enough for a column of a chart."""
    if reason.startswith(("no share under", "no median under")):
        return "under 20"
    return "not given" if reason else "no figure"


def row_in_words(row: Row, scale: Scale) -> str:
    """67 % of about 30 samples (59–74 %), or why there is no figure."""
    value = figure(row, scale)
    if value is None:
        return row.why or "no figure"
    if scale == Scale.COUNT:
        between = f" ({interval(row.low, row.high, scale)})" if row.low is not None and not row.few else ""
        return f"{about(row.n, row.few)}{'' if row.few else ' samples'}{between}"
    told, unit = said(value, scale), unit_of(row) if scale == Scale.AMOUNT else ""
    told = f"{told}{SPACE}{unit}" if unit else told
    of = row.denominator if scale == Scale.SHARE else row.n
    if of is not None:
        told += f" of about {of:,} samples" if scale == Scale.SHARE else f", about {of:,} samples"
    return told if row.low is None else f"{told} ({interval(row.low, row.high, scale)})"


STEPS = (1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SHARE_TOPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


NOTHING = 0.0
"""The end of an axis on which no figure can be shown: it has no numbers, for there is nothing to read off it."""
PARTS = (4, 3, 5)
WHOLE = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)


def top_of(values: Iterable[float | None], scale: Scale) -> float:
    """The end of an axis that begins at 0: the next round figure above everything drawn on it."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return 1.0 if scale == Scale.SHARE else NOTHING
    highest = max(known)
    if scale == Scale.SHARE:
        return next((top for top in SHARE_TOPS if top >= highest), 1.0)
    if highest < 1e-9:
        return 1.0
    if scale == Scale.MINUTES and highest > 120:
        return 60.0 * top_of([highest / 60], Scale.AMOUNT)
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in STEPS if step * power >= highest * (1 - 1e-9))


def ticks(top: float, scale: Scale, *, few: bool = False) -> list[tuple[float, str]]:
    """Values from 0 to the top in equal parts, each as it reads: `few` where there is little room."""
    if top == NOTHING:
        return [(0.0, "")]
    parts = 2 if few else next((parts for parts in PARTS if _round(top / parts, scale)), 2)
    while scale == Scale.COUNT and parts > 1 and top % parts:
        parts -= 1  # half a sample is no tick
    values = [top * part / parts for part in range(parts + 1)]
    if scale == Scale.SHARE:
        return [(v, f"{round(v * 100, 1):g}\u00a0%") for v in values]
    return [(v, said(v, scale) if scale == Scale.MINUTES else number(v)) for v in values]


def _round(step: float, scale: Scale) -> bool:
    """Whether someone counts in such steps: 5 %, 20 mg, 25; never 12.5 % or 7.5 mg."""
    if scale == Scale.SHARE:
        return abs(step * 100 - round(step * 100)) < 1e-9
    if scale == Scale.MINUTES and step > 60:
        step /= 60
    first = step / 10.0 ** math.floor(math.log10(step))
    return any(abs(first - whole) < 1e-9 for whole in WHOLE)


def every(places: int, room: float, wanted: float) -> int:
    """Label each k-th of so many places, so that labels of this width do not run into each other."""
    if places == 0:
        return 1
    step = room / places
    return next((k for k in (1, 2, 3, 4, 6, 12, 24, 52) if k * step >= wanted), max(1, math.ceil(wanted / step)))
