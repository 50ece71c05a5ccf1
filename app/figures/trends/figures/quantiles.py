"""Medians and other quantiles of amounts, a row per unit and basis: amounts of different units have no common middle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.figures.trends import ranks, repository
from app.figures.trends.domain import Count, Kind, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown, summed
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import Key

Amounts = list[tuple[Key, tuple[str, str], float]]
PER_UNIT = frozenset({"mg_per_unit", "ug_per_blotter"})
"""Units in which an amount is a strength: how much one tablet or blotter holds."""
OTHERS = (0.10, 0.25, 0.75, 0.90)


def amounts(asking: Asking, columns: Columns, held: Held) -> Amounts:
    """Every measured amount the figure is about: its cell, its unit and basis, the figure."""
    found = asking.once(
        "amounts", columns, held,
        lambda: repository.amounts(
            asking.session, asking.measure.about[0], columns, agency_id=asking.agency_id, holds=asking.holds(held)
        ),
    )  # fmt: skip
    return [one for one in found if one[1][0] in PER_UNIT] if asking.measure.name == "strength" else found


def of_unit(kind: tuple[str, str]) -> Name:
    """The part of a unit and basis."""
    return (("unit", kind[0]), ("basis", kind[1]))


class Quantiles:
    """A part per unit and basis."""

    def share(self, name: Name) -> bool:
        """No share."""
        return False

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """How many amounts per cell."""
        counted: defaultdict[Name, Counter[Key]] = defaultdict(Counter)
        for key, kind, _ in amounts(asking, columns, held):
            counted[of_unit(kind)][key] += 1
        return {name: [Count(key, 0, n) for key, n in cells.items()] for name, cells in sorted(counted.items())}

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples in which it was measured; a sample has one amount of a substance."""
        return summed(self.parts(asking, columns, held).values())

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """With the quantiles of the amounts behind each row."""
        figures = by_row(asking)
        others = OTHERS if asking.measure.kind is Kind.QUANTILES else ()
        for name, rows in shown.items():
            for row in rows:
                key = tuple(row.key.values())
                yield with_quantiles(replace(row, more=dict(name)), figures.get((name, key), ()), others)


def by_row(asking: Asking) -> Mapping[tuple[Name, Key], Sequence[float]]:
    """The amounts behind each row, in rising order."""
    selection, figures = asking.selection, defaultdict[tuple[Name, Key], list[float]](list)
    for key, kind, figure in amounts(asking, selection.columns, selection.held):
        if selection.fits(key):
            figures[of_unit(kind), selection.row_of(key)].append(figure)
    return {name: sorted(found) for name, found in figures.items()}


def with_quantiles(row: Row, ordered: Sequence[float], others: Sequence[float]) -> Row:
    """The row with its median as value, and other quantiles beside it; `ordered` are the figures behind it."""
    more: dict[str, object] = dict(row.more)
    for p in others:
        found, name = ranks.quantile(ordered, p), f"q{round(p * 100)}"
        more |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    middle = ranks.quantile(ordered, 0.5)
    return replace(row, value=middle.value, low=middle.low, high=middle.high, more=more)
