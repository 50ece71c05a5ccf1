"""A protected table as CSV that a spreadsheet cannot be tricked by, with its definition in every row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from app.platform.web.csv_text import csv_text
from app.trends.domain import Kind, Row, TrendTable
from app.trends.schemas import protection_words

SHARES = frozenset({Kind.SHARE, Kind.DISTRIBUTION, Kind.AGREEMENT, Kind.TOGETHER, Kind.OUTCOMES})
FIGURES = ("n", "denominator", "numerator", "value", "low", "high", "suppressed", "incomplete", "testing_changed")
TAIL = ("measure", "found", "filters", "definition", "formula", "version", "protection", "made_at")
Cell = str | int | float | None


def to_csv(table: TrendTable) -> str:
    """UTF-8 CSV, one row per combination; shares as fractions of 1."""
    flags = {True: "yes", False: "no"}
    names, rows = columns(table), lines(table)
    return csv_text(chain([names], ([flags.get(v, v) if isinstance(v, bool) else v for v in row] for row in rows)))


def columns(table: TrendTable) -> list[str]:
    """Names of the columns: keys, figures, what more this figure has, what it means."""
    return [*(d.value for d in table.dimensions), *FIGURES, *more_of(table), *TAIL]


def more_of(table: TrendTable) -> list[str]:
    """What only some figures have, as far as any row has it: unit and basis, bands, quantiles, the baseline."""
    return list(dict.fromkeys(name for row in table.rows for name in row.more))


def lines(table: TrendTable) -> Iterator[list[Cell]]:
    """The rows under these columns. Shares have three decimals, amounts six figures."""
    keys, more = [d.value for d in table.dimensions], more_of(table)
    tail: list[Cell] = [
        table.measure.name, table.found, "; ".join(f"{name}: {value}" for name, value in table.filters.items()),
        table.measure.definition, table.measure.formula, table.measure.version, protection_words(table),
        table.made_at.isoformat(timespec="seconds"),
    ]  # fmt: skip
    share = table.measure.kind in SHARES
    for row in table.rows:
        yield [*(row.key[k] for k in keys), *_figures(row, share=share), *(_cell(row.more.get(m)) for m in more), *tail]


def _figures(row: Row, *, share: bool) -> list[Cell]:
    values = (row.value, row.low, row.high)
    shown = [None if v is None else round(v, 3) if share else _cell(v) for v in values]
    return [row.n, row.denominator, row.numerator, *shown, row.suppressed, row.incomplete, row.testing_changed]


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value if value is None or isinstance(value, int | str) else str(value)
