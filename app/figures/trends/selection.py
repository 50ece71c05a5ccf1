"""What a question selects: how it splits, what it filters by, which months, and the columns cells are counted by. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.figures.trends.domain import SPREADING, Count, Dimension

Key = tuple[str, ...]
Columns = tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question fixes: the ways it splits, what it filters by, and its months ("" for no bound)."""

    by: tuple[Dimension, ...]
    where: Mapping[Dimension, str]
    months: tuple[str, str] = ("", "")

    @property
    def held(self) -> Mapping[Dimension, str]:
        """The filters that are asked of each sample: cells of what was found, or of methods, cannot be added up."""
        return {d: value for d, value in self.where.items() if d in SPREADING}

    @property
    def columns(self) -> Columns:
        """The dimensions the cells have to be counted by, so that everything wider can be summed from them."""
        wanted = [*self.by, *(d for d in self.where if d not in SPREADING)]
        if any(self.months):
            wanted.append(Dimension.MONTH)
        if Dimension.EXPECTED_CLASS in wanted:
            wanted.append(Dimension.EXPECTED)
        return tuple(dict.fromkeys(wanted))

    def fits(self, key: Key) -> bool:
        """Whether a cell belongs to the question."""
        values = dict(zip(self.columns, key, strict=True))
        first, last = self.months
        month = values.get(Dimension.MONTH, "")
        if (first and month < first) or (last and month > last):
            return False
        return all(fits(d, values[d], wanted) for d, wanted in self.where.items() if d not in SPREADING)

    def row_of(self, key: Key) -> Key:
        """The row of the table a cell belongs to."""
        return tuple(key[self.columns.index(d)] for d in self.by)


def fits(dimension: Dimension, value: str, wanted: str) -> bool:
    """Whether a value is the wanted one; a class covers the classes under it: "opioid" covers "opioid.nitazene"."""
    of_class = dimension in (Dimension.EXPECTED_CLASS, Dimension.FOUND_CLASS)
    return value == wanted or (of_class and value.startswith(wanted + "."))


def rows_of(cells: Iterable[Count], asked: Selection) -> list[Count]:
    """The rows of the table, summed from cells counted by `asked.columns`."""
    sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for cell in cells:
        if asked.fits(cell.key):
            tally = sums[asked.row_of(cell.key)]
            tally[0] += cell.numerator
            tally[1] += cell.denominator
    return [Count(key, *tally) for key, tally in sorted(sums.items())]
