"""The cube of a release made before figures were perturbed as plain tables for its package. Pure; computes nothing but shares of the rounded counts.

Only counts that are shown have a row. What has none holds fewer samples than the threshold, none, or is withheld: the
three look alike, as they do on the pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.figures.releases.lookup import Book
from app.figures.releases.package_metadata import Field, Table
from app.figures.trends.domain import MIN_DENOMINATOR
from app.figures.trends.protection.lattice import quarter_of
from app.platform.kernel.shares import wilson

LEVELS = {0: "all", 4: "year"}
Line = list[Any]

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
    cells = sorted(book.cells.items())
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
            list(_values(book.document)),
        ),
    ]  # fmt: skip


def _where(key: tuple[str, str, str]) -> Line:
    time, region, expected = key
    return [LEVELS.get(len(time), "quarter" if "Q" in time else "month"), time, region, expected]


def _found(book: Book) -> Iterator[Line]:
    least = book.document["threshold"]
    for key, (_, classes) in sorted(book.cells.items()):
        for name, (numerator, tested) in sorted(classes.items()):
            if tested is None:
                continue
            shares: Line = [None, None, None]
            if numerator is None:
                why = f"fewer than {least} on one side, or withheld"
            elif tested < MIN_DENOMINATOR:
                why = f"no share under {MIN_DENOMINATOR} samples"
            else:
                why = ""
                shares = [round(x, 4) for x in (numerator / tested, *wilson(numerator, tested))]
            yield [*_where(key), name, tested, numerator, *shares, why, book.incomplete(key[0])]


def _values(document: Mapping[str, Any]) -> Iterator[Line]:
    months = document["months"]
    times = sorted({*months, *map(quarter_of, months), *(month[:4] for month in months)})
    named = {"time": times, "region": document["regions"], "expected": document["expected"], "found": document["found"]}
    for column, values in named.items():
        yield from ([column, value] for value in values)
