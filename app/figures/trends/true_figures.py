"""True figures, for the operator of this machine: how each kind of figure is counted in the facts.

Everyone else reads perturbed ones from what was struck (protection/). Knows no web and no database.

Quantiles are the linear estimate, type 7 of Hyndman & Fan 1996 (doi:10.1080/00031305.1996.10473566). Their interval: the r-th
and the s-th smallest figure, with r the smallest number for which a binomial of n and p exceeds 2.5 %, and s beyond the one
for which it reaches 97.5 % (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2). It holds for any
distribution, and it has no limit where n is too small for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from app.figures.trends import domain
from app.figures.trends.columnar import Facts, Key, Mask, Rows
from app.figures.trends.domain import MIN_DENOMINATOR, SPREADING, Count, Dimension, Kind, Measure, More, Question, Row
from app.platform.kernel.shares import wilson
from harm_messages import Register

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
    """Whether results may be missing. `first`: the earliest period of the data. No label is no period.

    A period is complete once it is over and results had their time to come in: the wait within which 95 % of earlier samples
    were released (`striking.late_days`). The first one of the data is not complete either: nobody knows when it began.
    """
    if not label:
        return False
    return label <= first or today < over_on(period, label) + timedelta(days=late_days)


def why_incomplete(period: Dimension, label: str, *, first: str, today: date) -> str:
    """Why a period is incomplete, where it is.

    >>> why_incomplete(Dimension.QUARTER, "2026-Q3", first="2025-Q1", today=date(2026, 10, 4))
    'results of this period may still come in'
    """
    if label <= first:
        return domain.DATA_BEGIN
    return domain.NOT_OVER if today < over_on(period, label) else domain.STILL_COMING


def testing_changed(
    by: Sequence[Dimension], period: Dimension, samples: Sequence[Count], looked: Sequence[Count]
) -> set[tuple[str, ...]]:
    """Keys of rows before which testing changed. `samples` per row; `looked` per row and method, the method last.

    It changed between two periods of a series where a method came or went, so that the figures compare less well. Compared
    are the shares of samples a method looked at: its share moved from under 5 % to over 20 % or back, between a period and the
    latest one before it; both of 20 samples or more. Smaller moves are chance, or a method used now and then.
    """
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
    """Rows with the figure of the baseline and the difference; shares with the interval of it.

    A baseline is the same figure of the months it stands for, one per series. The interval of a difference between two shares
    is Newcombe's hybrid score interval: R. G. Newcombe, Interval estimation for the difference between independent proportions,
    method 10, Statistics in Medicine 17 (1998) 873–890, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I. It
    needs no large samples, never passes ±1, and covers better than the interval from the standard error. It takes the two groups
    as independent, which a period inside its own baseline is not: the interval is then a little too wide.
    """
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


CONFIDENCE = 0.95
PER_UNIT = frozenset({"mg_per_unit", "ug_per_blotter"})
"""Units in which an amount is a strength: how much one tablet or blotter holds."""
OTHERS = (0.10, 0.25, 0.75, 0.90)
BANDS: Mapping[str, tuple[float, ...]] = {
    "percent_ww": tuple(range(0, 100, 10)),
    "mg_per_unit": tuple(range(0, 401, 20)),
    "ug_per_blotter": tuple(range(0, 401, 25)),
    "mg_per_ml": tuple(range(0, 201, 10)),
    "ratio": tuple(k / 10 for k in range(10)),
}
"""Lower edges per unit, fixed so that two tables can be compared; the last one is open: from there on upwards."""


@lru_cache(maxsize=4096)
def _places(n: int, p: float) -> tuple[int, int]:
    """Ranks of the limits, counted from 1; 0 or n + 1 where there is none."""
    from scipy.stats import binom  # takes half a second, which a server need not spend to start

    tail = (1 - CONFIDENCE) / 2
    return int(binom.ppf(tail, n, p)), int(binom.ppf(1 - tail, n, p)) + 1


def quantile(ordered: NDArray[np.float64], p: float) -> tuple[float, float | None, float | None]:
    """The p-quantile of figures in rising order, at least one, and the limits of the interval that covers it in 95 of 100
    cases; None: too few figures for that limit."""
    n = len(ordered)
    r, s = _places(n, p)
    low = float(ordered[r - 1]) if r >= 1 else None
    high = float(ordered[s - 1]) if s <= n else None
    return float(np.quantile(ordered, p)), low, high


@dataclass(frozen=True)
class Asking:
    """A question that was understood, and the facts it is asked of. `late_days`: results may come in so long."""

    facts: Facts
    measure: Measure
    asked: Question
    register: Register
    today: date
    late_days: int

    @cached_property
    def wide(self) -> Mask:
        """Clients' samples that stand in a row and fit the filters by what was found or by method."""
        held = {d: value for d, value in self.asked.where.items() if d in SPREADING}
        return self.facts.clients & self.facts.holding(held) & self.facts.standing(self.asked.by)

    @cached_property
    def among(self) -> Mask:
        """Those of them that fit all filters and months."""
        others = {d: value for d, value in self.asked.where.items() if d not in SPREADING}
        return self.wide & self.facts.holding(others) & self.facts.received(*self.asked.months)

    def cells(self, hit: Mask, of: Mask, by: Sequence[Dimension] = ()) -> list[Count]:
        """Numerator and denominator per row of the table; `by` splits further."""
        return self.facts.cells((*self.asked.by, *by), hit, self.among & of)

    def target(self, name: str) -> domain.Target:
        """What is looked for under this name. Raises Invalid for the analogues of no substance."""
        return domain.target_of(name, self.register, amongst=domain.Amongst(self.asked.role))

    def row(self, key: Key, n: int, more: More) -> Row:
        """A row without a figure yet."""
        period = period_of(self.asked.by)
        named = {d.value: value for d, value in zip(self.asked.by, key, strict=True)}
        label = named[period.value] if period is not None else ""
        if period is None or not incomplete(
            period, label, first=self.first, today=self.today, late_days=self.late_days
        ):
            return Row(named, n, more=more)
        why = why_incomplete(period, label, first=self.first, today=self.today)
        return Row(named, n, incomplete=True, incomplete_why=why, more=more)

    @cached_property
    def first(self) -> str:
        """The earliest period of the data, or nothing."""
        period = period_of(self.asked.by)
        labels = self.facts.held(period, self.facts.clients) if period else ()
        return min((label for label in labels if label), default="")

    def shares(self, cells: Iterable[Count], more: More | None = None) -> Iterator[Row]:
        """Rows with a share and its interval."""
        for cell in cells:
            low, high = wilson(cell.numerator, cell.denominator)
            yield replace(
                self.row(cell.key, cell.denominator, more or {}), numerator=cell.numerator, denominator=cell.denominator,
                value=cell.numerator / cell.denominator, low=low, high=high,
            )  # fmt: skip


