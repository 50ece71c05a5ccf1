"""Tables of instrument checks, the tasks they open, transfers of libraries, and weighed mixtures."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from spectra.infrared.check import CheckState


class CheckOut(Base):
    """A check. `figures`: shift and spread of the bands, resolution (cm⁻¹), signal to noise, and each band."""

    id: uuid.UUID = key_column()
    instrument_id: uuid.UUID = Field(foreign_key="instrument.id")
    material: str = Field(max_length=40)
    state: CheckState = enum_column(CheckState, name="check_state")
    widening: float = Field(
        default=1.0, description="Factor on printed limits of detection of that instrument that day"
    )
    figures: dict[str, JsonValue] = json_column(dict)
    reasons: list[str] = json_column(list)
    reading_id: uuid.UUID | None = Field(default=None, foreign_key="reading.id", index=True, ondelete="SET NULL")
    file_name: str = Field(default="", max_length=200)
    measured_at: datetime = utc_column()
    withdrawn_at: datetime | None = utc_column(nullable=True)
    withdrawn_reason: str = Field(default="", max_length=200)
    version: int = 1


class InstrumentCheck(CheckOut, table=True):
    """A known material measured on one instrument. Withdrawn, it counts no more and stays on record."""

    __tablename__ = "instrument_check"
    __table_args__ = (sa.Index("ix_instrument_check_instrument", "instrument_id", "measured_at"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    blob_sha256: str | None = Field(default=None, max_length=64, foreign_key="blob.sha256", index=True)
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    made_at: datetime = utc_column()
    withdrawn_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class TaskOut(Base):
    """Something the bench has to do about an instrument."""

    id: uuid.UUID = key_column()
    instrument_id: uuid.UUID = Field(foreign_key="instrument.id", index=True)
    check_id: uuid.UUID = Field(foreign_key="instrument_check.id", index=True, ondelete="CASCADE")
    words: str = Field(max_length=400)
    opened_at: datetime = utc_column()
    closed_at: datetime | None = utc_column(nullable=True)
    closed_words: str = Field(default="", max_length=200)
    version: int = 1


class InstrumentTask(TaskOut, table=True):
    """Something the bench has to do about an instrument; open until a check is in range or someone says what was done."""

    __tablename__ = "instrument_task"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    closed_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class TransferOut(Base):
    """A transfer of a library to an instrument. `figures`: misfit of powders left out of the fit, before and after."""

    id: uuid.UUID = key_column()
    instrument_id: uuid.UUID = Field(foreign_key="instrument.id", index=True)
    library_key: str = Field(max_length=200, description="this edition of the library")
    library_name: str = Field(max_length=200)
    number: int
    pairs: list[dict[str, str | float | bool]] = json_column(list)
    figures: dict[str, str | float] = json_column(dict)
    made_at: datetime = utc_column()
    retired_at: datetime | None = utc_column(nullable=True)
    retired_reason: str = Field(default="", max_length=200)
    version: int = 1


class InstrumentTransfer(TransferOut, table=True):
    """How the spectra of a library look on one instrument, learnt from powders measured there. Never changed, followed."""

    __tablename__ = "instrument_transfer"
    __table_args__ = (sa.UniqueConstraint("instrument_id", "library_key", "number"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    model: dict[str, JsonValue] = json_column(dict)
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    retired_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class MixtureOut(Base):
    """A weighed mixture. `share` is the first's part of the signal of the two."""

    id: uuid.UUID = key_column()
    instrument_id: uuid.UUID = Field(foreign_key="instrument.id", index=True)
    reading_id: uuid.UUID | None = Field(default=None, foreign_key="reading.id", index=True, ondelete="SET NULL")
    first_compound: str = Field(max_length=160)
    first_name: str = Field(max_length=120)
    second_compound: str = Field(max_length=160)
    second_name: str = Field(max_length=120)
    first_mg: float
    second_mg: float
    balance_u_mg: float = 0.0
    share: float = Field(description="of the signal that is the first's, 0 to 1")
    share_u: float = 0.0
    measured_at: datetime = utc_column()
    withdrawn_at: datetime | None = utc_column(nullable=True)
    withdrawn_reason: str = Field(default="", max_length=200)
    version: int = 1


class WeighedMixture(MixtureOut, table=True):
    """Two substances weighed together and measured on one instrument: the ground of its response factors."""

    __tablename__ = "weighed_mixture"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    made_at: datetime = utc_column()
    withdrawn_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
