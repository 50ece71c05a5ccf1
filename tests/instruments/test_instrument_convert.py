"""Derived views: absorbance, wavenumbers, seconds; the reading itself is never altered."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import UnsupportedVariant, to_absorbance, to_mass_spectrum, to_seconds, to_wavenumber
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import MSP, jcamp, mzml, one, spectrum

X = [1000.0, 1010.0, 1020.0]


def ir(y: list[float], unit: str, x: list[float] = X, x_unit: str = "cm-1") -> Reading:
    return Reading(ReadingKind.IR, x, y, x_unit, unit)  # type: ignore[arg-type]


def test_both_transmittance_scales_give_the_same_absorbance() -> None:
    fraction = to_absorbance(ir([1.0, 0.1, 0.01], "transmittance"))
    percent = to_absorbance(ir([100.0, 10.0, 1.0], "transmittance (%)"))
    np.testing.assert_allclose(fraction.absorbance, [0, 1, 2], atol=1e-12)
    np.testing.assert_allclose(percent.absorbance, fraction.absorbance, atol=1e-12)


def test_a_percent_label_on_fractions_is_not_believed() -> None:
    np.testing.assert_allclose(to_absorbance(ir([1.0, 0.1, 0.5], "transmittance (%)")).absorbance[1], 1)


def test_transmittance_below_a_thousandth_is_cut_not_infinite() -> None:
    np.testing.assert_allclose(to_absorbance(ir([1.0, 0.0, -0.1], "transmittance")).absorbance, [0, 3, 3], atol=1e-12)


def test_reflectance_becomes_the_logarithm_of_its_inverse() -> None:
    np.testing.assert_allclose(
        to_absorbance(ir([10.0, 100.0, 1.0], "reflectance (%)")).absorbance, [1, 0, 2], atol=1e-12
    )


def test_wavelengths_become_wavenumbers_and_minutes_seconds() -> None:
    assert to_wavenumber(np.array([2500.0]), "nm")[0] == 4000
    assert to_wavenumber(np.array([2.5]), "um")[0] == 4000
    assert to_seconds(np.array([1.5]), "min")[0] == 90
    for function, unit in ((to_wavenumber, "min"), (to_seconds, "cm-1"), (to_wavenumber, "")):
        with pytest.raises(UnsupportedVariant):
            function(np.array([1.0]), unit)


def test_the_reading_stays_as_recorded() -> None:
    reading = one(jcamp([50, 40, 30], YUNITS="TRANSMITTANCE"))
    before = reading.y.copy()
    to_absorbance(reading)
    np.testing.assert_array_equal(reading.y, before)
    with pytest.raises(ValueError, match="read-only"):
        reading.y[0] = 1


def test_one_spectrum_is_given_and_a_run_is_refused() -> None:
    assert to_mass_spectrum(one(MSP)).base_peak_mz == 82
    with pytest.raises(UnsupportedVariant):
        to_mass_spectrum(one(mzml(spectrum(0, [50], [1]), spectrum(1, [50], [1]))))
    with pytest.raises(UnsupportedVariant):
        to_absorbance(one(MSP))
