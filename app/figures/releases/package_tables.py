"""The struck figures of a release as plain tables for its package: every drawn cell, as it reads. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.figures.releases.package_metadata import Cell, Field, Table
from app.figures.trends.protection.lattice import VERDICTS, Geography, Struck
from app.figures.trends.protection.striking import Book

Line = list[Cell]
_MOVED = "moved by a small random amount; may be negative"
_WHERE = (
    Field("width", "string", "How wide the row is in time", enum=("month", "quarter", "year"), required=True),
    Field("time", "string", "2026, 2026-Q2 or 2026-05: when samples were handed in", required=True),
    Field("region", "string", "Where; empty: everywhere"),
    Field("expected", "string", "What the sample was expected to be, an id of the register; empty: whatever it was"),
)
_KEY = ("time", "region", "expected")
_DRAWN = "Every cell has a row, whether anybody came or not. Sums of rows differ from the row of the sum."


def tables(book: Book) -> list[Table]:
    """Samples by what their result was against the expectation, what was found, alone and together, medians."""
    verdicts = tuple(Field(name, "integer", f"Samples whose result is {' or '.join(sorted(of))}, {_MOVED}", required=True)
                     for name, of in VERDICTS.items())  # fmt: skip
    partial = Field("incomplete", "boolean", "The data begin within this period", required=True)
    return [
        Table(
            "samples", "Samples",
            f"How many samples there are, by time, region and what was expected, and how their results compare. {_DRAWN}",
            (*_WHERE, Field("n", "integer", f"Samples, {_MOVED}", required=True), *verdicts, partial),
            _KEY, [[*where, *figures, one.partial] for one, where, figures in _cells(book)],
        ),
        Table(
            "found", "Substances and classes found",
            "In how many samples a class, or from quarters on a substance, was found. The samples tested for it are those of "
            f"the table samples less those of the table untested whose scope does not hold it. {_DRAWN}",
            (*_WHERE, Field("found", "string", "Class or substance; opioid holds opioid.nitazene", required=True),
             Field("numerator", "integer", f"Samples in which it was found, {_MOVED}", required=True)),
            (*_KEY, "found"), list(_long(book, "found ", lambda one, name: name)),
        ),
        Table(
            "untested", "Samples that were not tested for everything",
            f"How many samples no conclusive method looked at for these classes. A sample is in one row at most. {_DRAWN}",
            (*_WHERE, Field("classes", "string", "Classes it was not tested for, with spaces between", required=True),
             Field("n", "integer", f"Samples, {_MOVED}", required=True)),
            (*_KEY, "classes"), list(_long(book, "profile ", lambda one, k: " ".join(sorted(one.lists.profiles[int(k)])))),
        ),
        Table(
            "together", "Classes found together",
            "In how many samples of a year two classes were both found. Each finding counts in its narrowest listed class; "
            "another:opioid are opioids that no narrower one holds.",
            (_WHERE[1], Field("found", "string", "One class", required=True), Field("with", "string", "The other", required=True),
             Field("n", "integer", f"Samples in which both were found, {_MOVED}", required=True)),
            ("time", "found", "with"),
            [[one.label, a, b, n] for one in _periods(book) if one.kind == "year"
             for (a, b), n in zip(one.lists.pairs, one.pairs.tolist(), strict=True)],
        ),
        Table(
            "medians", "Medians of amounts and waits",
            "The median of each amount that was measured in 20 samples or more, by a rank that is moved at random.",
            (*_WHERE[:3], Field("substance", "string", "What was measured; turnaround: from received to released", required=True),
             Field("unit", "string", "Its unit", required=True), Field("basis", "string", "What the amount counts"),
             Field("n", "integer", f"Samples in which it was measured, {_MOVED}", required=True),
             Field("value", "number", "The median, two significant figures"), Field("low", "number", "Lower end of its 95 % interval"),
             Field("high", "number", "Upper end of its 95 % interval")),
            ("time", "region", "substance", "unit", "basis"), list(_medians(book)),
        ),
    ]  # fmt: skip


def _periods(book: Book) -> list[Struck]:
    return sorted(book.periods.values(), key=lambda one: (one.kind, one.label))


def _places(one: Struck, geography: Geography) -> Iterator[tuple[Line, int, int]]:
    rows, columns = one.lists.shape(geography)
    for r in range(rows):
        for c in range(columns):
            region = one.lists.regions[r] if geography[0] else ""
            expected = one.lists.expected[c] if geography[1] else ""
            yield [one.kind, one.label, region, expected], r, c


def _cells(book: Book) -> Iterator[tuple[Struck, Line, list[int]]]:
    for one in _periods(book):
        for geography, figures in one.tables.items():
            for where, r, c in _places(one, geography):
                yield one, where, figures[: 1 + len(VERDICTS), r, c].tolist()


def _long(book: Book, start: str, name_of: Callable[[Struck, str], str]) -> Iterator[Line]:
    for one in _periods(book):
        features = [
            (k, f.removeprefix(start)) for k, f in enumerate(one.lists.features(one.kind)) if f.startswith(start)
        ]
        for geography, figures in one.tables.items():
            for where, r, c in _places(one, geography):
                for k, name in features:
                    yield [*where, name_of(one, name), int(figures[k, r, c])]


def _medians(book: Book) -> Iterator[Line]:
    for one in _periods(book):
        for (geography, name, place), found in one.medians.items():
            region = one.lists.regions[place] if geography[0] else ""
            yield [one.kind, one.label, region, *name.split("/"), found.n, found.value, found.low, found.high]
