"""Infrared search beyond the default: peaks, resolutions, Raman, and spectra that are no good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum, LibraryEntry, Provenance, SpectrumError
from spectra.index.infrared_peaks import PeakLists, peaks
from spectra.index.infrared_resolution import degraded, resolution_of
from spectra.infrared_grid import CO2, GRID
from spectra.starter import lorentzians, starter_infrared_library

BANDS = ((700.0, 0.6, 16.0), (1030.0, 0.4, 18.0), (1240.0, 1.0, 20.0), (1650.0, 0.8, 18.0), (2950.0, 0.5, 24.0))
Y = lorentzians(GRID, list(BANDS))


def _library(*curves: np.ndarray, technique: str = "FTIR", axis: np.ndarray = GRID) -> InfraredLibrary:
    names = [f"entry {k}" for k in range(len(curves))]
    info = {"technique": technique}
    return InfraredLibrary.from_arrays(axis, list(curves), names=names, compounds=names, info=info)


# -- peaks ---------------------------------------------------------------------------------------------


def test_peaks_stand_where_the_bands_are_and_as_high() -> None:
    position, height = peaks(Y + 0.3 * (GRID / 4000) ** 2)
    np.testing.assert_allclose(position, [b[0] for b in BANDS], atol=1.0)
    np.testing.assert_allclose(height, [b[1] for b in BANDS], atol=0.06)


def test_air_and_gaps_make_no_peaks() -> None:
    air = Y + lorentzians(GRID, [(2349.0, 2.0, 20.0)]) * CO2
    assert peaks(air)[0].size == len(BANDS)
    assert peaks(air, air=False)[0].size > len(BANDS)
    gap = np.where((GRID > 1150) & (GRID < 1700), np.nan, Y)
    assert peaks(gap)[0].size == 3
    assert peaks(np.full(GRID.size, np.nan))[0].size == 0
    assert peaks(np.full(GRID.size, 0.7))[0].size == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), tolerance=st.sampled_from([1.0, 4.0, 9.0]))
def test_peak_scores_equal_the_formula_peak_by_peak(seed: int, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    drawn = [
        lorentzians(GRID, [(rng.uniform(450, 3900), rng.uniform(0.2, 1), 15.0) for _ in range(rng.integers(1, 9))])
        for _ in range(5)
    ]
    drawn[1] = np.where(GRID < 900, np.nan, drawn[0])
    query = drawn[0] if rng.random() < 0.5 else np.where(GRID > 2500, np.nan, drawn[2])
    found = PeakLists.of(drawn[1:]).answer(query, tolerance)
    x, h = peaks(query)
    for k, curve in enumerate(drawn[1:]):
        y, g = peaks(curve)
        close = np.maximum(1 - np.abs(x[:, None] - y) / (2 * tolerance), 0) * (np.abs(x[:, None] - y) <= tolerance)
        known = np.isfinite(curve)[np.rint((x - 400) / 2).astype(int)]
        seen = np.isfinite(query)[np.rint((y - 400) / 2).astype(int)]
        forward = (h * close.max(axis=1, initial=0)).sum() / h[known].sum() if known.sum() >= 3 else 0.0
        back = (g * close.max(axis=0, initial=0))[seen].sum() / g[seen].sum() if seen.sum() >= 3 else 0.0
        assert found.forward[k] == pytest.approx(forward, abs=1e-12)
        assert found.reverse[k] == pytest.approx(back, abs=1e-12)
        assert found.matched[k] == int((close > 0).any(axis=1).sum())


# -- resolution ------------------------------------------------------------------------------------------


def test_entries_of_several_resolutions_are_each_met_at_theirs(tmp_path: object) -> None:
    narrow = lorentzians(GRID, [(p, h, 7.0) for p, h, _ in BANDS])
    terms, told = Provenance("test", "none"), {"resolution_cm1": 16}
    entries = [
        LibraryEntry("1", "fine", "A", "FTIR", InfraredSpectrum(GRID, narrow), terms),
        LibraryEntry("2", "coarse", "B", "FTIR", InfraredSpectrum(GRID, degraded(narrow, 4, 8), 8.0), terms),
        LibraryEntry("3", "told", "C", "FTIR", InfraredSpectrum(GRID, degraded(narrow, 4, 16)), terms, meta=told),
    ]
    library = InfraredLibrary.build(entries)
    library.save(f"{tmp_path}/lib")
    for one in (library, InfraredLibrary.open(f"{tmp_path}/lib")):
        assert one.resolution.tolist() == [4, 8, 16]
        assert [row.score > 0.9999 for row in one.search(InfraredSpectrum(GRID, narrow), score="first_derivative")] == [
            True
        ] * 3
        coarse = one.search(InfraredSpectrum(GRID, degraded(narrow, 4, 8), 8.0), score="first_derivative")
        assert [row.score > 0.9999 for row in coarse] == [True] * 3


@pytest.mark.parametrize(
    ("step", "stated", "expected"),
    [(0.5, None, 4), (2.0, None, 4), (3.857, None, 8), (7.714, None, 16), (1.0, 16.0, 16), (16.0, None, 32), (8.0, 4.0, 4)],
)  # fmt: skip
def test_resolution_is_what_the_file_says_else_what_the_points_allow(
    step: float, stated: float | None, expected: int
) -> None:
    axis = np.arange(600.0, 3900.0, step)
    assert resolution_of(InfraredSpectrum(axis, np.zeros(axis.size), stated)) == expected


def test_what_is_too_coarse_is_refused_with_a_sentence() -> None:
    axis = np.arange(400.0, 4000.0, 20.0)
    with pytest.raises(SpectrumError, match=r"20 cm⁻¹ apart.*measure again at 8 cm⁻¹ or finer"):
        starter_infrared_library().search(InfraredSpectrum(axis, np.sin(axis)), score="first_derivative")
    with pytest.raises(SpectrumError, match="a resolution of 64 cm⁻¹ cannot be used, only up to 32"):
        starter_infrared_library().search(InfraredSpectrum(GRID, Y, resolution=64), score="first_derivative")
    with pytest.raises(SpectrumError, match="20 cm⁻¹ apart"):
        _library(np.sin(axis), axis=axis)


# -- Raman -----------------------------------------------------------------------------------------------


def test_raman_compares_where_carbon_dioxide_would_absorb() -> None:
    nitrile = Y + lorentzians(GRID, [(2330.0, 1.0, 12.0)])
    query = InfraredSpectrum(GRID, nitrile + 3 * np.exp(-GRID / 1500), technique="Raman")
    rows = _library(Y, nitrile, technique="Raman").search(query, score="first_derivative")
    assert rows[0].entry == 1
    assert rows[0].score > rows[1].score + 0.05
    blind = _library(Y, nitrile).search(InfraredSpectrum(GRID, nitrile), score="first_derivative")
    assert blind[0].score == pytest.approx(blind[1].score, abs=1e-2)


def test_raman_refuses_scores_that_fluorescence_decides() -> None:
    library = _library(Y, technique="Raman 785 nm")
    for score in ("correlation", "euclid"):
        with pytest.raises(SpectrumError, match=r"fluorescence.*use first_derivative"):
            library.search(InfraredSpectrum(GRID, Y), score=score)
    for score in ("first_derivative", "second_derivative", "peaks", "peaks_reverse"):
        assert library.search(InfraredSpectrum(GRID, Y, technique="Raman"), score=score)[0].score > 0.999


def test_infrared_and_raman_are_never_compared() -> None:
    with pytest.raises(SpectrumError, match=r"holds infrared spectra and the reading is Raman.*nothing was compared"):
        starter_infrared_library().search(InfraredSpectrum(GRID, Y, technique="Raman"), score="first_derivative")
    with pytest.raises(SpectrumError, match="holds Raman spectra and the reading is infrared"):
        _library(Y, technique="Raman").search_compounds(
            InfraredSpectrum(GRID, Y, technique="IR"), score="first_derivative"
        )
    terms = Provenance("test", "none")
    mixed = [LibraryEntry(t, t, t, t, InfraredSpectrum(GRID, Y), terms) for t in ("FTIR", "Raman")]
    with pytest.raises(SpectrumError, match="build one library of each"):
        InfraredLibrary.build(mixed)


# -- spectra and libraries that are no good --------------------------------------------------------------


@pytest.mark.parametrize("score", ["first_derivative", "correlation", "peaks_reverse"])
def test_an_empty_library_finds_nothing(score: str, tmp_path: object) -> None:
    library = InfraredLibrary.from_arrays(GRID, np.zeros((0, GRID.size)), names=[], compounds=[])
    library.save(f"{tmp_path}/lib")
    for one in (library, InfraredLibrary.open(f"{tmp_path}/lib")):
        assert one.search(InfraredSpectrum(GRID, Y), score=score) == []
        assert one.search_compounds(InfraredSpectrum(GRID, Y), score=score) == []


def test_the_margin_looks_past_identical_entries() -> None:
    other = lorentzians(GRID, [(820.0, 0.9, 16.0), (1245.0, 0.7, 16.0), (3300.0, 0.8, 40.0)])
    library = _library(*[Y * (1 + 0.01 * k) for k in range(15)], other)
    rows = library.search_compounds(InfraredSpectrum(GRID, Y), top=5, score="first_derivative")
    assert [row.entry for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0].margin == pytest.approx(
        1.0 - library.search(InfraredSpectrum(GRID, Y), top=16, score="first_derivative")[15].score, abs=1e-6
    )
    assert len(rows[0].ambiguous_with) == 14
