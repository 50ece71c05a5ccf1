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
"""Wavenumbers of the common grid of infrared curves, (1801,) cm⁻¹."""
GRID.setflags(write=False)
RAMAN_GRID: FloatArray = GRID - 300.0
"""Wavenumbers of the common grid of Raman curves, 100–3700 cm⁻¹, (1801,): as many points, where Raman instruments measure."""
RAMAN_GRID.setflags(write=False)
CO2_WINDOWS = ((2280.0, 2400.0), (660.0, 675.0))
"""Where carbon dioxide of the air absorbs (cm⁻¹); never compared."""
WINDOW = 11
"""Points of the Savitzky–Golay window, order 2 (Anal. Chem. 1964, 36, 1627, doi:10.1021/ac60214a047)."""

CO2: NDArray[np.bool_] = np.zeros(GRID.size, dtype=bool)
for _low, _high in CO2_WINDOWS:
    CO2 |= (_low <= GRID) & (_high >= GRID)
CO2.setflags(write=False)
_BRIDGES = []
for _low, _high in CO2_WINDOWS:
    _first, _last = int(np.searchsorted(GRID, _low)), int(np.searchsorted(GRID, _high, side="right"))
    _BRIDGES.append((_first, _last, np.arange(1, _last - _first + 1) / (_last - _first + 1)))
COARSEST_STEP = 16.0
"""Points further apart than this (cm⁻¹) do not show the bands of a solid, about 10 cm⁻¹ wide; refused."""
UNIT = 2.0**-26
"""What features of length 1 are rounded to. Sums of products of two such are whole multiples of 2⁻⁵² and at most 1, so
that double precision holds them exactly: a score is the same to the last bit in whatever order it was summed."""


def grid_of(raman: bool) -> FloatArray:
    """Wavenumbers (1801,) cm⁻¹ at which curves of a technique are compared."""
    return RAMAN_GRID if raman else GRID


def on_grid(wavenumber: FloatArray, absorbance: FloatArray, raman: bool = False) -> FloatArray:
    """One curve on the common grid of its technique, (1801,) float64, NaN outside its range and inside its gaps.

    `wavenumber` (M,) cm⁻¹ rising, `absorbance` (M,), NaN where masked. A source finer than the grid is averaged
    over ±1 cm⁻¹, a coarser one interpolated smoothly (Akima), never beyond its ends. Raises SpectrumError when
    fewer than 20 usable points remain, when they lie more than 16 cm⁻¹ apart or none of them on the grid.
    """
    x, y = np.asarray(wavenumber, dtype=np.float64), np.asarray(absorbance, dtype=np.float64)
    low, high = grid_of(raman)[[0, -1]]
    if raman:
        x = x + (GRID[0] - low)
    usable = np.isfinite(y)
    if not usable.all():
        x, y = x[usable], y[usable]
    if x.size < 2 * WINDOW - 2:
        raise SpectrumError(f"an infrared spectrum needs at least {2 * WINDOW - 2} points, this one has {x.size}")
    steps = np.diff(x)
    even = bool(steps[0] == STEP and (steps == STEP).all())
    spacing = STEP if even else float(np.median(steps))
    if spacing > COARSEST_STEP:
        raise SpectrumError(
            f"the points lie {spacing:.0f} cm⁻¹ apart, and beyond {COARSEST_STEP:.0f} cm⁻¹ bands are lost; the file is "
            "unharmed: measure again at 8 cm⁻¹ or finer"
        )
    if spacing == STEP and (x[0] - GRID[0]) % STEP == 0 and (even or not ((x - x[0]) % STEP).any()):
        out = _same_grid(x, y)
    else:
        out = _averaged(x, y) if spacing < STEP / 2 else _interpolated(x, y)
        edge = 1e-6 + spacing / 2 if spacing < STEP / 2 else 1e-6
        out[(x[0] - edge > GRID) | (x[-1] + edge < GRID)] = np.nan
        for start in np.flatnonzero(steps > max(12.0, 4 * spacing)):
            out[(x[start] + edge < GRID) & (x[start + 1] - edge > GRID)] = np.nan
    if not np.isfinite(out).any():
        raise SpectrumError(f"the spectrum has no point between {low:.0f} and {high:.0f} cm⁻¹")
    return out


def spacing_of(x: FloatArray) -> float:
    """Median distance of the points of a rising axis (M,), M ≥ 2, in cm⁻¹."""
    steps = np.diff(x)
    # A median costs more than the whole rest of this module for a source that already lies on the grid.
    return STEP if steps[0] == STEP and (steps == STEP).all() else float(np.median(steps))


