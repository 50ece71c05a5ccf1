"""The cube of a release made before figures were perturbed as plain tables for its package. Pure; computes nothing but shares of the rounded counts.

Only counts that are shown have a row. What has none holds fewer samples than the threshold, none, or is withheld: the
three look alike, as they do on the pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.figures.releases.lookup import Book, row_of
from app.figures.releases.package_metadata import Cell, Field, Table
from app.figures.trends.protection.lattice import quarter_of

LEVELS = {0: "all", 4: "year"}
Line = list[Cell]

_WHERE = (
    Field("width", "string", "How wide the row is in time", enum=("all", "year", "quarter", "month"), required=True),
    Field("time", "string", "2026, 2026-Q2 or 2026-05: when samples were handed in; empty: all months of the release"),
    Field("region", "string", "Where; empty: everywhere"),
    Field("expected", "string", "What the sample was expected to be, an id of the register; empty: whatever it was"),
)
_INCOMPLETE = Field(
    "incomplete", "boolean", "The first month of the data, or a quarter or year that lacks months", required=True
)
_KEY = ("time", "region", "expected")
_MISSING = "A combination without a row holds fewer samples than the threshold, or none, or is withheld."
_LEFT_OUT = "A class that few cells of a table could show is left out of that table."


def tables(book: Book) -> list[Table]:
    """Samples, what was found, and the values there are."""
    cells = sorted(book.by_key.items())
    return [
        Table(
            "samples",
            "Samples",
            f"How many samples there are, by time, region and what was expected. {_MISSING}",
            (*_WHERE, Field("n", "integer", "Samples, rounded to 5", least=0, required=True), _INCOMPLETE),
            _KEY,
            [[*_where(key), n, book.incomplete(key[0])] for key, (n, _) in cells],
        ),
        Table(
            "found",
            "Substance classes found",
            f"In how many of the samples tested for a class it was found. {_MISSING} {_LEFT_OUT}",
            (
                *_WHERE,
                Field("found", "string", "Class of substances; opioid holds opioid.nitazene", required=True),
                Field("denominator", "integer", "Samples tested for it, rounded to 5", least=0, required=True),
                Field("numerator", "integer", "Of these, samples in which it was found, rounded to 5", least=0),
                Field("value", "number", "numerator / denominator", least=0, most=1),
                Field("low", "number", "Lower end of its 95 % Wilson interval", least=0, most=1),
                Field("high", "number", "Upper end of its 95 % Wilson interval", least=0, most=1),
                Field("suppressed", "string", "Why there is no numerator or no share"),
                _INCOMPLETE,
            ),
            (*_KEY, "found"),
            list(_found(book)),
        ),
        Table(
            "values",
            "Values",
            "Every value of every column there is in the months of this release, whether a row of it is shown or not.",
            (
                Field("column", "string", "Of which column", enum=("time", "region", "expected", "found"), required=True),
                Field("value", "string", "The value", required=True),
            ),
            ("column", "value"),
            list(_values(book)),
        ),
    ]  # fmt: skip


def _where(key: tuple[str, str, str]) -> Line:
    time, region, expected = key
    return [LEVELS.get(len(time), "quarter" if "Q" in time else "month"), time, region, expected]


def _found(book: Book) -> Iterator[Line]:
    for key, (_, classes) in sorted(book.by_key.items()):
        for name in sorted(classes):
            row = row_of(book, key, {}, name)
            if row.denominator is not None:
                shares = [None if x is None else round(x, 4) for x in (row.value, row.low, row.high)]
                yield [*_where(key), name, row.denominator, row.numerator, *shares, row.why, row.incomplete]


def _values(book: Book) -> Iterator[Line]:
    times = sorted({*book.months, *map(quarter_of, book.months), *(month[:4] for month in book.months)})
    named = {"time": times, "region": book.regions, "expected": book.expected, "found": book.found}
    for column, values in named.items():
        for value in values:
            yield [column, value]
