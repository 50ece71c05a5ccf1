"""Taking a reference out by hand: the factor that leaves least, negative lobes, and steps that can be repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import SpectrumError
from spectra.infrared.subtraction import Step, difference, lobes, optimum, shifted
from spectra.infrared_grid import GRID
from spectra.types import FloatArray
from tests.support.curves import mixture


def entry(name: str) -> FloatArray:
    return mixture({name: 1.0})


@given(factor=st.floats(0.02, 20), shift=st.integers(-5, 5), slope=st.floats(-0.3, 0.3))
def test_what_was_put_in_is_found_whatever_the_baseline(factor: float, shift: int, slope: float) -> None:
    reference = entry("caffeine")
    query = shifted(factor * reference, float(shift)) + slope * factor * (GRID - 400) / 3600
    found = optimum(query, reference)
    assert found.shift == shift
    assert found.factor == pytest.approx(factor, rel=0.02)


def test_the_factor_is_never_negative() -> None:
    assert optimum(-entry("caffeine"), entry("caffeine")).factor == 0.0


def test_the_reading_is_not_changed_and_the_same_steps_give_the_same_curve() -> None:
    query = mixture({"cocaine": 0.7, "caffeine": 0.3})
    kept = query.copy()
    steps = [Step(entry("cocaine"), 0.7, 1.0), Step(entry("caffeine"), 0.3)]
    first, second = difference(query, steps), difference(query, steps)
    assert first.tobytes() == second.tobytes()
    assert query.tobytes() == kept.tobytes()


def test_too_much_makes_lobes_at_the_bands_of_the_reference_and_the_optimum_none() -> None:
    rng = np.random.default_rng(3)
    query = mixture({"caffeine": 0.5}) + 0.001 * rng.standard_normal(GRID.size)
    right, much = Step(entry("caffeine"), 0.5), Step(entry("caffeine"), 0.8)
    assert lobes(difference(query, [right]), right) == ()
    found = lobes(difference(query, [much]), much)
    assert found[0].depth == pytest.approx(0.3 / 0.8, rel=0.25)
    strongest = float(GRID[np.argmax(entry("caffeine"))])
    assert any(lobe.low <= strongest <= lobe.high for lobe in found)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(np.ones(GRID.size), -1.0), "0 or more"),
        (Step(np.ones(GRID.size), float("nan")), "0 or more"),
        (Step(np.ones(GRID.size), 1.0, 11.0), "beyond"),
        (Step(np.where(GRID < 500, 1.0, np.nan), 1.0), "fewer than 100"),
    ],
)
def test_a_step_that_cannot_be_done_says_which_and_why(step: Step, words: str) -> None:
    with pytest.raises(SpectrumError, match=f"step 1: .*{words}"):
        difference(entry("caffeine"), [step])


@pytest.mark.parametrize("reference", [np.zeros(GRID.size), np.where(GRID < 500, GRID, np.nan)])
def test_a_reference_without_bands_or_points_in_common_is_refused(reference: FloatArray) -> None:
    with pytest.raises(SpectrumError, match="choose another reference"):
        optimum(entry("caffeine"), reference)
