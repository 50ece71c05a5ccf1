"""A protected table as CSV that a spreadsheet cannot be tricked by, with its definition in every row."""

from __future__ import annotations

import csv
import io

from app.trends.domain import TrendTable
from app.trends.schemas import protection_words

FIGURES = ("n", "denominator", "numerator", "value", "low", "high", "suppressed", "incomplete")
MORE = ("figure", "with_both", "unit", "basis")
"""What only some figures have: halves of an agreement, unit and basis of a median."""


def neutral(value: object) -> object:
    """Text that begins like a formula gets an apostrophe (OWASP: CSV injection); numbers stay numbers."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return "'" + value
    return value


def to_csv(table: TrendTable) -> str:
    """UTF-8 CSV, one row per combination; shares as fractions of 1."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    keys = [d.value for d in table.dimensions]
    writer.writerow([*keys, *FIGURES, *MORE, "measure", "found", "filters", "definition", "protection", "made_at"])
    tail = [
        table.measure.name,
        table.found,
        "; ".join(f"{name}: {value}" for name, value in table.filters.items()),
        table.measure.definition,
        protection_words(table),
        table.made_at.isoformat(timespec="seconds"),
    ]
    for row in table.rows:
        figures = [
            row.n,
            row.denominator,
            row.numerator,
            *(None if v is None else round(v, 3) for v in (row.value, row.low, row.high)),
            row.suppressed,
            "yes" if row.incomplete else "no",
            *(row.more.get(name) for name in MORE),
        ]
        writer.writerow([neutral(v) for v in (*(row.key[k] for k in keys), *figures, *tail)])
    return out.getvalue()
