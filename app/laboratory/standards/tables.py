"""Tables of in-house standards, their replicate spectra and the control runs of batches; arrays stand in the blob store."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.laboratory.standards.domain import ControlKind
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class Standard(Base, table=True):
    """One reference material of an agency: a compound, a lot, a certificate."""

    __tablename__ = "standard"
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    name: str = Field(max_length=120)
    inchikey: str = Field(default="", max_length=27)
    substance_id: str = Field(default="", max_length=60, description="register id")
    form: str = Field(default="", max_length=40, description="salt, base, polymorph")
    lot: str = Field(default="", max_length=60)
    supplier: str = Field(default="", max_length=80)
    purity_percent: float | None = None
    expires_at: datetime | None = utc_column(nullable=True)
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = utc_column()
    retired_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    retired_at: datetime | None = utc_column(nullable=True)
    retired_reason: str = Field(default="", max_length=200)
    version: int = 1


class StandardReplicate(Base, table=True):
    """One spectrum of a standard, measured once. It outlives the reading it was taken from."""

    __tablename__ = "standard_replicate"
    id: uuid.UUID = key_column()
    standard_id: uuid.UUID = Field(foreign_key="standard.id", index=True, ondelete="CASCADE")
    reading_id: uuid.UUID | None = Field(default=None, foreign_key="reading.id", index=True, ondelete="SET NULL")
    peak: int | None = None
    blob_sha256: str | None = Field(default=None, max_length=64, foreign_key="blob.sha256", index=True)
    file_name: str = Field(default="", max_length=200)
    arrays_sha256: str = Field(max_length=64)
    technique: str = Field(default="MS", max_length=10, description="MS, IR or RAMAN")
    accurate: bool = False
    ionisation: str = Field(default="", max_length=20)
    precursor_mz: float | None = None
    n_peaks: int
    instrument: str = Field(default="", max_length=120)
    measured_at: datetime = utc_column()
    retention_time_s: float | None = None
    retention_index: float | None = None
    enrolled_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    enrolled_at: datetime = utc_column()


class Control(Base, table=True):
    """One run beside the samples of a batch. Withdrawn, it is used no more and stays on record."""

    __tablename__ = "control"
    __table_args__ = (sa.Index("ix_control_batch", "agency_id", "batch"),)
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id")
    kind: ControlKind = enum_column(ControlKind, name="kind")
    batch: str = Field(max_length=40)
    instrument: str = Field(default="", max_length=120)
    blob_sha256: str = Field(foreign_key="blob.sha256", max_length=64, index=True)
    file_name: str = Field(max_length=200)
    arrays_sha256: str = Field(max_length=64)
    n_scans: int
    first_carbon: int | None = None
    details: dict[str, str | list[list[float]]] = json_column(dict)
    measured_at: datetime = utc_column()
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = utc_column()
    withdrawn_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    withdrawn_at: datetime | None = utc_column(nullable=True)
    withdrawn_reason: str = Field(default="", max_length=200)
    version: int = 1
