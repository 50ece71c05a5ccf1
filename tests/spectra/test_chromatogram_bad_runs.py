"""Runs that are none: empty, flat, too short, silent, wild. Nothing is found, nothing fails, numpy says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassRun, MassSpectrum, SpectrumError, find_components, read_run
from spectra.chromatogram.background import baseline
from spectra.chromatogram.traces import MOST_CELLS, traces_of
from spectra.chromatogram.unmix import nonnegative
from tests.support.budget import size


def run_of(heights: list[float] | np.ndarray, mz: tuple[float, ...] = (58.0, 91.0)) -> MassRun:
    return MassRun([MassSpectrum(mz, [float(h)] * len(mz)) for h in heights], np.arange(float(len(heights))))


@pytest.mark.parametrize(
    "run",
    [
        MassRun([], []),
        run_of([5.0]),
        run_of([0.0] * 30),
        run_of([1.0, 9.0, 1.0]),
        run_of([7.0] * 200),
        run_of(np.linspace(0, 1000, 200)),
        run_of([0.0] * 40 + [5.0] + [0.0] * 40),
    ],
    ids=["no scan", "one scan", "silence", "three scans", "flat", "a ramp", "one lit scan"],
)
def test_a_run_without_peaks_gives_none_and_says_so(run: MassRun) -> None:
    found = find_components(run)
    assert found.components == ()
    assert [r.code for r in found.remarks] == ["run_no_peaks"]
    report = read_run(run)
    assert (report.peaks, report.summary, report.unnamed_percent) == ((), (), 0)


def test_a_time_that_is_not_a_number_is_refused_with_a_sentence() -> None:
    run = MassRun([MassSpectrum([58], [1])] * 3, [0.0, np.nan, 2.0])
    with pytest.raises(SpectrumError, match="retention time"):
        traces_of(run)


def test_masses_of_no_mass_spectrum_and_too_large_a_run_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpectrumError, match="not a mass spectrum"):
        traces_of(run_of([1.0] * 3, (58.0, 5e6)))
    monkeypatch.setattr("spectra.chromatogram.traces.MOST_CELLS", 10)
    with pytest.raises(SpectrumError, match="too many"):
        traces_of(run_of([1.0] * 30))
    assert MOST_CELLS == 60_000_000


@settings(max_examples=size(20, 40), deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 12), st.sampled_from([0.0, 1.0, 1e-8, 1e9]))
def test_whatever_stands_in_a_run_nothing_fails_and_areas_are_finite(
    seed: int, scans: int, ions: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    spectra = [
        MassSpectrum(rng.uniform(10, 300, ions), rng.exponential(1, ions) ** 4 * scale * rng.integers(0, 2, ions))
        for _ in range(scans)
    ]
    times = rng.choice([np.arange(scans), rng.uniform(0, 100, scans), np.zeros(scans)])
    for one in find_components(MassRun(spectra, times)).components:
        assert np.isfinite([one.area, one.height, one.width_s, one.signal_to_noise, one.own_share]).all()
        assert one.area >= 0
        assert (one.spectrum.intensity > 0).any()


def test_the_baseline_lies_under_peaks_and_follows_a_drift() -> None:
    t = np.arange(600.0)
    drift = 100 + 0.5 * t
    trace = (drift + 5000 * np.exp(-0.5 * ((t - 300) / 4) ** 2)).astype(np.float32)[:, None]
    assert np.abs(baseline(trace)[:, 0] - drift).max() < 30
    assert baseline(np.zeros((0, 3), np.float32)).shape == (0, 3)


@settings(max_examples=size(20, 60), deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_grouped_non_negative_least_squares_equals_the_textbook(seed: int, size: int) -> None:
    from scipy.optimize import nnls

    rng = np.random.default_rng(seed)
    shapes, data = np.abs(rng.normal(size=(12, size))), rng.normal(size=(12, 7))
    ours = nonnegative(shapes.T @ shapes, shapes.T @ data)
    for k in range(7):
        theirs, _ = nnls(shapes, data[:, k])
        assert np.linalg.norm(shapes @ ours[:, k] - data[:, k]) == pytest.approx(
            np.linalg.norm(shapes @ theirs - data[:, k]), rel=1e-6
        )
