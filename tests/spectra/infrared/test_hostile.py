"""Infrared that is no good spectrum: an answer or a clear sentence at every door, and never a warning of numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import read, to_absorbance
from spectra import InfraredLibrary, InfraredSpectrum, SpectrumError, infrared_quality, starter_infrared_library
from spectra.confidence.air import BENDING, STRETCHING
from spectra.infrared_grid import GRID
from tests.instruments.instrument_files import codes as codes_of
from tests.instruments.instrument_files import jcamp

SCORES = ("first_derivative", "second_derivative", "correlation", "euclid")
Door = Callable[[InfraredLibrary, InfraredSpectrum], object]
DOORS: list[Door] = [
    *(lambda lib, q, score=score: lib.search(q, score=score) for score in SCORES),  # type: ignore[misc]
    lambda lib, q: lib.search_compounds(q),
    lambda lib, q: lib.explain(q, max_components=2),
]
WRONG = {"identified", "probable"}


@pytest.fixture(scope="module")
def library() -> InfraredLibrary:
    """Twelve drugs, as they come with MAST."""
    return starter_infrared_library()


def drug(step: float = 2.0, blur: float = 0.0, height: float = 0.6, low: float = 400.0, high: float = 4000.0,
         noise: float = 2e-4, seed: int = 1) -> InfraredSpectrum:  # fmt: skip
    """The first drug of the starters as an instrument with this spacing, resolution (full width) and range shows it."""
    fine = np.arange(390.0, 4010.0, 0.25)
    known = starter_infrared_library().spectrum(0)
    y = np.interp(fine, known.wavenumber, known.absorbance)
    if blur:
        line = np.exp(-4 * np.log(2) * (np.arange(-4 * blur, 4 * blur + 0.1, 0.25) / blur) ** 2)
        y = np.convolve(y, line / line.sum(), "same")
    x = np.arange(low, high + step / 2, step)
    y = np.interp(x, fine, y)
    y = height * y / y.max()
    return InfraredSpectrum(x, y + noise * np.random.default_rng(seed).standard_normal(x.size))


def remarked(spectrum: InfraredSpectrum) -> set[str]:
    return {remark.code for remark in infrared_quality(spectrum)}


def grades(library: InfraredLibrary, spectrum: InfraredSpectrum) -> set[str]:
    """Of what explain names; none where it refuses the curve with a sentence."""
    try:
        return {c.grade for c in library.explain(spectrum, max_components=2).components}
    except SpectrumError:
        return set()


def jdx(spectrum: InfraredSpectrum, factor: float = 1e-4, **records: object) -> bytes:
    """The absorbance as a file, under whatever the records say."""
    counts = np.rint(spectrum.absorbance / factor).astype(int).tolist()
    first, step = int(spectrum.wavenumber[0]), int(spectrum.wavenumber[1] - spectrum.wavenumber[0])
    return jcamp(counts, first=first, step=step, factor=factor, **records).encode()


def single_beam() -> InfraredSpectrum:
    """Lamp and air: a broad hump, cut by carbon dioxide and the lines of water."""
    x = np.arange(400.0, 4000.0, 2.0)
    lamp = np.exp(-(((x - 1600.0) / 1100.0) ** 2))
    air = sum(h * np.exp(-4 * np.log(2) * ((x - at) / 6.0) ** 2) for at, h in (*STRETCHING, *BENDING))
    air += 4.0 * np.exp(-(((x - 2361.0) / 14.0) ** 2)) + 3.0 * np.exp(-(((x - 2337.0) / 18.0) ** 2))
    return InfraredSpectrum(x, lamp * 10 ** (-0.1 * air))


# --- how it was measured --------------------------------------------------------------------------------------------


def test_a_stated_resolution_counts_more_than_the_spacing() -> None:
    filled = drug(2.0, 16.0)
    assert remarked(filled) == set()
    assert "ir_coarse" in {r.code for r in infrared_quality(filled, resolution=16.0)}
    read_back = read(jdx(filled, RESOLUTION="16 cm-1"))[0]
    assert read_back.meta["resolution_cm1"] == 16.0
    assert "ir_coarse" in remarked(to_absorbance(read_back))
    for stated in ("", "4 at 1000, 10 at 3000", "0", "high", "640"):
        assert "resolution_cm1" not in read(jdx(filled, RESOLUTION=stated))[0].meta


def test_an_axis_that_falls_or_repeats_is_the_same_spectrum(library: InfraredLibrary) -> None:
    rising = drug()
    falling = InfraredSpectrum(rising.wavenumber[::-1], rising.absorbance[::-1])
    assert library.search(falling) == library.search(rising)
    with pytest.raises(SpectrumError, match="repeats a value"):
        InfraredSpectrum(np.repeat(rising.wavenumber, 2), np.repeat(rising.absorbance, 2))
    rows = "\n".join(f"{x:g} {y:.5f}" for x, y in zip(rising.wavenumber, rising.absorbance, strict=True) for _ in "ab")
    (reading,) = read(f"wavenumber (cm-1) absorbance\n{rows}\n".encode(), "a.txt")
    assert "duplicate_x" in codes_of(reading)
    assert library.search(to_absorbance(reading), top=1)[0].name == library.names[0]


# --- values that are something else ----------------------------------------------------------------------------------


def test_an_absorbance_turned_over_is_doubted_never_converted_and_right_once_said(library: InfraredLibrary) -> None:
    y = drug(noise=0.0).absorbance
    file = jdx(InfraredSpectrum(GRID, 100 * (1 - y / y.max())), 0.001, YUNITS="TRANSMITTANCE")
    (reading,) = read(file)
    assert (reading.y_unit, "looks_like_inverted" in codes_of(reading)) == ("transmittance (%)", True)
    (said,) = read(file, y_unit="inverted absorbance (%)")
    assert "looks_like_inverted" not in codes_of(said)
    np.testing.assert_allclose(to_absorbance(said).absorbance, y / y.max(), atol=1e-4)
    assert library.search(to_absorbance(said), top=1)[0].score > 0.999


@given(strongest=st.floats(0.05, 3.2), entry=st.integers(0, 11), offset=st.floats(0.0, 0.2))
def test_a_transmittance_above_a_two_thousandth_is_never_taken_for_an_absorbance_turned_over(
    strongest: float, entry: int, offset: float
) -> None:
    y = starter_infrared_library().spectrum(entry).absorbance
    percent = 100 * 10 ** -(strongest * y / y.max() + offset)
    if percent.min() >= 0.06:
        (reading,) = read(jdx(InfraredSpectrum(GRID, percent), 0.001, YUNITS="TRANSMITTANCE"))
        assert "looks_like_inverted" not in codes_of(reading)


def test_a_chart_that_ran_into_its_stop_is_no_absorbance_turned_over() -> None:
    percent = np.clip(100 * 10 ** (-2 * drug(noise=0.0).absorbance) - 12, 0, None)
    (reading,) = read(jdx(InfraredSpectrum(GRID, percent), 0.001, YUNITS="TRANSMITTANCE"))
    assert "looks_like_inverted" not in codes_of(reading)


def test_reflectance_is_turned_in_the_way_that_is_asked_for(library: InfraredLibrary) -> None:
    (reading,) = read(jdx(InfraredSpectrum(GRID, 100 * 10 ** -drug().absorbance), 0.001, YUNITS="%REFLECTANCE"))
    np.testing.assert_allclose(to_absorbance(reading).absorbance, drug().absorbance, atol=1e-4)
    munk = to_absorbance(reading, reflectance="kubelka-munk").absorbance
    fraction = reading.y / 100
    np.testing.assert_allclose(munk, (1 - fraction) ** 2 / (2 * fraction), rtol=1e-9)
    (diffuse,) = read(
        jdx(InfraredSpectrum(GRID, 100 * fraction), 0.001, YUNITS="%REFLECTANCE"), y_unit="diffuse reflectance (%)"
    )
    np.testing.assert_allclose(to_absorbance(diffuse).absorbance, munk, rtol=1e-3)
    with pytest.raises(ValueError, match="no conversion of reflectance"):
        to_absorbance(reading, reflectance="guess")
    assert library.search(to_absorbance(reading), top=1)[0].name == library.names[0]


def test_a_single_beam_under_the_name_of_absorbance_is_told_and_a_drug_in_moist_air_is_not() -> None:
    assert "ir_single_beam" in remarked(single_beam())
    dry = drug()
    for depth in (0.05, -0.05):
        air = depth * np.exp(-(((GRID - 2355.0) / 20.0) ** 2))
        assert "ir_single_beam" not in remarked(InfraredSpectrum(GRID, dry.absorbance + air))


# --- nothing there ---------------------------------------------------------------------------------------------------


def _noise(scale: float, seed: int = 3) -> InfraredSpectrum:
    return InfraredSpectrum(GRID, scale * np.random.default_rng(seed).standard_normal(GRID.size))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused_before_anything_is_compared(value: float) -> None:
    y = drug().absorbance.copy()
    y[700] = value
    with pytest.raises(SpectrumError, match="not a finite number"):
        InfraredSpectrum(GRID, y)
    with pytest.raises(SpectrumError, match="not a finite number"):
        InfraredSpectrum(np.where(np.arange(GRID.size) == 3, value, GRID), drug().absorbance)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.arange(400.0, 419.0), "at least 20 points"),
        (np.arange(5000.0, 8000.0, 4.0), "no point between 400 and 4000"),
        (np.linspace(400.0, 4000.0, 40), "apart"),
    ],
    ids=["19 points", "near infrared", "92 cm⁻¹ apart"],
)
def test_what_cannot_be_compared_is_refused_at_every_door(
    library: InfraredLibrary, door: Door, x: np.ndarray, words: str
) -> None:
    with pytest.raises(SpectrumError, match=words):
        door(library, InfraredSpectrum(x, np.sin(x / 40.0)))


# --- the library ------------------------------------------------------------------------------------------------------


@given(
    scale=st.sampled_from([1e-12, 1e-6, 1.0, 1e6, 1e12]),
    offset=st.floats(-1e3, 1e3),
    spikes=st.lists(st.integers(0, GRID.size - 1), max_size=4),
)
def test_any_finite_curve_gets_an_answer_or_a_sentence(scale: float, offset: float, spikes: list[int]) -> None:
    y = scale * drug().absorbance + offset
    y[spikes] += 50.0 * scale
    spectrum = InfraredSpectrum(GRID, y)
    for remark in infrared_quality(spectrum):
        assert remark.text.endswith(".")
    for score in SCORES:
        for candidate in starter_infrared_library().search(spectrum, score=score):
            assert 0.0 < candidate.score <= 1.0 + 1e-6


def test_wavelengths_are_turned_and_under_the_name_of_wavenumbers_doubted(library: InfraredLibrary) -> None:
    y = drug().absorbance[::-1]
    told = "\n".join(f"{a:.6f} {b:.5f}" for a, b in zip(1e7 / GRID[::-1], y, strict=True))
    (reading,) = read(f"wavelength (nm) absorbance\n{told}\n".encode(), "a.txt", kind="ir")
    assert library.search(to_absorbance(reading), top=1)[0].name == library.names[0]
    (mislabelled,) = read(f"wavenumber (cm-1) absorbance\n{told}\n".encode(), "a.txt")
    assert "looks_like_wavelength" in codes_of(mislabelled)
    assert "ir_axis_unit" in remarked(to_absorbance(mislabelled))
