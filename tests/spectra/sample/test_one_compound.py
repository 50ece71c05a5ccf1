"""A sample of one compound: what a missing reference says (nothing), what a good one says, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.sample.constants import shipped
from spectra.sample.one_compound import reach_of, set_of, single_of, weigh

FIT = shipped().one
LISTED = {"three": 0.64, "four": 0.36}
WRONG = {"other": 0.3, "another": 0.4}
"""What references of other substances leave in a reading that is neither."""


def named(listed: dict[str, float], outside: float, residuals: dict[str, float]) -> dict[str, float]:
    return dict(weigh(listed, outside, residuals, FIT).ranked)


def test_without_a_reference_for_any_candidate_their_odds_stay_to_the_bit_of_the_method() -> None:
    plain, seen = weigh(LISTED, 0.1, {}, replace(FIT, beta=1.0)), weigh(LISTED, 0.1, WRONG, replace(FIT, beta=1.0))
    for weighed in (plain, seen):
        assert [c for c, _ in weighed.listed] == ["three", "four"]
        assert weighed.ratio.get("three", 1.0) == 1.0
        assert weighed.listed[0][1] / weighed.listed[1][1] == pytest.approx(0.64 / 0.36, rel=1e-12)


@pytest.mark.parametrize("truth", ["three", "four"])
def test_a_reference_that_explains_the_reading_names_its_isomer_whichever_of_them_has_one(truth: str) -> None:
    other = "four" if truth == "three" else "three"
    both = named(LISTED, 0.1, {truth: 0.001, other: 0.15, **WRONG})
    assert both[truth] > 0.99
    alone = named(LISTED, 0.1, {truth: 0.001, **WRONG})
    assert alone[truth] > 0.95
    assert named(LISTED, 0.1, WRONG)["three"] > named(LISTED, 0.1, WRONG)["four"]


def test_a_rival_that_stands_out_from_nothing_does_not_push_out_a_compound_without_a_reference() -> None:
    """The truth has no reference; its rival is the best of references that all leave about as much."""
    said = named({"truth": 0.7, "rival": 0.3}, 0.1, {"rival": 0.10, "other": 0.13, "another": 0.2})
    assert said["truth"] > said["rival"]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1e-4, 1.0), max_size=8), st.floats(1e-6, 1 - 1e-6))
def test_probabilities_add_up_to_one(residuals: dict[str, float], outside: float) -> None:
    weighed = weigh({"a": 0.5, "b": 0.3, "z": 0.2}, outside, residuals, FIT)
    total = sum(p for _, p in (*weighed.listed, *weighed.only)) + weighed.neither
    assert total == pytest.approx(1.0)
    assert sum(p for _, p in weighed.ranked) == pytest.approx(1.0)


def test_more_residual_of_a_compound_never_raises_it() -> None:
    before = 1.0
    for x in (0.001, 0.01, 0.05, 0.2, 0.8):
        now = named(LISTED, 0.1, {"three": x, **WRONG})["three"]
        assert now <= before
        before = now


def test_a_single_name_needs_infrared_where_ei_doubts_its_library() -> None:
    """EI says that the compound is more likely than not in no library."""
    doubted = weigh({"three": 1.0}, 0.6, {}, FIT)
    assert not single_of(doubted, 0.6, FIT, "three")
    confirmed = weigh({"three": 1.0}, 0.6, {"three": 0.001, **WRONG}, FIT)
    assert single_of(confirmed, 0.6, FIT)


def test_a_name_that_ei_does_not_give_alone_needs_a_reference_that_leaves_little() -> None:
    """What neither library holds is claimed most where a look-alike's reference leaves nearly as much as one that says nothing."""
    reach = reach_of({"three": 0.001, **WRONG}, FIT)
    for left, clear in ((0.3, False), (0.2, True)):
        weighed = weigh({"three": 1.0}, 0.3, {"three": left * reach, **WRONG}, FIT)
        assert single_of(weighed, 0.3, FIT) is clear
        assert single_of(weighed, 0.3, FIT, "three"), "EI gives it as its only name, and infrared speaks for it"
        assert single_of(weighed, 0.6, FIT, "three") is clear, "EI doubts that its library holds the compound"


def test_no_name_stands_alone_against_a_sure_one_that_infrared_has_no_reference_for() -> None:
    said = {"three": 0.9, "four": 0.1}
    torn = weigh(said, 0.1, {"four": 0.01, **WRONG}, FIT)
    assert torn.ranked[0][0] == "four"
    assert not single_of(torn, 0.1, FIT, "three", said)
    assert single_of(torn, 0.1, FIT, "three", {"three": 0.6, "four": 0.4})
    told = weigh(said, 0.1, {"three": 0.3, "four": 0.01, **WRONG}, FIT)
    assert single_of(told, 0.1, FIT, "three", said), "infrared could have confirmed the other and did not"


def test_a_set_takes_two_where_the_first_is_not_sure_enough() -> None:
    rows = (("a", 0.93), ("b", 0.05), ("c", 0.02))
    assert set_of(rows, 0.9, 0.96) == rows[:2]
    assert set_of((("a", 0.97), ("b", 0.03)), 0.9, 0.96) == (("a", 0.97),)
    assert set_of((), 0.9, 0.96) == ()
