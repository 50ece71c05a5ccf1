"""A protected table as it stands on the page: columns that fit the figure, cells in words, reasons told once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.trends import form
from app.trends.charts import bands
from app.trends.charts.groups import EXTRA, TIMES, Names, value_of
from app.trends.charts.words import DIMENSIONS, Scale, interval, said, scale_of, unit_of, whole
from app.trends.domain import LONDON, Row, TrendTable
from app.trends.measures import MEASURES

MOST_ROWS = 400
"""Rows on the page; the CSV has all of them."""
ASKED_AS = {"substance": "found", "yardstick": "method", "compared": "method"}
"""Which words a field of the form is read in."""
Cell = str | dict[str, str]
DASH = "–"

REASONS: tuple[tuple[str, str], ...] = (
    (
        "in this band or another",
        "A single hidden band could be worked out from the others, so bands are hidden together. One of them alone may "
        "hold none, a few, or many samples.",
    ),
    (
        "fewer than",
        "Fewer samples than that stand behind the figure, or behind what is left beside it. It may be none, a few, or "
        "nearly all: do not read it as zero.",
    ),
    ("no share under", "The counts can be told, but a share of so few samples would say more than they carry."),
    ("no median under", "So few measured amounts have no middle that would hold."),
    (
        "withheld",
        "The row is large enough by itself, but another table, or one you saw before, less this row would be a small "
        "group. Ask for the wider table.",
    ),
)
"""Why there is no figure, by words of the reason; the first that fits."""


@dataclass(frozen=True, slots=True)
class Column:
    """A head and what stands under it; `num` is set to the right."""

    label: str
    num: bool
    cell: Callable[[Row], Cell]


@dataclass(frozen=True, slots=True)
class Shown:
    """The table on the page."""

    columns: list[dict[str, object]]
    rows: list[list[Cell]]
    more: int
    reasons: list[tuple[str, str]]


def shown(table: TrendTable, names: Names, baseline: str = "") -> Shown:
    """At most MOST_ROWS rows; `more` says how many are left to the CSV."""
    columns = [*_keys(table, names), *_figures(table, baseline), *_remarks(table)]
    rows = [[c.cell(row) for c in columns] for row in table.rows[:MOST_ROWS]]
    heads: list[dict[str, object]] = [{"label": c.label, "num": c.num} for c in columns]
    return Shown(heads, rows, max(0, len(table.rows) - MOST_ROWS), reasons(table.rows))


def reasons(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Each reason that occurs, with what it means; the commonest first."""
    counted: dict[str, int] = {}
    for row in rows:
        if row.suppressed:
            counted[row.suppressed] = counted.get(row.suppressed, 0) + 1
    told = []
    for reason, _ in sorted(counted.items(), key=lambda one: -one[1]):
        meaning = next((words for start, words in REASONS if start in reason), "No figure is given for it.")
        told.append((reason, meaning))
    return told


def _keys(table: TrendTable, names: Names) -> list[Column]:
    keys = [d.value for d in table.dimensions]
    keys += [key for key in EXTRA if any(key in row.more for row in table.rows)]
    made = [Column(DIMENSIONS.get(k, k).capitalize(), False, _key(k, names)) for k in keys]
    if any("band_from" in row.more for row in table.rows):
        made.append(Column("Amount", False, lambda row: bands.name_of(row, unit_of(row))))
    elif any(unit_of(row) for row in table.rows):
        made.append(Column("Unit", False, lambda row: unit_of(row) or DASH))
    return made or [Column("All", False, lambda row: "all samples")]


def _key(key: str, names: Names) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        value = value_of(row, key)
        if key in TIMES:
            return value or "not recorded"
        return names(key, value) if value else "not recorded"

    return cell


def _figures(table: TrendTable, baseline: str) -> list[Column]:
    scale = scale_of(table)
    if scale is Scale.COUNT:
        return [Column("Samples", True, lambda row: _or_why(row, row.n))]
    if scale is Scale.SHARE:
        counted = [
            Column("Samples with it", True, lambda row: _or_why(row, row.numerator)),
            Column("Out of", True, lambda row: _count(row.denominator)),
        ]
        value = [Column("Share", True, lambda row: _value(row, scale, row.numerator is not None))]
    else:
        counted = [Column("Samples", True, lambda row: _or_why(row, row.n))]
        value = [Column("Median", True, lambda row: _value(row, scale, row.n is not None))]
    value.append(Column("95 % interval", True, lambda row: whole(interval(row.low, row.high, scale))))
    for name, label in (("q10", "10 %"), ("q25", "25 %"), ("q75", "75 %"), ("q90", "90 %")):
        if any(_number(row, name) is not None for row in table.rows):
            value.append(Column(f"{label} lie below", True, _more(name, scale)))
    if any("baseline_value" in row.more for row in table.rows):
        value.append(Column(baseline or "Compared with", True, _more("baseline_value", scale)))
        value.append(Column("Difference", True, lambda row: _difference(row, scale)))
    return [*counted, *value]


