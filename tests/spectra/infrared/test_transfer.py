"""A few powders measured on both instruments teach how the others would look, or nothing is invented."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import SpectrumError
from spectra.infrared.transfer import Transfer, fit
from spectra.infrared_grid import GRID
from spectra.types import FloatArray


def powders(count: int, seed: int = 0, bands: int = 25) -> FloatArray:
    """Curves with random bands, largest absorbance about 1."""
    rng = np.random.default_rng(seed)
    at, width = rng.uniform(500, 3500, (count, bands, 1)), rng.uniform(6, 16, (count, bands, 1))
    return np.asarray((rng.uniform(0.1, 1, (count, bands, 1)) / (1 + ((GRID - at) / width) ** 2)).sum(axis=1))


def elsewhere(curves: FloatArray, shift: float = 2.0, noise: float = 1e-4) -> FloatArray:
    """As another instrument sees them: a shift that grows with the wavenumber, a gain that falls, a little blur."""
    moved = np.array([np.interp(GRID, GRID + shift * GRID / 2000, row) for row in curves])
    blurred = np.array([np.convolve(np.pad(row, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], "valid") for row in moved])
    gain = 1.15 - 0.3 * (GRID - 400) / 3600
    return blurred * gain + noise * np.random.default_rng(5).standard_normal(curves.shape)


def misfit(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(np.linalg.norm(a - b * (a @ b) / (b @ b)) / np.linalg.norm(a))


@given(shift=st.floats(-4, 4), scale=st.floats(0.05, 20), seed=st.integers(0, 50))
@settings(max_examples=4)
def test_powders_that_were_not_in_the_fit_come_nearer(shift: float, scale: float, seed: int) -> None:
    learnt, unseen = powders(8, seed), powders(4, seed + 1000)
    made = fit(scale * elsewhere(learnt, shift), learnt)
    assert made.kind != "none"
    assert made.after < 0.75 * made.before
    before = [misfit(a, b) for a, b in zip(elsewhere(unseen, shift), unseen, strict=True)]
    after = [misfit(a, b) for a, b in zip(elsewhere(unseen, shift), made.apply(unseen), strict=True)]
    assert np.mean(after) < 0.8 * np.mean(before)


def test_equal_instruments_give_no_transfer_and_curves_stay_as_they_are() -> None:
    learnt = powders(6)
    made = fit(3.0 * learnt + 1e-4 * np.random.default_rng(2).standard_normal(learnt.shape), learnt)
    assert made.kind == "none"
    np.testing.assert_array_equal(made.apply(learnt), learnt)


def test_what_was_not_measured_stays_unknown_and_a_partial_range_is_enough() -> None:
    learnt = powders(6)
    learnt[:, GRID < 800] = np.nan
    made = fit(elsewhere(np.nan_to_num(learnt)), learnt)
    out = made.apply(learnt)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(learnt))
    assert np.isfinite(made.coefficients).all()
    assert made.apply(learnt[0]).shape == (GRID.size,)


def test_a_stored_transfer_does_the_same() -> None:
    made = fit(elsewhere(powders(5)), powders(5))
    again = Transfer.from_json(json.loads(json.dumps(made.as_json())))
    np.testing.assert_allclose(again.apply(powders(2, 3)), made.apply(powders(2, 3)), atol=1e-4)
    assert (again.kind, again.powders, again.before) == (made.kind, 5, made.before)


def test_powders_of_another_kind_on_the_other_side_are_no_transfer() -> None:
    assert fit(powders(6, 1), powders(6, 2)).kind == "none"
    flat = powders(6)
    flat[0] = 0.0
    assert fit(flat, powders(6)).before > 0


@pytest.mark.parametrize(
    ("own", "foreign", "words"),
    [
        (powders(4), powders(4), "at least 5 are needed"),
        (powders(5), powders(6), "pair them"),
        (np.zeros((5, 7)), powders(5), "common grid"),
        (np.full((5, GRID.size), np.nan), powders(5), "fewer than 200 points"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(own: FloatArray, foreign: FloatArray, words: str) -> None:
    with pytest.raises(SpectrumError, match=words):
        fit(own, foreign)


def test_a_curve_off_the_grid_is_refused() -> None:
    made = fit(elsewhere(powders(5)), powders(5))
    with pytest.raises(SpectrumError, match="common grid"):
        made.apply(np.zeros(10))
