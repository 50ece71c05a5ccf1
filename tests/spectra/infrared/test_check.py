"""A film in the beam tells how far an infrared instrument is to be trusted that day, or is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments import read, to_absorbance
from spectra import InfraredSpectrum, SpectrumError
from spectra.infrared.check import CheckState, judge, material, materials, measure, widening
from tests.support.budget import size

FILM = "polystyrene_film"


def film(
    shift: float = 0.0, *, step: float = 2.0, noise: float = 1e-4, stretch: float = 0.0, key: str = FILM
) -> InfraredSpectrum:
    """Bands where the material has them, seen by an instrument with that scale."""
    x = np.arange(600.0, 3800.0, step)
    places = np.array(material(key).bands)
    y = sum((0.3 + 0.1 * (k % 3)) / (1 + ((x - p * (1 + stretch) - shift) / 4.0) ** 2) for k, p in enumerate(places))
    return InfraredSpectrum(x, y + noise * np.random.default_rng(7).standard_normal(x.size))


@given(shift=st.floats(-12, 12), step=st.sampled_from([0.4, 1.0, 2.0, 3.9]), key=st.sampled_from(sorted(materials())))
@settings(max_examples=size(6, 24))
def test_a_shift_of_the_scale_is_found_whatever_the_spacing(shift: float, step: float, key: str) -> None:
    found = measure(film(shift, step=step, key=key), key)
    assert found.shift == pytest.approx(shift, abs=0.25)
    assert found.spread < 0.6
    assert sum(band.found is not None for band in found.bands) >= 0.8 * len(found.bands)


def test_shift_decides_between_in_range_drifted_and_out_of_range() -> None:
    states = [judge(measure(film(shift), FILM)).state for shift in (0.0, -0.7, 1.6, -3.0, 5.0, -9.0)]
    assert states == [CheckState.IN_RANGE] * 2 + [CheckState.DRIFTED] * 2 + [CheckState.OUT_OF_RANGE] * 2
    low = judge(measure(film(-3.0), FILM))
    assert "3.0 cm⁻¹ too low" in low.reasons[0]
    factors = [widening(state) for state in (None, *CheckState)]
    assert factors == sorted(factors)
    assert factors[:2] == [1.0, 1.0]
    assert widening(low) == factors[2] > 1.0


def test_a_stretched_scale_scatters_and_a_noisy_spectrum_is_said_to_be() -> None:
    stretched = judge(measure(film(-2.0, stretch=1.2e-3), FILM))
    assert any("scatter" in reason for reason in stretched.reasons)
    noisy = judge(measure(film(noise=3e-3), FILM))
    assert noisy.state is CheckState.OUT_OF_RANGE
    assert "Signal to noise" in noisy.reasons[0]


def test_an_instrument_is_compared_with_its_own_earlier_checks_of_the_same_material_only() -> None:
    usual = measure(film(), FILM)
    worse = replace(usual, signal_to_noise=0.4 * usual.signal_to_noise)  # type: ignore[operator]
    blurred = replace(usual, resolution=4 * usual.resolution + 2)  # type: ignore[operator]
    assert judge(worse, [usual] * 2).state is CheckState.IN_RANGE
    assert "usual for this instrument" in judge(worse, [usual] * 3).reasons[0]
    assert "blurred" in judge(blurred, [usual] * 3).reasons[0]
    other = replace(usual, material="polystyrene_atr")
    assert judge(worse, [other] * 5).state is CheckState.IN_RANGE
    silent = replace(usual, signal_to_noise=None, resolution=None)
    assert judge(silent, [usual] * 3).state is CheckState.IN_RANGE


@pytest.mark.parametrize(
    ("spectrum", "words"),
    [
        (InfraredSpectrum(np.arange(600.0, 3800.0, 2.0), np.zeros(1600)), "does not look like"),
        (
            InfraredSpectrum(np.arange(600.0, 3800.0, 2.0), np.random.default_rng(1).standard_normal(1600)),
            "does not look",
        ),
        (InfraredSpectrum([1.0, 2.0, 3.0], [0.0, 1.0, 0.0]), "too few to find bands"),
        (InfraredSpectrum(np.arange(600.0, 3800.0, 8.0), np.ones(400)), "8.0 cm⁻¹ apart"),
        (InfraredSpectrum(np.arange(600.0, 900.0, 1.0), np.ones(300)), "too few for a check"),
        (film(noise=0.2), "polystyrene film"),
    ],
)
def test_what_is_no_film_says_nothing_of_the_instrument(spectrum: InfraredSpectrum, words: str) -> None:
    with pytest.raises(SpectrumError, match=words):
        measure(spectrum, FILM)


def test_real_films_of_three_laboratories_are_in_range(shared_data: Path) -> None:
    for name in ("ir/spa/absorb.spa", "instruments/spc/Ft-ir.spc", "instruments/jcamp_ir/jtpolys.jdx"):
        found = judge(measure(to_absorbance(read(shared_data / name)[0]), FILM))
        assert found.state is CheckState.IN_RANGE, found.reasons
        assert abs(found.figures.shift) < 0.5
        assert found.figures.resolution == pytest.approx(4.0, abs=1.1)  # as the files state it


def test_of_real_references_none_but_polystyrene_passes_for_a_film(shared_data: Path) -> None:
    held = np.load(shared_data / "ir" / "library_real.npz")
    wrong = []
    for name, curve in zip(held["names"][::3], held["Y"][::3].astype(np.float64), strict=True):
        known = np.isfinite(curve)
        try:
            found = measure(InfraredSpectrum(held["grid"][known], curve[known]), FILM)
        except SpectrumError:
            continue
        if found.spread < 1.0 and "PS" not in name and "Polystyrene" not in name and "Fragment" not in name:
            wrong.append(name)
    assert wrong == []