def _or_why(row: Row, count: int | None) -> Cell:
    if count is not None:
        return f"{count:,}"
    return {"suppressed": row.suppressed} if row.suppressed else DASH


def _count(count: int | None) -> Cell:
    return f"{count:,}" if count is not None else DASH


def _value(row: Row, scale: Scale, counts_shown: bool) -> Cell:
    if row.value is not None:
        return said(row.value, scale)
    return {"suppressed": row.suppressed} if counts_shown and row.suppressed else DASH


def _number(row: Row, name: str) -> float | None:
    value = row.more.get(name)
    return float(value) if isinstance(value, int | float) else None


def _more(name: str, scale: Scale) -> Callable[[Row], Cell]:
    return lambda row: said(_number(row, name), scale)


def _difference(row: Row, scale: Scale) -> Cell:
    """In points of percent for shares, with its interval."""
    parts = [_number(row, name) for name in ("difference", "difference_low", "difference_high")]
    if parts[0] is None:
        return DASH
    unit = "\u00a0points" if scale is Scale.SHARE else ""
    value, low, high = (None if p is None else _signed(p, scale) for p in parts)
    between = f" ({low}\u00a0to\u00a0{high})" if low is not None and high is not None else ""
    return f"{value}{unit}{between}"


def _signed(change: float, scale: Scale) -> str:
    if scale is not Scale.SHARE:
        return f"{change:+.3g}".replace("-", "−")
    points = change * 100
    return f"{points:+.{0 if abs(points) >= 10 else 1}f}".replace("-", "−")


def _remarks(table: TrendTable) -> list[Column]:
    today = table.made_at.astimezone(LONDON).date().isoformat()
    if not any(_remark(row, today) for row in table.rows):
        return []
    return [Column("Remarks", False, lambda row: _remark(row, today))]


def _remark(row: Row, today: str) -> str:
    told = ["incomplete"] if row.incomplete else []
    if getattr(row, "testing_changed", False):
        told.append("testing changed")
    if row.more.get("as_of") not in (None, "", today):
        told.append(f"as told on {row.more['as_of']}")
    if row.more.get("with_both") is not None:
        told.append(f"both methods looked: {row.more['with_both']:,}")
    return ", ".join(told)


def title(table: TrendTable, names: Names) -> str:
    """The name of the figure, with the names of what it is about instead of ids."""
    if table.found and table.measure.name == "found":
        return f"Share in which {names('found', table.found)} was found"
    said = in_words(table, names, "title")
    return f"{said}: {names('found', table.found)}" if table.found else said


def in_words(table: TrendTable, names: Names, part: str) -> str:
    """The title, definition or formula of a figure, with the names of what it is about instead of ids."""
    measure, asked = table.measure, MEASURES.get(table.measure.name)
    if asked is None or not measure.about:
        return str(getattr(measure, part))
    fields = (ASKED_AS.get(field, field) for field in form.fields_of(asked))
    about = zip(fields, measure.about, strict=False)
    told = [
        value if kind == "moment" else names(kind, value) for kind, value in about
    ]  # “after the result” is said there
    return str(getattr(asked, part)).format(*told)


def split_words(table: TrendTable) -> str:
    """“by month and region”, or nothing."""
    words = [DIMENSIONS[d.value] for d in table.dimensions]
    if not words:
        return ""
    return "by " + (", ".join(words[:-1]) + " and " if words[1:] else "") + words[-1]


def filter_words(table: TrendTable, names: Names, baseline: str = "") -> str:
    """“North East; from 2025-01; compared with 2024”."""
    told = []
    for name, value in table.filters.items():
        if name in ("from", "to"):
            told.append(f"{'from' if name == 'from' else 'until'} {value}")
        elif name in DIMENSIONS:
            told.append(f"{DIMENSIONS[name]}: {names(name, value)}")
        elif name == "role":
            told.append(f"found {dict(form.ROLES).get(value, value)}")
        elif name != "baseline":
            told.append(f"{name}: {value}")
    return "; ".join([*told, *([f"compared with {baseline}"] if baseline else [])])


def samples_words(table: TrendTable) -> str:
    """How many samples stand behind the figures, for a chart that travels alone. Never a sum: rows may overlap."""
    counts = [row.denominator if row.denominator is not None else row.n for row in table.rows]
    known = [count for count in counts if count is not None]
    if not known:
        return "n: too few samples for any figure."
    least, most = min(known), max(known)
    told = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"n = {told} samples behind each figure, rounded to 5."


def day_words(moment: datetime) -> str:
    """26 November 2026, 14:02 on the wall of the service."""
    at = moment.astimezone(LONDON)
    return f"{at.day} {at:%B %Y, %H:%M}"


def citation(table: TrendTable, service: str, title: str, filters: str, address: str) -> str:
    """How to cite the figure: who, what, which definition, when, where it opens again."""
    m = table.measure
    about = ", ".join(part for part in (title, split_words(table), filters) if part)
    who = f"MAST ({service})" if service != "MAST" else "MAST"
    return (
        f"{who}. {about}. Figure “{m.name}”, definition version {m.version}. Made {day_words(table.made_at)}. {address}"
    )
