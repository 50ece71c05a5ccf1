"""Figures of an infrared or Raman spectrum: noise, strongest band, air, dips, spacing and range.

Formulae and thresholds: docs/methods/infrared.md and `data/decisions.toml`, [quality_infrared], [quality_air],
[quality_raman]. Imports numpy, scipy.ndimage and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.confidence.air import Air, carbon_dioxide, water_vapour
from spectra.confidence.figures import Figure, axis_figures, flat_top, noise_of, rounded
from spectra.confidence.limits import decision
from spectra.confidence.quality import NOISE_WINDOW, signal_to_noise
from spectra.infrared_grid import CO2_WINDOWS
from spectra.types import InfraredSpectrum, Level

RAMAN_QUIET = (1800.0, 2700.0)
"""cm⁻¹ where few substances have Raman bands."""
_BASELINE_CM1 = 200.0
_JUDGED = frozenset({"", "absorbance", "log(1/R)"})
"""Units in which it is known how strong a band may be."""


def infrared_figures(
    spectrum: InfraredSpectrum, *, unit: str = "absorbance", resolution: float | None = None
) -> list[Figure]:
    """What an infrared spectrum in absorbance is worth. `resolution` in cm⁻¹ as the file states it, `unit` as shown."""
    top, where, low = _extremes(spectrum)
    return [
        _noise(signal_to_noise(spectrum, top)),
        _strongest(top, where, unit),
        _water(water_vapour(spectrum), top),
        _carbon_dioxide(carbon_dioxide(spectrum), unit),
        _dip(low, top),
        *_axis(spectrum, resolution),
    ]


def raman_figures(spectrum: InfraredSpectrum, *, unit: str = "", resolution: float | None = None) -> list[Figure]:
    """What a Raman spectrum is worth; `spectrum.absorbance` holds intensities.

    Signal = largest height above the opening (minimum, then maximum) over 200 cm⁻¹, so that fluorescence does not
    count; noise as `noise_of` in 1800–2700 cm⁻¹, or over the whole spectrum where that was not measured.
    """
    from scipy.ndimage import grey_opening

    x, y = spectrum.wavenumber, spectrum.absorbance
    spacing = float(np.median(np.diff(x))) if x.size > 1 else 1.0
    above = y - grey_opening(y, size=max(3, min(y.size, round(_BASELINE_CM1 / spacing))))
    top = int(np.argmax(above))
    quiet = y[(x >= RAMAN_QUIET[0]) & (x <= RAMAN_QUIET[1])]
    covered = x[0] <= RAMAN_QUIET[0] and x[-1] >= RAMAN_QUIET[1]
    noise = noise_of(quiet if covered else y)
    return [
        _raman_noise(float(above[top]), noise, covered=covered),
        _raman_strongest(float(above[top]), float(x[top]), unit, flat_top(y)),
        *_axis(spectrum, resolution),
    ]


def _extremes(spectrum: InfraredSpectrum) -> tuple[float, float, float]:
    """(strongest absorbance, where, lowest) outside the windows of carbon dioxide."""
    x, y = spectrum.wavenumber, spectrum.absorbance
    used = ~np.any([(low <= x) & (x <= high) for low, high in CO2_WINDOWS], axis=0)
    if not used.any():
        used = np.ones(x.size, dtype=bool)
    top = int(np.argmax(np.where(used, y, -np.inf)))
    return float(y[top]), float(x[top]), float(y[used].min())


def _noise(ratio: float | None) -> Figure:
    least = decision("quality_infrared", "least_snr")
    window = f"{NOISE_WINDOW[0]:.0f} to {NOISE_WINDOW[1]:.0f} cm⁻¹"
    label = "Signal to noise"
    if ratio is None:
        return Figure("snr", label, None, sentence=f"{window} was not measured with enough points")
    if not np.isfinite(ratio):
        return Figure("snr", label, None, sentence=f"no noise at all in {window}: smoothed or computed")
    value = rounded(ratio, 2)
    if ratio < least:
        words = f"below {least:.0f} noise decides between similar spectra: take more scans (noise from {window})"
        return Figure("snr", label, value, "", Level.WARNING, words)
    return Figure("snr", label, value, sentence=f"enough: {least:.0f} or more (strongest band over noise in {window})")


def _strongest(top: float, where: float, unit: str) -> Figure:
    least, most = decision("quality_infrared", "least_absorbance"), decision("quality_infrared", "saturation")
    at, level = f"at {where:.0f} cm⁻¹", Level.INFO
    if unit not in _JUDGED:
        return Figure("strongest", "Strongest band", rounded(top), unit, level, at)
    if top > most:
        at, level = f"{at}; above {most:g} bands are flattened: take a thinner sample", Level.WARNING
    elif top < least:
        at, level = f"{at}; below {least:g} noise decides: take more, or press it harder", Level.WARNING
    return Figure("strongest", "Strongest band", rounded(top), unit, level, at)


def _water(found: Air | None, top: float) -> Figure:
    label = "Water vapour"
    if found is None:
        return Figure(
            "water", label, None, sentence="neither 3560 to 3900 nor 1505 to 1870 cm⁻¹ was measured finely enough"
        )
    where = f"{found.bounds[0]:.0f} to {found.bounds[1]:.0f} cm⁻¹"
    if not found.seen or top <= 0:
        return Figure("water", label, "not seen", sentence=f"no lines of the air stand out in {where}")
    share = abs(found.height) / top
    words = f"its lines in {where} against the strongest band"
    if found.height < 0:
        words += "; the background held more of it"
    if share <= decision("quality_air", "water_share"):
        return Figure("water", label, rounded(100 * share, 2), "%", sentence=words)
    words += "; they look like bands: dry the air, or measure the background again"
    return Figure("water", label, rounded(100 * share, 2), "%", Level.WARNING, words)


def _carbon_dioxide(found: Air | None, unit: str) -> Figure:
    label, out = "Carbon dioxide", "2280 to 2400 cm⁻¹ is never compared"
    if found is None:
        return Figure("co2", label, None, sentence="not measured")
    if not found.seen:
        return Figure("co2", label, "not seen", sentence=out)
    more = "; the background held more of it" if found.height < 0 else ""
    return Figure("co2", label, rounded(found.height, 2), unit, sentence=out + more)


def _dip(low: float, top: float) -> Figure:
    label = "Deepest dip"
    if low >= 0 or top <= 0:
        return Figure("dip", label, "none", sentence="nothing lies below zero")
    share, most = -low / top, decision("quality_infrared", "negative_lobe")
    if share <= most:
        return Figure("dip", label, rounded(-100 * share, 2), "%", sentence="below zero, of the strongest band")
    words = "of the strongest band: the background may not fit, measure it again"
    return Figure("dip", label, rounded(-100 * share, 2), "%", Level.WARNING, words)


def _axis(spectrum: InfraredSpectrum, resolution: float | None) -> list[Figure]:
    out = axis_figures(spectrum.wavenumber, "cm-1", falling=True)
    if resolution is not None and resolution > 0:
        out.append(Figure("resolution", "Resolution", rounded(resolution), "cm⁻¹", sentence="as the file says"))
    return out


def _raman_noise(signal: float, noise: float | None, *, covered: bool) -> Figure:
    least, label = decision("quality_raman", "least_snr"), "Signal to noise"
    window = "1800 to 2700 cm⁻¹" if covered else "the whole spectrum"
    if not noise:
        return Figure("snr", label, None, sentence="too few points, or no noise at all: smoothed or computed")
    value = rounded(signal / noise, 2)
    if value < least:
        words = f"below {least:.0f} noise decides between similar spectra: measure longer (noise from {window})"
        return Figure("snr", label, value, "", Level.WARNING, words)
    return Figure("snr", label, value, sentence=f"enough: {least:.0f} or more (strongest band over noise in {window})")


def _raman_strongest(height: float, where: float, unit: str, flat: int) -> Figure:
    words, level = f"at {where:.0f} cm⁻¹, above what lies under it", Level.INFO
    if flat >= decision("quality_raman", "flat_points"):
        words, level = f"the top is flat over {flat} points: the detector was full; measure shorter", Level.WARNING
    return Figure("strongest", "Strongest band", rounded(height), unit, level, words)
