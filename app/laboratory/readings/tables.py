"""Tables of analyses, raw files, readings and candidate lists. Raw bytes are never altered."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.laboratory.identification.domain import Method
from app.laboratory.readings.domain import AnalysisStatus, UploadState
from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from harm_messages.vocabulary import StripReading


class Instrument(Base, table=True):
    """A machine, with the date its certificate runs out."""

    __tablename__ = "instrument"
    __table_args__ = (sa.UniqueConstraint("agency_id", "name"),)
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    name: str = Field(max_length=80)
    method: Method = enum_column(Method, name="method")
    serial: str = Field(default="", max_length=60)
    certificate_due: datetime | None = utc_column(nullable=True)


class AnalysisOut(Base):
    """An analysis without its files."""

    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    method: Method = enum_column(Method, name="method")
    method_version: str = Field(max_length=30)
    instrument_id: uuid.UUID | None = Field(default=None, foreign_key="instrument.id")
    operator_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    started_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True)
    batch: str = Field(default="", max_length=40, description="QC or blank batch")
    qc_failed: bool = False
    read_by_hand: bool = Field(default=False, description="read on the instrument itself: no file will come")
    status: AnalysisStatus = enum_column(AnalysisStatus, name="status", default=AnalysisStatus.OK)
    strip_target: str = Field(default="", max_length=60, description="register id or class the strip reacts to")
    strip_reading: StripReading | None = enum_column(StripReading, name="strip_reading", nullable=True)
    strip_brand: str = Field(default="", max_length=60)
    strip_lot: str = Field(default="", max_length=40)
    strip_cut_off_ng_ml: float | None = None
    strip_dilution: str = Field(default="", max_length=40)
    observation: str = Field(default="", max_length=140, description="reagent colour and the like")
    version: int = 1


class Analysis(AnalysisOut, table=True):
    """One analysis of one sample by one method."""

    __tablename__ = "analysis"


class Blob(Base, table=True):
    """Raw bytes by their sha-256."""

    __tablename__ = "blob"
    sha256: str = Field(max_length=64, primary_key=True)
    size: int = Field(sa_type=sa.BigInteger)
    created_at: datetime = utc_column()


class UploadShown(Base):
    """What is shown of an upload, over HTTP too."""

    id: uuid.UUID = key_column()
    analysis_id: uuid.UUID = Field(foreign_key="analysis.id", index=True, ondelete="CASCADE")
    file_name: str = Field(max_length=200)
    state: UploadState = enum_column(UploadState, name="state", default=UploadState.WAITING)
    format: str = Field(default="", max_length=40)
    hints: dict[str, str] = json_column(dict)
    problem: dict[str, JsonValue] | None = json_column(lambda: None, nullable=True)
    created_at: datetime = utc_column()
    read_at: datetime | None = utc_column(nullable=True)
    warnings_seen_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    warnings_seen_at: datetime | None = utc_column(nullable=True)
    corrected_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    corrected_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class Upload(UploadShown, table=True):
    """One file someone handed in for an analysis, and what became of it."""

    __tablename__ = "upload"
    blob_sha256: str = Field(foreign_key="blob.sha256", index=True)
    method_by_content: bool = Field(default=False, description="the analysis takes its method from what the file is")
    uploaded_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ReadingShown(Base):
    """What is shown of a reading, over HTTP too."""

    id: uuid.UUID = key_column()
    upload_id: uuid.UUID = Field(foreign_key="upload.id", index=True, ondelete="CASCADE")
    analysis_id: uuid.UUID = Field(foreign_key="analysis.id", index=True, ondelete="CASCADE")
    ordinal: int
    kind: str = Field(max_length=20)
    title: str = Field(default="", max_length=200)
    instrument: str = Field(default="", max_length=120)
    format: str = Field(max_length=40)
    reader: str = Field(max_length=60)
    reader_version: str = Field(max_length=20)
    x_unit: str = Field(max_length=30)
    y_unit: str = Field(max_length=40)
    n_points: int
    n_scans: int = 0
    ms_level: int | None = None
    description: dict[str, JsonValue] = json_column(dict)
    remarks: list[dict[str, str]] = json_column(list)
    quality: dict[str, JsonValue] = json_column(dict)
    created_at: datetime = utc_column()


class Reading(ReadingShown, table=True):
    """What a reader found in a file. Its arrays are an .npz beside the raw files, by their own sha-256."""

    __tablename__ = "reading"
    __table_args__ = (sa.UniqueConstraint("upload_id", "ordinal"),)
    arrays_sha256: str = Field(default="", max_length=64)


class Match(Base, table=True):
    """The answer of one reading against one set of libraries, as app.laboratory.identification.codec stores it."""

    __tablename__ = "match"
    id: uuid.UUID = key_column()
    reading_id: uuid.UUID = Field(foreign_key="reading.id", index=True, ondelete="CASCADE")
    libraries: JsonValue = json_column(list)
    score_name: str = Field(max_length=40)
    candidates: JsonValue = json_column(list)
    answer: JsonValue = json_column(dict)
    limits: list[str] = json_column(list)
    engine_version: str = Field(max_length=20)
    created_at: datetime = utc_column()
