"""What a calibration curve and a quantification are made of, and the way from one to the other. Pure: spectra.quantify.

A curve is never changed: a new one follows it. Every figure carries its limits, and none is read outside the range.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.laboratory.identification.domain import Method
from spectra.quantify import (
    Amount,
    CalibrationLevel,
    Concentration,
    Curve,
    LimitSource,
    Preparation,
    Status,
    UnitWeights,
    Weighting,
    amount_of,
    concentration,
    fit_curve,
)
from spectra.quantify.salts import form

ENGINE_VERSION = "1"
"""Raised when the same levels would give another curve."""


class CurveUnit(StrEnum):
    """Units of the concentrations of a curve."""

    NG_PER_ML = "ng/mL"
    UG_PER_ML = "µg/mL"
    MG_PER_L = "mg/L"
    MG_PER_ML = "mg/mL"
    G_PER_L = "g/L"


class AskedUnit(StrEnum):
    """What the amount is to be said in; the same words as a finding's units."""

    PERCENT_WW = "percent_ww"
    MG_PER_UNIT = "mg_per_unit"
    UG_PER_BLOTTER = "ug_per_blotter"
    MG_PER_ML = "mg_per_ml"


@dataclass(frozen=True, slots=True)
class NewCurve:
    """A calibration as a chemist enters it. `standard_form`: which form of the substance the levels count.

    `supersedes` is the curve it follows: same substance, method and instrument, the next number.
    """

    substance_id: str
    method: Method
    unit: CurveUnit
    levels: tuple[CalibrationLevel, ...]
    valid_until: datetime
    standard_form: str = "base"
    internal_standard: str = ""
    weighting: Weighting = Weighting.NONE
    through_zero: bool = False
    blanks: tuple[float, ...] = ()
    limit_source: LimitSource | None = None
    instrument_id: uuid.UUID | None = None
    batch: str = ""
    note: str = ""
    purity: float = 1.0
    purity_u: float = 0.0
    purity_corrected: bool = True
    supersedes: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be read off a curve: responses of one solution, how it was made, and what the amount is said in.

    `purity` of `preparation` is the curve's own; whatever stands there is replaced.
    """

    responses: tuple[float, ...]
    preparation: Preparation
    unit: AskedUnit
    internal_standard: tuple[float, ...] | None = None
    unit_weights: UnitWeights | None = None
    wanted_form: str = ""
    k: float | None = None
    welch_satterthwaite: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read: the concentration in the solution, and the amount where there is one."""

    solution: Concentration
    amount: Amount | None

    @property
    def status(self) -> Status:
        """What may be said."""
        return self.solution.status


def fitted(
    levels: Sequence[CalibrationLevel],
    weighting: Weighting,
    through_zero: bool,
    blanks: Sequence[float],
    limit_source: LimitSource | None,
) -> Curve:
    """The curve of these levels. Raises SpectrumError."""
    return fit_curve(
        levels, weighting=weighting, through_zero=through_zero, blanks=blanks, limit_source=limit_source or None
    )


def answer(curve: Curve, unit: str, standard_form: str, formula: str, name: str, asked: Asked) -> Answer:
    """Read `asked` off a curve. Raises SpectrumError with a sentence on everything that cannot be."""
    found = concentration(curve, asked.responses, asked.internal_standard, unit)
    if found.value is None:
        return Answer(found, None)
    amount = amount_of(
        found,
        unit,
        asked.preparation,
        asked.unit.value,
        unit_weights=asked.unit_weights,
        formula=formula,
        standard_form=standard_form,
        wanted_form=asked.wanted_form,
        name=name,
        k=asked.k,
        welch_satterthwaite=asked.welch_satterthwaite,
    )
    return Answer(found, amount)


def fit_json(curve: Curve) -> dict[str, Any]:
    """The fit for the column: figures, tests and notes as they were told when the curve was made."""
    line = curve.line
    return {
        "slope": line.slope, "intercept": line.intercept, "slope_u": line.slope_u, "intercept_u": line.intercept_u,
        "residual_sd": line.residual_sd, "r2": line.r2, "dof": line.dof, "lod": curve.lod, "loq": curve.loq,
        "low": curve.low, "high": curve.high, "limit_source": curve.limit_source.value, "limit_sd": curve.limit_sd,
        "levels": [asdict(level) for level in curve.levels],
        "lack_of_fit": asdict(curve.lack_of_fit) if curve.lack_of_fit else None,
        "curvature": asdict(curve.curvature) if curve.curvature else None,
        "notes": list(curve.notes), "limits": list(curve.limits),
    }  # fmt: skip


def proposal_json(made: Answer) -> dict[str, Any]:
    """What was read for the column. `amount` has the shape of a finding's amount; None where there is no figure."""
    solution, amount = made.solution, made.amount
    out: dict[str, Any] = {
        "status": made.status.value,
        "sentence": solution.sentence,
        "solution": {"value": solution.value, "standard_uncertainty": solution.standard_uncertainty},
        "amount": None,
        "form": "",
        "words": [],
        "budget": [],
        "limits": list(amount.limits if amount else solution.limits),
        "notes": list(solution.notes),
    }
    if amount is not None:
        value, low, high = amount.rounded()
        basis = amount.basis
        out |= {
            "amount": {"value": value, "low": low, "high": high, "k": amount.k, "unit": amount.unit, "basis": basis},
            "form": amount.form,
            "words": list(amount.words),
            "budget": [
                dict(zip(("what", "value", "standard_uncertainty", "relative", "share"), row, strict=True))
                for row in amount.budget.table()
            ],
        }
    return out


def known_form(name: str) -> str:
    """The key of a form of a substance. Raises SpectrumError on an unknown one."""
    return form(name).key
