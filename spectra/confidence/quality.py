"""Quality gates: is a spectrum good enough to be compared at all? Remarks for a chemist.

Why: a saturated or empty spectrum also gets a best match. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.air import carbon_dioxide
from spectra.confidence.figures import noise_of
from spectra.confidence.limits import decision, load
from spectra.infrared_grid import CO2, GRID, curve
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray, InfraredSpectrum, Level, MassSpectrum, Remark, SpectrumError

NOISE_WINDOW = (2450.0, 2650.0)
"""cm⁻¹ where hardly any substance has bands and neither air nor a diamond absorbs much."""
_APART_CM1 = 4.0
_DEEPEST_NOISE = 5.0  # how far the deepest of 1,800 points of noise lies from the curve: 4.2 in 99 of 100 cases
_BAND_POINTS = 9  # 18 cm⁻¹: what a band is wide; noise falls to a third over it
_BROAD_POINTS = 101  # of the grid: 200 cm⁻¹


def signal_to_noise(spectrum: InfraredSpectrum, top: float | None = None) -> float | None:
    """Largest absorbance over noise; noise = 1.4826 · MAD of the second difference in 2450–2650 cm⁻¹, / √6.

    Taken on the spectrum's own points, 4 cm⁻¹ apart or one step where that is wider: instruments fill up with zeros, so
    that neighbouring points are not independent (measured: twofold filling made the noise 2.5 times too small). `top` is
    the largest absorbance where it is known already. None when that window was not measured; infinite without noise.
    """
    x = spectrum.wavenumber
    first, last = np.searchsorted(x, NOISE_WINDOW)
    window = x[first:last]
    if window.size < 3 or x[0] > NOISE_WINDOW[0] or x[-1] < NOISE_WINDOW[1]:
        return None
    apart = max(1, round(_APART_CM1 / float(np.median(np.diff(window)))))
    noise = noise_of(spectrum.absorbance[first:last], apart)
    if noise is None:
        return None
    if top is None:
        top = float(np.nanmax(np.where(CO2, np.nan, curve(spectrum, raman=False))))
    return top / noise if noise > 0 else float("inf")


def infrared_quality(spectrum: InfraredSpectrum, *, resolution: float | None = None) -> list[Remark]:
    """What speaks against using this spectrum: no bands, weak, noisy, saturated, negative lobes, coarse, partial range.

    `resolution` in cm⁻¹ where the file states it (or the spectrum carries it); without it half of it is taken to be the
    spacing of the points, which is the best an instrument can have meant. Codes: ir_not_usable, ir_flat (errors); ir_axis_unit, ir_single_beam,
    ir_no_bands, ir_weak, ir_noisy, ir_saturated, ir_negative_lobes, ir_coarse; ir_partial_range, ir_no_noise_window
    (information). An empty list means that nothing was noticed. Thresholds: `data/decisions.toml`, [quality_infrared].

    >>> [r.code for r in infrared_quality(InfraredSpectrum(GRID, 0.2 + 0 * GRID))]
    ['ir_flat']
    """
    try:
        values = curve(spectrum, raman=False)
    except SpectrumError as error:
        return [Remark(Level.ERROR, "ir_not_usable", f"This spectrum cannot be compared: {error}.")]
    used = np.where(CO2, np.nan, values)
    if not np.isfinite(used).any():
        text = "This spectrum cannot be compared: only carbon dioxide's own range was measured."
        return [Remark(Level.ERROR, "ir_not_usable", text)]
    top, low = float(np.nanmax(used)), float(np.nanmin(used))
    if top - low <= 1e-9 * max(1.0, abs(top)):
        text = f"The curve is a level line at {top:.3g}: nothing was measured. Measure the sample again."
        return [Remark(Level.ERROR, "ir_flat", text)]
    remarks = [*_axis_unit(spectrum), *_single_beam(spectrum, top)]
    if _no_bands(used):
        text = "No band stands out of the noise: the crystal looks empty, or the sample does not touch it."
        remarks.append(Remark(Level.WARNING, "ir_no_bands", f"{text} Put the sample on and press it harder."))
        remarks += _absorbance(top, max(low, 0.0))
    else:
        ratio = signal_to_noise(spectrum, top)
        noise = top / ratio if ratio and top > 0 else 0.0
        remarks += _absorbance(top, low + _DEEPEST_NOISE * noise) + _noise(ratio)
    return [*remarks, *_coarse(spectrum, resolution or spectrum.resolution), *_partial(values)]


def _partial(values: FloatArray) -> list[Remark]:
    known = GRID[np.isfinite(values)]
    if known[0] <= 900 and known[-1] >= 3000:
        return []
    text = f"Only {known[0]:.0f} to {known[-1]:.0f} cm⁻¹ was measured; scores count this range only."
    return [Remark(Level.INFO, "ir_partial_range", text)]


def _axis_unit(spectrum: InfraredSpectrum) -> list[Remark]:
    """An axis in nm under the name of cm⁻¹: mid-infrared in nm runs from 2,500 to 25,000."""
    low, high = float(spectrum.wavenumber[0]), float(spectrum.wavenumber[-1])
    if low < 1000 or high < 15000:
        return []
    text = f"The axis runs from {low:,.0f} to {high:,.0f}, as infrared spectra do in nm. Say that it is in nm."
    return [Remark(Level.WARNING, "ir_axis_unit", text)]


def _single_beam(spectrum: InfraredSpectrum, top: float) -> list[Remark]:
    """Lamp and air under the name of absorbance: carbon dioxide cuts deep into a curve that is high on both sides."""
    air = carbon_dioxide(spectrum)
    if air is None or not air.seen or air.height > -decision("quality_infrared", "single_beam_dip") * top:
        return []
    x, y = spectrum.wavenumber, spectrum.absorbance
    shoulders = y[((x > 2200) & (x < 2270)) | ((x > 2410) & (x < 2480))]
    if shoulders.size == 0 or float(np.median(shoulders)) < decision("quality_infrared", "single_beam_level") * top:
        return []
    text = (
        "Carbon dioxide cuts into a curve that is high around it: this looks like a single beam, lamp and air included."
    )
    return [Remark(Level.WARNING, "ir_single_beam", f"{text} Save the spectrum divided by its background instead.")]


def _no_bands(used: FloatArray) -> bool:
    """Whether nothing as wide as a band leaves the mean of the 200 cm⁻¹ around it further than noise does."""
    known = np.isfinite(used)
    rest = (_mean(used, known, _BAND_POINTS) - _mean(used, known, _BROAD_POINTS))[known]
    quiet = used[known & (NOISE_WINDOW[0] <= GRID) & (NOISE_WINDOW[1] >= GRID)]
    noise = noise_of(quiet, 2) or noise_of(used[known], 2)
    return bool(noise) and float(np.max(np.abs(rest))) < decision("quality_infrared", "no_bands") * float(noise or 0.0)


def _mean(values: FloatArray, known: NDArray[np.bool_], width: int) -> FloatArray:
    """Mean of the known points within `width` points around each."""
    window = np.ones(width)
    count = np.convolve(known.astype(np.float64), window, "same")
    return np.asarray(np.convolve(np.where(known, values, 0.0), window, "same") / np.maximum(count, 1.0))


def _coarse(spectrum: InfraredSpectrum, resolution: float | None) -> list[Remark]:
    x = spectrum.wavenumber
    finest = resolution if resolution else 2.0 * float(np.median(np.diff(x)))
    if finest <= decision("quality_infrared", "coarsest"):
        return []
    said = f"The file says {finest:g} cm⁻¹ resolution" if resolution else f"Points lie {finest / 2:.1f} cm⁻¹ apart"
    text = f"{said}: close bands run together, and near relatives may look alike. Measure at 4 cm⁻¹ if you can."
    return [Remark(Level.WARNING, "ir_coarse", text)]


def _absorbance(top: float, low: float) -> list[Remark]:
    limit = {name: decision("quality_infrared", name) for name in ("least_absorbance", "saturation", "negative_lobe")}
    out = []
    if top <= 0:
        text = "The whole curve lies below zero: the background holds more than the sample. Clean the crystal, measure"
        return [Remark(Level.WARNING, "ir_negative_lobes", f"{text} the background again, then the sample.")]
    if top < limit["least_absorbance"]:
        text = f"The strongest band is only {top:.3f} absorbance; below {limit['least_absorbance']} noise decides."
        out.append(Remark(Level.WARNING, "ir_weak", f"{text} Press the sample harder or take more of it."))
    if top > limit["saturation"]:
        text = f"The strongest band is {top:.2f} absorbance; above {limit['saturation']} bands are flattened."
        out.append(Remark(Level.WARNING, "ir_saturated", f"{text} Use a thinner sample."))
    if low < -limit["negative_lobe"] * top:
        text = f"The curve dips to {low / top:.0%} of its strongest band. The background may not fit; measure it again."
        out.append(Remark(Level.WARNING, "ir_negative_lobes", text))
    return out


def _noise(snr: float | None) -> list[Remark]:
    if snr is None:
        text = "Noise could not be estimated: 2450 to 2650 cm⁻¹ was not measured."
        return [Remark(Level.INFO, "ir_no_noise_window", text)]
    if snr < decision("quality_infrared", "least_snr"):
        text = f"The signal-to-noise ratio is {snr:.0f}. Clean the crystal and take more scans."
        return [Remark(Level.WARNING, "ir_noisy", text)]
    return []


def mass_quality(spectrum: MassSpectrum) -> list[Remark]:
    """What speaks against using this mass spectrum: no or few peaks, air, column bleed.

    Codes: ms_no_peaks, ms_few_peaks, ms_air, ms_bleed. Thresholds: `data/decisions.toml`, [quality_mass].
    """
    height = spectrum.intensity
    total = float(height.sum())
    if total <= 0:
        return [Remark(Level.ERROR, "ms_no_peaks", "This spectrum has no peak above zero.")]
    out = []
    above = int((height >= 0.01 * height.max()).sum())
    if above < decision("quality_mass", "least_peaks"):
        text = f"Only {above} peaks reach 1 % of the strongest; few peaks fit many compounds."
        out.append(Remark(Level.WARNING, "ms_few_peaks", text))
    if spectrum.ionisation == "EI":
        out += _background(nominal_mass(spectrum.mz), height / total)
    return out


def _background(mass: np.ndarray[tuple[int], np.dtype[np.int64]], share: FloatArray) -> list[Remark]:
    limits = load("decisions")["quality_mass"]
    out = []
    for code, key, words in (("ms_air", "air_ions", "air and water"), ("ms_bleed", "bleed_ions", "the column")):
        part = float(share[np.isin(mass, limits[key])].sum())
        if part > limits["background_share"]:
            text = f"{part:.0%} of the signal lies at ions of {words} ({', '.join(map(str, limits[key]))})."
            out.append(Remark(Level.WARNING, code, f"{text} Subtract the background first."))
    return out
