"""Mass scales put right on lock masses, or estimated and called an estimate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassSpectrum, SpectrumError
from spectra.recalibration import common_ions, correct_estimated, estimate_shift, recalibrate

TRUE = np.array([58.0651, 91.0542, 150.1277, 195.0877, 304.1543, 609.2807])


def _off(ppm: float, slope: float = 0.0) -> MassSpectrum:
    """The true masses with an error of `ppm` + `slope` · m/z."""
    return MassSpectrum(TRUE * (1 + (ppm + slope * TRUE) * 1e-6), [5, 9, 3, 4, 2, 6], 304.1543, "DART")


@given(ppm=st.floats(-20, 20))
def test_one_lock_mass_moves_every_mass_by_the_same_ppm(ppm: float) -> None:
    done = recalibrate(_off(ppm), [TRUE[3]])
    assert done.before_ppm == pytest.approx(ppm, abs=1e-3)
    assert done.after_ppm == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(done.spectrum.mz, TRUE, rtol=1e-9)
    assert done.spectrum.intensity.tolist() == [5, 9, 3, 4, 2, 6]
    assert (done.spectrum.precursor_mz, done.spectrum.ionisation) == (304.1543, "DART")
    assert not done.estimated
    assert done.window_ppm == 7.0


@settings(max_examples=30)
@given(ppm=st.floats(-8, 8), slope=st.floats(-0.015, 0.015), bad=st.integers(0, 4))
def test_several_lock_masses_follow_a_slope_and_forgive_a_wrong_one(ppm: float, slope: float, bad: int) -> None:
    spectrum = _off(ppm, slope)
    mz = spectrum.mz.copy()
    mz[bad] *= 1 + 6e-6
    done = recalibrate(MassSpectrum(mz, spectrum.intensity), TRUE)
    others = np.arange(TRUE.size) != bad
    errors = np.abs(done.spectrum.mz / TRUE - 1)[others] * 1e6
    assert np.median(errors) < 2.0
    assert done.locks[bad].after_ppm == pytest.approx(6.0, abs=4.0)
    assert done.window_ppm >= 7.0


def test_beyond_the_outermost_lock_mass_the_error_stays() -> None:
    done = recalibrate(_off(2.0, 0.01), [TRUE[1], TRUE[4]])
    expected = TRUE[5] * (1 + (2.0 + 0.01 * TRUE[5]) * 1e-6) / (1 + (2.0 + 0.01 * TRUE[4]) * 1e-6)
    assert done.spectrum.mz[5] == pytest.approx(expected, abs=1e-6)


def test_a_lock_mass_outside_the_window_is_refused_with_what_to_do() -> None:
    with pytest.raises(SpectrumError, match="measure one with the sample, or widen the window"):
        recalibrate(_off(30.0), [TRUE[3]])
    assert recalibrate(_off(30.0), [TRUE[3]], window_ppm=40).before_ppm == pytest.approx(30.0, abs=1e-3)
    done = recalibrate(_off(3.0), [TRUE[3], 500.5])
    assert done.missing == (500.5,)
    assert done.reasons[-1] == "Not found: 500.5000."


@pytest.mark.parametrize("masses", [[], [0.0], [-5.0], [float("nan")]])
def test_a_lock_mass_must_be_a_mass(masses: list[float]) -> None:
    with pytest.raises(SpectrumError, match="lock mass"):
        recalibrate(_off(1.0), masses)


@settings(max_examples=30)
@given(ppm=st.floats(-15, 15), seed=st.integers(0, 99))
def test_a_shift_of_many_common_ions_is_estimated_and_called_an_estimate(ppm: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ions = rng.choice(np.array(common_ions()), 6, replace=False)
    ions = np.r_[ions, max(common_ions())]
    spectrum = MassSpectrum(ions * (1 + ppm * 1e-6), np.ones(7), ionisation="DART")
    shift = estimate_shift(spectrum)
    assert shift.reliable
    assert shift.ppm == pytest.approx(ppm, abs=3.0)
    done = correct_estimated(spectrum)
    assert done.estimated
    assert done.locks == ()
    assert done.window_ppm >= 8.0
    assert "estimate, not a calibration" in done.reasons[0]
    np.testing.assert_allclose(done.spectrum.mz, np.sort(ions), rtol=4e-6)


def test_too_few_or_only_light_ions_move_nothing_and_widen_the_window() -> None:
    few = MassSpectrum([91.0542 * (1 + 9e-6), 444.4], [1.0, 1.0])
    light = MassSpectrum([*(np.array(common_ions())[:5] * (1 + 19e-6)), 400.0], [1, 1, 1, 1, 1, 5])
    for spectrum in (few, light, MassSpectrum([444.4], [1.0]), MassSpectrum([444.4], [0.0])):
        done = correct_estimated(spectrum)
        assert done.spectrum is spectrum
        assert done.estimated
        assert done.window_ppm == 15.0
        assert "wide window" in done.reasons[0]
    assert estimate_shift(light).reliable
    assert not estimate_shift(few).reliable
    assert estimate_shift(few, known_masses=[]).ions == 0


def test_close_lock_masses_carry_no_slope() -> None:
    spectrum = MassSpectrum([100.0 * (1 + 5e-6), 101.0 * (1 + 9e-6), 600.0 * (1 + 7e-6)], [1, 1, 1])
    done = recalibrate(spectrum, [100.0, 101.0])
    assert done.spectrum.mz[2] == pytest.approx(600.0, abs=1e-5)


def test_a_peak_lost_in_the_noise_is_no_lock_mass() -> None:
    spectrum = MassSpectrum([195.0877, 300.0], [1e-5, 1.0])
    with pytest.raises(SpectrumError, match="no peak"):
        recalibrate(spectrum, [195.0877])
    with pytest.raises(SpectrumError, match="no peak"):
        recalibrate(MassSpectrum([195.0877], [0.0]), [195.0877])


def test_of_two_peaks_in_the_window_the_stronger_is_the_lock_mass() -> None:
    spectrum = MassSpectrum([200.0, 200.002], [1.0, 5.0])
    assert recalibrate(spectrum, [200.001]).before_ppm == pytest.approx(5.0, abs=0.01)
