"""Which figures may stand side by side, so that subtracting one from others tells of no 1 to 4 samples. Pure.

The parts of the rows that are printed, and what no row holds, are pieces that together are all samples. A number is too
near them if it differs by 1 to 4 samples from any sum of pieces; a part, a row and all samples are such sums too.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from app.figures.session_report.behind import FLOW, LEAST, Behind, few, part, whole
from app.figures.session_report.domain import PARTS

Rows = Mapping[str, bool]
"""Expectations that are listed, fewest samples first, and whether their parts are printed."""


def off(number: Set[str], pieces: Iterable[Set[str]]) -> int:
    """By how many samples a number differs from the nearest sum of pieces.

    >>> off({"a", "b", "c"}, [{"a", "b"}, {"c", "d", "e"}])
    1
    """
    return sum(min(len(piece & number), len(piece - number)) for piece in pieces)


def near(number: Set[str], pieces: Iterable[Set[str]]) -> bool:
    """Whether a sum of pieces subtracted from it, or it from a sum, tells of fewer samples than may be told apart."""
    return 0 < off(number, pieces) < LEAST


def pieces(rows: Rows, there: Behind) -> list[Set[str]]:
    """What the rows print of the samples, and the rest of them, which is known by subtraction."""
    names = [name for row, split in rows.items() for name in ([part(row, p) for p in PARTS] if split else [whole(row)])]
    printed = [_of(there, name) for name in names]
    return [*printed, _of(there, FLOW[0]).difference(*printed)]


def steps(flow: Collection[str], there: Behind) -> list[Set[str]]:
    """The printed numbers of how far samples came, and what lies between any two of them."""
    numbers = [set[str](), *(_of(there, name) for name in flow)]
    return [one ^ other for one, other in itertools.combinations(numbers, 2)]


def rows_beside(rows: Rows, numbers: Sequence[Set[str]], there: Behind) -> Rows:
    """The rows without what is too near these numbers: parts go first, a row at a time, and then rows.

    One whose leaving is enough goes before others; else the smallest.
    """
    while any(near(number, pieces(rows, there)) for number in numbers):
        ways = list(_less(rows))
        if not ways:
            break
        enough = (way for way in ways if not any(near(number, pieces(way, there)) for number in numbers))
        rows = next(enough, ways[0])
    return rows


def _less(rows: Rows) -> Iterator[Rows]:
    if any(rows.values()):
        yield from ({**rows, row: False} for row, split in rows.items() if split)
    else:
        yield from ({other: False for other in rows if other != row} for row in rows)


def side_by_side(names: Iterable[str], there: Behind) -> list[str]:
    """Of these figures, in this order, each that is not told apart from one before it by a few samples."""
    kept: list[str] = []
    for name in names:
        if not any(few(there.get(name, {}), there.get(other, {})) for other in kept):
            kept.append(name)
    return kept


def _of(there: Behind, name: str) -> set[str]:
    return set(there.get(name, {}))
