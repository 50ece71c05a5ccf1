"""The statistics of alerts: what they promise for any counts, and that they equal their sources where those are exact."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from app.care.alerts.detection import run
from app.care.alerts.detection.run import Counted, benjamini_hochberg
from app.care.alerts.sample_signals import First, first, strength

periods = st.builds(lambda n, share: Counted(round(n * share), n), st.integers(0, 80), st.floats(0, 1))
histories = st.lists(periods, max_size=15)
probabilities = st.lists(st.floats(0, 1), max_size=40)


# -- rising share -------------------------------------------------------------------------------------------------


@given(histories, st.integers(1, 60))
def test_more_positive_samples_are_never_more_probable(history: list[Counted], n: int) -> None:
    made = run.predictive(history)
    tails = [made.tail(Counted(x, n)) for x in range(n + 1)]
    assert tails[0] == 1.0
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(tails))
    assert all(0 <= t <= 1 for t in tails)


def test_the_tail_is_that_of_the_beta_binomial_with_the_moments_it_says() -> None:
    history = [Counted(1, 40)] * 12
    made = run.predictive(history)
    assert made.mean == pytest.approx((12 + 0.5) / (480 + 1))
    assert made.tail(Counted(3, 40)) == pytest.approx(float(betabinom.sf(2, 40, made.a, made.b)))
    binomial = float(binom.sf(5, 40, 1 / 40))
    assert made.tail(Counted(6, 40)) > binomial, "what is not known and what varies both make a high count less odd"


def test_without_a_history_nothing_rises() -> None:
    assert not run.enough([Counted(0, 40), Counted(0, 40)])
    assert not run.enough([Counted(0, 5)] * 5)
    assert run.look({("s", "heroin", "x"): ([Counted(0, 10)] * 2, Counted(9, 10))}).tested == 0


def test_a_share_that_rises_is_found_and_says_why() -> None:
    quiet = {("s", "mdma", f"thing {n}"): ([Counted(1, 40)] * 12, Counted(1, 40)) for n in range(20)}
    loud = {("s", "heroin", "nitazene"): ([Counted(0, 30)] * 12, Counted(6, 30))}
    found = run.look(quiet | loud)
    assert [r.name for r in found.rises] == [("s", "heroin", "nitazene")]
    (rise,) = found.rises
    assert (rise.now, rise.rank, found.tested) == (Counted(6, 30), 1, 21)
    assert rise.probability <= rise.threshold <= run.LEVEL


@pytest.mark.parametrize("bad", [(-1, 3), (4, 3)])
def test_what_cannot_be_counts_is_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be counts"):
        Counted(*bad)


def test_false_alarms_stay_under_the_level_where_nothing_changed() -> None:
    chance = np.random.default_rng(11)
    said = []
    for share in (0.02, 0.1):
        for _ in range(400):
            past = [Counted(int(x), 40) for x in chance.binomial(40, share, 12)]
            now = Counted(int(chance.binomial(40, share)), 40)
            said.append(run.may_alarm(now) and run.predictive(past).tail(now) <= run.LEVEL)
    assert np.mean(said) <= 0.01


# -- many series --------------------------------------------------------------------------------------------------


def textbook(p: list[float], q: float) -> list[bool]:
    """Benjamini and Hochberg 1995, section 3.1, word for word."""
    m = len(p)
    k = max((i for i in range(1, m + 1) if sorted(p)[i - 1] <= i / m * q), default=0)
    return [value <= sorted(p)[k - 1] for value in p] if k else [False] * m


@given(probabilities, st.floats(0.01, 0.5))
def test_the_step_up_equals_the_textbook(p: list[float], q: float) -> None:
    said = [v.rejected for v in benjamini_hochberg(p, q)]
    told = textbook(p, q)
    # ties at the threshold: the textbook rejects hypotheses by rank, the sentence above by value
    assert sum(said) <= sum(told)
    assert all(t for s, t in zip(said, told, strict=True) if s)
    if len(set(p)) == len(p):
        assert said == told


@given(probabilities)
def test_a_cap_only_takes_away_and_order_does_not_matter(p: list[float]) -> None:
    free, capped = benjamini_hochberg(p, 0.1), benjamini_hochberg(p, 0.1, cap=0.01)
    assert all(f.rejected for f, c in zip(free, capped, strict=True) if c.rejected)
    assert all(value <= 0.01 for value, c in zip(p, capped, strict=True) if c.rejected)
    back = benjamini_hochberg(p[::-1], 0.1, cap=0.01)
    assert sorted((v, c.rejected) for v, c in zip(p, capped, strict=True)) == sorted(
        (v, c.rejected) for v, c in zip(p[::-1], back, strict=True)
    )


def test_the_example_of_the_paper() -> None:
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]  # fmt: skip
    assert sum(v.rejected for v in benjamini_hochberg(p, 0.05)) == 4
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([1.2])


# -- slow drift ---------------------------------------------------------------------------------------------------


def test_a_step_is_the_log_likelihood_ratio_of_the_binomial() -> None:
    high = run.raised(0.05)
    assert high / (1 - high) == pytest.approx(2 * 0.05 / 0.95)
    (step,) = run.steps([Counted(3, 40)], 0.05)
    assert step == pytest.approx(math.log(binom.pmf(3, 40, high) / binom.pmf(3, 40, 0.05)))


def test_the_limit_gives_the_run_length_it_was_made_for() -> None:
    h = run.limit_for(0.05, (40,), run_length=50)
    chance, lengths = np.random.default_rng(3), []
    up, down = run._weights(0.05, run.ODDS_RATIO)
    for _ in range(300):
        value, t = 0.0, 0
        while value <= h:
            x = int(chance.binomial(40, 0.05))
            value, t = max(0.0, value + x * up + (40 - x) * down), t + 1
        lengths.append(t)
    assert 35 < np.mean(lengths) < 70
    assert run.limit_for(0.05, (40,), run_length=200) > h
    assert run.limit_for(0.05, (40,), 0.05) > run.limit_for(0.05, (40,)), "sessions that vary need a higher limit"


def test_a_share_that_creeps_up_is_found_where_no_session_is_odd() -> None:
    quiet = [Counted(2, 40), Counted(1, 40), Counted(3, 40), Counted(2, 40)] * 4
    creeping = [*quiet, *[Counted(5, 40)] * 8]
    drifted = run.drift(creeping)
    assert drifted is not None
    assert drifted.signals
    assert (drifted.seen.x, drifted.since) >= (8, 2)
    still = run.drift([*quiet, *quiet[:8]])
    assert still is not None
    assert not still.signals
    assert run.drift(quiet[:8]) is None, "no baseline, no drift"
    assert run.predictive(creeping[:-1]).tail(Counted(5, 40)) > run.LEVEL


# -- strength, batches, firsts --------------------------------------------------------------------------------------


def test_an_amount_is_unusual_beyond_the_order_statistic_that_keeps_one_in_a_hundred() -> None:
    assert strength(500, [100.0] * 19) is None
    few = strength(201, [float(v) for v in range(180, 201)])
    assert few is not None
    assert (few.unusual, few.limit, few.chance, few.high) == (True, 200.0, pytest.approx(1 / 22), None)
    many = strength(995, [float(v) for v in range(1, 1001)])
    assert many is not None
    assert (many.limit, many.chance) == (991.0, pytest.approx(10 / 1001))
    assert many.low is not None
    assert many.high is not None
    assert many.low <= many.percentile <= many.high
    assert strength(1, [float(v) for v in range(1, 299)]).high is None  # type: ignore[union-attr]
    assert strength(1, [float(v) for v in range(1, 300)]).high == 299.0  # type: ignore[union-attr]


@given(st.lists(st.floats(0, 1e4), min_size=20, max_size=200), st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_larger_amount_is_never_less_unusual(earlier: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    a, b = strength(low, earlier), strength(high, earlier)
    assert a is not None
    assert b is not None
    assert b.unusual or not a.unusual


@pytest.mark.parametrize(
    ("before", "warned_of", "said"),
    [
        ((0, 0, 0, 0, 60), False, First.EVER),
        ((0, 0, 0, 0, 3), False, None),
        ((0, 0, 0, 0, 3), True, First.EVER),
        ((0, 0, 4, 60, 200), False, First.REGION),
        ((0, 2, 4, 60, 200), False, None),
        ((0, 2, 4, 60, 200), True, First.SESSION),
        ((1, 2, 4, 60, 200), True, None),
    ],
)
def test_the_widest_circle_it_is_new_to(
    before: tuple[int, int, int, int, int], warned_of: bool, said: First | None
) -> None:
    assert first(*before, warned_of=warned_of) is said
