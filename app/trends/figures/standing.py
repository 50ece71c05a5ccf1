"""Which rows stand in a protected table though nothing is given in them. Pure but for counting.

A row tells something by being there. “crystal, heroin: fewer than 10 samples” says that a crystal held heroin, and no row
for anything else says that it held nothing else: of a single sample that is all there is to know. So whether a row stands
must not depend on what was found, measured, said or how the result reads:

- where each row is one figure, a row stands for every combination there is any sample of, marked alike whether the figure
  counts none of them or a few (`everywhere`);
- where there are rows per substance, method, band or outcome, combinations under the threshold have no row (`left_out`).

That somebody handed something in, when, where, in which form and as what, a marked row does tell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.trends.domain import SPREADING, Count, Dimension, Kind, Row
from app.trends.figures.question import Asking
from app.trends.selection import Key

ONE_FIGURE = frozenset({Kind.COUNT, Kind.SHARE, Kind.TURNAROUND, Kind.MEDIAN, Kind.QUANTILES, Kind.AGREEMENT})
"""Kinds with one row per combination, or one per unit or half of an agreement."""
PER_UNIT = frozenset({Kind.MEDIAN, Kind.QUANTILES})


def marked(kind: Kind, by: Collection[Dimension]) -> bool:
    """Whether combinations with too few samples have a row that says so."""
    return kind in ONE_FIGURE and not SPREADING.intersection(by)


def keys_with_samples(asking: Asking) -> set[Key]:
    """Rows there is any sample of, whatever the figure is and whatever was found; none where such rows are left out."""
    selection = asking.selection
    if not (asking.protected and marked(asking.measure.kind, selection.by)):
        return set()
    return {selection.row_of(cell.key) for cell in asking.samples(selection.columns, {}) if selection.fits(cell.key)}


def everywhere(asking: Asking, counts: Sequence[Count]) -> list[Count]:
    """The rows of one part of the figure, and an empty one where there are samples it does not count."""
    empty = keys_with_samples(asking) - {count.key for count in counts}
    return sorted([*counts, *(Count(key, 0, 0) for key in empty)], key=lambda count: count.key)


def left_out(kind: Kind, by: Collection[Dimension], rows: Sequence[Row]) -> list[bool]:
    """Which rows have no place in the table. Asked once it is known what is given, also of what was given before."""
    if not marked(kind, by):
        return [_too_few(row) for row in rows]
    if kind not in PER_UNIT:
        return [False] * len(rows)
    told = {_unit(row) for row in rows if not _too_few(row)}
    return [_unit(row) not in told for row in rows]


def _too_few(row: Row) -> bool:
    """Under the threshold; a row that is withheld has more."""
    return row.n is None and row.denominator is None and row.suppressed.startswith("fewer than")


def _unit(row: Row) -> tuple[object, object]:
    return row.more.get("unit"), row.more.get("basis")
