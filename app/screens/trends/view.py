"""A table as it stands on the page: columns that fit the figure, cells and titles in the words every other screen uses. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from markupsafe import Markup

from app.figures.trends.charts import Pictures, svg
from app.figures.trends.charts.groups import TIMES, Names, keys_of, plain, value_of
from app.figures.trends.charts.words import DIMENSIONS, Scale, about, figure, interval, said, scale_of, unit_of, whole
from app.figures.trends.domain import ANALOGUES, Row, TrendTable
from app.figures.trends.measures import MEASURES
from app.figures.trends.protection.lattice import ANOTHER
from app.figures.trends.schemas import protection_words
from app.intake.samples import substances
from app.results.words import VERDICT_WORDS
from app.screens.trends import forms
from harm_messages import Register

MOST_ROWS = 400
"""Rows on the page; the CSV has all of them."""
ASKED_AS = {"substance": "found"}
"""Which words a field of the form is read in."""
Cell = str | dict[str, str]
DASH = "–"
OF_REGISTER = frozenset({"found", "found_class", "expected", "expected_class", "with"})
JOINED = {"all_others": "all others", "not_known": "not recorded"}
NOT_IN_REGISTER = {"unknown": "nobody knew what", "mixture": "a mixture", "": "not recorded"}
VERDICTS = {verdict.value: words for verdict, words in VERDICT_WORDS.items()}
STEMS = {"cut": "cutting agent", "gaba": "downer that acts like G", "medicine": "medicine"}


@dataclass(frozen=True, slots=True)
class Column:
    """A head and what stands under it; `num` is set to the right."""

    label: str
    num: bool
    cell: Callable[[Row], Cell]


class Head(TypedDict):
    """The head of a column, for ui.table."""

    label: str
    num: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The table on the page."""

    columns: list[Head]
    rows: list[list[Cell]]
    more: int


class Figure(TypedDict, total=False):
    """What every page with a figure shows of it: charts, the table, how it was made, where it leads; nothing while there is none."""

    title: str
    subtitle: str
    definition: str
    formula: str
    charts: Pictures
    svgs: list[Markup]
    shown: Shown
    protection: str
    as_of: str
    link: str
    csv_url: str
    citation: str


def names_of(register: Register) -> Names:
    """From a dimension and a value to its words; a value nobody has words for reads as itself."""

    def name(dimension: str, value: str) -> str:
        if value in JOINED:
            return JOINED[value]
        if value.startswith(ANOTHER):
            stem = _stem(value.removeprefix(ANOTHER))
            return f"{'an' if stem[0] in 'aeiou' else 'a'} {stem} not listed here"
        if value.startswith(ANALOGUES):
            return f"analogues of {name(dimension, value.removeprefix(ANALOGUES))}"
        if dimension in OF_REGISTER:
            return NOT_IN_REGISTER.get(value) or _wide(register, value) or substances.label_of(register, value)
        if dimension == "region":
            return value  # the name of a place: an underscore in one belongs to it
        return (VERDICTS.get(value) if dimension == "verdict" else None) or plain(dimension, value)

    return name


def _wide(register: Register, value: str) -> str:
    """“another stimulant” and “any stimulant”: a class of what is left over, and one that holds others, must not read alike."""
    if value in register:
        return ""
    stem, _, last = value.rpartition(".")
    if last == "other" and stem:
        return f"another {_stem(stem)}"
    holds = register.is_class(value) and value not in register.classes
    return f"any {_stem(value)}" if holds else ""


def _stem(value: str) -> str:
    return STEMS.get(value, value.replace(".", " "))


