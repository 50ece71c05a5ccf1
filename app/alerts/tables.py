"""The table of alerts. Nothing about a person, and no ticket: a sample is named as evidence only."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.alerts.domain import AlertState, Reach, Tier
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class Alert(Base, table=True):
    """One warning: what it is about, how it looks, where and until when. Empty descriptors match anything."""

    __tablename__ = "alert"
    __table_args__ = (sa.Index("ix_alert_in_force", "agency_id", "state", "until"),)
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    tier: Tier = enum_column(Tier, name="alert_tier")
    state: AlertState = enum_column(AlertState, name="alert_state")
    reach: Reach = enum_column(Reach, name="alert_reach")
    session_id: uuid.UUID | None = Field(default=None, foreign_key="session.id", index=True)
    region: str = Field(default="", max_length=60)
    words: str = Field(max_length=300, description="for staff; never on a client's page")
    substances: list[str] = json_column(list)
    classes: list[str] = json_column(list)
    forms: list[str] = json_column(list)
    logos: list[str] = json_column(list)
    colours: list[str] = json_column(list)
    from_at: datetime = utc_column()
    until: datetime = utc_column()
    sample_id: uuid.UUID | None = Field(default=None, foreign_key="sample.id", ondelete="SET NULL")
    drafted_by: uuid.UUID = Field(foreign_key="person.id")
    drafted_at: datetime = utc_column()
    approved_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    approved_at: datetime | None = utc_column(nullable=True)
    ended_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    ended_at: datetime | None = utc_column(nullable=True)
    reason: str = Field(default="", max_length=200, description="why it was retracted or discarded")
    version: int = 1
