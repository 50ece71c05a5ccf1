"""Uncertainty budgets of products and quotients: contributions, combined and expanded uncertainty. Pure.

After GUM (JCGM 100:2008) and Eurachem/CITAC QUAM:2012, 3rd edition: relative standard uncertainties add as squares.
Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit  # scipy.stats takes half a second to import

from spectra.confidence.limits import load
from spectra.types import SpectrumError

LARGEST_K, LARGEST_RELATIVE = 100.0, 100.0  # beyond, a unit was mistaken; the interval would say nothing


@dataclass(frozen=True, slots=True)
class Contribution:
    """One quantity of the budget: its value and standard uncertainty in `unit`, degrees of freedom (infinite: known).

    `exponent`: the power with which it enters the result; only its size matters here.
    """

    name: str
    value: float
    standard_uncertainty: float
    unit: str = ""
    dof: float = math.inf
    exponent: float = 1.0

    @property
    def relative(self) -> float:
        """Relative standard uncertainty it brings to the result."""
        return abs(self.exponent) * self.standard_uncertainty / abs(self.value)


@dataclass(frozen=True, slots=True)
class Budget:
    """A result with its budget. `shares` (fractions of the combined variance) are parallel to `contributions`.

    `expanded` = k · `standard_uncertainty`; `dof` effective degrees of freedom (Welch–Satterthwaite).
    """

    value: float
    contributions: tuple[Contribution, ...]
    shares: tuple[float, ...]
    standard_uncertainty: float
    k: float
    dof: float
    coverage_note: str

    @property
    def expanded(self) -> float:
        """Half width of the interval."""
        return self.k * self.standard_uncertainty

    @property
    def low(self) -> float:
        """Lower end; never below zero, which no amount can be."""
        return max(0.0, self.value - self.expanded)

    @property
    def high(self) -> float:
        """Upper end."""
        return self.value + self.expanded

    def table(self) -> tuple[tuple[str, str, str, str, str], ...]:
        """Rows to print: what, value, standard uncertainty, relative to the result, share of the variance."""
        return tuple(
            (
                c.name,
                f"{c.value:.4g} {c.unit}".strip(),
                f"{c.standard_uncertainty:.2g} {c.unit}".strip(),
                f"{100 * c.relative:.2g} %",
                f"{100 * share:.0f} %",
            )
            for c, share in zip(self.contributions, self.shares, strict=True)
        )


def combine(
    value: float, contributions: Sequence[Contribution], *, k: float | None = None, welch_satterthwaite: bool = False
) -> Budget:
    """Budget of a result that is a product or quotient of the contributions.

    u(y)/|y| = √Σ (p u(x)/x)². k = 2 unless given; with `welch_satterthwaite` k is Student's t for 95.45 % at
    ν = u⁴/Σ(u_i⁴/ν_i) (GUM G.4). Raises SpectrumError on a value or contribution that is zero, below zero or not
    finite, and when both k and Welch–Satterthwaite are asked for. It misleads when contributions are correlated.

    >>> parts = [Contribution("mass", 100.28, 0.05, "mg"), Contribution("purity", 0.9999, 0.000058),
    ...          Contribution("volume", 100.0, 0.07, "mL")]
    >>> round(combine(1002.7, parts).standard_uncertainty, 1)   # QUAM:2012, example A1: 0.9 mg/L
    0.9
    """
    if not (math.isfinite(value) and value > 0):
        raise SpectrumError(f"a budget needs a result above zero, got {value}")
    if not 1e-100 <= value <= 1e100:  # digits are counted and squares taken of it
        raise SpectrumError(f"the result would be {value:g}; check the units of what was entered")
    if k is not None and (welch_satterthwaite or not (math.isfinite(k) and k > 0)):
        raise SpectrumError("give a coverage factor above zero or ask for Welch–Satterthwaite, not both")
    if k is not None and k > LARGEST_K:
        raise SpectrumError(f"a coverage factor of {k:g} says nothing; 2 is usual, 3 is wide")
    for c in contributions:
        _check(c)
    squares = [c.relative**2 for c in contributions]
    total = sum(squares)
    relative = math.sqrt(total)
    shares = tuple(s / total if total > 0 else 0.0 for s in squares)
    lost = sum(s * s / c.dof for s, c in zip(squares, contributions, strict=True))
    dof = total * total / lost if lost > 0 else math.inf
    factor, note = _coverage(k, welch_satterthwaite, dof)
    return Budget(value, tuple(contributions), shares, value * relative, factor, dof, note)


def rectangular(half_width: float) -> float:
    """Standard uncertainty of a value known to lie within ± `half_width`: a/√3 (GUM 4.3.7).

    >>> round(rectangular(0.0001), 6)
    5.8e-05
    """
    return _width(half_width) / math.sqrt(3)


def triangular(half_width: float) -> float:
    """Standard uncertainty of a half-width a where values near the middle are likelier: a/√6.

    Such as the tolerance of a flask (QUAM:2012, example A1).

    >>> round(triangular(0.1), 2)
    0.04
    """
    return _width(half_width) / math.sqrt(6)


def volume_uncertainty(volume: float, tolerance: float, repeatability: float = 0.0, degrees: float = 4.0) -> float:
    """Standard uncertainty of a volume of water (any unit): tolerance, filling, and room within ± `degrees` °C.

    √(triangular(tolerance)² + repeatability² + rectangular(V · ΔT · 2.1·10⁻⁴)²), QUAM:2012, example A1. Organic
    solvents expand about five times as much.

    >>> round(volume_uncertainty(100, 0.1, 0.02), 2)
    0.07
    """
    water = float(load("quantification")["uncertainty"]["water_expansion"])
    return math.sqrt(
        triangular(tolerance) ** 2 + _width(repeatability) ** 2 + rectangular(volume * degrees * water) ** 2
    )


def _coverage(k: float | None, welch_satterthwaite: bool, dof: float) -> tuple[float, str]:
    if welch_satterthwaite:
        probability = 0.9545
        free = math.floor(dof) if math.isfinite(dof) else dof
        if free < 1:
            raise SpectrumError("there are too few degrees of freedom for an interval; measure more repeats")
        factor = float(stdtrit(float(free), (1 + probability) / 2)) if math.isfinite(free) else 2.0
        return factor, f"k = {factor:.3g}, about 95 % with {dof:.3g} effective degrees of freedom"
    factor = float(load("quantification")["uncertainty"]["coverage"]) if k is None else float(k)
    few = " The effective degrees of freedom are few, so k is rather small." if dof < 10 and factor <= 2 else ""
    return factor, f"k = {factor:g}, about 95 %.{few}" if factor == 2 else f"k = {factor:g}.{few}"


def _check(c: Contribution) -> None:
    if not (math.isfinite(c.value) and c.value > 0):
        raise SpectrumError(f"{c.name} must be a number above zero, got {c.value}")
    if not (math.isfinite(c.standard_uncertainty) and c.standard_uncertainty >= 0):
        raise SpectrumError(
            f"the uncertainty of {c.name} must be a number not below zero, got {c.standard_uncertainty}"
        )
    if c.standard_uncertainty > LARGEST_RELATIVE * c.value:
        raise SpectrumError(
            f"the uncertainty of {c.name} is more than {LARGEST_RELATIVE:g} times its value; check the units"
        )
    if not c.dof > 0:
        raise SpectrumError(f"the degrees of freedom of {c.name} must be above zero, got {c.dof}")


def _width(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise SpectrumError(f"a tolerance must be a number not below zero, got {value}")
    return value
