"""Finding the bands of a known material in an infrared spectrum: coarse shift, maxima, widths. For `check` only.

Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.types import FloatArray, InfraredSpectrum, SpectrumError

MAD_TO_SIGMA = 1.4826
_HALF, _ORDER = 6, 4
"""The second derivative is taken by a Savitzky–Golay window of 13 points, 1 cm⁻¹ apart, order 4."""


@dataclass(frozen=True, slots=True)
class CheckBand:
    """One band: where it belongs and where it was found (cm⁻¹, None when it was not), error = found − position."""

    position: float
    found: float | None
    error: float | None


def fine(spectrum: InfraredSpectrum) -> tuple[FloatArray, FloatArray]:
    """The curve on whole cm⁻¹: averaged where it is finer, a cubic spline where it is coarser."""
    from scipy.interpolate import CubicSpline

    x, y = spectrum.wavenumber, spectrum.absorbance
    if x.size < 100:
        raise SpectrumError(f"this spectrum has {x.size} points: too few to find bands in")
    axis = np.arange(np.ceil(x[0]), np.floor(x[-1]) + 0.5)
    spacing = float(np.median(np.diff(x)))
    if spacing > 4.5:
        raise SpectrumError(
            f"the points of this spectrum lie {spacing:.1f} cm⁻¹ apart: positions cannot be found to a tenth of "
            "that; measure at 8 cm⁻¹ resolution or better"
        )
    if spacing >= 0.5:
        return axis, np.asarray(CubicSpline(x, y)(axis), dtype=np.float64)
    cell = np.rint(x - axis[0]).astype(np.int64)
    inside = (cell >= 0) & (cell < axis.size)
    counts = np.bincount(cell[inside], minlength=axis.size)
    sums = np.bincount(cell[inside], weights=y[inside], minlength=axis.size)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), np.interp(axis, x, y))
    return axis, np.asarray(mean, dtype=np.float64)


def depth_of(curve: FloatArray) -> FloatArray:
    """Minus the second derivative, so that bands stand up."""
    from scipy.signal import savgol_filter

    size = float(np.abs(curve).max())
    scaled = curve / size if size > 0 else curve
    return -np.asarray(savgol_filter(scaled, 2 * _HALF + 1, _ORDER, deriv=2), dtype=np.float64)


def depth_noise(axis: FloatArray, depth: FloatArray) -> float:
    """Noise of the second derivative, from 2450–2650 cm⁻¹ where that was measured."""
    quiet = depth[(axis >= 2450) & (axis <= 2650)]
    used = quiet if quiet.size > 100 else depth
    return MAD_TO_SIGMA * float(np.median(np.abs(used - np.median(used)))) + 1e-15


def coarse_shift(axis: FloatArray, depth: FloatArray, places: FloatArray, title: str) -> float:
    """The whole shift (cm⁻¹) at which the bands fit best together; each band counts alike, however strong."""
    soft = depth / (np.abs(depth) + float(np.percentile(np.abs(depth), 75)) + 1e-15)
    reach, far = int(_number("coarse_cm1")), int(_number("elsewhere_cm1"))
    shifts = np.arange(-far, far + 1)
    index = np.clip(np.rint(places[None, :] + shifts[:, None] - axis[0]).astype(np.int64), 0, axis.size - 1)
    score = soft[index].mean(axis=1)
    near = np.abs(shifts) <= reach
    best = int(np.argmax(np.where(near, score, -np.inf)))
    others = score[np.abs(shifts) > reach + 5]
    stands_out = (score[best] - others.mean()) / max(float(others.std()), 1e-12)
    if stands_out < _number("least_score"):
        raise SpectrumError(
            f"this spectrum does not look like {title}: its bands are not where they belong, so nothing was "
            "concluded about the instrument; make sure the right material was measured"
        )
    return float(shifts[best])


def band_at(
    axis: FloatArray, curve: FloatArray, depth: FloatArray, position: float, shift: float, noise: float
) -> CheckBand:
    """The highest maximum near the place, by a parabola through five points."""
    centre = round(position + shift - axis[0])
    reach = int(_number("near_cm1"))
    low, high = max(centre - reach, 2), min(centre + reach, axis.size - 3)
    top = low + int(np.argmax(curve[low : high + 1]))
    at = np.arange(-2.0, 3.0)
    bend, slope, _ = np.polyfit(at, curve[top - 2 : top + 3], 2)
    off = -0.5 * slope / bend if bend < 0 else np.inf
    if top in (low, high) or abs(off) > 1.5 or depth[top - 1 : top + 2].max() < _number("least_depth") * noise:
        return CheckBand(position, None, None)  # only the flank of something else, or nothing
    found = float(axis[top] + off)
    return CheckBand(position, round(found, 2), round(found - position, 2))


def resolution_of(
    axis: FloatArray, curve: FloatArray, sharp: Sequence[tuple[float, float]], shift: float
) -> float | None:
    """Median over the sharp bands of √(W² − W₀²), cm⁻¹; None where no width can be taken."""
    out = []
    for position, natural in sharp:
        width = _width(axis, curve, position + shift)
        if width is not None:
            out.append(float(np.sqrt(max(width**2 - natural**2, 0.0))))
    return round(float(np.median(out)), 1) if out else None


def _width(axis: FloatArray, curve: FloatArray, position: float) -> float | None:
    """Full width at half height above the line between the lowest points within 14 cm⁻¹ on either side."""
    centre = round(position - axis[0])
    if centre < 15 or centre > axis.size - 16:
        return None
    top = centre - 3 + int(np.argmax(curve[centre - 3 : centre + 4]))
    a = top - 14 + int(np.argmin(curve[top - 14 : top]))
    b = top + 1 + int(np.argmin(curve[top + 1 : top + 15]))
    part = (np.arange(a, b + 1) - a) / (b - a)
    above = curve[a : b + 1] - (curve[a] + part * (curve[b] - curve[a]))
    peak, half = int(top - a), 0.5 * float(above[top - a])
    if half <= 0:
        return None
    under = np.flatnonzero(above[:peak] < half)
    over = np.flatnonzero(above[peak:] < half)
    if not under.size or not over.size:
        return None
    i, j = int(under[-1]), int(over[0]) + peak
    left = i + (half - above[i]) / (above[i + 1] - above[i])
    right = j - (half - above[j]) / (above[j - 1] - above[j])
    return float(right - left)


def _number(name: str) -> float:
    return float(load("infrared_instrument")["check"][name])
