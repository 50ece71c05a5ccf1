"""Shapes of calibration curves and quantifications over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.quantification.domain import AskedUnit, CurveUnit, Proposal, QuantificationRequest
from app.laboratory.quantification.tables import CurveShown
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80
from spectra.quantify import LimitSource, Preparation, UnitWeights, Weighting

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]


class LevelIn(BaseModel, extra="forbid"):
    """One measured standard: its concentration, the response, and that of the internal standard where there is one."""

    concentration: Number
    response: Number
    internal_standard: Number | None = None


class CurveIn(FreeText, extra="forbid"):
    """A calibration. `standard_form`: which form of the substance the concentrations count (base, hydrochloride …).

    `purity_corrected`: the concentrations hold the purity of the standard already.
    """

    substance: Text60
    method: Method
    unit: CurveUnit
    levels: list[LevelIn] = Field(max_length=300)
    valid_until: Moment
    standard_form: Text40 = "base"
    internal_standard: Text80 = ""
    weighting: Weighting = Weighting.NONE
    through_zero: bool = False
    blanks: list[Number] = Field([], max_length=100, description="Responses of blanks, or their ratios")
    limit_source: LimitSource | None = Field(None, description="What LOD and LOQ rest on; blanks where given")
    instrument_id: uuid.UUID | None = None
    batch: Text40 = ""
    note: Note200 = ""
    purity: Number = 1.0
    purity_u: Number = 0.0
    purity_corrected: bool = True
    supersedes: uuid.UUID | None = Field(None, description="The curve this one follows")


class ResponseIn(BaseModel, extra="forbid"):
    """One measurement of the sample's solution."""

    response: Number
    internal_standard: Number | None = None


class PreparationIn(BaseModel, extra="forbid"):
    """How the solution was made; uncertainties are standard uncertainties. Leave `mass_mg` out for a liquid."""

    mass_mg: Number | None = None
    mass_u_mg: Number = 0.0
    volume_ml: Number | None = None
    volume_u_ml: Number = 0.0
    dilution: Number = 1.0
    dilution_u: Number = 0.0
    recovery: Number = 1.0
    recovery_u: Number = 0.0
    repeatability: Number = Field(0.0, description="Relative standard deviation of whole preparations")
    repeatability_n: int = Field(0, ge=0, le=10_000)


class QuantifyIn(BaseModel, extra="forbid"):
    """An analysis to be read off a curve."""

    analysis_id: uuid.UUID
    reading_id: uuid.UUID | None = None
    responses: list[ResponseIn] = Field(min_length=1, max_length=50, description="Repeats of one solution")
    preparation: PreparationIn = PreparationIn()
    unit: AskedUnit = AskedUnit.PERCENT_WW
    unit_weights_mg: list[Number] = Field([], max_length=200, description="Weights of single units")
    balance_u_mg: Number = Field(0.0, description="Standard uncertainty of weighing one unit")
    wanted_form: Text40 = Field("", description="The form the amount is to count; the standard's where left out")
    k: Number | None = Field(None, description="Coverage factor; 2 where left out")
    welch_satterthwaite: bool = False

    def entered(self) -> QuantificationRequest:
        """The request in the form the service takes. With one internal standard named, every response needs one; the service says so."""
        standards = [r.internal_standard for r in self.responses]
        given = any(s is not None for s in standards)
        return QuantificationRequest(
            responses=tuple(r.response for r in self.responses),
            internal_standard=tuple(float("nan") if s is None else s for s in standards) if given else None,
            preparation=Preparation(**self.preparation.model_dump()),
            unit=self.unit,
            unit_weights=UnitWeights(tuple(self.unit_weights_mg), self.balance_u_mg) if self.unit_weights_mg else None,
            wanted_form=self.wanted_form,
            k=self.k,
            welch_satterthwaite=self.welch_satterthwaite,
        )


class CurveOut(CurveShown):
    """A curve with its fit: figures, tests, what each level reads off it, notes. Amounts are in `unit`."""

    state: str = Field(description="in_use, superseded or expired")
    substance: str
    made_by: str
    slope_change_percent: float | None = Field(
        None, description="Drift: change of the slope against the curve before it in its series; null for the first"
    )


class QuantificationOut(Proposal):
    """What was read off a curve. `amount` has the shape a finding takes; null where there is no figure: see `sentence`."""

    id: uuid.UUID
    curve_id: uuid.UUID
    sample_id: uuid.UUID
    analysis_id: uuid.UUID
    reading_id: uuid.UUID | None
    substance: str
    made_by: str
    made_at: datetime
