"""Instruments of different resolution made comparable: the finer curve is broadened to the coarser one.

Why: a band narrower than the resolution is lower and wider, which costs score like a wrong band would. Imports numpy,
scipy.ndimage and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.infrared_grid import STEP, spacing_of
from spectra.types import FloatArray, InfraredSpectrum, SpectrumError

CLASSES = (4, 8, 16, 32)
"""Resolutions in cm⁻¹ that are told apart; finer than 4 is 4, because the derivative smooths over 22 cm⁻¹ anyway."""
COARSEST = 32.0
_SIGMA = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))


def class_of(resolution: float) -> int:
    """The class a resolution (cm⁻¹) belongs to. Raises SpectrumError above 32 cm⁻¹ and at or below 0.

    >>> [class_of(r) for r in (0.5, 4, 5, 7.7, 16)]
    [4, 4, 4, 8, 16]
    """
    if not 0 < resolution <= COARSEST:
        raise SpectrumError(
            f"a resolution of {resolution:g} cm⁻¹ cannot be used, only up to {COARSEST:.0f}; the file is unharmed: "
            "measure again at 8 cm⁻¹ or finer"
        )
    return min(CLASSES, key=lambda c: abs(np.log2(c / max(resolution, CLASSES[0]))))


def resolution_of(spectrum: InfraredSpectrum) -> int:
    """Class of a spectrum: the resolution its file states, else twice its median spacing.

    An interferometer writes two points per resolution or, filled up with zeros, more: spacing alone tells the best it
    can be. Misleads: a fine spectrum exported at every fourth point only looks coarse; say its resolution then.
    """
    if spectrum.resolution:
        return class_of(spectrum.resolution)
    x = spectrum.wavenumber
    return class_from_spacing(spacing_of(x) if x.size > 1 else STEP)


def class_from_spacing(spacing: float) -> int:
    """Class of a source whose points lie `spacing` cm⁻¹ apart."""
    return class_of(min(2.0 * spacing, COARSEST))


def degraded(curves: FloatArray, have: int, wanted: int) -> FloatArray:
    """Curves (…, 1801) of resolution class `have` as an instrument of class `wanted` would show them.

    Convolved with a Gaussian of full width √(wanted² − have²) cm⁻¹, over the measured points only; NaN stays. A
    Gaussian stands in for the instrument's line shape, which the file rarely tells.
    """
    from scipy.ndimage import gaussian_filter1d

    if wanted <= have:
        return curves
    sigma = np.sqrt(float(wanted) ** 2 - float(have) ** 2) * _SIGMA / STEP
    known = np.isfinite(curves)
    filled = gaussian_filter1d(np.where(known, curves, 0.0), sigma, axis=-1, mode="constant")
    weight = gaussian_filter1d(known.astype(np.float64), sigma, axis=-1, mode="constant")
    return np.where(known, filled / np.where(known, weight, 1.0), np.nan)