def rows_of(asking: Asking) -> tuple[Row, ...]:
    """The rows of the answer, compared with the baseline where there is one."""
    rows, asked = list(_KINDS[asking.measure.kind](asking)), asking.asked
    period = period_of(asked.by)
    if period is not None and Dimension.METHOD not in asked.by:
        every = asking.among
        looked = asking.cells(every, every, (Dimension.METHOD,))
        changed = testing_changed(asked.by, period, asking.cells(every, every), looked)
        rows = [replace(row, testing_changed=tuple(row.key.values()) in changed) for row in rows]
    if any(asked.baseline):
        by = tuple(d for d in asked.by if d not in PERIODS)
        where = {d: value for d, value in asked.where.items() if d not in PERIODS}
        plain = replace(asked, by=by, where=where, months=asked.baseline, baseline=("", ""))
        rows = compared(rows, rows_of(replace(asking, asked=plain)))
    return tuple(rows)


def _shares(asking: Asking) -> Iterator[Row]:
    """How the result compares with what was expected, or whether something was found by who was tested for it.

    A sample whose result is open counts only where the target was found, or a test of its own said that it was not.
    """
    facts, measure = asking.facts, asking.measure
    if asking.asked.found:
        target = asking.target(asking.asked.found)
        found, hit = facts.found_in(target)
        own, looked = facts.tested_for(target)
        return asking.shares(asking.cells(hit, found | own | (looked & facts.conclusive)))
    of = facts.having("verdict", measure.denominator) if measure.denominator else asking.among
    return asking.shares(asking.cells(facts.having("verdict", measure.numerator), of))


def _amounts(asking: Asking) -> dict[tuple[str, str], tuple[Rows, NDArray[np.float64]]]:
    """By unit and basis every measured amount: amounts of different units have no common middle."""
    found = asking.facts.amounts(asking.measure.about[0], asking.among)
    return {kind: one for kind, one in found.items() if asking.measure.name != "strength" or kind[0] in PER_UNIT}


