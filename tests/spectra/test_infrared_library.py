"""InfraredLibrary: exact over shifts, masks and partial ranges; the grid and its derivative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum, SpectrumError
from spectra.infrared_grid import CO2, GRID, derivative, feature, on_grid
from spectra.similarity.infrared import INFRARED_SCORES, InfraredScore
from spectra.starter import lorentzians, starter_infrared_library


def _curves(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        bands = [(rng.uniform(420, 3980), rng.uniform(0.1, 1), rng.uniform(8, 60)) for _ in range(12)]
        # A little noise, as every measured curve has: features are kept to 2^-26 of their length, and a noise-free
        # second derivative far from all bands is smaller than that.
        out.append(lorentzians(GRID, bands) + rng.normal(0, 1e-4, GRID.size))
    return np.array(out)


def _mask(curves: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = curves.copy()
    for row in out:
        row[rng.choice([400, 650, 800]) > GRID] = np.nan
        row[rng.choice([4000, 3500, 1800]) < GRID] = np.nan
        if rng.random() < 0.4:
            row[(GRID > 1900) & (GRID < 2300)] = np.nan
    return out


@pytest.mark.parametrize("score", INFRARED_SCORES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_search_over_masks_and_shifts_equals_the_textbook_pair(score: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    references = _mask(_curves(seed, 6), rng)
    references = np.concatenate([references, references[:2]])
    query = _mask(np.roll(_curves(seed, 1), int(rng.integers(-3, 4)), axis=1), rng)[0]
    library = InfraredLibrary.from_arrays(GRID, references, names=list("abcdefgh"), compounds=list("abcdefgh"))
    known = np.isfinite(query)
    found = library.search(InfraredSpectrum(GRID[known], query[known]), top=8, score=score)
    expected = [InfraredScore(score).pair(query, r.astype(np.float32).astype(float)) for r in references]
    for candidate in found:
        assert candidate.score == pytest.approx(expected[candidate.entry][0], abs=2e-3 if score == "euclid" else 2e-5)
    order = [(c.score, -c.entry) for c in found]
    assert order == sorted(order, reverse=True)
    left = [e for i, (e, _) in enumerate(expected) if i not in {c.entry for c in found}]
    assert all(e <= 1e-5 for e in left)


@pytest.mark.parametrize("steps", [-3, -1, 0, 2, 3])
def test_the_shift_of_the_instrument_is_found_with_its_sign(steps: int) -> None:
    library = starter_infrared_library()
    moved = np.interp(GRID - 2.0 * steps, GRID, library.spectrum(4).absorbance)
    hit = library.search(InfraredSpectrum(GRID, moved), top=1, score="first_derivative")[0]
    assert hit.entry == 4
    assert hit.shift == 2.0 * steps
    aligned = library.search(InfraredSpectrum(GRID, moved), top=1)[0]
    assert (aligned.entry, aligned.score_name) == (4, "aligned")
    assert aligned.shift == pytest.approx(2.0 * steps, abs=0.1)


def test_carbon_dioxide_of_the_air_changes_nothing() -> None:
    library = starter_infrared_library()
    query = library.spectrum(2)
    air = lorentzians(GRID, [(2349.0, 0.5, 20.0)]) * CO2 + lorentzians(GRID, [(668.0, 0.5, 4.0)]) * CO2
    hit = library.search(InfraredSpectrum(GRID, query.absorbance + air), top=1)[0]
    assert hit.entry == 2
    assert hit.score > 0.9999


def test_a_partial_range_is_scored_over_the_overlap_and_said() -> None:
    library = starter_infrared_library()
    part = (GRID >= 700) & (GRID <= 1800)
    query = InfraredSpectrum(GRID[part], library.spectrum(1).absorbance[part])
    hit = library.search(query, top=1)[0]
    assert hit.entry == 1
    assert hit.score == pytest.approx(1.0, abs=1e-4)
    assert library.overlap_note(query, 1) == "Compared from 700 to 1800 cm⁻¹ only: 31% of the wider of the two ranges."
    assert library.overlap_note(library.spectrum(1), 1) == ""


def test_points_are_never_invented_beyond_the_ends_or_inside_a_gap() -> None:
    axis = np.r_[np.arange(600.0, 1200.0, 4.0), np.arange(1500.0, 2000.0, 4.0)]
    values = on_grid(axis, np.sin(axis / 50))
    known = GRID[np.isfinite(values)]
    assert known.min() >= 600
    assert known.max() <= 1996
    assert not ((known > 1196) & (known < 1500)).any()


def test_the_derivative_of_a_parabola_is_exact_and_edges_are_masked() -> None:
    curve = (GRID / 1000.0) ** 2
    first = derivative(curve, 1)
    inside = np.isfinite(first)
    plain = inside & (np.abs(GRID - 2340) > 80) & (np.abs(GRID - 667) > 30)
    np.testing.assert_allclose(first[plain], 2 * GRID[plain] / 1e6, rtol=1e-9)
    assert not inside[:5].any()
    assert not inside[CO2].any()
    second = derivative(curve, 2)
    plain &= np.isfinite(second)
    np.testing.assert_allclose(second[plain], 2e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("axis", "curves", "words"),
    [
        ([1.0, 2.0], [[1.0]], "one curve per name"),
        ([500.0, 500.0, 502.0], [[1.0, 1.0, 1.0]], "repeat"),
        ([500.0, 502.0, 504.0], [[1.0, np.inf, 1.0]], "infinite"),
        ([500.0, 502.0, 504.0], [[1.0, 1.0, 1.0]], "at least 20 points"),
    ],
)
def test_arrays_that_cannot_be_curves_are_refused(axis: list, curves: list, words: str) -> None:
    with pytest.raises(SpectrumError, match=words):
        InfraredLibrary.from_arrays(axis, curves, names=["a"], compounds=["a"])


def test_an_unknown_infrared_score_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="first_derivative"):
        starter_infrared_library().search(starter_infrared_library().spectrum(0), score="hqi")
    with pytest.raises(ValueError, match="first_derivative"):
        feature(GRID, "hqi")
