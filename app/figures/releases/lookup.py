"""Looks a table up in the cube of a release made before figures were perturbed: rounded counts, small ones left out.
Computes no count: only shares and intervals of the rounded ones.

Any split of the fixed dimensions at one width of time is a table of the cube; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlmodel import Session

from app.figures.releases import repository
from app.figures.releases.tables import Release
from app.figures.trends.domain import MIN_DENOMINATOR, Audience, Dimension, Row, TrendTable
from app.figures.trends.measures import measure_of
from app.figures.trends.protection.lattice import quarter_of
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.kernel.shares import wilson

TIMES = (Dimension.YEAR, Dimension.QUARTER, Dimension.MONTH)
FIXED = (*TIMES, Dimension.REGION, Dimension.EXPECTED)
_LISTS = {Dimension.REGION: "regions", Dimension.EXPECTED: "expected"}
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Book:
    """A cube as a dictionary."""

    document: Mapping[str, Any]
    cells: Mapping[Key, tuple[int, Mapping[str, Sequence[int | None]]]]

    def labels(self, dimension: Dimension) -> list[str]:
        """All values of a dimension, shown or not."""
        months: list[str] = list(self.document["months"])
        if dimension is Dimension.YEAR:
            return sorted({m[:4] for m in months})
        if dimension is Dimension.QUARTER:
            return sorted({quarter_of(m) for m in months})
        return months if dimension is Dimension.MONTH else list(self.document[_LISTS[dimension]])

    def incomplete(self, time: str) -> bool:
        """The first month may have begun late; a quarter or a year may lack months."""
        months = self.document["months"]
        if not time:
            return False
        inside = [m for m in months if time in (m, quarter_of(m), m[:4])]
        whole = {4: 12, 7: 1}.get(len(time), 3) if "Q" not in time else 3
        return months[0] in inside or len(inside) < whole


def book(session: Session, row: Release, audience: Audience) -> Book:
    """The cube of an audience as a dictionary. Raises NotFound."""
    held = repository.cube(session, row.id, audience.value)
    if held is None:
        raise NotFound("cube")
    return Book(held.content, {(t, r, e): (n, classes) for t, r, e, n, classes in held.content["cells"]})


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
    """Raises Invalid for what is no table of the cube."""
    wrong = [d for d in (*by, *where) if d not in FIXED]
    if wrong:
        raise Invalid(
            f"A release is not split by {', '.join(sorted(d.value.replace('_', ' ') for d in wrong))}.",
            fields={"by": "not in a release"},
            hint="There are month, quarter, year, region and expected.",
        )
    if len([d for d in by if d in TIMES]) > 1:
        raise Invalid("Choose one of month, quarter and year.", fields={"by": "more than one width of time"})
    if found and found not in there.document["found"]:
        raise Invalid(
            f"“{found}” is no class of this release.",
            fields={"found": "not in this release"},
            hint=f"There are {', '.join(there.document['found']) or 'none'}.",
        )
    for dimension, value in where.items():
        if value not in there.labels(dimension):
            raise Invalid(
                f"“{value}” is no {dimension.value} of this release.", fields={"where": "not in this release"}
            )


def rows(there: Book, by: Sequence[Dimension], where: Mapping[Dimension, str], found: str) -> Iterator[Row]:
    """The rows of a table: every combination has one, whether it is shown or not, so that a marker says nothing."""
    width = next((d for d in by if d in TIMES), None) or _narrowest(where)
    choices = [_values(there, d, where) for d in by]
    for values in product(*choices):
        named = {**where, **dict(zip(by, values, strict=True))}
        time = named.get(width, "") if width else ""
        if not all(_covers(value, time) for d, value in where.items() if d in TIMES):
            continue
        key = (time, named.get(Dimension.REGION, ""), named.get(Dimension.EXPECTED, ""))
        labels = {d.value: v for d, v in zip(by, values, strict=True)}
        yield _row(there, key, labels, found)


def _narrowest(where: Mapping[Dimension, str]) -> Dimension | None:
    return next((d for d in reversed(TIMES) if d in where), None)


def _values(there: Book, dimension: Dimension, where: Mapping[Dimension, str]) -> list[str]:
    return [where[dimension]] if dimension in where else there.labels(dimension)


def _covers(wide: str, time: str) -> bool:
    """Whether a year or quarter holds a time that is as narrow or narrower."""
    if wide == time or (len(wide) == 4 and time.startswith(wide)):
        return True
    return "Q" in wide and "Q" not in time and len(time) == 7 and quarter_of(time) == wide


def _row(there: Book, key: Key, labels: dict[str, str], found: str) -> Row:
    least, incomplete = there.document["threshold"], there.incomplete(key[0])
    cell = there.cells.get(key)
    if cell is None:
        return Row(labels, None, None, None, None, None, None, f"fewer than {least} samples, or withheld", incomplete)
    n, classes = cell
    if not found:
        return Row(labels, n, None, None, None, None, None, "", incomplete)
    numerator, tested = classes.get(found, (None, None))
    if tested is None:
        why = f"fewer than {least} were tested, or not published at this detail"
        return Row(labels, None, None, None, None, None, None, why, incomplete)
    if numerator is None:
        why = f"fewer than {least} on one side, or withheld"
        return Row(labels, tested, None, tested, None, None, None, why, incomplete)
    if tested < MIN_DENOMINATOR:
        why = f"no share under {MIN_DENOMINATOR} samples"
        return Row(labels, tested, numerator, tested, None, None, None, why, incomplete)
    low, high = wilson(numerator, tested)
    return Row(labels, tested, numerator, tested, numerator / tested, low, high, "", incomplete)
