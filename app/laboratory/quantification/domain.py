"""What a calibration curve and a quantification are made of, and how they are kept. Pure: the science is spectra.quantify.

A curve is never changed: a new one follows it. Every figure carries its limits, and none is read outside the range.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, JsonValue
from pydantic_core import to_jsonable_python

from spectra.quantify import Amount, Concentration, Curve, Preparation, UnitWeights

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
class QuantificationRequest:
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

    def as_json(self) -> dict[str, JsonValue]:
        """For the column: everything the figure came from."""
        values: dict[str, JsonValue] = to_jsonable_python(self, exclude={"preparation": {"extra"}})
        return values


class Proposal(BaseModel):
    """What was read, as it is kept and told. `amount` has the shape a finding takes; null where there is no figure."""

    status: str
    sentence: str
    amount: dict[str, float | str] | None = None
    form: str = ""
    words: list[str] = []
    budget: list[dict[str, str]] = []
    limits: list[str]
    notes: list[str]
    solution: dict[str, float | None]


def proposed(found: Concentration, amount: Amount | None) -> Proposal:
    """The concentration in the solution, and the amount where there is one."""
    said = Proposal(
        status=found.status.value,
        sentence=found.sentence,
        limits=list(amount.limits if amount else found.limits),
        notes=list(found.notes),
        solution={"value": found.value, "standard_uncertainty": found.standard_uncertainty},
    )
    if amount is not None:
        value, low, high = amount.rounded()
        basis = amount.basis
        said.amount = {"value": value, "low": low, "high": high, "k": amount.k, "unit": amount.unit, "basis": basis}
        said.form, said.words = amount.form, list(amount.words)
        columns = ("what", "value", "standard_uncertainty", "relative", "share")
        said.budget = [dict(zip(columns, row, strict=True)) for row in amount.budget.table()]
    return said


def fit_json(curve: Curve) -> dict[str, JsonValue]:
    """The fit for the column: figures, tests and notes as they were told when the curve was made."""
    line = curve.line
    fit: dict[str, JsonValue] = to_jsonable_python({
        "slope": line.slope, "intercept": line.intercept, "slope_u": line.slope_u, "intercept_u": line.intercept_u,
        "residual_sd": line.residual_sd, "r2": line.r2, "dof": line.dof, "lod": curve.lod, "loq": curve.loq,
        "low": curve.low, "high": curve.high, "limit_source": curve.limit_source.value, "limit_sd": curve.limit_sd,
        "levels": curve.levels, "lack_of_fit": curve.lack_of_fit, "curvature": curve.curvature, "notes": curve.notes,
        "limits": curve.limits,
    })  # fmt: skip
    return fit
