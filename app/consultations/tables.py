"""Tables of consultations, outcomes and the display log. Nothing a client says they also take is here."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlmodel import Field

from app.consultations.domain import Intention, Moment
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class Consultation(Base, table=True):
    """One talk about one sample."""

    __tablename__ = "consultation"
    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    result_id: uuid.UUID | None = Field(default=None, foreign_key="result_version.id")
    by_id: uuid.UUID = Field(foreign_key="person.id")
    at: datetime = utc_column()
    minutes: int | None = None
    group_size: int | None = None
    naloxone_given: bool | None = None
    referral: str = Field(default="", max_length=60)
    dependent_adult_confirmed: bool = Field(default=False, description="where the licence allows results to them only")
    advice_shown: list[dict[str, Any]] = json_column(list)
    disposal_mg: float | None = None
    disposal_witness_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ConsultationOutcome(Base, table=True):
    """One tick: what person `person_index` of the group intends."""

    __tablename__ = "consultation_outcome"
    consultation_id: uuid.UUID = Field(foreign_key="consultation.id", primary_key=True, ondelete="CASCADE")
    person_index: int = Field(default=1, primary_key=True)
    moment: Moment = enum_column(Moment, name="moment", primary_key=True)
    intention: Intention = enum_column(Intention, name="intention", primary_key=True)


class DisplayLog(Base, table=True):
    """Which messages were shown, in order; enough to show the same page again."""

    __tablename__ = "display_log"
    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    result_id: uuid.UUID = Field(foreign_key="result_version.id")
    pack_digest: str = Field(max_length=64)
    locale: str = Field(max_length=10)
    messages: list[dict[str, Any]] = json_column(list)
    shown_to: str = Field(max_length=10)
    at: datetime = utc_column()
