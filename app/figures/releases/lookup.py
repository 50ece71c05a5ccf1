"""Looks a table up in the cube of a release made before figures were perturbed: rounded counts, small ones left out.
Computes no count: only shares and intervals of the rounded ones.

Any split of the fixed dimensions at one width of time is a table of the cube; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from pydantic import TypeAdapter
from sqlmodel import Session

from app.figures.releases.tables import Release, ReleaseCube
from app.figures.trends.domain import MIN_DENOMINATOR, Audience, Dimension, Row, TrendTable
from app.figures.trends.measures import measure_of
from app.figures.trends.protection.lattice import quarter_of
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.kernel.shares import wilson

TIMES = (Dimension.YEAR, Dimension.QUARTER, Dimension.MONTH)
FIXED = (*TIMES, Dimension.REGION, Dimension.EXPECTED)
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Book:
    """A cube as it was kept: its labels, and per time, region and expectation its samples and what was found in them.

    What was found: class → samples in which it was, samples tested for it; None where that is not shown.
    """

    months: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]
    threshold: int
    cells: list[tuple[str, str, str, int, dict[str, list[int | None]]]]

    @cached_property
    def by_key(self) -> Mapping[Key, tuple[int, Mapping[str, Sequence[int | None]]]]:
        """The cells by time, region and expectation."""
        return {(time, region, expected): (n, found) for time, region, expected, n, found in self.cells}

    def labels(self, dimension: Dimension) -> list[str]:
        """All values of a dimension, shown or not."""
        if dimension is Dimension.YEAR:
            return sorted({m[:4] for m in self.months})
        if dimension is Dimension.QUARTER:
            return sorted({quarter_of(m) for m in self.months})
        return {Dimension.MONTH: self.months, Dimension.REGION: self.regions}.get(dimension, self.expected)

    def incomplete(self, time: str) -> bool:
        """The first month may have begun late; a quarter or a year may lack months."""
        if not time:
            return False
        inside = [m for m in self.months if time in (m, quarter_of(m), m[:4])]
        whole = {4: 12, 7: 1}.get(len(time), 3) if "Q" not in time else 3
        return self.months[0] in inside or len(inside) < whole


_BOOK = TypeAdapter(Book)


def book(session: Session, row: Release, audience: Audience) -> Book:
    """The cube of an audience as a dictionary. Raises NotFound."""
    held = session.get(ReleaseCube, (row.id, audience.value))
    if held is None:
        raise NotFound("cube")
    return _BOOK.validate_python(held.content)


def table(
    session: Session,
    row: Release,
    audience: Audience,
    by: Sequence[Dimension],
    where: Mapping[Dimension, str],
    found: str = "",
) -> TrendTable:
    """How many samples, or with `found` the share in which a class was found. Raises Invalid."""
    there, split = book(session, row, audience), tuple(dict.fromkeys(by))
    check(split, where, found, there)
    return TrendTable(
        measure=measure_of("found" if found else "samples"),
        dimensions=split,
        audience=audience,
        filters={d.value: value for d, value in where.items()},
        found=found,
        made_at=row.made_at,
        rows=tuple(rows(there, split, where, found)),
        rounded=True,
    )


def check(by: Sequence[Dimension], where: Mapping[Dimension, str], found: str, there: Book) -> None:
    """Refuse a split or a filter that no table of the cube has. Raises Invalid."""
    wrong = [d for d in (*by, *where) if d not in FIXED]
    if wrong:
        raise Invalid(
            f"A release is not split by {', '.join(sorted(d.value.replace('_', ' ') for d in wrong))}.",
            fields={"by": "not in a release"},
            hint="There are month, quarter, year, region and expected.",
        )
    if len([d for d in by if d in TIMES]) > 1:
        raise Invalid("Choose one of month, quarter and year.", fields={"by": "more than one width of time"})
    if found and found not in there.found:
        raise Invalid(
            f"“{found}” is no class of this release.",
            fields={"found": "not in this release"},
            hint=f"There are {', '.join(there.found) or 'none'}.",
        )
    for dimension, value in where.items():
        if value not in there.labels(dimension):
            raise Invalid(
                f"“{value}” is no {dimension.value} of this release.", fields={"where": "not in this release"}
            )


def rows(there: Book, by: Sequence[Dimension], where: Mapping[Dimension, str], found: str) -> Iterator[Row]:
    """The rows of a table: every combination has one, whether it is shown or not, so that a marker says nothing."""
    width = next((d for d in (*by, *reversed(TIMES)) if d in TIMES and (d in by or d in where)), None)
    choices = [[where[d]] if d in where else there.labels(d) for d in by]
    for values in product(*choices):
        named = {**where, **dict(zip(by, values, strict=True))}
        time = named.get(width, "") if width else ""
        if not all(_covers(value, time) for d, value in where.items() if d in TIMES):
            continue
        key = (time, named.get(Dimension.REGION, ""), named.get(Dimension.EXPECTED, ""))
        labels = {d.value: v for d, v in zip(by, values, strict=True)}
        yield row_of(there, key, labels, found)


def _covers(wide: str, time: str) -> bool:
    """Whether a year or quarter holds a time that is as narrow or narrower."""
    if wide == time or (len(wide) == 4 and time.startswith(wide)):
        return True
    return "Q" in wide and "Q" not in time and len(time) == 7 and quarter_of(time) == wide


def row_of(there: Book, key: Key, labels: dict[str, str], found: str) -> Row:
    """One row of a table, with a share or why there is none."""
    incomplete, least = there.incomplete(key[0]), f"fewer than {there.threshold}"
    cell = there.by_key.get(key)
    if cell is None:
        return Row(labels, why=f"{least} samples, or hidden to protect another small number", incomplete=incomplete)
    n, classes = cell
    if not found:
        return Row(labels, n, incomplete=incomplete)
    numerator, tested = classes.get(found, (None, None))
    if tested is None:
        return Row(labels, why=f"{least} were tested, or not published at this detail", incomplete=incomplete)
    row = Row(labels, tested, numerator, tested, incomplete=incomplete)
    if numerator is None:
        return replace(row, why=f"{least} with or without it, or hidden to protect another small number")
    if tested < MIN_DENOMINATOR:
        return replace(row, why=f"no share under {MIN_DENOMINATOR} samples")
    low, high = wilson(numerator, tested)
    return replace(row, value=numerator / tested, low=low, high=high)
