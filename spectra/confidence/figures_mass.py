"""Figures of a mass spectrum or a run of scans: base peak, total ion current, masses, profile, full detector.

Thresholds: `data/decisions.toml`, [quality_mass]. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectra.confidence.figures import Figure, flat_top, rounded
from spectra.confidence.limits import decision
from spectra.types import FloatArray, Level, MassSpectrum

_ENOUGH_FOR_PROFILE = 50


def mass_figures(spectrum: MassSpectrum) -> list[Figure]:
    """What one mass spectrum is worth."""
    if not float(spectrum.intensity.sum()) > 0:
        return [
            Figure("base_peak", "Base peak", None, "m/z", Level.WARNING, "no peak stands above zero"),
            _range([spectrum]),
        ]
    return [
        _base_peak(spectrum, "of the signal of this spectrum"),
        _peaks(spectrum),
        _range([spectrum]),
        _form(spectrum),
        *_full_profile(spectrum),
    ]


def run_figures(scans: Sequence[MassSpectrum], total: FloatArray, x: FloatArray, x_unit: str) -> list[Figure]:
    """What a run is worth. `scans` (S,), `total` (S,) their total ion current and `x` (S,) their times belong together."""
    top = int(np.argmax(total))
    highest = Figure(
        "tic", "Highest total ion current", rounded(float(total[top])), sentence=f"at {_time(float(x[top]), x_unit)}"
    )
    filled = [scan for scan in scans if scan.mz.size]
    if not filled or not float(total[top]) > 0:
        empty = Figure("tic", highest.label, rounded(float(total[top])), "", Level.WARNING, "no scan holds any signal")
        return [empty, _scans(scans, x, x_unit)]
    strongest = scans[top] if scans[top].mz.size else filled[0]
    return [
        highest,
        _base_peak(strongest, "of the signal of the highest scan"),
        _scans(scans, x, x_unit),
        _range(filled),
        _form(strongest),
        *_full_run(scans),
    ]


def is_profile(spectrum: MassSpectrum) -> bool:
    """Whether the points trace peaks instead of naming them: close together, and fewer than 28 in 100 a local maximum.

    The heights of independent peaks have a local maximum at every third.
    """
    y = spectrum.intensity
    if y.size < _ENOUGH_FOR_PROFILE:
        return False
    if float(np.median(np.diff(spectrum.mz))) >= decision("quality_mass", "profile_spacing"):
        return False
    return float(((y[1:-1] > y[:-2]) & (y[1:-1] > y[2:])).mean()) < 0.28


def _base_peak(spectrum: MassSpectrum, of: str) -> Figure:
    share = float(spectrum.intensity.max() / spectrum.intensity.sum())
    return Figure(
        "base_peak", "Base peak", float(f"{spectrum.base_peak_mz:.7g}"), "m/z", sentence=f"{100 * share:.2g} % {of}"
    )


def _peaks(spectrum: MassSpectrum) -> Figure:
    above = int((spectrum.intensity >= 0.01 * spectrum.intensity.max()).sum())
    words, level = f"{above:,} reach 1 % of the strongest", Level.INFO
    if above < decision("quality_mass", "least_peaks"):
        words, level = f"only {above} reach 1 % of the strongest; few peaks fit many compounds", Level.WARNING
    return Figure("peaks", "Points" if is_profile(spectrum) else "Peaks", spectrum.mz.size, "", level, words)


def _scans(scans: Sequence[MassSpectrum], x: FloatArray, x_unit: str) -> Figure:
    levels = [scan.ms_level for scan in scans]
    parts = [f"{levels.count(n):,} of level {n}" for n in sorted({n for n in levels if n is not None})]
    words = f"from {float(x.min()):.4g} to {_time(float(x.max()), x_unit)}"
    return Figure("scans", "Scans", len(scans), sentence=", ".join([words, *(parts if len(parts) > 1 else [])]))


def _time(value: float, unit: str) -> str:
    """As recorded; seconds in minutes as well, which chromatograms are drawn in."""
    words = f"{value:.4g} {unit}".rstrip()
    return f"{words} ({value / 60:.3g} min)" if unit == "s" and value >= 60 else words


def _range(scans: Sequence[MassSpectrum]) -> Figure:
    low, high = min(float(s.mz[0]) for s in scans), max(float(s.mz[-1]) for s in scans)
    return Figure("mz_range", "Masses", f"{low:.6g} to {high:.6g}", "m/z", sentence="lowest and highest with a point")


def _form(spectrum: MassSpectrum) -> Figure:
    if is_profile(spectrum):
        return Figure("form", "Form", "profile", sentence="as it looks: the points trace the peaks")
    return Figure("form", "Form", "centroid", sentence="as it looks: one point per peak")


def _full_profile(spectrum: MassSpectrum) -> list[Figure]:
    flat = flat_top(spectrum.intensity)
    if not is_profile(spectrum) or flat < decision("quality_mass", "flat_points"):
        return []
    return [_full(f"the highest peak is flat over {flat} points")]


def _full_run(scans: Sequence[MassSpectrum]) -> list[Figure]:
    """Scans after one another whose highest peaks are equal to the last digit stopped at what the detector can count."""
    highest = np.array([float(s.intensity.max()) if s.mz.size else 0.0 for s in scans if s.ms_level in (None, 1)])
    flat = flat_top(highest) if highest.size else 0
    if flat < decision("quality_mass", "flat_points"):
        return []
    return [_full(f"{flat} scans after one another end at the same height")]


def _full(what: str) -> Figure:
    words = f"{what}: the detector was full; inject less"
    return Figure("full", "Detector", "full", "", Level.WARNING, words)
