"""The tables of a report as one CSV: a line per cell, so that no table's columns get in another's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.figures.session_report.sheets import Sheet, Withheld
from app.platform.web.csv_text import csv_text


def to_csv(about: Iterable[tuple[str, str]], tables: Iterable[Sheet]) -> str:
    """UTF-8 CSV: table, row, column, value, withheld."""
    head = ("table", "row", "column", "value", "withheld")
    return csv_text([head, *(("Session", term, "", value, "") for term, value in about), *_cells(tables)])


def _cells(tables: Iterable[Sheet]) -> Iterator[tuple[object, ...]]:
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            head = row[0] if table.numbers else f"{row[0]} ({number})"
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                value, why = ("", cell.why) if isinstance(cell, Withheld) else (cell, "")
                yield table.title, head, column, value, why
