"""What a kind of figure has to say for itself. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import rows_of

Name = tuple[tuple[str, object], ...]
"""What tells the rows of one part of a figure from those of another: (("unit", "mg_per_unit"), ("basis", "base"))."""

Parts = Mapping[Name, list[Count]]
"""True counts per cell, by part."""

Shown = Mapping[Name, Sequence[Row]]
"""Rows as they may be seen, by part."""


class Figure(Protocol):
    """A kind of figure: a table of counts per part, and what becomes of its rows once they are protected."""

    def share(self, name: Name) -> bool:
        """Whether the rows of a part have a numerator and a share."""
        ...

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """Cells of every part, by these columns, of samples that also hold what is filtered by."""
        ...

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples behind the whole figure per cell."""
        ...

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """The rows of the answer from those of its parts: values, order, what more they have."""
        ...


def parts_of(figure: Figure, asking: Asking, columns: Columns, held: Held) -> Parts:
    """Cells of every part, counted once per columns and filters."""
    return asking.once("parts", columns, held, lambda: figure.parts(asking, columns, held))


def true_rows(figure: Figure, asking: Asking, name: Name) -> list[Count]:
    """True counts of one part of the figure, one per row."""
    selection = asking.selection
    cells = parts_of(figure, asking, selection.columns, selection.held).get(name, [])
    return rows_of(cells, selection)


def named(shown: Shown) -> Iterator[Row]:
    """Rows part by part, each with the name of its part."""
    for name, rows in shown.items():
        for row in rows:
            yield replace(row, more={**dict(name), **row.more})


def summed(parts: Iterable[list[Count]]) -> list[Count]:
    """Samples per cell of parts that have none in common."""
    counted: Counter[tuple[str, ...]] = Counter()
    for cells in parts:
        for cell in cells:
            counted[cell.key] += cell.denominator
    return [Count(key, 0, n) for key, n in sorted(counted.items())]
