"""Weeks, months, quarters and years: which are complete, before which testing changed, how they compare with a baseline. Pure.

A period is complete once it is over and results had their time to come in: the wait within which 95 % of earlier samples
were released (`striking.late_days`). The first one of the data is not complete either: nobody knows when it began.

Testing changed between two periods of a series where a method came or went, so that the figures compare less well. Compared
are the shares of samples a method looked at: its share moved from under 5 % to over 20 % or back, between a period and the
latest one before it; both of 20 samples or more. Smaller moves are chance, or a method used now and then.

A baseline is the same figure of the months it stands for, one per series. The interval of a difference between two shares is
Newcombe's hybrid score interval: R. G. Newcombe, Interval estimation for the difference between independent proportions,
method 10, Statistics in Medicine 17 (1998) 873–890, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I. It
needs no large samples, never passes ±1, and covers better than the interval from the standard error. It takes the two groups
as independent, which a period inside its own baseline is not: the interval is then a little too wide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

from app.figures.trends.domain import MIN_DENOMINATOR, Count, Dimension, More, Row

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
