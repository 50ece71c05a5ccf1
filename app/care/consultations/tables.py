"""Tables of consultations, outcomes, the display log and what staff did to pages. Nothing a client says they also take is
here."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.care.consultations.domain import AdjustmentKind, Intention, Moment, UrgentReach, WhyNotRelevant
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
    advice_shown: list[dict[str, str | int]] = json_column(list)
    disposal_mg: float | None = None
    disposal_witness_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ConsultationOutcome(Base, table=True):
    """One tick: what person `person_index` of the group intends."""

    __tablename__ = "consultation_outcome"
    consultation_id: uuid.UUID = Field(foreign_key="consultation.id", primary_key=True, ondelete="CASCADE")
    person_index: int = Field(default=1, primary_key=True)
    moment: Moment = enum_column(Moment, name="moment", primary_key=True)
    intention: Intention = enum_column(Intention, name="intention", primary_key=True)


class PageShown(Base):
    """What is shown of an entry, over HTTP too."""

    id: uuid.UUID = key_column()
    result_id: uuid.UUID = Field(foreign_key="result_version.id", index=True)
    pack_digest: str = Field(max_length=64)
    locale: str = Field(max_length=10)
    messages: list[dict[str, str | int]] = json_column(list)
    shown_to: str = Field(max_length=10)
    at: datetime = utc_column(index=True)
    page_sha256: str = Field(default="", max_length=64)  # empty for what was shown before pages were kept whole


class DisplayLog(PageShown, table=True):
    """Which messages were shown, in order, and what the page was made of. Triggers refuse UPDATE and DELETE."""

    __tablename__ = "display_log"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    agency_id: uuid.UUID | None = Field(default=None, foreign_key="agency.id", index=True)
    by_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")  # whose screen, where it was staff's
    made_of: dict[str, JsonValue] | None = json_column(lambda: None, nullable=True)  # facts.py
    frame: dict[str, JsonValue] = json_column(dict)  # what stood around the messages: service.Frame
    rules: list[str] = json_column(list)


class AdjustmentShown(Base):
    """What is shown of an adjustment, over HTTP too."""

    id: uuid.UUID = key_column()
    kind: AdjustmentKind = enum_column(AdjustmentKind, name="adjustment_kind")
    target: str = Field(max_length=80)  # a rule of the pack, or a snippet
    message_id: str = Field(max_length=80)
    title: str = Field(default="", max_length=200)  # as it stood on the page then
    reason: WhyNotRelevant | None = enum_column(WhyNotRelevant, name="adjustment_reason", nullable=True)
    at: datetime = utc_column(index=True)


class PageAdjustment(AdjustmentShown, table=True):
    """Something a worker did to the page of one result version; undone, it stays on record."""

    __tablename__ = "page_adjustment"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    result_id: uuid.UUID = Field(foreign_key="result_version.id", index=True, ondelete="CASCADE")
    by_id: uuid.UUID = Field(foreign_key="person.id")
    undone_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    undone_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class UrgentShown(Base):
    """What is shown of an urgent message, over HTTP too."""

    id: uuid.UUID = key_column()
    reach: UrgentReach = enum_column(UrgentReach, name="urgent_reach")
    snippet: str = Field(max_length=80)
    hours: int
    why: str = Field(max_length=200)  # for staff; never on a client's page
    requested_at: datetime = utc_column()
    until: datetime | None = utc_column(nullable=True)
    stopped_at: datetime | None = utc_column(nullable=True)
    stopped_why: str = Field(default="", max_length=200)
    version: int = 1


class UrgentMessage(UrgentShown, table=True):
    """A message of the pack asked for on all pages of a place; shown once two others approved it."""

    __tablename__ = "urgent_message"
    __table_args__ = (sa.Index("ix_urgent_message_until", "agency_id", "until"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    session_id: uuid.UUID | None = Field(default=None, foreign_key="session.id")
    region: str = Field(default="", max_length=60)
    requested_by: uuid.UUID = Field(foreign_key="person.id")
    first_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    first_at: datetime | None = utc_column(nullable=True)
    first_senior: bool = False
    second_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    second_at: datetime | None = utc_column(nullable=True)
    stopped_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
