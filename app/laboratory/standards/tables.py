"""Tables of in-house standards, their replicate spectra and the control runs of batches; arrays stand in the blob store."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.laboratory.standards.domain import ControlKind
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class StandardShown(Base):
    """What is shown of a standard, over HTTP too."""

    id: uuid.UUID = key_column()
    name: str = Field(max_length=120)
    inchikey: str = Field(default="", max_length=27)
    substance_id: str = Field(default="", max_length=60, description="register id")
    form: str = Field(default="", max_length=40, description="salt, base, polymorph")
    lot: str = Field(default="", max_length=60)
    supplier: str = Field(default="", max_length=80)
    purity_percent: float | None = None
    expires_at: datetime | None = utc_column(nullable=True)
    created_at: datetime = utc_column()
    retired_at: datetime | None = utc_column(nullable=True)
    retired_reason: str = Field(default="", max_length=200)
    version: int = 1


class Standard(StandardShown, table=True):
    """One reference material of an agency: a compound, a lot, a certificate."""

    __tablename__ = "standard"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    retired_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ReplicateOut(Base):
    """One run of a standard."""

    id: uuid.UUID = key_column()
    reading_id: uuid.UUID | None = Field(default=None, foreign_key="reading.id", index=True, ondelete="SET NULL")
    peak: int | None = None
    file_name: str = Field(default="", max_length=200)
    technique: str = Field(default="MS", max_length=10, description="MS, IR or RAMAN")
    accurate: bool = False
    n_peaks: int
    instrument: str = Field(default="", max_length=120)
    measured_at: datetime = utc_column()
    retention_time_s: float | None = None
    retention_index: float | None = None
    enrolled_at: datetime = utc_column()


class StandardReplicate(ReplicateOut, table=True):
    """One spectrum of a standard, measured once. It outlives the reading it was taken from."""

    __tablename__ = "standard_replicate"
    standard_id: uuid.UUID = Field(foreign_key="standard.id", index=True, ondelete="CASCADE")
    blob_sha256: str | None = Field(default=None, max_length=64, foreign_key="blob.sha256", index=True)
    arrays_sha256: str = Field(max_length=64)
    ionisation: str = Field(default="", max_length=20)
    precursor_mz: float | None = None
    enrolled_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ControlShown(Base):
    """What is shown of a control, over HTTP too."""

    id: uuid.UUID = key_column()
    kind: ControlKind = enum_column(ControlKind, name="kind")
    batch: str = Field(max_length=40)
    instrument: str = Field(default="", max_length=120)
    file_name: str = Field(max_length=200)
    n_scans: int
    first_carbon: int | None = None
    details: dict[str, str | list[list[float]]] = json_column(dict)
    measured_at: datetime = utc_column()
    created_at: datetime = utc_column()
    withdrawn_at: datetime | None = utc_column(nullable=True)
    withdrawn_reason: str = Field(default="", max_length=200)
    version: int = 1


class Control(ControlShown, table=True):
    """One run beside the samples of a batch. Withdrawn, it is used no more and stays on record."""

    __tablename__ = "control"
    __table_args__ = (sa.Index("ix_control_batch", "agency_id", "batch"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id")
    blob_sha256: str = Field(foreign_key="blob.sha256", max_length=64, index=True)
    arrays_sha256: str = Field(max_length=64)
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    withdrawn_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
