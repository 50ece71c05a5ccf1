"""Infrared curves on one grid, with masks and derivatives: what every comparison starts from.

Why: a score may only use points that both instruments measured. Imports numpy, scipy.interpolate and
`spectra.types` only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray, InfraredSpectrum, SpectrumError

STEP = 2.0
"""Grid spacing in cm⁻¹."""
GRID: FloatArray = np.arange(400.0, 4000.0 + STEP, STEP)
"""Wavenumbers of the common grid, (1801,) cm⁻¹."""
GRID.setflags(write=False)
CO2_WINDOWS = ((2280.0, 2400.0), (660.0, 675.0))
"""Where carbon dioxide of the air absorbs (cm⁻¹); never compared."""
WINDOW = 11
"""Points of the Savitzky–Golay window, order 2 (Anal. Chem. 1964, 36, 1627, doi:10.1021/ac60214a047)."""

CO2: NDArray[np.bool_] = np.zeros(GRID.size, dtype=bool)
for _low, _high in CO2_WINDOWS:
    CO2 |= (_low <= GRID) & (_high >= GRID)
CO2.setflags(write=False)


def on_grid(wavenumber: FloatArray, absorbance: FloatArray) -> FloatArray:
    """One curve on the common grid, (1801,) float64, NaN outside its range and inside its gaps.

    `wavenumber` (M,) cm⁻¹ rising, `absorbance` (M,), NaN where masked. A source finer than the grid is averaged
    over ±1 cm⁻¹, a coarser one interpolated smoothly (Akima), never beyond its ends. Raises SpectrumError when
    fewer than 20 usable points remain or none of them lies on 400–4000 cm⁻¹.
    """
    usable = np.isfinite(absorbance)
    x, y = np.asarray(wavenumber, dtype=np.float64)[usable], np.asarray(absorbance, dtype=np.float64)[usable]
    if x.size < 2 * WINDOW - 2:
        raise SpectrumError(f"an infrared spectrum needs at least {2 * WINDOW - 2} points, this one has {x.size}")
    spacing = float(np.median(np.diff(x)))
    if spacing == STEP and not ((x - GRID[0]) % STEP).any():
        return _same_grid(x, y)
    out = _averaged(x, y) if spacing < STEP / 2 else _interpolated(x, y)
    edge = 1e-6 + spacing / 2 if spacing < STEP / 2 else 1e-6
    out[(x[0] - edge > GRID) | (x[-1] + edge < GRID)] = np.nan
    for start in np.flatnonzero(np.diff(x) > max(12.0, 4 * spacing)):
        out[(x[start] + edge < GRID) & (x[start + 1] - edge > GRID)] = np.nan
    if not np.isfinite(out).any():
        raise SpectrumError("the spectrum has no point between 400 and 4000 cm⁻¹")
    return out


def _same_grid(x: FloatArray, y: FloatArray) -> FloatArray:
    """A source that already lies on the grid's points is taken as it is, gaps of one point included."""
    index = np.rint((x - GRID[0]) / STEP).astype(np.int64)
    inside = (index >= 0) & (index < GRID.size)
    out = np.full(GRID.size, np.nan)
    out[index[inside]] = y[inside]
    if not inside.any():
        raise SpectrumError("the spectrum has no point between 400 and 4000 cm⁻¹")
    return out


def _averaged(x: FloatArray, y: FloatArray) -> FloatArray:
    cell = np.rint((x - GRID[0]) / STEP).astype(np.int64)
    inside = (cell >= 0) & (cell < GRID.size)
    counts = np.bincount(cell[inside], minlength=GRID.size)
    sums = np.bincount(cell[inside], weights=y[inside], minlength=GRID.size)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.interp(GRID, x, y)))


def _interpolated(x: FloatArray, y: FloatArray) -> FloatArray:
    from scipy.interpolate import Akima1DInterpolator

    return np.asarray(Akima1DInterpolator(x, y, extrapolate=True)(GRID), dtype=np.float64)


@lru_cache(maxsize=8)
def savgol_kernel(window: int, order: int, derivative: int) -> tuple[float, ...]:
    """Weights of the Savitzky–Golay filter on a unit-spaced window, to be multiplied point by point.

    >>> [round(w, 6) + 0.0 for w in savgol_kernel(5, 2, 1)]
    [-0.2, -0.1, 0.0, 0.1, 0.2]
    """
    half = window // 2
    powers = np.vander(np.arange(-half, half + 1, dtype=np.float64), order + 1, increasing=True)
    weights = np.linalg.pinv(powers)[derivative] * (1.0, 1.0, 2.0)[derivative]
    return tuple(float(w) for w in weights)


def derivative(curves: FloatArray, order: int) -> FloatArray:
    """First or second Savitzky–Golay derivative (11 points, order 2) of curves on the grid, (…, 1801) per cm⁻¹.

    The air's CO₂ windows are bridged by a straight line before and masked after differentiating. A point whose
    window meets a NaN or the end of the grid is NaN.
    """
    kernel = np.array(savgol_kernel(WINDOW, 2, order))
    half = WINDOW // 2
    bridged = bridge(curves)
    out = np.full(curves.shape, np.nan)
    inner = slice(half, GRID.size - half)
    total = np.zeros(bridged[..., inner].shape)
    for k, weight in enumerate(kernel):
        total += weight * bridged[..., k : GRID.size - 2 * half + k]
    size = np.max(np.abs(np.nan_to_num(curves)), axis=-1, keepdims=True, initial=0.0)
    total[np.abs(total) < 1e-12 * size] = 0.0  # a flat line must not resemble anything through rounding
    out[..., inner] = total / STEP**order
    out[..., CO2] = np.nan
    return out


def bridge(curves: FloatArray) -> FloatArray:
    """The curves (…, 1801) with a straight line across each CO₂ window that has measured edges."""
    out = np.array(curves, dtype=np.float64)
    for low, high in CO2_WINDOWS:
        inside = np.flatnonzero((low <= GRID) & (high >= GRID))
        a, b = inside[0] - 1, inside[-1] + 1
        part = (inside - a) / (b - a)
        out[..., inside] = out[..., a, None] * (1 - part) + out[..., b, None] * part
    return out


def feature(curves: FloatArray, score: str) -> FloatArray:
    """What a score compares: derivative or absorbance, (…, 1801), NaN where it must not be compared.

    Raises ValueError on an unknown score.
    """
    if score == "first_derivative":
        return derivative(curves, 1)
    if score == "second_derivative":
        return derivative(curves, 2)
    if score in ("correlation", "euclid"):
        out = np.array(curves, dtype=np.float64)
        out[..., CO2] = np.nan
        return out
    raise ValueError(
        f"there is no infrared score called {score!r}; use first_derivative, second_derivative, correlation or euclid"
    )


def curve(spectrum: InfraredSpectrum) -> FloatArray:
    """A spectrum on the common grid, (1801,)."""
    return on_grid(spectrum.wavenumber, spectrum.absorbance)
