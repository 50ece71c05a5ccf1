"""Which rows of a table could be worked out, or give others away, by subtracting it from another table. Pure.

Every question MAST answers is a set of samples with some attributes fixed. Two questions whose sets are nested (July in
the North East lies within July) can be subtracted from each other; with counts rounded to 5 the rest is then known
within ±4. A row is therefore withheld where it differs by fewer samples than the threshold from any wider question
that fixes fewer of the same attributes, in its denominator, its numerator or their difference. Two rows that are
both published so never differ by a small group. What this does not stop stands in docs/methods/trends.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from app.trends.domain import Count, Dimension

Key = tuple[str, ...]
# A projector reads a cell's key at one level of one attribute: its label there, or None where the cell is left out.
Projector = Callable[[Key], str | None]


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


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question fixes: the ways it splits, what it filters by, and its months ("" for no bound)."""

    by: tuple[Dimension, ...]
    where: Mapping[Dimension, str]
    months: tuple[str, str] = ("", "")

    @property
    def columns(self) -> tuple[Dimension, ...]:
        """The dimensions the cells have to be counted by, so that everything wider can be summed from them."""
        wanted = [*self.by, *self.where]
        if any(self.months):
            wanted.append(Dimension.MONTH)
        if Dimension.EXPECTED_CLASS in wanted:
            wanted.append(Dimension.EXPECTED)
        return tuple(dict.fromkeys(wanted))

    @property
    def one_year(self) -> str:
        """The calendar year the months stand for, or nothing."""
        first, last = self.months
        whole = first.endswith("-01") and last.endswith("-12") and first[:4] == last[:4]
        return first[:4] if whole else ""

    def fits(self, key: Key) -> bool:
        """Whether a cell belongs to the question."""
        values = dict(zip(self.columns, key, strict=True))
        first, last = self.months
        month = values.get(Dimension.MONTH, "")
        if (first and month < first) or (last and month > last):
            return False
        return all(fits(d, values[d], wanted) for d, wanted in self.where.items())

    def row_of(self, key: Key) -> Key:
        """The row of the table a cell belongs to."""
        return tuple(key[self.columns.index(d)] for d in self.by)


def fits(dimension: Dimension, value: str, wanted: str) -> bool:
    """Whether a value is the wanted one; a class covers the classes under it: "opioid" covers "opioid.nitazene"."""
    return value == wanted or (dimension is Dimension.EXPECTED_CLASS and value.startswith(wanted + "."))


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


def exposed(cells: Sequence[Count], asked: Selection, least: int) -> set[Key]:
    """Keys of the rows that must be withheld, as the module docstring says."""
    rows = {
        row.key: Tally(row.numerator, row.denominator)
        for row in rows_of(cells, asked)
        if row.denominator >= least  # smaller ones are suppressed as they are
    }
    found: set[Key] = set()
    if not rows:
        return found
    for wider in _wider(asked):
        sums: defaultdict[Key, Tally] = defaultdict(Tally)
        for cell in cells:
            labels = tuple(level.of_cell(cell.key) for level in wider)
            if None not in labels:
                sums[labels].add(cell)  # type: ignore[index]
        for key, tally in rows.items():
            labels = tuple(level.of_row(key) for level in wider)
            if sums[labels].gives_away(tally, least, split=tally.splits(least)):  # type: ignore[index]
                found.add(key)
    return found | _classes_exposed(cells, asked, rows, least)


@dataclass(frozen=True, slots=True)
class _Level:
    """One attribute at one width: how a cell and how a row read there."""

    of_cell: Projector
    of_row: Projector


_ALL = _Level(lambda _: "", lambda _: "")


def _wider(asked: Selection) -> Iterator[tuple[_Level, ...]]:
    """Every question that fixes fewer of the same attributes, the question itself left out."""
    combinations = product(*_levels(asked))
    next(combinations)  # the first level of each attribute is the question itself
    yield from combinations


def _levels(asked: Selection) -> list[list[_Level]]:
    """For each attribute its levels from narrow to wide; months widen to years first."""
    columns = asked.columns
    refined = Dimension.EXPECTED in asked.by or Dimension.EXPECTED in asked.where
    out = []
    for position, dimension in enumerate(asked.by):
        if dimension is Dimension.EXPECTED_CLASS and refined:
            continue  # the substance already fixes its class
        at = columns.index(dimension)
        own = _Level(_label(at), _label(position))
        year = [_Level(_label(at, 4), _label(position, 4))] if dimension is Dimension.MONTH else []
        out.append([own, *year, _ALL])
    for dimension, wanted in asked.where.items():
        if dimension in asked.by or (dimension is Dimension.EXPECTED_CLASS and refined):
            continue
        at = columns.index(dimension)
        own = _Level(_where(at, dimension, wanted), lambda _: "")
        year = [_Level(_year(at, wanted[:4]), lambda _: "")] if dimension is Dimension.MONTH else []
        out.append([own, *year, _ALL])
    if any(asked.months) and Dimension.MONTH not in asked.by and Dimension.MONTH not in asked.where:
        out.append([_Level(_year(columns.index(Dimension.MONTH), asked.one_year), lambda _: ""), _ALL])
    return out


def _label(at: int, length: int | None = None) -> Projector:
    return lambda key: key[at][:length]


def _where(at: int, dimension: Dimension, wanted: str) -> Projector:
    return lambda key: "" if fits(dimension, key[at], wanted) else None


def _year(at: int, year: str) -> Projector:
    return lambda key: "" if key[at].startswith(year) else None


def _classes_exposed(cells: Sequence[Count], asked: Selection, rows: Mapping[Key, Tally], least: int) -> set[Key]:
    """Rows about a class that differ by a small group from one of its members.

    Here the wider figure is withheld, so that the one everybody asks for (MDMA) outlives the one few do (its class).
    """
    chosen = {*asked.by, *asked.where}
    if Dimension.EXPECTED_CLASS not in chosen or Dimension.EXPECTED in chosen:
        return set()
    substance = asked.columns.index(Dimension.EXPECTED)
    own_class = asked.columns.index(Dimension.EXPECTED_CLASS)
    prefix = "" if Dimension.EXPECTED_CLASS in asked.by else asked.where[Dimension.EXPECTED_CLASS]
    members: defaultdict[Key, defaultdict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for cell in cells:
        if not asked.fits(cell.key):
            continue
        inside = members[asked.row_of(cell.key)]
        inside["substance " + cell.key[substance]].add(cell)
        if prefix:
            inside["class exactly " + cell.key[own_class]].add(cell)
            for narrower in _prefixes(cell.key[own_class]):
                if len(narrower) > len(prefix):
                    inside["class " + narrower].add(cell)

    def given_away(row: Tally, inside: Iterable[Tally]) -> bool:
        split = row.splits(least)
        return any(row.gives_away(one, least, split=split) for one in inside if one.denominator >= least)

    return {key for key, inside in members.items() if key in rows and given_away(rows[key], inside.values())}


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
