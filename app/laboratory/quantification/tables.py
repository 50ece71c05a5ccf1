"""Tables of calibration curves and of what was read off them. Rows are added, never changed."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.laboratory.identification.domain import Method
from app.laboratory.quantification.domain import CurveUnit
from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from spectra.quantify import Status, Weighting


class CurveShown(Base):
    """What is shown of a curve, over HTTP too."""

    id: uuid.UUID = key_column()
    series_id: uuid.UUID
    number: int = Field(description="counts from 1 in its series")
    method: Method = enum_column(Method, name="method")
    method_version: str = Field(max_length=30)
    instrument_id: uuid.UUID | None = Field(default=None, foreign_key="instrument.id")
    internal_standard: str = Field(default="", max_length=80)
    standard_form: str = Field(max_length=40, description="which form of the substance the levels count")
    unit: CurveUnit = enum_column(CurveUnit, name="unit")
    weighting: Weighting = enum_column(Weighting, name="weighting")
    through_zero: bool = False
    levels: list[dict[str, float | None]] = json_column(list)
    blanks: list[float] = json_column(list)
    purity: float = 1.0
    purity_u: float = 0.0
    purity_corrected: bool = True
    fit: dict[str, JsonValue] = json_column(dict)
    batch: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=200)
    valid_until: datetime = utc_column()
    made_at: datetime = utc_column()


class CalibrationCurve(CurveShown, table=True):
    """One calibration of one substance by one method. `series_id` is shared by all that follow one another."""

    __tablename__ = "calibration_curve"
    __table_args__ = (sa.UniqueConstraint("series_id", "number"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    substance_id: str = Field(max_length=60, description="register id")
    limit_source: str = Field(default="", max_length=20)
    engine_version: str = Field(max_length=20)
    made_by: uuid.UUID = Field(foreign_key="person.id")


class Quantification(Base, table=True):
    """One reading of a sample off one curve: what was entered and what came out, an amount or the reason for none."""

    __tablename__ = "quantification"
    id: uuid.UUID = key_column()
    curve_id: uuid.UUID = Field(foreign_key="calibration_curve.id", index=True)
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    analysis_id: uuid.UUID = Field(foreign_key="analysis.id", index=True, ondelete="CASCADE")
    reading_id: uuid.UUID | None = Field(default=None, foreign_key="reading.id", index=True, ondelete="SET NULL")
    status: Status = enum_column(Status, name="status")
    entered: dict[str, JsonValue] = json_column(dict)
    proposal: dict[str, JsonValue] = json_column(dict)
    made_by: uuid.UUID = Field(foreign_key="person.id")
    made_at: datetime = utc_column()
