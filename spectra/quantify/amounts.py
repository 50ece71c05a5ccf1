"""From the concentration in a solution to the amount in a sample or unit: % w/w, mg per unit, mg/mL, ratio. Pure.

Why: the last steps (dilution, weighing, unit weights, salt) are where figures go wrong by factors. Imports `spectra` only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spectra.quantify.budget import Budget, Contribution, combine
from spectra.quantify.inverse import Concentration
from spectra.quantify.salts import convert, form
from spectra.types import SpectrumError

UNITS = {"ng/mL": 1e-6, "µg/mL": 1e-3, "ug/mL": 1e-3, "mg/L": 1e-3, "mg/mL": 1.0, "g/L": 1.0}
"""Unit of a curve → mg/mL."""

AMOUNT_UNITS = ("percent_ww", "mg_per_unit", "ug_per_blotter", "mg_per_ml")


@dataclass(frozen=True, slots=True)
class UnitWeights:
    """Weights of single units in mg (tablets, capsules' content, blotters), as weighed one by one."""

    mg: tuple[float, ...]
    balance_u_mg: float = 0.0

    @property
    def mean(self) -> float:
        """Mean weight in mg."""
        return float(np.mean(self.mg))

    @property
    def sd(self) -> float | None:
        """Standard deviation between units in mg; None for one unit."""
        return float(np.std(self.mg, ddof=1)) if len(self.mg) > 1 else None

    def contribution(self) -> Contribution:
        """For the budget: of the mean weight, or of the one unit's weighing."""
        n = len(self.mg)
        if self.sd is None:
            return Contribution("weight of the unit", self.mean, self.balance_u_mg, "mg")
        u = math.hypot(self.sd / math.sqrt(n), self.balance_u_mg)
        return Contribution(f"mean weight of {n} units", self.mean, u, "mg", n - 1)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How the measured solution was made. `mass_mg` of sample in `volume_ml`, diluted `dilution` times.

    Standard uncertainties: `mass_u_mg`, `volume_u_ml`, `dilution_u`. `purity` of the standard (0–1] corrects the curve's
    levels where that was not done before (`purity_corrected`). `recovery` (> 0) divides the result. `repeatability` is
    the relative standard deviation of whole preparations (weighing to result), from `repeatability_n` of them.
    For a liquid leave `mass_mg` out.
    """

    volume_ml: float | None = None
    mass_mg: float | None = None
    dilution: float = 1.0
    mass_u_mg: float = 0.0
    volume_u_ml: float = 0.0
    dilution_u: float = 0.0
    purity: float = 1.0
    purity_u: float = 0.0
    purity_corrected: bool = False
    recovery: float = 1.0
    recovery_u: float = 0.0
    repeatability: float = 0.0
    repeatability_n: int = 0
    extra: tuple[Contribution, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount to propose for a finding: value with its interval at k, unit, and which form it counts.

    `basis`: base, hydrochloride or other_salt; `form` the form by name. `limits` are always printed with it.
    """

    value: float
    low: float
    high: float
    k: float
    unit: str
    basis: str
    form: str
    budget: Budget
    words: tuple[str, ...]
    limits: tuple[str, ...]

    def rounded(self) -> tuple[float, float, float]:
        """Value and both ends, to two significant figures of the expanded uncertainty (GUM 7.2.6)."""
        half = self.budget.expanded
        digits = 1 - math.floor(math.log10(half)) if half > 0 else 6
        return round(self.value, digits), round(self.low, digits), round(self.high, digits)


def amount_of(
    found: Concentration,
    curve_unit: str,
    preparation: Preparation,
    unit: str = "percent_ww",
    *,
    unit_weights: UnitWeights | None = None,
    formula: str = "",
    standard_form: str = "base",
    wanted_form: str = "",
    name: str = "",
    k: float | None = None,
    welch_satterthwaite: bool = False,
) -> Amount:
    """The amount in the sample from the concentration in the solution, with budget and words.

    % w/w = 100 · c · V · D · P/(m · R), c in mg/mL; mg per unit = % w/w/100 · unit weight; mg/mL = c · D · P/R. `unit`:
    percent_ww, mg_per_unit, ug_per_blotter, mg_per_ml. The curve's levels count `standard_form`; with `wanted_form` the
    amount is converted by molar masses of `formula`. Raises SpectrumError: the concentration is not quantified, a
    weight or volume is missing, not above zero or not finite, a form is unknown, more than 100 % w/w.
    It misleads when the portion weighed is not the whole: grind and mix, or weigh the whole unit.
    """
    if found.value is None or found.standard_uncertainty is None:
        raise SpectrumError(f"there is no amount: {found.sentence}")
    if unit not in AMOUNT_UNITS:
        raise SpectrumError(f"there is no unit {unit!r}; use one of {', '.join(AMOUNT_UNITS)}")
    if curve_unit not in UNITS:
        raise SpectrumError(f"a curve in {curve_unit!r} cannot become an amount; use one of {', '.join(UNITS)}")
    parts = [Contribution("calibration", found.value, found.standard_uncertainty, curve_unit, found.dof)]
    value = found.value * UNITS[curve_unit] * _prepared(preparation, unit, parts)
    words, limits = [f"In the solution {found.sentence}"], list(found.limits)
    value = _per_unit(value, unit, unit_weights, parts, words, limits)
    value, basis, called = _counted(value, formula, standard_form, wanted_form, name, words, unit)
    budget = combine(value, parts, k=k, welch_satterthwaite=welch_satterthwaite)
    limits.append(f"Interval with {budget.coverage_note}".rstrip(".") + ".")
    limits += _silences(preparation)
    if unit == "percent_ww" and budget.low > 100:
        raise SpectrumError(
            f"{budget.value:.4g} % w/w as {called} is more than all of it; check weight, volume, dilution and form"
        )
    if unit == "percent_ww" and value > 100:
        limits.append("The figure is above 100 % w/w within its uncertainty: say “100 %” or look for the cause.")
    return Amount(value, budget.low, budget.high, budget.k, unit, basis, called, budget, tuple(words), tuple(limits))


def ratio_of(first: Amount | Concentration, second: Amount | Concentration, k: float | None = None) -> Budget:
    """How many times the first is the second, with its uncertainty. Raises SpectrumError when one has no figure.

    Both in the same unit, measured independently; uncertainties they share (weight, volume) make the interval too wide.
    """
    parts = []
    for word, one in (("first", first), ("second", second)):
        if isinstance(one, Amount):
            parts.append(Contribution(word, one.value, one.budget.standard_uncertainty, one.unit, one.budget.dof))
        elif one.value is None or one.standard_uncertainty is None:
            raise SpectrumError(f"the {word} of the ratio has no figure: {one.sentence}")
        else:
            parts.append(Contribution(word, one.value, one.standard_uncertainty, "", one.dof))
    if parts[0].unit != parts[1].unit:
        raise SpectrumError(f"a ratio needs one unit, not {parts[0].unit} and {parts[1].unit}")
    if not (parts[0].value > 0 and parts[1].value > 0):
        raise SpectrumError("a ratio needs two amounts above zero")
    return combine(parts[0].value / parts[1].value, parts, k=k)


def _prepared(p: Preparation, unit: str, parts: list[Contribution]) -> float:
    """Factor from mg/mL in the solution to the fraction by weight, or to mg/mL of a liquid."""
    factor = _above_zero(p.dilution, "the dilution factor")
    parts.append(Contribution("dilution", p.dilution, p.dilution_u))
    if unit != "mg_per_ml":
        volume = _above_zero(p.volume_ml, "the volume of the solution (mL)")
        mass = _above_zero(p.mass_mg, "the weight of the sample (mg)")
        parts += [
            Contribution("volume", volume, p.volume_u_ml, "mL"),
            Contribution("weighing", mass, p.mass_u_mg, "mg"),
        ]
        factor *= volume / mass
    if not 0 < p.purity <= 1:
        raise SpectrumError(f"the purity of the standard is a fraction above 0 and up to 1, got {p.purity}")
    parts.append(Contribution("purity of the standard", p.purity, p.purity_u))
    factor *= 1.0 if p.purity_corrected else p.purity
    factor /= _above_zero(p.recovery, "the recovery")
    parts.append(Contribution("recovery", p.recovery, p.recovery_u))
    if not (math.isfinite(p.repeatability) and p.repeatability >= 0):
        raise SpectrumError(f"the repeatability is a relative standard deviation not below zero, got {p.repeatability}")
    if p.repeatability > 0:
        dof = p.repeatability_n - 1 if p.repeatability_n > 1 else math.inf
        parts.append(Contribution("repeatability", 1.0, p.repeatability, "", dof))
    parts += p.extra
    return factor


def _per_unit(
    fraction: float,
    unit: str,
    weights: UnitWeights | None,
    parts: list[Contribution],
    words: list[str],
    limits: list[str],
) -> float:
    """An amount in `unit`; the weight of units enters only where a unit is counted."""
    if unit == "mg_per_ml":
        return fraction
    if unit == "percent_ww":
        return 100.0 * fraction
    if weights is None or not weights.mg:
        raise SpectrumError("an amount per unit needs the weight of the unit, or of several units")
    for mg in weights.mg:
        _above_zero(mg, "the weight of a unit (mg)")
    parts.append(weights.contribution())
    if weights.sd is None:
        words.append(f"The unit weighs {weights.mean:.4g} mg.")
        limits.append("One unit was weighed: others of the batch may hold more or less.")
    else:
        low, high = min(weights.mg), max(weights.mg)
        words.append(f"{len(weights.mg)} units weigh {weights.mean:.4g} mg on average (sd {weights.sd:.2g} mg).")
        limits.append(f"Single units weigh {low:.4g} to {high:.4g} mg: the figure is for a unit of average weight.")
    return fraction * weights.mean * (1000.0 if unit == "ug_per_blotter" else 1.0)


def _counted(
    value: float, formula: str, given: str, wanted: str, name: str, words: list[str], unit: str
) -> tuple[float, str, str]:
    before = form(given)
    after = form(wanted) if wanted else before
    if after is before:
        words.append(f"Counted as {before.title}, as the standard was.")
        return value, before.basis, before.title
    if not formula:
        raise SpectrumError("to count it in another form the formula of the substance is needed")
    done = convert(value, formula, given, wanted, name)
    words.append(f"{done.words[:-1]}, in {unit.replace('_', ' ')}.")
    return done.value, after.basis, after.title


def _silences(p: Preparation) -> Sequence[str]:
    """What the budget does not hold, said plainly."""
    without = [
        word
        for word, u in (
            ("weighing", p.mass_u_mg), ("volumes", p.volume_u_ml), ("purity of the standard", p.purity_u),
            ("recovery", p.recovery_u), ("repeatability", p.repeatability),
        ) if not u
    ]  # fmt: skip
    return [f"No uncertainty was given for {', '.join(without)}; the true interval is wider."] if without else []


def _above_zero(value: float | None, what: str) -> float:
    if value is None:
        raise SpectrumError(f"{what} is needed")
    if not (math.isfinite(value) and value > 0):
        raise SpectrumError(f"{what} must be a number above zero, got {value}")
    return float(value)
