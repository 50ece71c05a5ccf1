"""Comparison with a baseline: the same figure of the months it stands for, one per series, and the difference. Pure.

The interval of a difference between two shares is Newcombe's hybrid score interval: R. G. Newcombe, Interval estimation for
the difference between independent proportions, method 10, Statistics in Medicine 17 (1998) 873–890,
doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I. It needs no large samples, never passes ±1, and covers
better than the interval from the standard error. It takes the two groups as independent, which a period inside its own
baseline is not: the interval is then a little too wide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import sqrt

from app.figures.trends.domain import More, Row
from app.figures.trends.periods import PERIODS

NAMING = ("unit", "basis", "band_from", "band_to", "with", "outcome", "figure")
"""What tells rows of one key apart."""


def compared(rows: Iterable[Row], baseline: Iterable[Row]) -> list[Row]:
    """Rows with the figure of the baseline and the difference; shares with the interval of it."""
    by_series = {_series(row): row for row in baseline}
    return [replace(row, more={**row.more, **_beside(row, by_series.get(_series(row)))}) for row in rows]


def _series(row: Row) -> tuple[object, ...]:
    """What a row and its baseline have in common."""
    keys = {name: value for name, value in row.key.items() if name not in [d.value for d in PERIODS]}
    return (*sorted(keys.items()), *(row.more.get(name) for name in NAMING))


def _beside(row: Row, base: Row | None) -> More:
    told = {f"baseline_{name}": getattr(base, name, None) for name in ("n", "numerator", "denominator", "value")}
    told |= {"baseline_suppressed": False, "difference": None, "difference_low": None, "difference_high": None}
    if base is None or base.value is None or row.value is None:
        return told
    told["difference"] = round(row.value - base.value, 12)
    if row.numerator is None or base.numerator is None:
        return told  # medians
    if row.ends and base.ends:
        (p1, (l1, u1)), (p2, (l2, u2)) = (row.value, row.ends), (base.value, base.ends)
        told["difference_low"] = p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
        told["difference_high"] = p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return told
