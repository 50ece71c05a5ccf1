"""Every score: the vectorised form equals the textbook form, and a hand-computed example holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassSpectrum, SpectrumError
from spectra.preprocess import prepare
from spectra.similarity import SCORES, Composite, Cosine, Entropy, ModifiedCosine, WeightedCosine, score_named
from tests.spectra.spectrum_builders import accurate_spectra, nominal_spectra
from tests.support.budget import size


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=size(20, 60), deadline=None)
@given(query=nominal_spectra(), references=st.lists(nominal_spectra(), min_size=1, max_size=6))
def test_unit_mass_matrix_equals_the_textbook_pair(
    name: str, query: MassSpectrum, references: list[MassSpectrum]
) -> None:
    score = score_named(name)
    expected = [score.pair(query, r) for r in references]
    np.testing.assert_allclose(
        score.matrix([query], references)[0], expected, atol=1e-3 if name == "composite" else 1e-6
    )


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=size(20, 60), deadline=None)
@given(query=accurate_spectra(), references=st.lists(accurate_spectra(), min_size=1, max_size=6))
def test_accurate_mass_matrix_equals_the_textbook_pair(
    name: str, query: MassSpectrum, references: list[MassSpectrum]
) -> None:
    score = score_named(name, 0.01)
    expected = [score.pair(query, r) for r in references]
    np.testing.assert_allclose(
        score.matrix([query], references)[0], expected, atol=1e-3 if name == "composite" else 1e-6
    )


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=size(20, 40), deadline=None)
@given(spectrum=nominal_spectra())
def test_a_spectrum_agrees_fully_with_itself_and_no_score_exceeds_that(name: str, spectrum: MassSpectrum) -> None:
    full = 1000.0 if name == "composite" else 1.0
    if name == "composite" and (prepare(spectrum, False).intensity > 1).sum() == 0:
        return
    assert score_named(name).pair(spectrum, spectrum) == pytest.approx(full, rel=1e-5)


@settings(max_examples=size(20, 40), deadline=None)
@given(a=nominal_spectra(), b=nominal_spectra())
def test_cosines_and_entropy_do_not_depend_on_which_spectrum_is_the_query(a: MassSpectrum, b: MassSpectrum) -> None:
    for name in ("cosine", "weighted_cosine", "entropy"):
        assert score_named(name).pair(a, b) == pytest.approx(score_named(name).pair(b, a), abs=1e-9)


def test_composite_by_hand() -> None:
    # F = (50 + 60/√2)² / (110 · 80), R = 1/√2, two matched peaks and one pair.
    query, reference = MassSpectrum([50, 60], [2, 2]), MassSpectrum([50, 60], [2, 1])
    first = (50 + 60 / np.sqrt(2)) ** 2 / (110 * 80)
    assert Composite().pair(query, reference) == pytest.approx(1000 * (2 * first + 1 / np.sqrt(2)) / 3)


def test_composite_leaves_out_what_one_instrument_did_not_scan() -> None:
    low, high = MassSpectrum([20, 50, 60], [999, 400, 300]), MassSpectrum([50, 60], [400, 300])
    assert Composite().pair(low, high) == pytest.approx(1000.0)
    assert Composite().pair(high, low) == pytest.approx(1000.0)


def test_composite_counts_no_ratio_across_an_unmatched_peak() -> None:
    query, reference = MassSpectrum([50, 55, 60], [2, 1, 2]), MassSpectrum([50, 60], [2, 1])
    dot, energies = (50 + 60 / np.sqrt(2)) ** 2, (50 + 27.5 + 60) * 80
    assert Composite().pair(query, reference) == pytest.approx(1000 * dot / energies, rel=1e-6)


def test_weighted_cosine_by_hand() -> None:
    query, reference = MassSpectrum([50, 100], [4, 1]), MassSpectrum([50], [4])
    assert WeightedCosine(1, 0.5).pair(query, reference) == pytest.approx(1 / np.sqrt(2))
    assert Cosine().pair(query, reference) == pytest.approx(4 / np.sqrt(17))


def test_entropy_of_half_shared_flat_spectra_by_hand() -> None:
    # Weighting keeps flat spectra flat; A = {1/2, 1/2}, AB = {1/4, 1/2, 1/4}: 1 − (2·1.5 − 1 − 1)/2 bits.
    a, b = MassSpectrum([50, 60], [1, 1]), MassSpectrum([60, 70], [1, 1])
    assert Entropy().pair(a, b) == pytest.approx(0.5)


def test_a_score_that_needs_a_precursor_says_so() -> None:
    a = MassSpectrum([44, 91], [9, 4])
    with pytest.raises(SpectrumError, match="needs the precursor"):
        ModifiedCosine().pair(a, a)


def test_an_unknown_score_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no score called 'dot'.*composite"):
        score_named("dot")


def test_a_tolerance_beyond_the_merging_distance_is_refused() -> None:
    a = MassSpectrum([44.01, 91.05], [9, 4])
    with pytest.raises(ValueError, match=r"tolerance of 0.05 Da"):
        Cosine(0.05).matrix([a], [a])
