"""What the question form offers: the labels of the tables that were struck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.figures.trends.domain import Dimension
from app.figures.trends.protection.lattice import labels
from app.figures.trends.protection.striking import Book

SPLITS = (
    Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR, Dimension.REGION, Dimension.EXPECTED, Dimension.EXPECTED_CLASS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offers:
    """By dimension the values there are. `found`: classes, then substances; `narrow`: classes of which is counted what else
    was found; `measured`: what has a median."""

    splits: tuple[Dimension, ...] = SPLITS
    values: Mapping[Dimension, list[str]] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    narrow: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()


def offers(there: Book) -> Offers:
    """What these tables can be asked."""
    periods = there.periods.values()
    classes = {name for one in periods for name in one.lists.classes}
    substances = {name for one in periods for name in one.lists.substances} - classes
    measured = {name for one in periods for name, unit, _ in one.lists.amounts if unit != "min"}
    values = {Dimension.EXPECTED: labels(periods, "expected"), Dimension.REGION: labels(periods, "regions")}
    found = (*sorted(classes), *sorted(substances))
    narrow = {name for one in periods for name in one.lists.classes if one.lists.widened(name) == name}
    return Offers(SPLITS, values, tuple(there.months), found, tuple(sorted(narrow)), tuple(sorted(measured)))
