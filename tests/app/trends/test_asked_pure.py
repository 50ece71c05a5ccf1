"""Sketches, verdicts and the budget by themselves: what may be shown after what was shown before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trends.asked.budget import Budget, BudgetSpent
from app.trends.asked.canonical import digest_of, predicate_of, question_data
from app.trends.asked.checking import Candidate, Earlier, Verdict, judged
from app.trends.asked.sketch import BUCKETS, Counts, Pile, distance, packed, sketch_of, unpacked
from app.trends.domain import Dimension, Question, Row
from app.trends.measures import measure_of

NEW, AGAIN, WITHHELD, HIDDEN = Verdict.NEW, Verdict.AGAIN, Verdict.WITHHELD, Verdict.HIDDEN
LEAST = 10

# Samples as numbers; several share a bucket, so that sketches meet what they are weakest at.
SETS = st.frozensets(st.integers(0, 60), max_size=40)


def sketch(samples: Iterable[int], *, modulo: int = BUCKETS) -> Counts:
    return sketch_of((sample % modulo, 1) for sample in samples)


# -- sketches ---------------------------------------------------------------------------------------------------------


@given(SETS, SETS, st.sampled_from([1, 3, 7, BUCKETS]))
def test_the_distance_of_sketches_never_exceeds_the_symmetric_difference(
    one: frozenset[int], other: frozenset[int], modulo: int
) -> None:
    near = distance(sketch(one, modulo=modulo), sketch(other, modulo=modulo))
    assert near <= len(one ^ other)
    assert near % 2 == len(one ^ other) % 2
    if one <= other or other <= one:
        assert near == len(one ^ other), "of nested sets it is the difference"
    if near == 0:
        assert len(one) == len(other), "sets that look the same publish the same count"


@given(st.lists(SETS, max_size=12), SETS, st.sampled_from([5, 10]))
def test_the_quick_comparison_finds_exactly_what_the_slow_one_finds(
    others: list[frozenset[int]], one: frozenset[int], within: int
) -> None:
    pile = Pile.of(np.array([sketch(o, modulo=100) for o in others], dtype=np.int32))
    which, distances = pile.near_with(sketch(one, modulo=100), within)
    slow = [distance(sketch(one, modulo=100), sketch(o, modulo=100)) for o in others]
    assert list(which) == [at for at, d in enumerate(slow) if d < within]
    assert list(distances) == [d for d in slow if d < within]


@pytest.mark.parametrize("highest", [0, 1, 255, 256, 65_535, 65_536, 1_000_000])
def test_a_packed_sketch_comes_back_whole(highest: int) -> None:
    matrix = np.zeros((3, BUCKETS), dtype=np.int32)
    matrix[1, 7], matrix[2, :] = highest, min(highest, 3)
    assert np.array_equal(unpacked(packed(matrix)), matrix)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def row(
    predicate: str, everything: Iterable[int], hits: Iterable[int] = (), *, shown: str = "all hit rest"
) -> Candidate:
    whole, part = set(everything), set(hits)
    sets = {"all": sketch(whole), "hit": sketch(part), "rest": sketch(whole - part)}
    return Candidate(predicate, sets, frozenset(shown.split()))


def after(*rows: Candidate) -> Earlier:
    latest = {r.predicate: {label: r.sets[label] for label in sorted(r.shown)} for r in rows}
    return Earlier(Pile.of(np.stack([s for r in rows for label, s in r.sets.items() if label in r.shown])), latest)


def verdict(one: Candidate, *before: Candidate, least: int = LEAST) -> Verdict:
    return judged([one], after(*before) if before else Earlier(), least)[0]


TWO_HALVES = (range(60), range(30))


@pytest.mark.parametrize("fewer", range(1, 10))
def test_a_set_that_differs_by_a_few_is_withheld_nested_or_not(fewer: int) -> None:
    before = row("month", range(60), shown="all")
    assert verdict(row("nested", range(60 - fewer), shown="all"), before) is WITHHELD
    assert verdict(row("wider", range(60 + fewer), shown="all"), before) is WITHHELD
    if fewer > 1:
        beside = [*range(1, 60), *range(100, 100 + fewer - 1)]
        assert verdict(row("beside", beside, shown="all"), before) is WITHHELD


@pytest.mark.parametrize("apart", [0, 10, 11, 40])
def test_a_set_that_is_the_same_or_far_is_given(apart: int) -> None:
    assert verdict(row("other", range(60 - apart), shown="all"), row("month", range(60), shown="all")) is NEW


@pytest.mark.parametrize("label", ["all", "hit", "rest"])
def test_each_set_of_a_row_is_compared_with_every_set_shown_before_whatever_it_was(label: str) -> None:
    new = row("new", range(100, 200), range(100, 140))
    close = {"all": range(100, 195), "hit": range(100, 136), "rest": range(145, 200)}[label]
    assert verdict(new, row("before", range(500, 560), shown="all")) is NEW
    assert verdict(new, row("before", close, shown="all")) is WITHHELD


def test_what_a_row_does_not_show_is_compared_with_nothing() -> None:
    before = row("before", range(100, 136), shown="all")
    assert verdict(row("new", range(100, 200), range(100, 140), shown="all"), before) is NEW
    assert verdict(row("small", range(100, 140), shown=""), before) is HIDDEN


def test_two_sets_of_one_row_and_two_rows_of_one_answer_are_compared_as_well() -> None:
    assert verdict(row("own", range(60), range(55))) is WITHHELD
    first, near, far = (row(n, range(60 - k), shown="all") for n, k in (("a", 0), ("b", 3), ("c", 30)))
    assert judged([first, near, far], Earlier(), LEAST) == [NEW, WITHHELD, NEW]
    many = [row(str(n), range(100 * n, 100 * n + 50), shown="all") for n in range(40)]
    assert judged([*many, row("again", range(100, 148), shown="all")], Earlier(), LEAST) == [NEW] * 40 + [WITHHELD]


def test_a_partners_threshold_is_five() -> None:
    before = row("month", range(60), shown="all")
    assert verdict(row("x", range(56), shown="all"), before, least=5) is WITHHELD
    assert verdict(row("x", range(55), shown="all"), before, least=5) is NEW


@pytest.mark.parametrize("more", range(10))
def test_the_same_row_with_few_changes_or_none_is_given_again_and_the_two_look_alike(more: int) -> None:
    assert verdict(row("r", range(60 + more), range(30)), row("r", *TWO_HALVES)) is AGAIN


def test_the_same_row_is_new_once_all_of_it_that_moved_moved_far() -> None:
    before = row("r", *TWO_HALVES)
    assert verdict(row("r", range(70), range(30)), before) is NEW
    assert verdict(row("r", range(75), [*range(30), *range(60, 75)]), before) is NEW
    assert verdict(row("r", range(75), [*range(30), 60, 61]), before) is AGAIN, "its numerator moved by two"


def test_falling_under_the_threshold_by_a_few_does_not_show() -> None:
    before = row("r", range(12), shown="all")
    assert verdict(row("r", range(8), shown=""), before) is AGAIN
    assert verdict(row("r", range(2), shown=""), before) is HIDDEN, "ten went: that may be seen"


def test_a_numerator_that_may_be_shown_now_stays_hidden_until_the_row_moved() -> None:
    before = row("r", range(40), range(8), shown="all")
    assert verdict(row("r", range(43), range(11)), before) is AGAIN
    assert verdict(row("r", range(60), range(12)), before) is NEW


def test_the_same_row_far_from_itself_but_near_to_another_is_given_as_it_was() -> None:
    assert (
        verdict(row("r", range(70), shown="all"), row("r", range(60), shown="all"), row("o", range(71), shown="all"))
        is AGAIN
    )


@st.composite
def asked(draw: st.DrawFn) -> list[list[Candidate]]:
    """Answers one after another, each of a few rows over sets that change in between."""
    out = []
    for _ in range(draw(st.integers(1, 6))):
        rows = []
        for _ in range(draw(st.integers(1, 4))):
            start, end = draw(st.integers(0, 30)), draw(st.integers(31, 90))
            hits = draw(st.integers(start, end))
            rows.append(row(draw(st.sampled_from("abcdef")), range(start, end), range(start, hits)))
        out.append(rows)
    return out


@given(asked())
def test_no_two_sets_ever_given_differ_by_a_few(answers: list[list[Candidate]]) -> None:
    given_rows: list[Candidate] = []
    for rows in answers:
        kept = {r.predicate: r for r in rows}  # a table has each row once
        verdicts = judged(list(kept.values()), after(*given_rows) if given_rows else Earlier(), LEAST)
        given_rows += [r for r, v in zip(kept.values(), verdicts, strict=True) if v is NEW]
    sets = [r.sets[label] for r in given_rows for label in r.shown]
    for at, one in enumerate(sets):
        assert all(not 0 < distance(one, other) < LEAST for other in sets[:at])


# -- the same question in other words -----------------------------------------------------------------------------------


def told(asked: Question, **key: str) -> str:
    answer = Row(key, 40, None, None, None, None, None, "", incomplete=False)
    return digest_of(predicate_of(asked, measure_of(asked.measure), answer, scope=""))


MONTH, REGION, CLASS = Dimension.MONTH, Dimension.REGION, Dimension.EXPECTED_CLASS


def test_a_row_is_the_same_split_or_filtered_and_whatever_months_stand_beside_it() -> None:
    both = told(Question("samples", (MONTH, REGION)), month="2026-05", region="Wales")
    assert both == told(Question("samples", (MONTH,), {REGION: "Wales"}), month="2026-05")
    assert both == told(Question("samples", (REGION,), {MONTH: "2026-05"}), region="Wales")
    assert both == told(Question("samples", (MONTH, REGION), months=("2026-05", "")), month="2026-05", region="Wales")
    others = {
        told(Question("samples", (MONTH, REGION)), month="2026-06", region="Wales"),
        told(Question("expected_found", (MONTH, REGION)), month="2026-05", region="Wales"),
        told(Question("samples", (REGION,)), region="Wales"),
        told(Question("samples", (REGION,), months=("2026-01", "2026-12")), region="Wales"),
        told(Question("samples", (CLASS,)), expected_class="opioid"),
        told(Question("samples", (), {CLASS: "opioid"})),
    }
    assert len(others | {both}) == 7


def test_a_question_is_the_same_whatever_the_order_of_its_parts() -> None:
    one = Question("samples", (MONTH, REGION), {CLASS: "opioid", Dimension.FORM: "pill"})
    other = Question("samples", (REGION, MONTH), {Dimension.FORM: "pill", CLASS: "opioid"})
    assert digest_of(question_data(one)) == digest_of(question_data(other))
    assert digest_of(question_data(one)) != digest_of(
        question_data(Question("samples", (MONTH, REGION), {CLASS: "opioid"}))
    )


# -- the budget ---------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 6, 13, 12, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def test_questions_are_counted_in_a_sliding_day_and_in_ninety_days() -> None:
    budget = Budget(3, 5)
    assert budget.left([], NOW) == 3
    assert budget.left([ago(hours=1), ago(hours=25)], NOW) == 2
    assert budget.left([ago(days=d) for d in (2, 3, 4, 5)], NOW) == 1
    assert budget.left([ago(days=d) for d in (91, 92, 93, 94, 95)], NOW) == 3
    budget.check([ago(hours=1), ago(hours=2)], NOW)


@pytest.mark.parametrize(
    ("asked_before", "free"),
    [
        ([ago(hours=h) for h in (1, 2, 20)], ago(hours=-4)),
        ([ago(hours=h) for h in (1, 2, 20, 23)], ago(hours=-4)),  # more than allowed: all but two must be a day old
        ([ago(days=d) for d in (2, 3, 4, 5, 80)], ago(days=-10)),
        ([ago(hours=1), ago(hours=2), ago(hours=3), ago(days=80), ago(days=70)], ago(days=-10)),
    ],
)
def test_a_spent_budget_says_when_the_next_question_is_free(asked_before: list[datetime], free: datetime) -> None:
    budget = Budget(3, 5)
    with pytest.raises(BudgetSpent) as refused:
        budget.check(asked_before, NOW)
    assert refused.value.free_at == free
    assert refused.value.retry_after_s == int((free - NOW).total_seconds()) + 1
    budget.check(asked_before, free + timedelta(seconds=1))
    with pytest.raises(BudgetSpent):
        budget.check(asked_before, free - timedelta(seconds=1))
