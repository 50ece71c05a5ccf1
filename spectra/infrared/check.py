"""Daily check of an infrared instrument: where the bands of a known material are found, how sharp, how noisy.

Numbers and materials stand in `data/infrared_instrument.toml`. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from spectra.confidence.limits import load
from spectra.confidence.quality import signal_to_noise
from spectra.infrared.check_bands import (
    MAD_TO_SIGMA,
    CheckBand,
    band_at,
    coarse_shift,
    depth_noise,
    depth_of,
    fine,
    resolution_of,
)
from spectra.types import InfraredSpectrum, SpectrumError


class CheckState(StrEnum):
    """What a check says of the instrument."""

    IN_RANGE = "in_range"
    DRIFTED = "drifted"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True, slots=True)
class Material:
    """What is measured for a check. `bands` in cm⁻¹; `sharp` are (position, natural width) used for the resolution."""

    key: str
    title: str
    bands: tuple[float, ...]
    sharp: tuple[tuple[float, float], ...]
    source: str
    note: str
    limits: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Figures of one check. `shift`: median error of the bands, `spread`: 1.4826 · MAD of the errors, both cm⁻¹.

    `resolution` in cm⁻¹ and `signal_to_noise` are None where the spectrum does not show them.
    """

    material: str
    bands: tuple[CheckBand, ...]
    shift: float
    spread: float
    resolution: float | None
    signal_to_noise: float | None


@dataclass(frozen=True, slots=True)
class InstrumentCheck:
    """A check with what it means: state and a sentence for every figure that is not in range."""

    figures: CheckFigures
    state: CheckState
    reasons: tuple[str, ...]


def materials() -> dict[str, Material]:
    """Materials an instrument can be checked with, by key.

    >>> sorted(materials())
    ['paracetamol_atr', 'polystyrene_atr', 'polystyrene_film']
    """
    return {key: _material(key, table) for key, table in _data()["material"].items()}


def material(key: str) -> Material:
    """One of them. Raises SpectrumError with the known ones."""
    known = materials()
    if key not in known:
        raise SpectrumError(f"there is no check material called {key!r}; known are {', '.join(sorted(known))}")
    return known[key]


def measure(spectrum: InfraredSpectrum, material_key: str) -> CheckFigures:
    """Find the bands of a material in `spectrum` (absorbance).

    First the shift, −15 … 15 cm⁻¹, at which the second derivative is most negative at all bands together, then the
    maximum of each band within 5 cm⁻¹ of it (parabola through five points 1 cm⁻¹ apart). The median of the errors is robust to one band that overlaps a neighbour's. Resolution from the
    widths at half height of the sharp bands, W² = W₀² + R², with W₀ their natural widths.

    Raises SpectrumError when the spectrum does not look like the material: nothing is said of the instrument then.
    Misleads: bands of an ATR spectrum lie lower than those of a film (anomalous dispersion), the strong ones most;
    a resolution finer than the natural widths is not seen; a film saturated by its thickness has no sharp top.

    >>> x = np.arange(500.0, 3500.0, 2.0)
    >>> y = sum(0.3 / (1 + ((x - p - 1.0) / 4.0) ** 2) for p in material("polystyrene_film").bands)
    >>> noise = 0.0005 * np.random.default_rng(1).standard_normal(x.size)
    >>> found = measure(InfraredSpectrum(x, y + noise), "polystyrene_film")
    >>> round(found.shift, 1), found.spread < 0.5
    (1.0, True)
    """
    of = material(material_key)
    axis, curve = fine(spectrum)
    depth = depth_of(curve)
    places = np.array([p for p in of.bands if axis[0] + 20 <= p <= axis[-1] - 20])
    if places.size < max(5, len(of.bands) // 2):
        raise SpectrumError(
            f"this spectrum covers {axis[0]:.0f} to {axis[-1]:.0f} cm⁻¹ and holds {places.size} of the "
            f"{len(of.bands)} bands of {of.title}: too few for a check; measure the whole range"
        )
    coarse = coarse_shift(axis, depth, places, of.title)
    noise = depth_noise(axis, depth)
    bands = tuple(band_at(axis, curve, depth, float(p), coarse, noise) for p in places)
    errors = np.array([b.error for b in bands if b.error is not None])
    if errors.size < _number("least_share") * places.size:
        raise SpectrumError(
            f"only {errors.size} of {places.size} bands of {of.title} stand out of the noise of this spectrum: "
            "nothing was concluded; measure it again with more scans and good contact"
        )
    shift = float(np.median(errors))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(errors - shift)))
    return CheckFigures(of.key, bands, shift, spread, resolution_of(axis, curve, of.sharp, shift), _ratio(spectrum))