def _quantiles(asking: Asking) -> Iterator[Row]:
    others = OTHERS if asking.measure.kind is Kind.QUANTILES else ()
    for (unit, basis), (at, figures) in _amounts(asking).items():
        yield from _medians(asking, {"unit": unit, "basis": basis}, at, figures, others)


def _medians(
    asking: Asking, kind: More, at: Rows, figures: NDArray[np.float64], others: Sequence[float]
) -> Iterator[Row]:
    """The median of each row as its value, and other quantiles beside it."""
    for key, ordered in asking.facts.ordered(asking.asked.by, at, figures):
        more = dict(kind)
        for p in others:
            name = f"q{round(p * 100)}"
            more |= dict(zip((name, f"{name}_low", f"{name}_high"), quantile(ordered, p), strict=True))
        value, low, high = quantile(ordered, 0.5)
        yield replace(asking.row(key, len(ordered), more), value=value, low=low, high=high)


def _distribution(asking: Asking) -> Iterator[Row]:
    """The share of samples in each band of a unit, also where there is none. No table of it is given to anybody else."""
    for (unit, basis), (at, figures) in _amounts(asking).items():
        edges = BANDS.get(unit, ())
        place = np.searchsorted(edges, np.maximum(figures, 0.0), side="right") - 1
        for k, (start, end) in enumerate(pairwise((*edges, None))):
            cells = asking.facts.counted(asking.asked.by, at, place == k)
            yield from asking.shares(cells, {"unit": unit, "basis": basis, "band_from": start, "band_to": end})


def _agreement(asking: Asking) -> Iterator[Row]:
    """Whether two methods say the same of one target: among what the yardstick saw, and among what it did not see."""
    name, yardstick, other = asking.measure.about
    target = asking.target(name)
    (asked, saw), (both, also) = (asking.facts.answers(target, method) for method in (yardstick, other))
    with_either, with_both = (
        {cell.key: cell.denominator for cell in asking.cells(of, of)} for of in (asked | both, asked & both)
    )
    halves = (("sensitivity", saw & both, also), ("specificity", asked & ~saw & both, ~also))
    for figure, of, agrees in halves:
        for row in asking.shares(asking.cells(agrees, of)):
            key = tuple(row.key.values())
            yield replace(row, n=with_either.get(key), more={"figure": figure, "with_both": with_both.get(key)})


def _together(asking: Asking) -> list[Row]:
    """What else is in samples that hold a substance: a share per other substance, among those that hold the first."""
    facts, target = asking.facts, asking.target(asking.measure.about[0])
    whole = facts.found_in(target)[1]
    others = facts.held(Dimension.FOUND, whole & asking.wide).keys() - target.within
    return _commonest_first(asking, "with", {name: facts.holding({Dimension.FOUND: name}) for name in others}, whole)


def _outcomes(asking: Asking) -> list[Row]:
    """Of the samples anybody said anything about, the share of which someone said just this. Samples, not people."""
    said = asking.facts.said(asking.measure.about[0])
    of_anything = np.any([np.zeros(asking.facts.rows, dtype=bool), *said.values()], axis=0)
    said = {name: mask for name, mask in said.items() if (mask & asking.wide).any()}
    return _commonest_first(asking, "outcome", said, of_anything)


def _commonest_first(asking: Asking, label: str, parts: Mapping[str, Mask], of: Mask) -> list[Row]:
    """Shares of several things that overlap, by row; within one the greatest share first."""
    rows = [row for name, hit in parts.items() for row in asking.shares(asking.cells(hit, of), {label: name})]
    return sorted(rows, key=lambda row: (*row.key.values(), -(row.numerator or 0), str(row.more[label])))


_KINDS: Mapping[Kind, Callable[[Asking], Iterable[Row]]] = {
    Kind.SHARE: _shares,
    Kind.COUNT: lambda asking: (
        asking.row(cell.key, cell.denominator, {}) for cell in asking.cells(asking.among, asking.among)
    ),
    Kind.MEDIAN: _quantiles,
    Kind.QUANTILES: _quantiles,
    Kind.DISTRIBUTION: _distribution,
    Kind.AGREEMENT: _agreement,
    Kind.TOGETHER: _together,
    # how long people wait, of samples released here of which both moments are known
    Kind.TURNAROUND: lambda asking: _medians(
        asking, {"unit": "min", "basis": ""}, *asking.facts.waits(asking.among), OTHERS
    ),
    Kind.OUTCOMES: _outcomes,
}
