"""The tables of a report as one CSV: a line per cell, so that no table's columns get in another's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.figures.session_report.sheets import Sheet, Withheld
from app.platform.web.csv_text import csv_text


def to_csv(about: Sequence[tuple[str, str]], tables: Iterable[Sheet]) -> str:
    """UTF-8 CSV: table, row, column, value, withheld."""
    return csv_text([("table", "row", "column", "value", "withheld"), *_about(about), *_cells(tables)])


def _about(about: Sequence[tuple[str, str]]) -> Iterator[tuple[object, ...]]:
    yield from (("Session", term, "", value, "") for term, value in about)


def _cells(tables: Iterable[Sheet]) -> Iterator[tuple[object, ...]]:
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            head = row[0] if table.numbers else f"{row[0]} ({number})"
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                if isinstance(cell, Withheld):
                    yield table.title, head, column, "", cell.why
                else:
                    yield table.title, head, column, cell, ""
