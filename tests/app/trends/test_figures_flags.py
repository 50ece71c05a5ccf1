"""Flags of a row: a period that is not complete, and testing that changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.figures.trends import true_figures
from app.figures.trends.domain import Count, Dimension
from app.figures.trends.schemas import TrendOut
from app.figures.trends.service import Question, unprotected_table
from app.figures.trends.true_figures import PERIODS

from .conftest import Figures
from .raw_facts import Raw, period, written

WEEK, MONTH, QUARTER, YEAR = PERIODS


def sample(**more: Any) -> Raw:
    values = {
        "key": uuid4(), "day": date(2026, 5, 10), "region": "Wales", "site": "Hall", "agency": "A", "form": "tablet",
        "service_type": "festival", "submitter_type": "public", "expected": "mdma", "verdict": "as_expected",
    }  # fmt: skip
    return Raw(**{**values, **more})


def rows(figures: Figures, measure: str, *by: str) -> list[dict[str, Any]]:
    rt = figures.world.runtime
    asked = Question(measure, tuple(Dimension(d) for d in by))
    with rt.db.begin() as uow:
        found: list[dict[str, Any]] = TrendOut.of(unprotected_table(uow, asked, rt.pack.substances)).model_dump()[
            "rows"
        ]
    return found


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(PERIODS))
def test_the_day_before_a_period_is_over_lies_in_it_and_the_next_does_not(day: date, dimension: Dimension) -> None:
    label = period(day, dimension.value)
    over = true_figures.over_on(dimension, label)
    assert day < over
    assert period(over - timedelta(days=1), dimension.value) == label
    assert period(over, dimension.value) > label


def test_the_first_period_and_those_not_over_are_incomplete(figures: Figures, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    days = (date(2026, 3, 15), date(2026, 4, 15), date(2026, 5, 15), date(2026, 6, 10), None)
    written(figures.world.runtime.db, [sample(day=day) for day in days for _ in range(20)])
    for by, labels in (
        ("month", {"2026-03": True, "2026-04": False, "2026-05": False, "2026-06": True}),
        ("quarter", {"2026-Q1": True, "2026-Q2": True}),
        ("year", {"2026": True}),
        ("week", {"2026-W11": True, "2026-W16": False, "2026-W20": False, "2026-W24": True}),
    ):
        found = {r[by]: r["incomplete"] for r in rows(figures, "samples", by)}
        assert found == {"": False, **labels}, "a day nobody wrote down is no period"


def test_a_period_stays_incomplete_until_95_percent_of_results_would_be_in(figures: Figures, clock: Any) -> None:
    minutes = [60] * 94 + [9 * 24 * 60] * 6
    settled = [sample(day=date(2026, 2, 10), turnaround_min=m) for m in minutes]
    written(figures.world.runtime.db, settled + [sample(day=date(2026, 5, 15)) for _ in range(20)])
    seen = {}
    for day in (9, 10):
        clock.set(datetime(2026, 6, day, 12, tzinfo=UTC))
        got = rows(figures, "samples", "month")
        seen[day] = {r["month"]: r["incomplete"] for r in got}["2026-05"]
    assert seen == {9: True, 10: False}


FTIR, ALL = {"ftir": 100}, {"lc_ms": 100}


@pytest.mark.parametrize(
    ("periods_of", "flagged"),
    [
        (((100, FTIR), (100, {**FTIR, "lc_ms": 21})), {"2026-02"}),
        (((100, {**FTIR, "lc_ms": 21}), (100, FTIR)), {"2026-02"}),
        (((100, {**FTIR, "lc_ms": 4}), (100, {**FTIR, "lc_ms": 21})), {"2026-02"}),
        (((100, {"lc_ms": 5}), (100, {"lc_ms": 90})), set()),  # used more, or less, or now and then
        (((100, {}), (100, {"lc_ms": 20})), set()),
        (((100, {"lc_ms": 80}), (100, {"lc_ms": 40})), set()),
        (((100, {}), (19, {"lc_ms": 19})), set()),  # few samples say nothing
        (((100, {}), (12, {"lc_ms": 12}), (100, ALL)), {"2026-03"}),  # against the last large one
    ],
)
def test_testing_changed_where_a_method_came_or_went(
    periods_of: tuple[tuple[int, dict[str, int]], ...], flagged: set[str]
) -> None:
    """By period: how many samples, and how many of them each method looked at."""
    samples = [Count((f"2026-{k:02d}",), 0, n) for k, (n, _) in enumerate(periods_of, 1)]
    looked = [Count((f"2026-{k:02d}", m), 0, c) for k, (_, by) in enumerate(periods_of, 1) for m, c in by.items()]
    assert {key[0] for key in true_figures.testing_changed((MONTH,), MONTH, samples, looked)} == flagged


def test_the_flag_stands_in_the_row_of_its_series(figures: Figures) -> None:
    def of(region: str, month: int, method: str) -> list[Any]:
        return [sample(region=region, day=date(2026, month, 3), tests={(method, "*"): "looked"}) for _ in range(30)]

    written(
        figures.world.runtime.db,
        of("Wales", 3, "ftir") + of("Wales", 4, "lc_ms") + of("Kent", 3, "ftir") + of("Kent", 4, "ftir"),
    )
    got = rows(figures, "samples", "month", "region")
    assert {(r["month"], r["region"]) for r in got if r["testing_changed"]} == {("2026-04", "Wales")}
    assert not any(r["testing_changed"] for r in rows(figures, "samples", "region"))
