"""Calibration curves: levels → a weighted line with its residuals, tests, limits and working range, and the refusals.

Why: a slope alone hides whether the line may be used at all. Figures that decide stand in data/quantification.toml.
Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes half a second to import

from spectra.confidence.limits import load
from spectra.quantify.linearity import FTest, curvature, lack_of_fit
from spectra.quantify.regression import Line, fit_line
from spectra.types import FloatArray, SpectrumError


class Weighting(StrEnum):
    """Weights of the levels: equal, or more for small concentrations, whose responses scatter less."""

    NONE = "none"
    INVERSE = "1/x"
    INVERSE_SQUARE = "1/x2"


class LimitSource(StrEnum):
    """Where the standard deviation behind LOD and LOQ comes from (ICH Q2(R2)).

    RESIDUAL: scatter of the calibration about its line, at the lowest level when weighted. INTERCEPT: standard
    uncertainty of the intercept. BLANKS: standard deviation of blank responses.
    """

    RESIDUAL = "residual"
    INTERCEPT = "intercept"
    BLANKS = "blanks"


K = TypeVar("K", bound=StrEnum)

SMALLEST, LARGEST = 1e-12, 1e12  # of a quantity other than zero; no unit in use needs more

SOURCE_WORDS = {
    LimitSource.RESIDUAL: "the scatter of the calibration about its line",
    LimitSource.INTERCEPT: "the uncertainty of the intercept",
    LimitSource.BLANKS: "the scatter of the blanks",
}


@dataclass(frozen=True, slots=True)
class CalibrationLevel:
    """One measured standard: concentration (any unit, the same for all), response of the analyte and of the standard.

    With an internal standard the curve is made of the ratio of both, so its amount must be the same in every solution.
    """

    concentration: float
    response: float
    internal_standard: float | None = None


@dataclass(frozen=True, slots=True)
class BackCalculated:
    """One level read off its own curve. `accuracy_percent` is None at zero; `within` compares with ICH M10."""

    concentration: float
    found: float
    accuracy_percent: float | None
    residual: float
    within: bool


@dataclass(frozen=True, eq=False)
class Curve:
    """A fitted calibration curve. `lod`, `loq`, `low`, `high` in the unit of the levels.

    Amounts are read between `low`, the higher of LOQ and lowest level above zero, and `high`, the highest level.
    `lack_of_fit` needs repeated levels, `curvature` four levels; None where they cannot be had.
    """

    line: Line
    weighting: Weighting
    internal_standard: bool
    levels: tuple[BackCalculated, ...]
    limit_source: LimitSource
    limit_sd: float
    lod: float
    loq: float
    low: float
    high: float
    lack_of_fit: FTest | None
    curvature: FTest | None
    notes: tuple[str, ...]
    mean_weight: float

    @property
    def usable(self) -> bool:
        """Whether a working range is left between LOQ and the highest level."""
        return self.low < self.high

    @property
    def limits(self) -> tuple[str, ...]:
        """What to print with every figure read off this curve."""
        return (
            f"LOD {self.lod:.3g} and LOQ {self.loq:.3g}, from {SOURCE_WORDS[self.limit_source]}.",
            f"Working range {self.low:.3g} to {self.high:.3g}. Nothing is read outside it.",
        )

    def weight(self, x: float) -> float:
        """Weight of a response at concentration x, on the scale of the fit."""
        return float(_weights(np.array([x]), self.weighting)[0]) / self.mean_weight


def fit_curve(
    levels: Sequence[CalibrationLevel],
    *,
    weighting: Weighting | str = Weighting.NONE,
    through_zero: bool = False,
    blanks: Sequence[float] = (),
    limit_source: LimitSource | str | None = None,
) -> Curve:
    """Fit response (or response ratio) against concentration by weighted least squares, and judge the fit.

    LOD = 3.3 s/b and LOQ = 10 s/b (ICH Q2(R2), 2023); s from `blanks` (responses or ratios, six or more) where given,
    else from the residuals. `through_zero` is only ever done when asked for: it hides a blank that is not zero.
    Raises SpectrumError: fewer than three levels, equal concentrations, values below zero or not finite, an internal
    standard missing or zero, a level at zero with weights 1/x, a response that does not rise, too few blanks.
    It misleads when the levels were not measured in the matrix of the sample, or in the order of their concentration.

    >>> curve = fit_curve([CalibrationLevel(c, 2 * c + e) for c, e in zip((1, 2, 4, 6, 8), (.1, -.1, 0, .1, -.1))])
    >>> round(curve.line.slope, 3), round(curve.lod, 2), round(curve.loq, 2), curve.high
    (1.991, 0.18, 0.56, 8.0)
    """
    kind = _member(Weighting, weighting, "weighting")
    x, y = _arrays(levels)
    _check_levels(x, y, kind, through_zero)
    raw = _weights(x, kind)
    mean_weight = float(raw.mean())
    w = raw / mean_weight
    line = fit_line(x, y, w, through_zero)
    if not line.slope > 0:
        raise SpectrumError("the response does not rise with the concentration, so there is no calibration curve")
    source, sd = _limit_sd(line, w[x > 0][np.argmin(x[x > 0])], blanks, limit_source)
    figures = load("quantification")["limits"]
    lod, loq = figures["lod_factor"] * sd / line.slope, figures["loq_factor"] * sd / line.slope
    lowest, high = float(x[x > 0].min()), float(x.max())
    back = _back_calculated(x, y, line)
    lack, bend = lack_of_fit(x, y, w, line), curvature(x, y, w, line)
    notes = _notes(x, line, back, lack, bend, loq, lowest, high)
    internal = levels[0].internal_standard is not None
    return Curve(
        line, kind, internal, back, source, sd, lod, loq, max(loq, lowest), high, lack, bend, notes, mean_weight
    )  # fmt: skip


def response_of(response: float, internal_standard: float | None, what: str = "a level") -> float:
    """Response, or its ratio to that of the internal standard. Raises SpectrumError on what cannot be one."""
    if not (np.isfinite(response) and response >= 0):
        raise SpectrumError(f"{what} has the response {response}; a response is a number not below zero")
    if internal_standard is None:
        return within_reason(float(response), f"the response of {what}")
    if not (np.isfinite(internal_standard) and internal_standard > 0):
        raise SpectrumError(
            f"{what} has no signal of the internal standard ({internal_standard}): was it added to this solution?"
        )
    within_reason(float(internal_standard), f"the internal standard of {what}")
    return within_reason(float(response) / float(internal_standard), f"the response ratio of {what}")


def within_reason(value: float, what: str) -> float:
    """`value` itself. Raises SpectrumError where no quantity of a laboratory is so small or large: squares overflow."""
    if value != 0 and not SMALLEST <= abs(value) <= LARGEST:
        raise SpectrumError(f"{what} is {value:g}; choose a unit in which it lies between {SMALLEST:g} and {LARGEST:g}")
    return value


def _arrays(levels: Sequence[CalibrationLevel]) -> tuple[FloatArray, FloatArray]:
    with_standard = [level.internal_standard is not None for level in levels]
    if any(with_standard) and not all(with_standard):
        raise SpectrumError("some levels have an internal standard and some do not; give it for all or for none")
    for level in levels:
        if not (np.isfinite(level.concentration) and level.concentration >= 0):
            raise SpectrumError(f"a concentration must be a number not below zero, got {level.concentration}")
        within_reason(level.concentration, "a concentration")
    x = np.array([level.concentration for level in levels], dtype=np.float64)
    y = [response_of(level.response, level.internal_standard, f"level {level.concentration:g}") for level in levels]
    return x, np.array(y, dtype=np.float64)


def _check_levels(x: FloatArray, y: FloatArray, weighting: Weighting, through_zero: bool) -> None:
    least = int(load("quantification")["curve"]["least_levels"])
    different = np.unique(x)
    if different.size == 1 and x.size > 1:
        raise SpectrumError(f"all levels have the concentration {x[0]:g}; a curve needs {least} different ones or more")
    if different.size < least:
        raise SpectrumError(f"{different.size} different levels are too few; a curve needs {least} or more")
    if weighting is not Weighting.NONE and (x == 0).any():
        raise SpectrumError(
            f"a level of zero has no weight {weighting}: leave it out, or fit without weights; a blank shows LOD, not "
            "the line"
        )
    if through_zero and not (y[x > 0] > 0).any():
        raise SpectrumError("no level has a response above zero, so there is no line through zero")


def _weights(x: FloatArray, weighting: Weighting) -> FloatArray:
    if weighting is Weighting.NONE:
        return np.ones_like(x)
    return 1.0 / x if weighting is Weighting.INVERSE else 1.0 / (x * x)


def _limit_sd(
    line: Line, weight_low: float, blanks: Sequence[float], wanted: LimitSource | str | None
) -> tuple[LimitSource, float]:
    least = int(load("quantification")["limits"]["least_blanks"])
    values = np.array([response_of(b, None, "a blank") for b in blanks], dtype=np.float64)
    source = _member(LimitSource, wanted or (LimitSource.BLANKS if values.size else LimitSource.RESIDUAL), "source")
    if source is LimitSource.BLANKS:
        if values.size < least:
            raise SpectrumError(f"{values.size} blanks are too few for a standard deviation; measure {least} or more")
        return source, float(values.std(ddof=1))
    if source is LimitSource.INTERCEPT:
        if line.through_zero:
            raise SpectrumError("a line through zero has no intercept; take the limits from residuals or blanks")
        return source, line.intercept_u
    return source, line.residual_sd / float(np.sqrt(weight_low))


def _back_calculated(x: FloatArray, y: FloatArray, line: Line) -> tuple[BackCalculated, ...]:
    figures = load("quantification")["curve"]
    lowest, out = float(x[x > 0].min()), []
    for c, response, residual in zip(x, y, line.residuals, strict=True):
        found = float((response - line.intercept) / line.slope)
        accuracy = 100.0 * found / float(c) if c > 0 else None
        allowed = figures["accuracy_lowest_percent" if c == lowest else "accuracy_percent"]
        within = accuracy is None or abs(accuracy - 100.0) <= allowed
        out.append(BackCalculated(float(c), found, accuracy, float(residual), within))
    return tuple(out)


def _notes(
    x: FloatArray,
    line: Line,
    back: Sequence[BackCalculated],
    lack: FTest | None,
    bend: FTest | None,
    loq: float,
    lowest: float,
    high: float,
) -> tuple[str, ...]:
    said = []
    advised = int(load("quantification")["curve"]["advised_levels"])
    if (count := np.unique(x).size) < advised:
        said.append(f"Only {count} different levels; ICH Q2(R2) asks for {advised} or more.")
    if line.through_zero:
        said.append("The line was forced through zero, as asked; r² of such a line says nothing about straightness.")
    elif abs(line.intercept) > stdtrit(line.dof, 0.975) * line.intercept_u > 0:
        said.append("The intercept differs from zero: look at the blank.")
    if lack is not None and lack.significant:
        said.append(f"The levels do not lie on the line (lack of fit, p = {lack.p:.2g}).")
    elif bend is not None and bend.significant:
        said.append(f"The levels lie on a curve rather than a line (Mandel, p = {bend.p:.2g}).")
    if off := sorted({f"{b.concentration:g}" for b in back if not b.within}, key=float):
        said.append(f"Read off the curve, the level {' and '.join(off)} is further from its value than ICH M10 allows.")
    if loq >= high:
        said.append("The limit of quantification lies above the highest level: nothing can be quantified with it.")
    elif loq > lowest:
        said.append(f"The limit of quantification lies above the lowest level, so the range begins at {loq:.3g}.")
    return tuple(said)


def _member(kind: type[K], value: str, what: str) -> K:
    try:
        return kind(value)
    except ValueError:
        raise SpectrumError(f"there is no {what} {value!r}; use one of {', '.join(kind)}") from None
