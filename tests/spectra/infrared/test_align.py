"""Alignment: parameters are recovered, the baseline costs nothing, partial ranges are compared on what is common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredSpectrum, SpectrumError
from spectra.infrared.explain import noise_share
from spectra.infrared.fit import State, fit, fit_many
from spectra.infrared.noise import local_variance, mismatch_variance, white_noise
from spectra.infrared.ranking import hits_by_alignment
from spectra.infrared.scene import scene_of
from spectra.infrared.warp import warp
from spectra.infrared_grid import curve
from tests.spectra.infrared.mixed_curves import AXIS, library, reading
from tests.support.budget import size

LIBRARY = library()


def _query(entry: int, shift: float, blur: float, tilt: float, noise: float = 1e-3, seed: int = 0) -> InfraredSpectrum:
    """A reading made with the engine's own warp, so that the parameters are known exactly."""
    scene = scene_of(LIBRARY.references, curve(reading({entry: 1.0})))
    parameters = (np.array([p]) for p in (shift, blur, tilt))
    y = warp(LIBRARY.references.transforms(np.array([entry])), *parameters, scene.window)[0].astype(float)
    rng = np.random.default_rng(seed)
    slope = 0.1 + 0.2 * (scene.axis / 4000.0) ** 2
    return InfraredSpectrum(scene.axis, 0.4 * (y + slope + rng.normal(0, noise, y.size)))


@settings(max_examples=size(6, 24), deadline=None)
@given(entry=st.integers(0, 11), shift=st.floats(-6, 6), blur=st.floats(-1, 12), tilt=st.floats(-0.3, 0.3))
def test_shift_blur_and_tilt_of_an_instrument_are_recovered(entry: int, shift: float, blur: float, tilt: float) -> None:
    scene = scene_of(LIBRARY.references, curve(_query(entry, shift, blur, tilt)))
    found = fit(scene, scene.white, State.single(entry, round(shift / 2) * 2.0), 8)
    total = found.state.alignment.shift + found.state.own[0]
    assert total == pytest.approx(shift, abs=0.05)
    assert found.state.alignment.blur == pytest.approx(blur, abs=0.3)
    assert found.state.alignment.tilt == pytest.approx(tilt, abs=0.02)
    assert found.chi2 / found.n < 1.5


def test_the_aligned_score_finds_the_entry_that_blur_and_noise_hide_and_tells_its_shift() -> None:
    hits = LIBRARY.search(_query(3, -5.0, 16.0, 0.3, noise=0.02), top=3, score="aligned")
    assert [hits[0].name, hits[0].score_name, hits[0].rank] == ["S3", "aligned", 1]
    assert hits[0].score > 0.97 > hits[1].score + 0.1
    assert hits[0].shift == pytest.approx(-5.0, abs=0.5)
    assert len(LIBRARY.search_compounds(_query(3, 0.0, 1.0, 0.0), top=4, score="aligned")) == 4


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
def test_what_the_right_reference_leaves_is_what_noise_leaves(noise: float) -> None:
    query = _query(3, 1.0, 2.0, 0.1, noise=noise)
    first = LIBRARY.search(query, top=1, score="aligned")[0]
    assert first.name == "S3"
    assert noise_share(LIBRARY, query) == pytest.approx(1.0 - first.score**2, rel=0.15)


def test_sets_fitted_together_give_what_they_give_alone_and_equal_entries_do_no_harm() -> None:
    query = curve(reading({1: 0.6, 4: 0.4}))
    scene = scene_of(LIBRARY.references, query)
    starts = [State.single(1).plus(4, 0.3), State.single(1).plus(7, 0.3), State.single(4).plus(4, 0.5)]
    together = fit_many(scene, scene.white, starts, 3)
    for start, one in zip(starts, together, strict=True):
        alone = fit(scene, scene.white, start, 3)
        assert one.chi2 == pytest.approx(alone.chi2, rel=1e-3)
        np.testing.assert_allclose(one.state.share, alone.state.share, atol=2e-3)
    assert min(together, key=lambda f: f.chi2) is together[0]
    assert (together[2].state.share >= 0).all()


def test_noise_is_measured_from_the_reading_and_mismatch_is_told_from_it() -> None:
    rng = np.random.default_rng(5)
    used = np.ones(3000, dtype=bool)
    slope = np.sin(np.arange(3000) / 40.0)
    noise = rng.normal(0, 0.01, 3000)
    assert white_noise(noise + slope, used) == pytest.approx(0.01, rel=0.1)
    assert white_noise(noise[:4], used[:4]) == 0.0
    residual = noise + 0.05 * slope * np.sign(np.sin(np.arange(3000) / 9.0))
    local = local_variance(noise, used, 1e-6)
    height = np.cos(np.arange(3000) / 23.0)
    found = mismatch_variance(residual, local, height, slope, used)
    np.testing.assert_allclose(found.mean(), 0.05**2 * (slope**2).mean(), rtol=0.25)
    assert mismatch_variance(noise, local, height, slope, used).mean() < 2e-5


def test_too_little_in_common_is_refused_with_what_to_do() -> None:
    x = np.arange(3800.0, 4000.0, 2.0)
    with pytest.raises(SpectrumError, match="fewer than 100 points"):
        LIBRARY.explain(InfraredSpectrum(x, np.sin(x)))
    with pytest.raises(SpectrumError, match="fewer than 100 points"):
        hits_by_alignment(LIBRARY, InfraredSpectrum(x, np.sin(x)), top=10)
    assert LIBRARY.search(InfraredSpectrum(x, np.sin(x)), score="aligned") == [], "the first derivative decides"
    with pytest.raises(SpectrumError, match="zero everywhere"):
        LIBRARY.explain(InfraredSpectrum(AXIS, np.zeros(AXIS.size)))
