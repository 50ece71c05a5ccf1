"""The Fourier warp: what a shift, a blur and a tilt do, their slopes, the adjoint, gaps, large libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from spectra.infrared.warp import PADDED, References, filled, unwarp, warp
from spectra.infrared_grid import CO2, GRID

WINDOW = slice(150, 1600)
AXIS = GRID[WINDOW]


def _curves(seed: int = 1, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        at, width, height = rng.uniform(700, 3700, 15), rng.uniform(8, 30, 15), rng.uniform(0.1, 1, 15)
        out.append((height * np.exp(-(((GRID[:, None] - at) / width) ** 2))).sum(axis=1))
    return np.array(out)


def _warped(
    references: References, rows: list[int], shift: float, blur: float, tilt: float, slopes: int = 0
) -> np.ndarray:
    entries = np.array(rows)
    values = (np.full(entries.size, p) for p in (shift, blur, tilt))
    return warp(references.transforms(entries), *values, WINDOW, slopes).astype(np.float64)


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-12, 12), tilt=st.floats(-0.5, 0.5))
def test_a_shift_moves_bands_up_and_a_tilt_weights_them(shift: float, tilt: float) -> None:
    y = np.exp(-(((GRID - 1500.0) / 20.0) ** 2))
    found = _warped(References(y[None].astype(np.float32)), [0], shift, 0.0, tilt)[0]
    expected = np.exp(-(((AXIS - 1500.0 - shift) / 20.0) ** 2)) * (AXIS / 1800.0) ** tilt
    np.testing.assert_allclose(found, expected, atol=5e-6)


def test_a_blur_is_a_gaussian_of_that_variance_and_a_negative_one_undoes_it() -> None:
    y = _curves(3, 1)[0]
    y /= y[~CO2].max()
    inner = slice(100, -100)
    held = References(y[None].astype(np.float32))
    broad = _warped(held, [0], 0.0, 16.0, 0.0)[0]
    np.testing.assert_allclose(broad[inner], gaussian_filter1d(filled(y), 4.0 / 2.0)[WINDOW][inner], atol=2e-4)
    wide = References(gaussian_filter1d(filled(y), np.sqrt(2.0) / 2.0)[None].astype(np.float32))
    sharp = _warped(wide, [0], 0.0, -2.0, 0.0)[0] * wide.sizes[0]
    away = (AXIS < 2220) | (AXIS > 2460)
    away[:100] = away[-100:] = False
    np.testing.assert_allclose(sharp[away], filled(y)[WINDOW][away], atol=1e-3)


def test_the_slopes_are_the_derivatives_by_shift_and_by_blur() -> None:
    held = References(_curves(5).astype(np.float32))
    _, by_shift, by_blur = _warped(held, [1, 3], 2.0, 4.0, 0.1, slopes=2)
    step = 0.05
    moved = (_warped(held, [1, 3], 2 + step, 4, 0.1) - _warped(held, [1, 3], 2 - step, 4, 0.1)) / (2 * step)
    blurred = (_warped(held, [1, 3], 2, 4 + step, 0.1) - _warped(held, [1, 3], 2, 4 - step, 0.1)) / (2 * step)
    np.testing.assert_allclose(by_shift, moved, atol=1e-4)
    np.testing.assert_allclose(by_blur, blurred, atol=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.floats(-5, 5), blur=st.floats(0, 9), tilt=st.floats(-0.3, 0.3))
def test_the_adjoint_gives_the_same_products_as_warping_every_entry(
    seed: int, shift: float, blur: float, tilt: float
) -> None:
    held = References(_curves(7, 3).astype(np.float32))
    vectors = np.random.default_rng(seed).normal(size=(2, AXIS.size))
    rows = np.arange(3)
    there = _warped(held, [0, 1, 2], shift, blur, tilt, slopes=1) @ vectors.T
    back = unwarp(vectors, shift, blur, tilt, WINDOW, slopes=1).astype(np.float64)
    products = held.ready(rows).padded() @ back.T
    assert back.shape == (3, PADDED)
    np.testing.assert_allclose(products[:, 1:], there[0], atol=2e-3)
    np.testing.assert_allclose(products[:, 0], there[1][:, 0], atol=2e-3)


def test_gaps_are_bridged_by_lines_ends_are_held_and_carbon_dioxide_is_cut_out_unless_it_is_raman() -> None:
    y = GRID / 1000.0
    y = np.where((GRID < 600) | ((GRID > 1000) & (GRID < 1200)) | (GRID > 3000), np.nan, y)
    y[(GRID > 2300) & (GRID < 2380)] += 5.0
    whole = filled(y)
    inside = (GRID >= 600) & (GRID <= 3000)
    np.testing.assert_allclose(whole[inside], GRID[inside] / 1000.0, atol=1e-12)
    assert (whole[GRID < 600] == 0.6).all()
    assert (whole[GRID > 3000] == 3.0).all()
    assert filled(y, air=False)[GRID == 2340.0][0] == pytest.approx(7.34)
