"""Which rows of a table could be worked out, or give others away, by subtracting it from another table. Pure.

Every question MAST answers is a set of samples with some attributes fixed. Two questions whose sets are nested (July in
the North East lies within July) can be subtracted from each other; with counts rounded to 5 the rest is then known
within ±4. A row is therefore withheld where it differs by fewer samples than the threshold from any wider question
that fixes fewer of the same attributes, in its denominator, its numerator or their difference. Two rows that are
both published so never differ by a small group, whoever was shown them. A month widens to its quarter and its calendar year, a quarter
to its year; a week only to all time, for it lies in no one month or year.

Sets that are near each other by accident, the same set on two days, and two things found together (a row of one substance
among samples that hold a class, against one of its members) are compared for each person in asked/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from app.trends.domain import SPREADING, Count, Dimension
from app.trends.selection import Columns, Key, Selection, fits

__all__ = [
    "Columns",
    "Key",
    "Recount",
    "Selection",
    "Tally",
    "exposed",
    "fits",
    "members_exposed",
    "rows_of",
    "total_of",
]


# From a value to its label at one width: None where the cell is left out.
Level = Callable[[str], str | None]
Recount = Callable[[Columns, Mapping[Dimension, str]], Sequence[Count]]
"""Cells counted by these columns, of samples that also hold what is filtered by: see Selection.held."""

MEMBERS = ((Dimension.EXPECTED_CLASS, Dimension.EXPECTED), (Dimension.FOUND_CLASS, Dimension.FOUND))
"""Classes, and what their members are."""
FIXES = {
    Dimension.EXPECTED_CLASS: {Dimension.EXPECTED},
    Dimension.FOUND_CLASS: {Dimension.FOUND},
    Dimension.QUARTER: {Dimension.MONTH},
    Dimension.YEAR: {Dimension.MONTH, Dimension.QUARTER},
}
"""Attributes that are fixed once one of the finer ones beside them is."""


@dataclass(slots=True)
class Tally:
    """Samples, and those of them in the numerator."""

    numerator: int = 0
    denominator: int = 0

    def add(self, count: Count) -> None:
        """Take a cell in."""
        self.numerator += count.numerator
        self.denominator += count.denominator

    def gives_away(self, part: Tally, least: int, *, split: bool) -> bool:
        """Whether taking `part` from this leaves a group that would have to be suppressed.

        `split`: whether the row that is asked about would show its numerator at all.
        """
        numerator, denominator = self.numerator - part.numerator, self.denominator - part.denominator
        left_over = (denominator, numerator, denominator - numerator) if split else (denominator,)
        return any(0 < left < least for left in left_over)

    def splits(self, least: int) -> bool:
        """Whether numerator and rest are each nothing or large enough to be shown."""
        return all(side == 0 or side >= least for side in (self.numerator, self.denominator - self.numerator))


def rows_of(cells: Iterable[Count], asked: Selection) -> list[Count]:
    """The rows of the table, summed from cells counted by `asked.columns`."""
    sums: defaultdict[Key, Tally] = defaultdict(Tally)
    for cell in cells:
        if asked.fits(cell.key):
            sums[asked.row_of(cell.key)].add(cell)
    return [Count(key, tally.numerator, tally.denominator) for key, tally in sorted(sums.items())]


def total_of(cells: Iterable[Count], asked: Selection, dimension: Dimension, value: str) -> int:
    """How many samples have this one value, whatever else they are."""
    at = asked.columns.index(dimension)
    return sum(cell.denominator for cell in cells if fits(dimension, cell.key[at], value))


def exposed(cells: Sequence[Count], asked: Selection, least: int, recount: Recount | None = None) -> set[Key]:
    """Keys of the rows that must be withheld, as the module docstring says.

    `recount` is needed where the question splits or filters by what was found or by method: a sample stands in several
    cells of these, so what is wider cannot be summed. Without it such an attribute is never widened.
    """
    rows = {
        row.key: Tally(row.numerator, row.denominator)
        for row in rows_of(cells, asked)
        if row.denominator >= least  # smaller ones are suppressed as they are
    }
    if not rows:
        return set()
    found = _nearly_all(cells, asked.columns, _attributes(asked, asked.columns), asked, rows, least, same=True)
    if recount is not None:
        for columns, held in _without_spreading(asked):
            wider = recount(columns, held)
            found |= _nearly_all(wider, columns, _attributes(asked, columns), asked, rows, least, same=False)
    return found | _classes_exposed(cells, asked, rows, least, recount)


def _nearly_all(
    cells: Sequence[Count],
    columns: Columns,
    attributes: Sequence[_Attribute],
    asked: Selection,
    rows: Mapping[Key, Tally],
    least: int,
    *,
    same: bool,
) -> set[Key]:
    """Rows that are nearly all of something wider. `same`: the first combination is the question itself."""
    found: set[Key] = set()
    places = [columns.index(one.dimension) for one in attributes]
    of_rows = [asked.by.index(one.dimension) if one.split else None for one in attributes]
    combinations = product(*(one.levels for one in attributes))
    if same:
        next(combinations)  # the first level of each attribute is the question itself
    for levels in combinations:
        sums: defaultdict[tuple[str | None, ...], Tally] = defaultdict(Tally)
        for cell in cells:
            labels = tuple(level(cell.key[at]) for level, at in zip(levels, places, strict=True))
            if None not in labels:
                sums[labels].add(cell)
        for key, tally in rows.items():
            labels = tuple("" if at is None else level(key[at]) for level, at in zip(levels, of_rows, strict=True))
            if sums[labels].gives_away(tally, least, split=tally.splits(least)):
                found.add(key)
    return found


@dataclass(frozen=True, slots=True)
class _Attribute:
    """One thing a question fixes, with how a value reads at each of its widths. `split`: rows have its value."""

    dimension: Dimension
    split: bool
    levels: tuple[Level, ...]


def _attributes(asked: Selection, columns: Columns) -> list[_Attribute]:
    """What the question fixes, as far as these columns say it; what a finer attribute fixes already is left out."""
    out = []
    for dimension in dict.fromkeys((*asked.by, *asked.where)):
        if dimension not in columns or FIXES.get(dimension, set()) & {*columns}.intersection(_finer(asked, dimension)):
            continue
        split, widths = dimension in asked.by, (_own, *_PERIODS.get(dimension, ()))
        if split:
            out.append(_Attribute(dimension, split, (*widths, _everything)))
        else:
            wanted = asked.where[dimension]
            narrow = _filtered(dimension, wanted)
            wider = tuple(_equal(level, wanted) for level in widths[1:])
            out.append(_Attribute(dimension, split, (narrow, *wider, _everything)))
    if any(asked.months) and Dimension.MONTH not in (*asked.by, *asked.where):
        out.append(_Attribute(Dimension.MONTH, False, (_equal(_year, asked.one_year), _everything)))
    return out


def _finer(asked: Selection, dimension: Dimension) -> tuple[Dimension, ...]:
    """What may fix an attribute. A filter by what was found is about another finding than the one a row stands for."""
    return asked.by if dimension in SPREADING else (*asked.by, *asked.where)


def _own(value: str) -> str:
    return value


def _everything(_: str) -> str:
    return ""


def _year(value: str) -> str:
    return value[:4]


def _quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}" if month else ""


_PERIODS: Mapping[Dimension, tuple[Level, ...]] = {
    Dimension.MONTH: (_quarter, _year),
    Dimension.QUARTER: (_year,),
}


def _filtered(dimension: Dimension, wanted: str) -> Level:
    return lambda value: "" if fits(dimension, value, wanted) else None


def _equal(level: Level, wanted: str) -> Level:
    return lambda value: "" if level(value) == level(wanted) else None


def _without_spreading(asked: Selection) -> Iterator[tuple[Columns, Mapping[Dimension, str]]]:
    """Columns and filters with one or more of the attributes left out that a sample has several of."""
    spreading = [d for d in dict.fromkeys((*asked.by, *asked.where)) if d in SPREADING]
    for kept in product((True, False), repeat=len(spreading)):
        gone = {d for d, stays in zip(spreading, kept, strict=True) if not stays}
        if gone:
            columns = tuple(d for d in asked.columns if d not in gone)
            yield columns, {d: value for d, value in asked.held.items() if d not in gone}


def _classes_exposed(
    cells: Sequence[Count], asked: Selection, rows: Mapping[Key, Tally], least: int, recount: Recount | None
) -> set[Key]:
    """Rows about a class that differ by a small group from one of its members.

    Here the wider figure is withheld, so that the one everybody asks for (MDMA) outlives the one few do (its class).
    """
    chosen = {*asked.by, *asked.where}
    found: set[Key] = set()
    for of_class, member in MEMBERS:
        if of_class not in chosen or member in _finer(asked, of_class):
            continue
        columns = asked.columns
        if of_class in SPREADING:
            if recount is None:
                continue
            columns = tuple(dict.fromkeys((*columns, of_class, member)))
            cells = recount(columns, asked.held)
        inside = _members(cells, columns, asked, of_class, member)
        found |= {key for key, them in inside.items() if key in rows and _given_away(rows[key], them.values(), least)}
    return found


def _given_away(row: Tally, inside: Iterable[Tally], least: int) -> bool:
    split = row.splits(least)
    return any(row.gives_away(one, least, split=split) for one in inside if one.denominator >= least)


def _members(
    cells: Sequence[Count], columns: Columns, asked: Selection, of_class: Dimension, member: Dimension
) -> Mapping[Key, Mapping[str, Tally]]:
    """By row of the table the members of its class: substances, and for a filter by class the classes under it."""
    at_member, at_class = columns.index(member), columns.index(of_class)
    prefix = "" if of_class in asked.by else asked.where[of_class]
    places = [columns.index(d) for d in asked.columns]
    members: defaultdict[Key, defaultdict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for cell in cells:
        key = tuple(cell.key[at] for at in places)
        if not asked.fits(key) or (prefix and not fits(of_class, cell.key[at_class], prefix)):
            continue
        inside = members[asked.row_of(key)]
        inside["substance " + cell.key[at_member]].add(cell)
        if prefix and of_class not in SPREADING:  # a sample may hold several of what was found: no sums of these
            inside["class exactly " + cell.key[at_class]].add(cell)
            for narrower in _prefixes(cell.key[at_class]):
                if len(narrower) > len(prefix):
                    inside["class " + narrower].add(cell)
    return members


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


def members_exposed(rows: Iterable[Count], members: Mapping[Key, Mapping[str, int]], least: int) -> set[Key]:
    """Rows of “a class was found” that differ by a small group from “a member of it was found”."""
    return {
        row.key
        for row in rows
        if any(count >= least and 0 < row.numerator - count < least for count in members.get(row.key, {}).values())
    }
