"""Weeks, months, quarters and years: when they are over, which are not complete, and before which testing changed. Pure.

A period is complete once it is over and results had their time to come in: the wait within which 95 % of earlier samples
were released (`striking.late_days`). The first one of the data is not complete either: nobody knows when it began.

Testing changed between two periods of a series where a method came or went, so that the figures compare less well. Compared
are the shares of samples a method looked at: its share moved from under 5 % to over 20 % or back, between a period and the
latest one before it; both of 20 samples or more. Smaller moves are chance, or a method used now and then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from app.figures.trends.domain import MIN_DENOMINATOR, Count, Dimension

PERIODS = (Dimension.WEEK, Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
"""From the shortest to the longest."""
RARE, COMMON = 0.05, 0.20


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


def testing_changed(
    by: Sequence[Dimension], period: Dimension, samples: Sequence[Count], looked: Sequence[Count]
) -> set[tuple[str, ...]]:
    """Keys of rows before which testing changed. `samples` per row; `looked` per row and method, the method last."""
    at = by.index(period)
    used: defaultdict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for count in looked:
        used[count.key[:-1]][count.key[-1]] = count.denominator
    series: defaultdict[tuple[str, ...], list[Count]] = defaultdict(list)
    for count in samples:
        if count.denominator >= MIN_DENOMINATOR and count.key[at]:
            series[(*count.key[:at], *count.key[at + 1 :])].append(count)
    found = set()
    for counts in series.values():
        ordered = sorted(counts, key=lambda count: count.key[at])
        for before, after in pairwise(ordered):
            if _moved(before, used[before.key], after, used[after.key]):
                found.add(after.key)
    return found


def _moved(before: Count, was: Mapping[str, int], after: Count, now: Mapping[str, int]) -> bool:
    for method in {*was, *now}:
        (rarer, n), (commoner, m) = sorted(
            ((was.get(method, 0), before.denominator), (now.get(method, 0), after.denominator)),
            key=lambda side: side[0] / side[1],
        )
        if rarer / n < RARE and commoner / m > COMMON:
            return True
    return False
