"""What a figure may show: quantiles, bands, what is found together, baselines. Pure, and over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platform.kernel.actor import Role
from app.trends import parquet
from app.trends.domain import Audience, Count, Dimension, Row, protect, rounded
from app.trends.figures import ranks
from app.trends.figures.distribution import BANDS, bands_of, complemented
from app.trends.figures.newcombe import difference_interval
from harm_messages.vocabulary import Unit

from .conftest import Figures
from .raw_facts import Raw, made_up, written

AUDIENCES = st.sampled_from([Audience.PUBLIC, Audience.PARTNER])
SLACK = 2
"""A count that was rounded to 5 is known within so many."""


# -- bands ------------------------------------------------------------------------------------------------------


def shown_bands(true: list[int], audience: Audience) -> list[Row]:
    n = sum(true)
    rows = [protect(Count(("2026",), count, n), (Dimension.YEAR,), audience, incomplete=False) for count in true]
    return complemented(rows, true, audience.threshold)


def bounds(rows: list[Row], k: int) -> tuple[int, int]:
    """What somebody knows of a hidden band who has all the others of the row, and what they add up to."""
    assert rows[0].n is not None
    shown = [row.numerator for row in rows if row.numerator is not None]
    least = rows[0].n - SLACK - sum(shown) - SLACK * len(shown)
    most = rows[0].n + SLACK - sum(max(0, count - SLACK) for count in shown)
    alone = sum(row.numerator is None for row in rows) == 1
    return (max(0, least) if alone else 0), most


@given(st.lists(st.integers(0, 60), min_size=2, max_size=12).filter(lambda true: sum(true) >= 10), AUDIENCES)
def test_no_hidden_band_is_known_within_four_from_the_rest_of_its_row(true: list[int], audience: Audience) -> None:
    rows = shown_bands(true, audience)
    hidden = [k for k, row in enumerate(rows) if row.numerator is None]
    assert len(hidden) != 1
    for k in hidden:
        low, high = bounds(rows, k)
        assert high - true[k] > 4 or true[k] - low > 4, (true, k)
    assert len({rows[k].suppressed for k in hidden}) <= 1, "which were hidden for their own sake is not said"
    for k, row in enumerate(rows):
        if row.numerator is not None:
            assert row.numerator == min(rounded(true[k]), rounded(sum(true)))
            assert true[k] == 0 or true[k] >= audience.threshold


def test_the_property_would_notice_bands_without_their_complement() -> None:
    true = [2, 40, 40]
    alone = [protect(Count(("",), n, 82), (Dimension.YEAR,), Audience.PUBLIC, incomplete=False) for n in true]
    assert [row.numerator for row in alone] == [None, 40, 40]
    assert [row.numerator for row in shown_bands(true, Audience.PUBLIC)] == [None, None, 40]


def test_every_unit_has_bands_and_the_last_one_is_open() -> None:
    assert set(BANDS) == {unit.value for unit in Unit}
    for unit in BANDS:
        bands = bands_of(unit)
        assert (bands[0][0], bands[-1][1]) == (0, None)
        assert all(a[1] == b[0] for a, b in pairwise(bands))


# -- quantiles --------------------------------------------------------------------------------------------------

FIGURES = st.lists(st.floats(0.001, 5000, allow_nan=False), min_size=20, max_size=300)


@given(FIGURES, st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]))
def test_a_protected_limit_is_none_of_the_five_least_or_greatest(figures: list[float], p: float) -> None:
    ordered = sorted(figures)
    got = ranks.quantile(ordered, p, protected=True)
    if got.low is not None:
        assert got.low >= ranks.shown(ordered[5])
    if got.high is not None:
        assert got.high <= ranks.shown(ordered[-6])
    for value in (got.value, got.low, got.high):
        assert value is None or float(f"{value:.2g}") == pytest.approx(value)


@pytest.mark.parametrize(("n", "r", "s"), [(5, None, None), (6, 1, 6), (10, 2, 9), (20, 6, 15), (100, 40, 61)])
def test_limits_of_a_median_are_those_of_the_tables(n: int, r: int | None, s: int | None) -> None:
    got = ranks.quantile([float(k) for k in range(1, n + 1)], 0.5, protected=False)  # Conover 1999, table A3
    assert (got.low, got.high) == (r, s)


# -- differences ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "interval"),
    [  # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), table II, method 10
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(
    one: tuple[int, int], other: tuple[int, int], interval: tuple[float, float]
) -> None:
    assert tuple(round(limit, 4) for limit in difference_interval(one, other)) == interval


SHARE = st.integers(1, 400).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))


@given(SHARE, SHARE)
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    low, high = difference_interval(one, other)
    difference = one[0] / one[1] - other[0] / other[1]
    assert -1 - 1e-12 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1 + 1e-12
    assert difference_interval(other, one) == pytest.approx((-high, -low))


# -- over HTTP --------------------------------------------------------------------------------------------------


def sample(**more: Any) -> Raw:
    values = {
        "key": uuid4(), "day": date(2026, 5, 10), "region": "Wales", "site": "Hall", "agency": "A", "form": "tablet",
        "service_type": "festival", "submitter_type": "public", "expected": "mdma", "verdict": "as_expected",
    }  # fmt: skip
    return Raw(**{**values, **more})


def with_mdma(amounts: list[float], **more: Any) -> list[Raw]:
    return [sample(found={"mdma": ("major", a, "mg_per_unit", ("lc_ms",))}, **more) for a in amounts]


def rows(figures: Figures, role: Role = Role.RESEARCHER, **params: Any) -> list[dict[str, Any]]:
    got = figures.ask(role, **params)
    assert got.status_code == 200, got.text
    found: list[dict[str, Any]] = got.json()["rows"]
    return found


def test_quantiles_need_as_many_samples_on_either_side_as_may_be_seen(figures: Figures) -> None:
    written(figures.world, with_mdma([100.0 + k for k in range(60)]))
    (row,) = rows(figures, measure="quantiles:mdma", by="all")
    assert (row["n"], row["value"]) == (60, 130)
    assert (row["q10"], row["q25"], row["q75"], row["q90"]) == (None, 110, 140, None)
    written(figures.world, with_mdma([100.0 + k for k in range(60)]))
    (row,) = rows(figures, agency="other", measure="strength:mdma", by="all")
    assert (row["n"], row["q10"], row["q90"]) == (120, 110, 150)
    assert "unit" in row


def test_nineteen_amounts_have_no_quantile(figures: Figures) -> None:
    written(figures.world, with_mdma([100.0 + k for k in range(17)]))
    for measure in ("quantiles:mdma", "median_amount:mdma", "strength:mdma"):
        (row,) = rows(figures, measure=measure, by="all")
        assert (row["value"], row["suppressed"]) == (None, "no median under 20 samples")


def test_waits_are_protected_like_amounts(figures: Figures) -> None:
    written(figures.world, [sample(turnaround_min=20 + k) for k in range(101)])
    (row,) = rows(figures, measure="turnaround", by="all")
    assert (row["n"], row["value"], row["q10"], row["q90"]) == (100, 70, 30, 110)
    (row,) = rows(figures, measure="turnaround", by="month")
    assert row["month"] == "2026-05"


def test_bands_are_hidden_in_company(figures: Figures) -> None:
    written(figures.world, with_mdma([5.0] * 2 + [30.0] * 30 + [50.0] * 40))
    found = rows(figures, measure="distribution:mdma", by="all")
    told = {row["band_from"]: row["numerator"] for row in found}
    assert (told[0], told[20], told[40], told[60]) == (None, None, 40, 0)
    assert {row["n"] for row in found} == {70}
    assert {r["suppressed"] for r in found if r["numerator"] is None} == {
        "fewer than 10 samples in this band or another"
    }


def test_what_is_found_together_in_few_samples_is_not_named(figures: Figures) -> None:
    seen = ("minor", None, "", ("lc_ms",))
    written(figures.world, [sample(found={"mdma": seen, "caffeine": seen}) for _ in range(30)])
    written(figures.world, [sample(found={"mdma": seen, "heroin": seen}) for _ in range(9)])
    found = {r["with"]: r for r in rows(figures, measure="found_with:mdma", by="all")}
    assert list(found) == ["caffeine"]
    assert found["caffeine"]["numerator"] is None, "all but nine"
    written(figures.world, [sample(found={"mdma": seen, "heroin": seen}) for _ in range(11)])
    found = {r["with"]: r for r in rows(figures, agency="other", measure="found_with:mdma", by="all")}
    assert {name: (r["numerator"], r["denominator"]) for name, r in found.items()} == {
        "caffeine": (30, 50), "heroin": (20, 50),
    }  # fmt: skip
    assert list(found) == ["caffeine", "heroin"], "the commonest first"


def test_outcomes_few_samples_have_are_not_named_and_people_do_not_count(figures: Figures) -> None:
    written(figures.world, [sample(outcomes={("after", "take_less"): 5}) for _ in range(30)])
    written(figures.world, [sample(outcomes={("after", "will_not_take"): 5}) for _ in range(9)])
    written(figures.world, [sample(outcomes={("before", "take_less"): 5}) for _ in range(40)])
    found = rows(figures, measure="outcomes:after", by="all")
    assert [(r["outcome"], r["numerator"], r["denominator"]) for r in found] == [("take_less", None, 40)]


def test_a_baseline_is_protected_and_the_difference_goes_with_either(figures: Figures) -> None:
    def two_years(region: str, before: int, after: int) -> list[Raw]:
        days = [date(2025, 3, 1)] * before + [date(2026, 3, 1)] * after
        return [
            sample(day=d, region=region, verdict="not_as_expected" if k % 2 else "as_expected")
            for k, d in enumerate(days)
        ]

    written(figures.world, two_years("Wales", 60, 80) + two_years("Kent", 12, 80) + two_years("Rutland", 0, 80))
    earlier = [sample(day=date(2024, 3, 1), region="Kent", verdict=v) for v in ("as_expected", "not_as_expected") * 20]
    written(
        figures.world, two_years("Devon", 60, 60) + earlier
    )  # or the small group could be subtracted, and more is hidden
    got = rows(figures, measure="not_as_expected", by=["year", "region"], baseline="2025-01..2025-12")
    found = {(r["year"], r["region"]): r for r in got}
    wales, kent, rutland = (found["2026", region] for region in ("Wales", "Kent", "Rutland"))
    assert (wales["baseline_numerator"], wales["baseline_denominator"], wales["difference"]) == (30, 60, 0)
    assert wales["difference_low"] == pytest.approx(-wales["difference_high"])
    assert wales["difference_low"] < 0
    assert (kent["value"], kent["difference"], kent["baseline_value"]) == (0.5, None, None)
    assert kent["baseline_suppressed"]
    assert (rutland["baseline_n"], rutland["baseline_suppressed"]) == (None, "fewer than 10 samples")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"measure": "samples", "baseline": "2025-01..2025-12"}, "no baseline"),
        ({"baseline": "2025-02..2025-12"}, "whole calendar year"),
        ({"baseline": "2025-13..2025-14"}, "written like"),
        ({"measure": "found", "found": "mdma", "by": "found", "where": "found=mda"}, "not both"),
        ({"role": "primary"}, "goes with the figures"),
        ({"measure": "found", "found": "analogues:opioid"}, "one substance of the register"),
        ({"measure": "verdict:good"}, "none of as_expected"),
        ({"measure": "outcomes:never"}, "none of before, after"),
        ({"measure": "found_with:nobody"}, "neither a substance nor a class"),
    ],
)
def test_a_question_that_makes_no_sense_says_why(figures: Figures, params: dict[str, Any], words: str) -> None:
    got = figures.world.as_(Role.RESEARCHER).get("/api/v1/trends", params=params)
    assert got.status_code == 422, got.text
    assert words in got.json()["detail"]


@pytest.mark.parametrize(
    ("params", "near"),
    [
        ({"measure": "found", "found": "fentanil"}, "fentanyl"),
        ({"measure": "median_amount:ketamin"}, "ketamine"),
        ({"measure": "found", "found": "opioid.nitazenes"}, "opioid.nitazene"),
        ({"measure": "medain_amount:mdma"}, "median_amount"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_ones(figures: Figures, params: dict[str, Any], near: str) -> None:
    got = figures.ask(**params)
    assert got.status_code == 422
    assert near in got.json()["hint"]


@pytest.mark.parametrize(
    "measure",
    ["samples", "expected_found", "verdict:inconclusive", "median_amount:mdma", "quantiles:mdma", "distribution:mdma",
     "strength:mdma", "found_with:mdma", "method_agreement:mdma:strip:ftir", "turnaround", "outcomes:after"],
)  # fmt: skip
def test_a_question_about_nothing_is_answered_by_an_empty_table_with_its_definition(
    figures: Figures, measure: str
) -> None:
    for params in ({"by": "all"}, {"by": "month", "from": "1990-01", "to": "1990-12"}):
        got = figures.ask(measure=measure, **params)
        assert got.status_code == 200, got.text
        assert got.json()["rows"] == []
        assert got.json()["measure"]["definition"]
        assert got.json()["measure"]["formula"]


def test_the_figures_there_are_can_be_listed(figures: Figures) -> None:
    offered = figures.world.as_(Role.RESEARCHER).get("/api/v1/trends/measures").json()
    asks = {m["ask"] for m in offered}
    assert {"found", "median_amount:SUBSTANCE", "verdict:VERDICT", "outcomes:MOMENT", "turnaround"} <= asks
    assert all(m["definition"] and m["formula"] and m["version"] for m in offered)
    assert not any("{" in m[part] for m in offered for part in ("title", "definition", "formula"))


def test_parquet_holds_the_same_rows_as_csv(figures: Figures) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    written(figures.world, [s for s in made_up(400, seed=3) if s.day])
    params = {"measure": "quantiles:mdma", "by": "region", "baseline": "2024-01..2024-12"}
    client = figures.world.as_(Role.RESEARCHER)
    got = client.get("/api/v1/trends", params=params, headers={"Accept": parquet.MEDIA_TYPE})
    assert got.headers["content-type"] == parquet.MEDIA_TYPE
    table = pq.read_table(io.BytesIO(got.content))
    somebody_else = figures.world.as_(Role.RESEARCHER, agency="other")  # who asks again is told when it was first said
    lines = list(csv.DictReader(io.StringIO(somebody_else.get("/trends.csv", params=params).text)))
    assert table.column_names == list(lines[0])
    assert table.schema.metadata[b"version"] == b"1"
    assert [str(v) for v in table["n"].to_pylist()] == [line["n"] for line in lines]
    assert len(lines) == 4
    for name in ("value", "q25", "difference"):
        assert table[name].to_pylist() == [float(line[name]) if line[name] else None for line in lines]


def test_without_pyarrow_parquet_is_refused_in_a_sentence(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "available", lambda: False)
    client = figures.world.as_(Role.RESEARCHER)
    got = client.get("/api/v1/trends", headers={"Accept": parquet.MEDIA_TYPE})
    assert got.status_code == 406
    assert "cannot write Parquet" in got.json()["detail"]


def test_names_from_elsewhere_are_neutral_in_the_csv(figures: Figures) -> None:
    seen = ("minor", None, "", ("lc_ms",))
    written(figures.world, [sample(site="=1+1", agency="@x", found={"mdma": seen}) for _ in range(30)])
    client = figures.world.as_(Role.RESEARCHER)
    text = client.get("/trends.csv", params={"measure": "samples", "by": ["site", "agency"]}).text
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["site"], line["agency"], line["n"]) == ("'=1+1", "'@x", "30")
