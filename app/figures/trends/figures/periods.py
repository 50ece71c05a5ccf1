"""Weeks, months, quarters and years: when they are over, which came before, and which are not complete. Pure.

A period is complete once it is over and results had their time to come in: the wait within which 95 % of earlier samples
were released (question `late_days`). The first one of the data is not complete either: nobody knows when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from app.figures.trends.domain import Dimension

PERIODS = (Dimension.WEEK, Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
"""From the shortest to the longest."""


def period_of(by: Sequence[Dimension]) -> Dimension | None:
    """The shortest period a table is split by."""
    return next((period for period in PERIODS if period in by), None)


def over_on(period: Dimension, label: str) -> date:
    """The first day that is not in it any more. Raises ValueError for a label that is none."""
    year = int(label[:4])
    if period is Dimension.WEEK:
        return date.fromisocalendar(year, int(label[6:]), 1) + timedelta(days=7)
    if period is Dimension.YEAR:
        return date(year + 1, 1, 1)
    month = int(label[6:]) * 3 if period is Dimension.QUARTER else int(label[5:])
    return date(year + month // 12, month % 12 + 1, 1)


def incomplete(period: Dimension, label: str, *, first: str, today: date, late_days: int) -> bool:
    """Whether results may be missing. `first`: the earliest period of the data. No label is no period."""
    if not label:
        return False
    return label <= first or today < over_on(period, label) + timedelta(days=late_days)
