"""Binning and merging: the ground under every similarity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from spectra import MassSpectrum, SpectrumError, preprocess
from spectra.index import queries
from spectra.index.queries import Queries
from spectra.preprocess import MERGE_DA, merge_close, nominal_mass, prepare
from tests.spectra.spectrum_builders import accurate_spectra


def test_the_unit_mass_boundary_lies_at_649() -> None:
    assert nominal_mass(np.array([146.64, 146.66, 100.0, 99.65, 500.4])).tolist() == [146, 147, 100, 100, 500]


def test_intensities_that_fall_into_one_unit_mass_add_up_and_the_base_is_999() -> None:
    peaks = prepare(MassSpectrum([58.0, 58.1, 91.2], [1.0, 2.0, 6.0]), accurate=False)
    assert peaks.mz.tolist() == [58.0, 91.0]
    assert peaks.intensity.tolist() == [499.5, 999.0]


def test_the_strongest_peak_absorbs_its_neighbours_and_keeps_its_mass() -> None:
    mz, intensity = merge_close(np.array([100.0, 100.04, 100.08, 101.0]), np.array([2.0, 5.0, 1.0, 4.0]))
    assert mz.tolist() == [100.04, 101.0]
    assert intensity.tolist() == [8.0, 4.0]


@given(accurate_spectra())
def test_merged_peaks_lie_further_apart_than_the_merging_distance(spectrum: MassSpectrum) -> None:
    peaks = prepare(spectrum, accurate=True)
    assert (np.diff(peaks.mz) > MERGE_DA).all()
    assert peaks.intensity.max() == pytest.approx(999.0)


@pytest.mark.parametrize("accurate", [False, True])
def test_queries_prepared_together_in_pieces_and_by_two_threads_are_those_prepared_alone(
    accurate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_TOGETHER", 10)
    monkeypatch.setattr(preprocess, "_PIECE", 50)
    rng = np.random.default_rng(7)
    spectra = []
    for k in range(60):
        mz = rng.uniform(40, 44 if k % 3 else 90, rng.integers(1, 30))
        height = rng.integers(0, 5, mz.size) * 10.0 ** rng.integers(-9, 3, mz.size)
        height[0] = 1.0
        spectra.append(MassSpectrum(mz, height, 150.1277 if k % 2 else None))
    together = Queries.of(spectra, accurate)
    assert len(together) == 60
    for own, spectrum in zip(together.each(), spectra, strict=True):
        alone = prepare(spectrum, accurate)
        assert (own.mz.tolist(), own.intensity.tolist()) == (alone.mz.tolist(), alone.intensity.tolist())
        np.testing.assert_equal(own.precursor_mz, alone.precursor_mz)


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (MassSpectrum([58.0], [0.0]), "no peak with an intensity above zero"),
        (MassSpectrum(np.linspace(50, 99, 6_000), np.ones(6_000)), "looks like a profile"),
        (MassSpectrum([58.0, 2e6], [1.0, 1.0]), "beyond any mass spectrum"),
    ],
)
def test_one_spectrum_that_is_none_among_many_is_refused_as_alone(odd: MassSpectrum, words: str) -> None:
    with pytest.raises(SpectrumError, match=words):
        Queries.of([MassSpectrum([58.0], [1.0]), odd, MassSpectrum([91.0], [1.0])], accurate=False)