def figure_of(table: TrendTable, names: Names, pictured: Pictures, baseline: str = "") -> Figure:
    """What is shown of a table once it is drawn; where it leads is for its page to say."""
    return {
        "title": title(table, names),
        "subtitle": subtitle(table, names, baseline),
        "definition": in_words(table, names, "definition"),
        "formula": in_words(table, names, "formula"),
        "charts": pictured,
        "svgs": [
            Markup(svg.inline(c.scene, label=f"{c.title}. {c.summary}"))  # noqa: S704 - svg escapes
            for c in pictured.charts
        ],
        "shown": shown(table, names, baseline),
        "protection": protection_words(table),
        "as_of": as_of_words(table),
    }


def subtitle(table: TrendTable, names: Names, baseline: str = "") -> str:
    """How the figure is split and what it is confined to, or nothing."""
    parts = (split_words(table), filter_words(table, names, baseline))
    return " · ".join(part for part in parts if part)


def shown(table: TrendTable, names: Names, baseline: str = "") -> Shown:
    """At most MOST_ROWS rows; `more` says how many are left to the CSV."""
    columns = [*_keys(table, names), *_figures(table, baseline)]
    if any(row.incomplete for row in table.rows):
        columns.append(Column("Remarks", False, lambda row: row.incomplete_why if row.incomplete else ""))
    rows = [[c.cell(row) for c in columns] for row in table.rows[:MOST_ROWS]]
    heads: list[Head] = [{"label": c.label, "num": c.num} for c in columns]
    return Shown(heads, rows, max(0, len(table.rows) - MOST_ROWS))


def _keys(table: TrendTable, names: Names) -> list[Column]:
    made = [Column(DIMENSIONS.get(k, k).capitalize(), False, _key(k, names)) for k in keys_of(table)]
    if any(unit_of(row) for row in table.rows):
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
        return [Column("Samples", True, _count_with_range)]
    if scale is Scale.SHARE:
        counted = [
            Column("Samples with it", True, lambda row: about(row.numerator, row.few)),
            Column("Out of", True, lambda row: about(row.denominator)),
        ]
        value = [Column("Share", True, lambda row: _value(row, scale))]
    else:
        counted = [Column("Samples", True, lambda row: about(row.n, row.few))]
        value = [Column("Median", True, lambda row: _value(row, scale))]
    value.append(Column("95 % interval", True, lambda row: whole(interval(row.low, row.high, scale))))
    if any("baseline_value" in row.more for row in table.rows):
        value.append(Column(baseline or "Compared with", True, lambda row: said(_number(row, "baseline_value"), scale)))
        value.append(Column("Difference", True, lambda row: _difference(row, scale)))
    return [*counted, *value]


def _count_with_range(row: Row) -> Cell:
    """“about 12 (7 to 17)”, or “few or none”."""
    if row.n is None:
        return row.why or DASH
    return about(row.n, row.few) + (f" ({row.low:,} to {row.high:,})" if row.low is not None and not row.few else "")


def _value(row: Row, scale: Scale) -> Cell:
    value = figure(row, scale)
    return said(value, scale) if value is not None else row.why or DASH


def _number(row: Row, name: str) -> float | None:
    value = row.more.get(name)
    return float(value) if isinstance(value, int | float) else None


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
    fields = (ASKED_AS.get(field, field) for field in forms.fields_of(asked))
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
    """“region: North East, from 2025-01 until 2025-12, compared with 2024”."""
    told = [
        f"{DIMENSIONS[name]}: {names(name, value)}" if name in DIMENSIONS else f"{name}: {value}"
        for name, value in table.filters.items()
        if name not in ("from", "to", "baseline")
    ]
    ends = (("from", table.filters.get("from")), ("until", table.filters.get("to")))
    told.append(" ".join(f"{word} {value}" for word, value in ends if value))
    told.append(f"compared with {baseline}" if baseline else "")
    return ", ".join(part for part in told if part)


def as_of_words(table: TrendTable) -> str:
    """“As of 3 December 2026. Fewer than 10 results came later.”"""
    if not table.as_of:
        return ""
    at = date.fromisoformat(table.as_of)
    return f"As of {at.day} {at:%B %Y}. {table.later[:1].upper()}{table.later[1:]} results came later."
