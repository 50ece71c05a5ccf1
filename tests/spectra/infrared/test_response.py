"""Weights from shares of signal: only with factors of the laboratory's own, and with their uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import SpectrumError
from spectra.infrared.response import PairFactor, Weighed, pair_factors, weight_shares
from tests.support.budget import size

RESPONSE = {"a": 1.0, "b": 2.5, "c": 0.6}


def mixed(first: str, second: str, *weights: float, error: float = 0.0) -> list[Weighed]:
    """Mixtures of 100 mg with these weights of the first, as their signal shows them."""
    out = []
    for k, weight in enumerate(weights):
        signal = RESPONSE[first] * weight, RESPONSE[second] * (100 - weight)
        share = signal[0] / sum(signal) * (1 + error * (-1) ** k)
        out.append(Weighed(first, second, weight, 100 - weight, share))
    return out


@given(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3))
@settings(max_examples=size(20, 50))
def test_a_chain_of_pairs_gives_the_weights_of_all(weights: list[float]) -> None:
    factors = pair_factors([*mixed("a", "b", 20, 50, 80), *mixed("c", "b", 30, 50, 70)])
    signal = np.array([RESPONSE[name] for name in "abc"]) * weights
    found = weight_shares(["a", "b", "c"], (signal / signal.sum()).tolist(), [0.01] * 3, factors)
    assert found is not None
    np.testing.assert_allclose([w.value for w in found], np.array(weights) / sum(weights), rtol=1e-6)
    assert sum(w.value for w in found) == pytest.approx(1.0)
    assert all(w.low < w.value < w.high for w in found)


def test_a_pair_counts_from_three_mixtures_on_whichever_is_named_first() -> None:
    assert pair_factors(mixed("a", "b", 20, 80)) == []
    [found] = pair_factors([*mixed("a", "b", 20, 80), *mixed("b", "a", 40)])
    assert (found.first, found.second, found.mixtures) == ("a", "b", 3)
    assert found.factor == pytest.approx(0.4)


def test_no_weight_without_a_factor_for_every_part() -> None:
    factors = pair_factors(mixed("a", "b", 20, 50, 80))
    assert weight_shares(["a", "b", "c"], [0.3, 0.3, 0.4], [0, 0, 0], factors) is None
    assert weight_shares([], [], [], factors) is None
    assert weight_shares(["a", "a"], [0.5, 0.5], [0, 0], factors) is None
    alone = weight_shares(["c"], [1.0], [0.0], [])
    assert alone is not None
    assert alone[0].value == 1.0


def test_pairs_that_contradict_each_other_are_less_sure() -> None:
    ring = [PairFactor("a", "b", 1.0, 0.05, 3), PairFactor("b", "c", 1.0, 0.05, 3), PairFactor("a", "c", 2.0, 0.05, 3)]
    closed = [*ring[:2], PairFactor("a", "c", 1.0, 0.05, 3)]
    shares, sure = [0.3, 0.3, 0.4], [0.0] * 3
    odd, even = (weight_shares(["a", "b", "c"], shares, sure, one) for one in (ring, closed))
    assert odd is not None
    assert even is not None
    assert odd[0].high - odd[0].low > 2 * (even[0].high - even[0].low)


@pytest.mark.parametrize("bad", [(0.0, 1.0, 0.5), (1.0, -1.0, 0.5), (1.0, 1.0, 0.0), (1.0, 1.0, 1.0)])
def test_a_mixture_that_cannot_be_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(SpectrumError, match="two weights above zero"):
        pair_factors([Weighed("a", "b", *bad)])


def test_scatter_balance_and_shares_widen_the_uncertainty_and_none_is_below_the_floor() -> None:
    [exact] = pair_factors(mixed("a", "b", 20, 50, 80))
    [loose] = pair_factors(mixed("a", "b", 20, 50, 80, error=0.2))
    unsure = [
        Weighed(m.first, m.second, m.first_weight, m.second_weight, m.share, 0.1) for m in mixed("a", "b", 20, 50, 80)
    ]
    [shaky] = pair_factors(unsure)
    assert exact.relative_u == pytest.approx(0.05)
    assert min(loose.relative_u, shaky.relative_u) > exact.relative_u
    narrow = weight_shares(["a", "b"], [0.5, 0.5], [0.0, 0.0], [exact])
    wide = weight_shares(["a", "b"], [0.5, 0.5], [0.0, 0.0], [shaky])
    assert narrow is not None
    assert wide is not None
    assert wide[0].high - wide[0].low > narrow[0].high - narrow[0].low
