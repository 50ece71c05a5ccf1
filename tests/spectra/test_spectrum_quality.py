"""Quality gates warn about spectra that should not be compared."""

from __future__ import annotations

import numpy as np

from spectra import InfraredSpectrum, MassSpectrum, infrared_quality, mass_quality
from spectra.infrared_grid import GRID
from spectra.starter import starter_infrared_library
from tests.spectra.spectrum_builders import MDMA


def _spectrum(scale: float = 1.0, noise: float = 1e-4, offset: float = 0.0) -> InfraredSpectrum:
    curve = starter_infrared_library().spectrum(0).absorbance
    curve = curve / curve.max() * scale
    return InfraredSpectrum(GRID, curve + noise * np.random.default_rng(1).standard_normal(GRID.size) + offset)


def _codes(spectrum: InfraredSpectrum) -> set[str]:
    return {r.code for r in infrared_quality(spectrum)}


def test_weak_noisy_saturated_and_negative_spectra_are_named() -> None:
    assert _codes(_spectrum(scale=0.03, noise=1e-5)) == {"ir_weak"}
    assert _codes(_spectrum(noise=0.03)) >= {"ir_noisy"}
    assert _codes(_spectrum(scale=1.8)) == {"ir_saturated"}
    assert _codes(_spectrum(offset=-0.2)) == {"ir_negative_lobes"}


def test_a_spectrum_that_cannot_be_compared_is_an_error() -> None:
    remarks = infrared_quality(InfraredSpectrum([1.0, 2.0], [1.0, 1.0]))
    assert [(r.code, r.level.value) for r in remarks] == [("ir_not_usable", "error")]


def test_mass_spectra_of_air_bleed_or_few_peaks_are_named() -> None:
    assert mass_quality(MDMA) == []
    assert [r.code for r in mass_quality(MassSpectrum([28, 32, 44, 58, 91, 134], [999, 300, 50, 20, 20, 20]))] == [
        "ms_air"
    ]
    assert [r.code for r in mass_quality(MassSpectrum([207, 281, 73, 58, 91, 134], [999, 300, 50, 20, 20, 20]))] == [
        "ms_bleed"
    ]
    assert [r.code for r in mass_quality(MassSpectrum([58, 91], [999, 300]))] == ["ms_few_peaks"]
    assert [r.code for r in mass_quality(MassSpectrum([58], [0]))] == ["ms_no_peaks"]
