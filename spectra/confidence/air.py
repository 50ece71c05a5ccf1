"""Water vapour and carbon dioxide of the room in an infrared spectrum, told from the sample by the pattern of their lines.

Why: lines of the air look like bands of a substance to a derivative. Found by projecting the spectrum on the known
lines, both freed of everything broad; a wide O–H band has no such pattern. Imports numpy and `spectra` only.

Line positions and relative heights were read off single-beam spectra of room air (OMNIC BG1-BCKG_0 and _4, 0.48 cm⁻¹
apart) and agree with the ν₁, ν₂, ν₃ lines of H₂O in HITRAN2020 (doi:10.1016/j.jqsrt.2021.107949) within 0.7 cm⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spectra.confidence.limits import decision
from spectra.types import FloatArray, InfraredSpectrum

Lines = tuple[tuple[float, float], ...]

STRETCHING: Lines = (
    (3566.8, 0.26), (3587.5, 0.27), (3608.7, 0.23), (3618.8, 0.28), (3628.5, 0.56), (3649.2, 0.64), (3656.0, 0.25),
    (3669.9, 0.51), (3675.2, 0.66), (3688.6, 0.51), (3711.4, 0.43), (3735.0, 0.47), (3744.2, 0.73), (3750.4, 0.67),
    (3769.3, 0.20), (3779.4, 0.16), (3801.1, 0.52), (3806.4, 0.34), (3815.5, 0.42), (3820.8, 0.47), (3837.7, 0.49),
    (3853.1, 1.00), (3869.5, 0.38), (3885.4, 0.27), (3891.2, 0.20), (3902.8, 0.36),
)  # fmt: skip
"""(cm⁻¹, height against the strongest) in 3550–3900: asked first, because few substances have sharp bands there."""
BENDING: Lines = (
    (1506.6, 0.77), (1521.1, 0.48), (1539.9, 0.80), (1558.7, 1.00), (1576.1, 0.42), (1616.6, 0.40), (1635.4, 0.51),
    (1646.5, 0.46), (1653.2, 1.00), (1669.6, 0.31), (1674.9, 0.28), (1684.2, 0.65), (1700.0, 0.71), (1717.3, 0.54),
    (1733.7, 0.56), (1750.6, 0.25), (1772.3, 0.35), (1792.1, 0.25), (1829.7, 0.16), (1844.1, 0.24), (1868.7, 0.17),
)  # fmt: skip
"""The same in 1500–1870, where a sample's own bands lie as well."""
WATER_REGIONS = ((3560.0, 3900.0, STRETCHING), (1505.0, 1870.0, BENDING))
BRANCHES = ((2361.0, 1.0, 18.0), (2337.0, 0.85, 26.0))
"""Carbon dioxide ν₃ unresolved: (cm⁻¹, height, full width at half height) of its R and P branches."""
CO2_REGION = (2268.0, 2412.0)

_WIDTHS = (2.0, 4.0, 6.0, 8.0, 12.0, 16.0)  # full widths of the lines that are tried: the resolution is not always told
_HALF = 12  # points of 1 cm⁻¹ on either side that the smoothing sees


@dataclass(frozen=True, slots=True)
class Air:
    """What the air left in a spectrum. `height` of the strongest line in absorbance: negative when the background
    holds more of it than the sample. `likeness` (−1 … 1) to the pattern; `bounds` where it was looked for, cm⁻¹.
    """

    height: float
    likeness: float
    bounds: tuple[float, float]

    @property
    def seen(self) -> bool:
        """Whether the pattern stands out of noise and sample."""
        return abs(self.likeness) >= decision("quality_air", "least_likeness")


def water_vapour(spectrum: InfraredSpectrum) -> Air | None:
    """Rotational lines of water vapour, or None where neither region was measured.

    Likeness = Σ s·t / √(Σ s² Σ t²), height = Σ s·t / Σ t² · max(template): s is the spectrum and t the template, both on
    1 cm⁻¹ less their own quadratic smoothing over 25 points; of six line widths the one that fits best counts.
    """
    for low, high, lines in WATER_REGIONS:
        points = _evenly(spectrum, low - _HALF, high + _HALF)
        if points is None:
            continue
        sharp = _sharp(points[1])
        fits = [_projected(sharp, *_template(lines, low, high, width)) for width in _WIDTHS]
        height, likeness = max(fits, key=lambda fit: abs(fit[1]))
        return Air(height, likeness, (low, high))
    return None


def carbon_dioxide(spectrum: InfraredSpectrum) -> Air | None:
    """The double band of carbon dioxide over a parabola through its surroundings, or None where it was not measured."""
    points = _evenly(spectrum, *CO2_REGION)
    if points is None:
        return None
    grid, values = points
    middle = (grid - grid.mean()) / np.ptp(grid)
    baseline = np.vander(middle, 3)
    bands = sum(h * np.exp(-4 * np.log(2) * ((grid - at) / width) ** 2) for at, h, width in BRANCHES)
    free = np.eye(grid.size) - baseline @ np.linalg.pinv(baseline)
    height, likeness = _projected(free @ values, free @ bands, float(np.max(bands)))
    return Air(height, likeness, CO2_REGION)


def _evenly(spectrum: InfraredSpectrum, low: float, high: float) -> tuple[FloatArray, FloatArray] | None:
    """The part on points 1 cm⁻¹ apart; None when it was not measured, or on steps too wide to show a line."""
    x = spectrum.wavenumber
    first, last = np.searchsorted(x, (low, high))
    inside = x[max(0, first - 1) : last + 1]
    if inside.size < 10 or inside[0] > low or inside[-1] < high or np.diff(inside).max() > 10:
        return None
    grid = np.arange(low, high + 0.5)
    return grid, np.interp(grid, x, spectrum.absorbance)


@lru_cache(maxsize=16)
def _template(lines: Lines, low: float, high: float, width: float) -> tuple[FloatArray, float]:
    grid = np.arange(low - _HALF, high + _HALF + 0.5)
    at, height = np.array(lines).T
    drawn = (height * np.exp(-4 * np.log(2) * ((grid[:, None] - at) / width) ** 2)).sum(axis=1)
    return _sharp(drawn), float(drawn.max())


def _sharp(values: FloatArray) -> FloatArray:
    """Less the parabola fitted to the 25 points around each; the ends, where it does not reach, are left out."""
    around = np.arange(-_HALF, _HALF + 1, dtype=np.float64)
    weights = np.linalg.pinv(np.vander(around, 3, increasing=True))[0]
    return values[_HALF:-_HALF] - np.convolve(values, weights[::-1], "valid")


def _projected(values: FloatArray, template: FloatArray, top: float) -> tuple[float, float]:
    """(height of the strongest line, likeness)."""
    common = float(values @ template)
    power = float(values @ values) * float(template @ template)
    return common / float(template @ template) * top, common / power**0.5 if power > 0 else 0.0