def judge(figures: CheckFigures, before: Sequence[CheckFigures] = ()) -> InstrumentCheck:
    """In range, drifted or out of range, and why. `before`: the instrument's earlier checks in range, any material.

    Thresholds of the material; against the instrument's own median only with three or more earlier checks of the same
    material.
    """
    of = material(figures.material)
    own = [one for one in before if one.material == figures.material][-int(_number("history")) :]
    found = [*_scale(figures, of), *_noise(figures, own, of), *_sharpness(figures, own, of)]
    worst = max((level for level, _ in found), default=0)
    state = (CheckState.IN_RANGE, CheckState.DRIFTED, CheckState.OUT_OF_RANGE)[worst]
    return InstrumentCheck(figures, state, tuple(words for _, words in found))


def widening(state: CheckState | InstrumentCheck | None) -> float:
    """Factor by which printed limits of detection of that instrument on that day are widened; 1 without a check.

    A stated factor, not a measured one: the limits rest on the reading's own noise already, and this is for what a
    wrong scale or shape does beyond it.

    >>> widening(CheckState.IN_RANGE), widening(None)
    (1.0, 1.0)
    >>> 1.0 < widening(CheckState.DRIFTED) < widening(CheckState.OUT_OF_RANGE)
    True
    """
    state = state.state if isinstance(state, InstrumentCheck) else state
    if state is CheckState.DRIFTED:
        return _number("widen_drifted")
    return _number("widen_out") if state is CheckState.OUT_OF_RANGE else 1.0


def _ratio(spectrum: InfraredSpectrum) -> float | None:
    ratio = signal_to_noise(spectrum)
    return None if ratio is None or not np.isfinite(ratio) else round(float(ratio), 1)


def _scale(figures: CheckFigures, of: Material) -> list[tuple[int, str]]:
    out = []
    level = _level(abs(figures.shift), of.limits["shift_drifted"], of.limits["shift_out"])
    if level:
        words = f"Bands lie {abs(figures.shift):.1f} cm⁻¹ too {'high' if figures.shift > 0 else 'low'}"
        out.append((level, f"{words}. Up to {of.limits['shift_drifted']:.1f} is in range."))
    level = _level(figures.spread, of.limits["spread_drifted"], of.limits["spread_out"])
    if level:
        out.append(
            (level, f"Shifts of single bands scatter by {figures.spread:.1f} cm⁻¹, "
                    f"usual is up to {of.limits['spread_drifted']:g}: the scale is stretched, or the contact was poor.")
        )  # fmt: skip
    return out


def _noise(figures: CheckFigures, own: Sequence[CheckFigures], of: Material) -> list[tuple[int, str]]:
    ratio = figures.signal_to_noise
    if ratio is None:
        return []
    if ratio < of.limits["snr_out"]:
        return [(2, f"Signal to noise is {ratio:,.0f}, at least {of.limits['snr_out']:g} is needed.")]
    usual = _usual([one.signal_to_noise for one in own])
    if usual is not None and ratio < of.limits["snr_drifted"] * usual:
        return [(1, f"Signal to noise is {ratio:,.0f}, usual for this instrument is {usual:,.0f}.")]
    return []


def _sharpness(figures: CheckFigures, own: Sequence[CheckFigures], of: Material) -> list[tuple[int, str]]:
    usual = _usual([one.resolution for one in own])
    if figures.resolution is None or usual is None:
        return []
    if figures.resolution > of.limits["resolution_drifted"] * usual + 1.0:
        return [(1, f"Bands are blurred: about {figures.resolution:.0f} cm⁻¹ resolution, usual is {usual:.0f}.")]
    return []


def _usual(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if len(known) >= _number("least_history") else None


def _level(value: float, drifted: float, out: float) -> int:
    return 2 if value > out else 1 if value > drifted else 0


def _data() -> dict[str, Any]:
    return load("infrared_instrument")


def _number(name: str) -> float:
    return float(_data()["check"][name])


def _material(key: str, table: Mapping[str, Any]) -> Material:
    limits = {name: float(value) for name, value in table.items() if isinstance(value, int | float)}
    sharp = tuple((float(p), float(w)) for p, w in table["sharp"])
    return Material(
        key, str(table["title"]), tuple(float(b) for b in table["bands"]), sharp, str(table["source"]),
        str(table.get("note", "")), limits,
    )  # fmt: skip
