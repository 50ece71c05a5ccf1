"""From a response to a concentration, with its uncertainty, or the reason why there is none. numpy and scipy.

Why: a line can be read anywhere, an analysis cannot: below LOQ and above the highest level there is no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes half a second to import

from spectra.confidence.limits import load
from spectra.quantify.curve import Curve, response_of
from spectra.types import SpectrumError


class Status(StrEnum):
    """What may be said of a response."""

    QUANTIFIED = "quantified"
    BELOW_LOQ = "below_loq"
    BELOW_LOD = "below_lod"
    ABOVE_RANGE = "above_range"


@dataclass(frozen=True, slots=True)
class Concentration:
    """What one response says, in the unit of the curve. `value` and `standard_uncertainty` only when quantified.

    `dof` are the degrees of freedom of the uncertainty; `repeats` how many measurements were averaged, `repeat_sd` their
    scatter as a concentration (None for one). `sentence` says it in words; `limits` are printed with it, `notes` ask
    for a look.
    """

    status: Status
    value: float | None
    standard_uncertainty: float | None
    dof: int
    repeats: int
    repeat_sd: float | None
    sentence: str
    limits: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def interval(self, probability: float = 0.95) -> tuple[float, float]:
        """Confidence interval by Student's t, of the calibration alone. Raises SpectrumError when not quantified."""
        if self.value is None or self.standard_uncertainty is None:
            raise SpectrumError("there is no figure, so there is no interval: " + self.sentence)
        half = float(stdtrit(self.dof, (1 + probability) / 2)) * self.standard_uncertainty
        return self.value - half, self.value + half


def concentration(
    curve: Curve, responses: Sequence[float], internal_standard: Sequence[float] | None = None, unit: str = ""
) -> Concentration:
    """Read the mean of `responses` (repeats of one solution) off the curve.

    x₀ = (ȳ₀ − a)/b and u(x₀) = (s/b) √(1/(m w₀) + 1/Σw + (x₀ − x̄)²/Σ w (x − x̄)²), m repeats, w₀ the weight at x₀
    (Miller & Miller, Statistics and Chemometrics for Analytical Chemistry, chapter 5; Eurachem/CITAC QUAM:2012,
    E.4.2). Below LOQ or the lowest level and above the highest level there is no value. Raises SpectrumError on no
    response, a response that is not a number or below zero, an internal standard that is missing, zero or not of the
    curve. It covers the calibration only: weighing, volumes, purity and recovery are the budget's.
    """
    y = _responses(curve, responses, internal_standard)
    line, m = curve.line, int(y.size)
    x = float((y.mean() - line.intercept) / line.slope)
    sd = float(y.std(ddof=1) / line.slope) if m > 1 else None
    status, sentence = _status(curve, x, f" {unit}" if unit else "")
    if status is not Status.QUANTIFIED:
        return Concentration(status, None, None, line.dof, m, sd, sentence, curve.limits)
    weight = curve.weight(x)
    u = line.residual_sd / line.slope * float(np.sqrt(1.0 / (m * weight) + line.variance_at(x)))
    expected = line.residual_sd / line.slope / float(np.sqrt(weight))
    notes: tuple[str, ...] = ()
    if sd is not None and sd > float(load("quantification")["sample"]["spread_ratio"]) * expected:
        notes = (f"The repeats scatter more (sd {sd:.3g}) than the calibration lets expect ({expected:.3g}).",)
    return Concentration(status, x, u, line.dof, m, sd, sentence, curve.limits, notes)


def _responses(
    curve: Curve, responses: Sequence[float], internal_standard: Sequence[float] | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if not len(responses):
        raise SpectrumError("there is no response to read off the curve")
    if curve.internal_standard != (internal_standard is not None):
        raise SpectrumError(
            "this curve was made with an internal standard, so its signal is needed with every response"
            if curve.internal_standard
            else "this curve was made without an internal standard, so its signal cannot be used"
        )
    standards = [None] * len(responses) if internal_standard is None else list(internal_standard)
    if len(standards) != len(responses):
        raise SpectrumError(f"{len(responses)} responses but {len(standards)} signals of the internal standard")
    pairs = zip(responses, standards, strict=True)
    return np.array([response_of(r, s, "the sample") for r, s in pairs], dtype=np.float64)


def _status(curve: Curve, x: float, unit: str) -> tuple[Status, str]:
    if not curve.usable:
        return Status.BELOW_LOQ, (
            f"This curve has no working range: its LOQ of {curve.loq:.3g}{unit} lies above its highest level of "
            f"{curve.high:.3g}{unit}."
        )
    if x > curve.high:
        return Status.ABOVE_RANGE, (
            f"Above the highest level of {curve.high:.3g}{unit}: dilute the sample and measure it again."
        )
    if x >= curve.low:
        return Status.QUANTIFIED, f"{x:.4g}{unit}."
    if x >= curve.lod:
        return Status.BELOW_LOQ, (
            f"Detected, below the limit of quantification of {curve.low:.3g}{unit}; there is no figure for it."
        )
    return Status.BELOW_LOD, (
        f'Not detected: below the limit of detection of {curve.lod:.3g}{unit}. "Not seen" is not "absent".'
    )
