"""Noise of a reading from its own fourth differences, and the noise that a mismatched reference adds.

Why: every decision of the engine is a likelihood; a likelihood that believes too small a noise invents components.
Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.types import FloatArray

KERNEL = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / np.sqrt(70.0)
"""Fourth difference, unit variance for white noise; blind to anything smooth over 8 cm⁻¹."""
BoolArray = NDArray[np.bool_]


def fourth_difference(values: FloatArray) -> FloatArray:
    """The fourth difference of (M,) at each point, the two ends repeated, (M,)."""
    inner = np.convolve(values, KERNEL, mode="valid")
    return np.pad(inner, 2, mode="edge")


def white_noise(values: FloatArray, used: BoolArray) -> float:
    """Standard deviation of white noise of (M,): 1.4826 · median |fourth difference| over points whose window is used.

    Misleads on a spectrum filled up or smoothed by its instrument (too small) — the number of independent points of
    the fit's residual makes up for it — and where bands are narrower than 8 cm⁻¹ (too large).
    """
    whole = np.convolve(used.astype(np.float64), np.ones(5), mode="same") > 4.5
    if not whole.any():
        return 0.0
    return float(1.4826 * np.median(np.abs(fourth_difference(values)[whole])))


def independent_points(residual: FloatArray, n: int) -> FloatArray:
    """n/(1 + 2Σρ) of weighted residuals (…, M): ρ at lags 1, 2, … until it falls below 0.05 (at most 39 lags)."""
    from scipy.fft import irfft, next_fast_len, rfft

    data = load("infrared")["align"]
    lags, least = int(data["lags"]), float(data["least_correlation"])
    size = next_fast_len(residual.shape[-1] + lags + 1, real=True)
    waves = rfft(residual.astype(np.float32, copy=False), size, axis=-1)
    auto = irfft(waves.real**2 + waves.imag**2, size, axis=-1)[..., : lags + 1]
    rho = auto[..., 1:] / np.maximum(auto[..., :1], 1e-300)
    going = np.logical_and.accumulate(rho >= least, axis=-1)
    return np.asarray(n / (1.0 + 2.0 * np.where(going, rho, 0.0).sum(axis=-1)))


def local_variance(residual: FloatArray, used: BoolArray, floor: float) -> FloatArray:
    """Variance of white noise around each point, (M,): running mean (41 points) of squared fourth differences.

    Squares are clipped at their 99th percentile; never below `floor`.
    """
    window = int(load("infrared")["align"]["window"])
    squares = fourth_difference(residual) ** 2
    if used.any():
        squares = np.minimum(squares, np.quantile(squares[used], 0.99))
    return np.maximum(running_mean(squares, used, window), floor)


def mismatch_variance(
    residual: FloatArray, local: FloatArray, height: FloatArray, slope: FloatArray, used: BoolArray
) -> FloatArray:
    """Extra variance k₁ slope² + k₀ height² where the references do not fit, (M,), k ≥ 0.

    Non-negative least squares of the smoothed squared residual (absorbance², (M,)) on [local, slope², height²]:
    `height` is the fit less its running mean, `slope` its derivative by wavenumber.
    """
    from scipy.optimize import nnls

    smooth = int(load("infrared")["align"]["smooth"])
    parts = np.stack([local, slope**2, height**2])
    target = running_mean(residual**2, used, smooth)
    columns = np.stack([running_mean(p, used, smooth) for p in parts])[:, used]
    sizes = np.maximum(np.sqrt((columns**2).sum(axis=1)), 1e-300)
    weights = 1.0 / np.maximum(target[used], 1e-300) ** 0.5
    found, _ = nnls((columns / sizes[:, None] * weights).T, target[used] * weights)
    scaled = found / sizes
    return np.asarray(scaled[1] * parts[1] + scaled[2] * parts[2])


def running_mean(values: FloatArray, used: BoolArray, window: int) -> FloatArray:
    """Mean over `window` points around each point, used points only, (M,); 0 where none is near."""
    half = window // 2
    sums = np.concatenate([[0.0], np.cumsum(np.where(used, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(used)])
    low = np.maximum(np.arange(values.size) - half, 0)
    high = np.minimum(np.arange(values.size) + half + 1, values.size)
    return np.asarray((sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1))
