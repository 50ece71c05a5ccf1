"""Figures of quality: a known noise is measured, the air is told from the sample, and full detectors are seen."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from spectra import InfraredSpectrum, Level, MassSpectrum
from spectra.confidence.air import BENDING, BRANCHES, STRETCHING, carbon_dioxide, water_vapour
from spectra.confidence.figures import (
    Figure,
    chromatogram_figures,
    flat_top,
    single_beam_figures,
    ultraviolet_figures,
)
from spectra.confidence.figures_infrared import infrared_figures, raman_figures
from spectra.confidence.figures_mass import is_profile, mass_figures, run_figures
from spectra.confidence.quality import infrared_quality, signal_to_noise

BANDS = ((700, 0.3, 12), (1050, 0.6, 25), (1620, 0.4, 20), (1712, 1.0, 15), (2930, 0.5, 40), (3350, 0.7, 350))
"""cm⁻¹, height, full width at half height: carbonyl, aromatic and a broad O–H band, and no water of the air."""


def spectrum(
    step: float = 2.0, noise: float = 0.0, scale: float = 1.0, water: float = 0.0, width: float = 4.0, seed: int = 1
) -> InfraredSpectrum:
    """A sample of bands, with white noise and with vapour lines of the given height and width."""
    x = np.arange(400.0, 4000.0 + step / 2, step)
    y = sum(gaussian(x, at, height, wide) for at, height, wide in BANDS) * scale
    y = y + sum(gaussian(x, at, water * height, width) for at, height in (*STRETCHING, *BENDING))
    return InfraredSpectrum(x, y + noise * np.random.default_rng(seed).standard_normal(x.size))


def gaussian(x: np.ndarray, at: float, height: float, width: float) -> np.ndarray:
    return height * np.exp(-4 * np.log(2) * ((x - at) / width) ** 2)


def by_key(figures: list[Figure]) -> dict[str, Figure]:
    found = {figure.key: figure for figure in figures}
    assert len(found) == len(figures)
    for figure in figures:
        assert not re.search(r"\b(good|clean|pure|safe|pass|fine)\b", f"{figure.label} {figure.sentence}".lower())
    return found


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("ratio", [20, 60, 400])
def test_a_known_signal_to_noise_is_found_within_a_fifth(step: float, ratio: int) -> None:
    found = [signal_to_noise(spectrum(step, noise=1 / ratio, seed=seed), 1.0) for seed in range(9)]
    assert float(np.median(found)) == pytest.approx(ratio, rel=0.2)


def test_noise_is_not_made_smaller_by_zero_filling() -> None:
    rng, n = np.random.default_rng(3), 1024
    measured = np.fft.rfft(rng.standard_normal(n))
    filled = 2 * np.fft.irfft(np.r_[measured, np.zeros(n // 2)], 2 * n)
    x = 400 + 3.6 * np.arange(2 * n) / 2
    y = filled[: x.size] * 0.01 + gaussian(x, 1700, 1.0, 20)
    found = signal_to_noise(InfraredSpectrum(x, y), 1.0)
    assert found is not None
    assert 60 < found < 160  # neighbouring points alone say 250


def test_noise_that_was_not_measured_is_not_invented() -> None:
    whole = spectrum(noise=0.01)
    part = whole.wavenumber < 2000
    assert signal_to_noise(InfraredSpectrum(whole.wavenumber[part], whole.absorbance[part])) is None
    assert signal_to_noise(spectrum(step=25.0, noise=0.01)) is None
    figure = by_key(infrared_figures(InfraredSpectrum(whole.wavenumber[part], whole.absorbance[part])))["snr"]
    assert (figure.value, figure.level) == (None, Level.INFO)
    assert "not measured" in figure.sentence
    flat = by_key(infrared_figures(InfraredSpectrum(whole.wavenumber, np.where(whole.wavenumber > 3000, 1.0, 0.0))))
    assert flat["snr"].value is None
    assert "smoothed or computed" in flat["snr"].sentence


def test_the_figure_and_the_gate_say_the_same_about_noise() -> None:
    noisy, quiet = spectrum(noise=0.05), spectrum(noise=0.002)
    assert by_key(infrared_figures(noisy))["snr"].level is Level.WARNING
    assert "ir_noisy" in {r.code for r in infrared_quality(noisy)}
    figure = by_key(infrared_figures(quiet))["snr"]
    assert figure.level is Level.INFO
    assert figure.sentence.startswith("enough: 60 or more")
    assert "ir_noisy" not in {r.code for r in infrared_quality(quiet)}


@pytest.mark.parametrize("height", [0.03, -0.03])
@pytest.mark.parametrize(("step", "width"), [(0.5, 1.0), (1.0, 4.0), (2.0, 4.0), (2.0, 8.0), (4.0, 8.0)])
def test_water_lines_that_were_added_are_found_with_their_height(step: float, width: float, height: float) -> None:
    found = water_vapour(spectrum(step, noise=0.001, water=height, width=width))
    assert found is not None
    assert found.seen
    assert found.height == pytest.approx(height, rel=0.35)
    figure = by_key(infrared_figures(spectrum(step, noise=0.001, water=height, width=width)))["water"]
    assert figure.level is Level.WARNING
    assert ("background held more" in figure.sentence) == (height < 0)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01, 0.05])
@pytest.mark.parametrize("step", [0.5, 2.0, 4.0])
def test_a_dry_spectrum_with_broad_bands_shows_no_water(step: float, noise: float) -> None:
    for seed in range(5):
        found = water_vapour(spectrum(step, noise=noise, seed=seed))
        assert found is not None
        assert not found.seen, found
    assert by_key(infrared_figures(spectrum(step, noise=noise)))["water"].value == "not seen"


def test_a_little_water_is_told_without_a_warning() -> None:
    figure = by_key(infrared_figures(spectrum(noise=1e-4, water=0.01)))["water"]
    assert figure.level is Level.INFO
    assert figure.unit == "%"
    assert isinstance(figure.value, float)
    assert 0.6 < figure.value < 1.4


@pytest.mark.parametrize("height", [0.05, -0.05])
def test_carbon_dioxide_is_found_on_a_sloping_band(height: float) -> None:
    base = spectrum(noise=0.001)
    x = base.wavenumber
    air = sum(gaussian(x, at, height * share, width) for at, share, width in BRANCHES)
    slope = gaussian(x, 2500, 0.4, 500)  # the N–H of a salt
    found = carbon_dioxide(InfraredSpectrum(x, base.absorbance + slope + air))
    assert found is not None
    assert found.seen
    assert found.height == pytest.approx(height, rel=0.25)
    dry = carbon_dioxide(InfraredSpectrum(x, base.absorbance + slope))
    assert dry is not None
    assert not dry.seen


def test_a_band_above_the_limit_a_weak_one_and_a_dip_ask_to_be_looked_at() -> None:
    strong = by_key(infrared_figures(spectrum(scale=1.8)))["strongest"]
    assert (strong.level, strong.unit) == (Level.WARNING, "absorbance")
    assert "flattened" in strong.sentence
    assert "1712 cm⁻¹" in strong.sentence
    assert by_key(infrared_figures(spectrum(scale=0.02)))["strongest"].level is Level.WARNING
    usual = spectrum(scale=0.5)
    assert by_key(infrared_figures(usual))["strongest"].level is Level.INFO
    assert by_key(infrared_figures(usual))["dip"].value == "none"
    dipped = InfraredSpectrum(usual.wavenumber, usual.absorbance - gaussian(usual.wavenumber, 2000, 0.1, 60))
    dip = by_key(infrared_figures(dipped))["dip"]
    assert dip.level is Level.WARNING
    assert dip.value == pytest.approx(-20, abs=2)
    assert "ir_negative_lobes" in {r.code for r in infrared_quality(dipped)}


def test_range_spacing_and_resolution_are_told() -> None:
    found = by_key(infrared_figures(spectrum(), resolution=4.0))
    assert (found["range"].value, found["range"].sentence) == ("4000 to 400", "1,801 points")
    assert (found["spacing"].value, found["resolution"].value) == (2.0, 4.0)
    assert "resolution" not in by_key(infrared_figures(spectrum()))


def test_a_single_beam_is_told_as_such_and_nothing_is_said_of_bands() -> None:
    x = np.linspace(4000, 400, 500)
    found = by_key(single_beam_figures(x, 30 * np.exp(-(((x - 2000) / 900) ** 2)), "cm-1"))
    assert found["single_beam"].level is Level.WARNING
    assert "divided by its background" in found["single_beam"].sentence
    assert not {"snr", "strongest", "water"} & set(found)


def test_raman_noise_leaves_fluorescence_out_and_a_full_detector_is_seen() -> None:
    x = np.arange(200.0, 3300.0, 2.0)
    glow = 2000 * np.exp(-(((x - 1500) / 1800) ** 2))
    bands = gaussian(x, 1000, 1000, 12) + gaussian(x, 1600, 400, 15)
    noise = 10 * np.random.default_rng(0).standard_normal(x.size)
    found = by_key(raman_figures(InfraredSpectrum(x, glow + bands + noise), unit="counts"))
    assert found["snr"].value == pytest.approx(100, rel=0.25)
    assert (found["strongest"].unit, found["strongest"].level) == ("counts", Level.INFO)
    full = by_key(raman_figures(InfraredSpectrum(x, np.minimum(glow + bands + noise, 2300))))
    assert full["strongest"].level is Level.WARNING
    assert "detector was full" in full["strongest"].sentence
    weak = by_key(raman_figures(InfraredSpectrum(x, glow + 0.05 * bands + noise)))
    assert weak["snr"].level is Level.WARNING
    short = by_key(raman_figures(InfraredSpectrum([100.0, 101.0, 102.0], [1.0, 2.0, 1.0])))
    assert short["snr"].value is None


def test_a_uv_spectrum_that_takes_nearly_all_light_asks_to_be_looked_at() -> None:
    x = np.linspace(200, 400, 201)
    y = gaussian(x, 280, 2.6, 40)
    assert by_key(ultraviolet_figures(x, y, "nm", "absorbance"))["highest"].level is Level.WARNING
    assert by_key(ultraviolet_figures(x, y / 2, "nm", "absorbance"))["highest"].level is Level.INFO
    assert by_key(ultraviolet_figures(x, y, "nm", "intensity"))["highest"].level is Level.INFO


def test_the_largest_peak_and_the_noise_of_a_chromatogram() -> None:
    x = np.linspace(0, 20, 2001)
    y = 50 + gaussian(x, 7.5, 1000, 0.2) + 2 * np.random.default_rng(0).standard_normal(x.size)
    found = by_key(chromatogram_figures(x, y, "min", "counts"))
    assert found["largest_peak"].value == pytest.approx(1000, rel=0.02)
    assert "at 7.5 min" in found["largest_peak"].sentence
    assert found["noise"].value == pytest.approx(2, rel=0.2)
    assert (found["range"].value, found["range"].sentence) == ("0 to 20", "2,001 points")
    cut = by_key(chromatogram_figures(x, np.minimum(y, 600), "min", "counts"))
    assert cut["largest_peak"].level is Level.WARNING


def profile(top: float = 1e6, cap: float = np.inf) -> MassSpectrum:
    mz = np.arange(50, 60, 0.02)
    y = sum(top * share * np.exp(-0.5 * ((mz - at) / 0.1) ** 2) for at, share in ((53, 1.0), (55, 0.6), (58, 0.2)))
    return MassSpectrum(mz, np.minimum(y, cap))


def test_few_peaks_and_none_at_all_ask_to_be_looked_at() -> None:
    assert by_key(mass_figures(MassSpectrum([58, 91], [9, 3])))["peaks"].level is Level.WARNING
    empty = by_key(mass_figures(MassSpectrum([58], [0])))
    assert (empty["base_peak"].value, empty["base_peak"].level) == (None, Level.WARNING)


def test_a_profile_and_its_flat_top_are_seen() -> None:
    assert by_key(mass_figures(profile()))["form"].value == "profile"
    assert by_key(mass_figures(profile()))["peaks"].label == "Points"
    full = by_key(mass_figures(profile(cap=5e5)))["full"]
    assert full.level is Level.WARNING
    assert "flat over" in full.sentence
    rng = np.random.default_rng(0)
    dense = MassSpectrum(np.sort(rng.uniform(100, 120, 400)), rng.uniform(1, 2, 400))
    assert not is_profile(dense)


def run(cap: float = np.inf) -> tuple[list[MassSpectrum], np.ndarray, np.ndarray]:
    time_s = np.linspace(0, 600, 61)
    heights = 10 + 1e5 * np.exp(-0.5 * ((time_s - 300) / 25) ** 2)
    scans = [MassSpectrum([44, 58, 91 + k % 3], [0.1 * h, min(h, cap), 0.2 * h]) for k, h in enumerate(heights)]
    return scans, np.array([float(s.intensity.sum()) for s in scans]), time_s


def test_scans_that_end_at_the_same_height_are_a_full_detector() -> None:
    full = by_key(run_figures(*run(cap=5e4), "s"))["full"]
    assert full.level is Level.WARNING
    assert "scans after one another" in full.sentence


def test_levels_of_scans_are_counted_and_an_empty_run_is_told() -> None:
    scans = [MassSpectrum([58], [9], ms_level=1), MassSpectrum([58, 91], [1, 2], ms_level=2)]
    found = by_key(run_figures(scans, np.array([9.0, 3.0]), np.array([0.0, 1.0]), "min"))
    assert found["scans"].sentence == "from 0 to 1 min, 1 of level 1, 1 of level 2"
    nothing = by_key(run_figures([MassSpectrum([58], [0])], np.array([0.0]), np.array([0.0]), "s"))
    assert nothing["tic"].level is Level.WARNING


# -- real files ------------------------------------------------------------------------------------


def test_water_is_seen_in_spectra_of_humid_air_and_read_as_too_much_or_too_little(shared_data: Path) -> None:
    from instruments import formats, read, to_absorbance

    if "spa" not in {known.name for known in formats()} and "omnic" not in {known.name for known in formats()}:
        pytest.skip("this copy of MAST reads no OMNIC files")
    folder = shared_data / "ir" / "spa"
    seen = {}
    for name in ("PAR1628-SE.SPA", "PAR1630-SE.SPA", "KLH293-Ot.SPA", "advatrref.SPA", "113361_2-22.SPA"):
        found = water_vapour(to_absorbance(read(folder / name)[0]))
        assert found is not None
        seen[name] = (found.seen, found.height > 0)
    assert seen["PAR1628-SE.SPA"] == (True, True)
    assert seen["KLH293-Ot.SPA"] == (True, True)
    assert seen["PAR1630-SE.SPA"] == (True, False)
    assert seen["advatrref.SPA"] == (True, False)
    assert not seen["113361_2-22.SPA"][0]


@pytest.mark.parametrize(("values", "points"), [([1, 3, 3, 2, 3], 2), ([2, 2, 2], 0), ([], 0), ([1, 2], 1)])
def test_a_flat_top_is_counted_by_its_neighbours(values: list[float], points: int) -> None:
    assert flat_top(np.array(values, dtype=np.float64)) == points


def test_a_mass_spectrum_names_base_peak_share_range_and_form() -> None:
    found = by_key(mass_figures(MassSpectrum([58, 56, 77, 135, 51, 193], [600, 100, 100, 100, 50, 50])))
    assert (found["base_peak"].value, found["base_peak"].unit) == (58.0, "m/z")
    assert found["base_peak"].sentence == "60 % of the signal of this spectrum"
    assert found["mz_range"].value == "51 to 193"
    assert found["form"].value == "centroid"
    assert found["peaks"].level is Level.INFO
    assert "full" not in found


def test_a_run_names_its_highest_current_base_peak_scans_and_masses() -> None:
    found = by_key(run_figures(*run(), "s"))
    assert found["tic"].value == pytest.approx(1.3e5, rel=0.01)
    assert found["tic"].sentence == "at 300 s (5 min)"
    assert (found["base_peak"].value, found["base_peak"].sentence) == (58.0, "77 % of the signal of the highest scan")
    assert (found["scans"].value, found["scans"].sentence) == (61, "from 0 to 600 s (10 min)")
    assert found["mz_range"].value == "44 to 93"
    assert "full" not in found
