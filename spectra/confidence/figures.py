"""A figure of quality: one number about a reading, in words, with whether someone should look at it.

Why: a chemist sees what a file is worth as soon as it is in, before believing any match. `WARNING` asks to look,
`INFO` tells; nothing here says that a reading is good. What curves of any technique have in common stands here, infrared
and Raman in figures_infrared, mass spectra in figures_mass. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectra.confidence.limits import decision
from spectra.types import FloatArray, Level

MAD_TO_SIGMA = 1.4826
_WORDS = {"cm-1": "cm⁻¹", "um": "µm"}


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is a number in `unit`, a word, or None when it could not be had; `sentence` says what it means."""

    key: str
    label: str
    value: float | str | None
    unit: str = ""
    level: Level = Level.INFO
    sentence: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "key": self.key, "label": self.label, "value": self.value, "unit": self.unit,
            "level": self.level.value, "sentence": self.sentence,
        }  # fmt: skip


def rounded(value: float, digits: int = 3) -> float:
    """To so many significant digits, as far as a figure means anything."""
    return float(f"{value:.{digits}g}")


def as_word(unit: str) -> str:
    """A unit as it is printed."""
    return _WORDS.get(unit, unit)


def noise_of(values: FloatArray, apart: int = 1) -> float | None:
    """Standard deviation of the noise: 1.4826 · MAD of the second difference of points `apart` steps from each other,
    over √6 (the second difference of independent values has six times their variance). None below twelve differences.
    """
    if values.size - 2 * apart < 12:
        return None
    second = values[2 * apart :] - 2 * values[apart:-apart] + values[: -2 * apart]
    return MAD_TO_SIGMA * float(np.median(np.abs(second - np.median(second)))) / float(np.sqrt(6.0))


def flat_top(values: FloatArray) -> int:
    """How many neighbouring points stand at the very same highest value; 0 for a level line."""
    if values.size == 0 or (top := float(values.max())) <= float(values.min()):
        return 0
    edges = np.flatnonzero(np.diff(np.r_[False, values == top, False].astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max())


def axis_figures(x: FloatArray, unit: str, *, falling: bool = False) -> list[Figure]:
    """Range and spacing of an axis (N,) in any order. `falling` prints the high end first, as infrared is drawn."""
    low, high = float(x.min()), float(x.max())
    ends = (high, low) if falling else (low, high)
    out = [Figure("range", "Range", f"{ends[0]:.5g} to {ends[1]:.5g}", as_word(unit), sentence=f"{x.size:,} points")]
    steps = np.diff(np.sort(x))
    steps = steps[steps > 0]
    if steps.size:
        spacing = rounded(float(np.median(steps)))
        out.append(Figure("spacing", "Point spacing", spacing, as_word(unit), sentence="between neighbouring points"))
    return out


def curve_figures(x: FloatArray, y: FloatArray, x_unit: str, y_unit: str) -> list[Figure]:
    """A curve that is shown and not compared: its highest value, range and spacing. x, y (N,) as recorded."""
    top = int(np.argmax(y))
    where = f"at {x[top]:.5g} {as_word(x_unit)}".rstrip()
    highest = Figure("highest", "Highest value", rounded(float(y[top])), y_unit, sentence=where)
    return [highest, *axis_figures(x, x_unit, falling=x_unit == "cm-1")]


def single_beam_figures(x: FloatArray, y: FloatArray, x_unit: str) -> list[Figure]:
    """A single beam, told as such: it is the lamp and the air as well as the sample."""
    told = Figure(
        "single_beam", "Single beam", "not compared", level=Level.WARNING,
        sentence="It shows lamp and air as well; save the spectrum divided by its background",
    )  # fmt: skip
    return [told, *curve_figures(x, y, x_unit, "")]


def ultraviolet_figures(x: FloatArray, y: FloatArray, x_unit: str, y_unit: str) -> list[Figure]:
    """A UV spectrum: as a curve, with a word where stray light flattens the bands (`y` in absorbance only)."""
    highest, *axis = curve_figures(x, y, x_unit, y_unit)
    if y_unit == "absorbance" and float(y.max()) > (most := decision("quality_uv", "saturation")):
        words = f"{highest.sentence}; above {most:g} stray light flattens bands: dilute the sample"
        highest = Figure("highest", highest.label, highest.value, highest.unit, Level.WARNING, words)
    return [highest, *axis]


def chromatogram_figures(x: FloatArray, y: FloatArray, x_unit: str, y_unit: str) -> list[Figure]:
    """Largest peak, noise, points and range. x (N,) time, y (N,) signal; noise is that from point to point."""
    top = int(np.argmax(y))
    height = float(y[top] - np.median(y))
    words, level = f"at {x[top]:.5g} {as_word(x_unit)}".rstrip() + ", above the median", Level.INFO
    flat = flat_top(y)
    if flat >= decision("quality_chromatogram", "flat_points"):
        words, level = f"flat over {flat} points: the detector was full; inject less", Level.WARNING
    out = [Figure("largest_peak", "Largest peak", rounded(height), y_unit, level, words)]
    noise = noise_of(y)
    if noise:
        ratio = rounded(height / noise, 2)
        words = f"the largest peak is {ratio:,.0f} times as high; from point to point over the whole run"
        out.append(Figure("noise", "Noise", rounded(noise, 2), y_unit, sentence=words))
    return [*out, *axis_figures(x, x_unit)]
