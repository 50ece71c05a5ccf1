"""Quality gates: is a spectrum good enough to be compared at all? Remarks for a chemist.

Why: a saturated or empty spectrum also gets a best match. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np

from spectra.confidence.figures import noise_of
from spectra.confidence.limits import decision, load
from spectra.infrared_grid import CO2, GRID, curve
from spectra.preprocess import nominal_mass
from spectra.types import FloatArray, InfraredSpectrum, Level, MassSpectrum, Remark, SpectrumError

NOISE_WINDOW = (2450.0, 2650.0)
"""cm⁻¹ where hardly any substance has bands and neither air nor a diamond absorbs much."""
_APART_CM1 = 4.0


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
        top = float(np.nanmax(np.where(CO2, np.nan, curve(spectrum))))
    return top / noise if noise > 0 else float("inf")


def infrared_quality(spectrum: InfraredSpectrum) -> list[Remark]:
    """What speaks against using this spectrum: weak, noisy, saturated, negative lobes, partial range.

    Codes: ir_not_usable, ir_weak, ir_noisy, ir_saturated, ir_negative_lobes, ir_partial_range, ir_no_noise_window.
    An empty list means that nothing was noticed. Thresholds: `data/decisions.toml`, [quality_infrared].
    """
    try:
        values = curve(spectrum)
    except SpectrumError as error:
        return [Remark(Level.ERROR, "ir_not_usable", f"This spectrum cannot be compared: {error}.")]
    used = np.where(CO2, np.nan, values)
    top, low = float(np.nanmax(used)), float(np.nanmin(used))
    remarks = _absorbance(top, low) + _noise(signal_to_noise(spectrum, top))
    known = GRID[np.isfinite(values)]
    if known[0] > 900 or known[-1] < 3000:
        text = f"Only {known[0]:.0f} to {known[-1]:.0f} cm⁻¹ was measured; scores count this range only."
        remarks.append(Remark(Level.INFO, "ir_partial_range", text))
    return remarks


def _absorbance(top: float, low: float) -> list[Remark]:
    limit = {name: decision("quality_infrared", name) for name in ("least_absorbance", "saturation", "negative_lobe")}
    out = []
    if top < limit["least_absorbance"]:
        text = f"The strongest band is only {top:.3f} absorbance; below {limit['least_absorbance']} noise decides."
        out.append(Remark(Level.WARNING, "ir_weak", f"{text} Press the sample harder or take more of it."))
    if top > limit["saturation"]:
        text = f"The strongest band is {top:.2f} absorbance; above {limit['saturation']} bands are flattened."
        out.append(Remark(Level.WARNING, "ir_saturated", f"{text} Use a thinner sample."))
    if top > 0 and low < -limit["negative_lobe"] * top:
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
