"""Flags of a row: a period that is not complete, and testing that changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trends.domain import Count, Dimension
from app.trends.figures import periods, testing
from app.trends.figures.periods import PERIODS

from .conftest import Figures
from .raw_facts import period
from .test_figures_protected import rows, sample, written

WEEK, MONTH, QUARTER, YEAR = PERIODS


@pytest.mark.parametrize(
    ("dimension", "label", "over"),
    [
        (WEEK, "2026-W01", date(2026, 1, 5)),
        (WEEK, "2026-W53", date(2027, 1, 4)),
        (MONTH, "2026-05", date(2026, 6, 1)),
        (MONTH, "2026-12", date(2027, 1, 1)),
        (QUARTER, "2026-Q1", date(2026, 4, 1)),
        (QUARTER, "2026-Q4", date(2027, 1, 1)),
        (YEAR, "2026", date(2027, 1, 1)),
    ],
)
def test_a_period_is_over_on_the_day_after_its_last(dimension: Dimension, label: str, over: date) -> None:
    assert periods.over_on(dimension, label) == over
    late = {"first": "2025", "late_days": 3}
    assert periods.incomplete(dimension, label, today=over + timedelta(days=2), **late)  # type: ignore[arg-type]
    assert not periods.incomplete(dimension, label, today=over + timedelta(days=3), **late)  # type: ignore[arg-type]


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(PERIODS))
def test_the_day_before_a_period_is_over_lies_in_it_and_the_next_does_not(day: date, dimension: Dimension) -> None:
    label = period(day, dimension.value)
    over = periods.over_on(dimension, label)
    assert day < over
    assert period(over - timedelta(days=1), dimension.value) == label
    assert period(over, dimension.value) > label


@pytest.mark.parametrize(("by", "labels"), [
    ("month", {"2026-03": True, "2026-04": False, "2026-05": False, "2026-06": True}),
    ("quarter", {"2026-Q1": True, "2026-Q2": True}),
    ("year", {"2026": True}),
    ("week", {"2026-W11": True, "2026-W16": False, "2026-W20": False, "2026-W24": True}),
])  # fmt: skip
def test_the_first_period_and_those_not_over_are_incomplete(
    figures: Figures, clock: Any, by: str, labels: dict[str, bool]
) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    days = (date(2026, 3, 15), date(2026, 4, 15), date(2026, 5, 15), date(2026, 6, 10))
    written(figures.world, [sample(day=day) for day in days for _ in range(20)])
    assert {r[by]: r["incomplete"] for r in rows(figures, measure="samples", by=by)} == labels


def test_a_period_stays_incomplete_until_95_percent_of_results_would_be_in(figures: Figures, clock: Any) -> None:
    minutes = [60] * 94 + [9 * 24 * 60] * 6
    settled = [sample(day=date(2026, 2, 10), turnaround_min=m) for m in minutes]
    written(figures.world, settled + [sample(day=date(2026, 5, 15)) for _ in range(20)])
    seen = {}
    for day, agency in ((9, "own"), (10, "other")):
        clock.set(datetime(2026, 6, day, 12, tzinfo=UTC))
        got = rows(figures, agency=agency, measure="samples", by="month")
        seen[day] = {r["month"]: r["incomplete"] for r in got}["2026-05"]
    assert seen == {9: True, 10: False}


def test_a_day_nobody_wrote_down_is_no_period(figures: Figures) -> None:
    written(figures.world, [sample(day=None) for _ in range(20)])
    assert [(r["month"], r["incomplete"]) for r in rows(figures, measure="samples", by="month")] == [("", False)]


def changed(*periods_of: tuple[int, dict[str, int]], least: int = 10) -> set[str]:
    """Testing of one series: how many samples and how many of them each method looked at, per period."""
    samples = [Count((f"2026-{k:02d}",), 0, n) for k, (n, _) in enumerate(periods_of, 1)]
    looked = [Count((f"2026-{k:02d}", m), 0, c) for k, (_, by) in enumerate(periods_of, 1) for m, c in by.items()]
    return {key[0] for key in testing.changed((MONTH,), MONTH, samples, looked, least)}


def test_testing_changed_where_a_method_came_or_went() -> None:
    assert changed((100, {"ftir": 100}), (100, {"ftir": 100, "lc_ms": 21})) == {"2026-02"}
    assert changed((100, {"ftir": 100, "lc_ms": 21}), (100, {"ftir": 100})) == {"2026-02"}
    assert changed((100, {"ftir": 100, "lc_ms": 4}), (100, {"ftir": 100, "lc_ms": 21})) == {"2026-02"}


def test_testing_did_not_change_where_a_method_was_used_more_or_now_and_then() -> None:
    assert not changed((100, {"lc_ms": 5}), (100, {"lc_ms": 90}))
    assert not changed((100, {}), (100, {"lc_ms": 20}))
    assert not changed((100, {"lc_ms": 80}), (100, {"lc_ms": 40}))


def test_testing_of_few_samples_says_nothing() -> None:
    assert not changed((100, {}), (19, {"lc_ms": 19}))
    assert not changed((100, {}), (30, {"lc_ms": 9}))
    assert changed((100, {}), (30, {"lc_ms": 9}), least=5) == {"2026-02"}
    assert changed((100, {}), (12, {"lc_ms": 12}), (100, {"lc_ms": 100})) == {"2026-03"}, "against the last large one"


def test_the_flag_stands_in_the_row_of_its_series(figures: Figures) -> None:
    def of(region: str, month: int, method: str) -> list[Any]:
        return [sample(region=region, day=date(2026, month, 3), tests={(method, "*"): "looked"}) for _ in range(30)]

    written(
        figures.world, of("Wales", 3, "ftir") + of("Wales", 4, "lc_ms") + of("Kent", 3, "ftir") + of("Kent", 4, "ftir")
    )
    got = rows(figures, measure="samples", by=["month", "region"])
    assert {(r["month"], r["region"]) for r in got if r["testing_changed"]} == {("2026-04", "Wales")}
    assert not any(r["testing_changed"] for r in rows(figures, measure="samples", by="region"))


def test_a_hidden_row_has_no_flag_of_testing(figures: Figures) -> None:
    written(figures.world, [sample(day=date(2026, 3, 3), tests={("ftir", "*"): "looked"}) for _ in range(40)])
    written(
        figures.world,
        [sample(day=date(2026, 4, 3), region="Kent", tests={("lc_ms", "*"): "looked"}) for _ in range(35)],
    )
    written(
        figures.world, [sample(day=date(2026, 4, 3), region="Wales", tests={("ftir", "*"): "looked"}) for _ in range(3)]
    )
    got = rows(figures, measure="samples", by=["month", "region"])
    assert [r["testing_changed"] for r in got if r["n"] is None] == [False] * sum(r["n"] is None for r in got)
