"""When a report to pass on may follow those that were given out: only if no two of them can be subtracted. Pure.

The report is given out whole and kept as it was. A later one may follow if, compared with each one before it,

1. no figure that reads otherwise now stands on samples of which 1 to 4 came, went or changed;
2. where a figure is printed that was not, or no longer, no figure of its group moved by 1 to 4 samples, printed or not:
   which of a group are printed depends on all of them;
3. no number that is new differs by 1 to 4 samples from any number that was printed before, its own or another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.figures.session_report.behind import Behind, few, groups
from app.figures.session_report.sheets import Sheet, Withheld

Reading = int | str
"""A number, or the words why there is none."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a report said of each figure, and what stood behind all of them, also those it did not print."""

    shown: Mapping[str, Reading]
    behind: Mapping[str, Mapping[str, str]]

    def numbers(self) -> dict[str, int]:
        """The figures that are printed."""
        return {name: value for name, value in self.shown.items() if isinstance(value, int)}

    def of(self, name: str) -> Mapping[str, str]:
        """What stands behind one figure; nothing where nobody counted."""
        return self.behind.get(name, {})


def issued(tables: Sequence[Sheet], behind: Behind) -> Issued:
    """A report as it reads."""
    shown: dict[str, Reading] = {}
    for table in tables:
        for row, marks in zip(table.rows, table.marks, strict=True):
            for cell, mark in zip(row[1:], marks, strict=True):
                if mark:
                    shown[mark] = cell.why if isinstance(cell, Withheld) else int(cell)
    return Issued(shown, behind)


def in_the_way(earlier: Sequence[Issued], new: Issued) -> set[str]:
    """Names of the figures for which a report may not follow those before it; empty where it may."""
    news = {name: n for name, n in new.numbers().items() if all(one.shown.get(name) != n for one in earlier)}
    return {
        name for one in earlier for name in (*_otherwise(one, new), *_came_or_went(one, new), *_near(one, new, news))
    }


def _otherwise(before: Issued, new: Issued) -> Iterator[str]:
    for name in before.shown.keys() | new.shown.keys():
        if before.shown.get(name) != new.shown.get(name) and few(before.of(name), new.of(name)):
            yield name


def _came_or_went(before: Issued, new: Issued) -> Iterator[str]:
    then, now = before.numbers(), new.numbers()
    for names in groups({*before.behind, *new.behind, *then, *now}).values():
        if any((name in then) is not (name in now) for name in names):
            yield from (name for name in names if few(before.of(name), new.of(name)))


def _near(before: Issued, new: Issued, news: Mapping[str, int]) -> Iterator[str]:
    for name in news:
        if any(few(before.of(other), new.of(name)) for other in before.numbers()):
            yield name