def _same_grid(x: FloatArray, y: FloatArray) -> FloatArray:
    """A source that already lies on the grid's points is taken as it is, gaps of one point included."""
    out = np.full(GRID.size, np.nan)
    if x[0] >= GRID[0] and x[-1] <= GRID[-1] and x[-1] - x[0] == STEP * (x.size - 1):
        first = round((x[0] - GRID[0]) / STEP)
        out[first : first + x.size] = y
        return out
    index = np.rint((x - GRID[0]) / STEP).astype(np.int64)
    inside = (index >= 0) & (index < GRID.size)
    out[index[inside]] = y[inside]
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


def derivative(curves: FloatArray, order: int, air: bool = True) -> FloatArray:
    """First or second Savitzky–Golay derivative (11 points, order 2) of curves on the grid, (…, 1801) per cm⁻¹.

    The air's CO₂ windows are bridged by a straight line before and masked after differentiating, unless `air` is
    False (Raman). A point whose window meets a NaN or the end of the grid is NaN.
    """
    from scipy.ndimage import correlate1d

    half = WINDOW // 2
    bridged = bridge(curves) if air else np.asarray(curves, dtype=np.float64)
    known = np.isfinite(bridged)
    whole = bool(known.all())
    filled = bridged if whole else np.where(known, bridged, 0.0)
    total = correlate1d(filled, savgol_kernel(WINDOW, 2, order), axis=-1)[..., half : GRID.size - half]
    if not whole:
        gaps = correlate1d((~known).astype(np.float64), np.ones(WINDOW), axis=-1)[..., half : GRID.size - half]
        total[gaps > 0.5] = np.nan
    size = np.max(np.abs(filled), axis=-1, keepdims=True, initial=0.0)
    total *= np.abs(total) >= 1e-12 * size  # a flat line must not resemble anything through rounding
    out = np.full(bridged.shape, np.nan)
    out[..., half : GRID.size - half] = total / STEP**order
    if air:
        for first, last, _ in _BRIDGES:
            out[..., first:last] = np.nan
    return out


def bridge(curves: FloatArray) -> FloatArray:
    """The curves (…, 1801) with a straight line across each CO₂ window that has measured edges."""
    out = np.array(curves, dtype=np.float64)
    for first, last, part in _BRIDGES:
        out[..., first:last] = out[..., first - 1, None] * (1 - part) + out[..., last, None] * part
    return out


def feature(curves: FloatArray, score: str, air: bool = True) -> FloatArray:
    """What a score compares: derivative or absorbance, (…, 1801), NaN where it must not be compared.

    For "correlation" each curve's mean is taken off. `air` False keeps the CO₂ windows, as Raman spectra want it.
    Raises ValueError on an unknown score.
    """
    if score == "first_derivative":
        return derivative(curves, 1, air)
    if score == "second_derivative":
        return derivative(curves, 2, air)
    if score in ("correlation", "euclid"):
        out = np.array(curves, dtype=np.float64)
        if air:
            out[..., CO2] = np.nan
        return _centred(out) if score == "correlation" else out
    raise ValueError(
        f"there is no infrared score called {score!r}; use first_derivative, second_derivative, correlation or euclid"
    )


def _centred(curves: FloatArray) -> FloatArray:
    known = np.isfinite(curves)
    filled = np.where(known, curves, 0.0)
    out = curves - filled.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    out[np.abs(out) < 1e-12 * np.abs(filled).max(axis=-1, keepdims=True, initial=0.0)] = 0.0
    return np.asarray(out)


def in_units(features: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Features (…, 1801) scaled to length 1 and rounded to 2⁻²⁶ and single precision, 0 where NaN; and what is known.

    No score depends on the scale; the rounding moves a score of the whole range by less than 1e-7.

    >>> in_units(np.array([3.0, np.nan, -4.0]))[0].round(6).tolist()
    [0.6, 0.0, -0.8]
    """
    known = np.isfinite(features)
    filled = np.where(known, features, 0.0)
    top = np.abs(filled).max(axis=-1, keepdims=True, initial=0.0)
    filled = filled / np.where(top > 0, top, 1.0)
    length = np.sqrt((filled**2).sum(axis=-1, keepdims=True))
    whole = np.rint(filled / np.where(length > 0, length, 1.0) / UNIT) * UNIT
    return whole.astype(np.float32).astype(np.float64), known


def curve(spectrum: InfraredSpectrum, raman: bool | None = None) -> FloatArray:
    """A spectrum on the common grid of its technique, (1801,); `raman` None: by what the spectrum says."""
    said = "raman" in spectrum.technique.casefold() if raman is None else raman
    return on_grid(spectrum.wavenumber, spectrum.absorbance, said)
