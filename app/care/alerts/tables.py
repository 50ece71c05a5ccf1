"""Tables of alerts: the alert, its evidence, who signed, where it was told, and the runs of the detection.

Nothing about a person, and no ticket: a sample is named as evidence only, by its key.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.care.alerts.domain import Act, AlertState, Channel, Reach, Tier, Trigger
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class AlertShown(Base):
    """What is shown of an alert to staff, over HTTP too."""

    id: uuid.UUID = key_column()
    tier: Tier = enum_column(Tier, name="alert_tier")
    state: AlertState = enum_column(AlertState, name="alert_state")
    reach: Reach = enum_column(Reach, name="alert_reach")
    session_id: uuid.UUID | None = Field(default=None, foreign_key="session.id", index=True)
    region: str = Field(default="", max_length=60)
    words: str = Field(max_length=300, description="for staff; never on a client's page")
    told_words: str = Field(default="", max_length=600, description="what partners and the public read, from T2 on")
    substances: list[str] = json_column(list)
    classes: list[str] = json_column(list)
    forms: list[str] = json_column(list)
    logos: list[str] = json_column(list)
    colours: list[str] = json_column(list)
    from_at: datetime = utc_column()
    until: datetime = utc_column()
    sample_id: uuid.UUID | None = Field(default=None, foreign_key="sample.id", ondelete="SET NULL")
    ended_at: datetime | None = utc_column(nullable=True)
    reason: str = Field(default="", max_length=200, description="why it was retracted or discarded")
    version: int = 1


class Alert(AlertShown, table=True):
    """One warning: what it is about, how it looks, where and until when. Empty descriptors match anything."""

    __tablename__ = "alert"
    __table_args__ = (sa.Index("ix_alert_in_force", "agency_id", "state", "until"),)
    public_id: uuid.UUID = Field(
        default_factory=uuid.uuid4, unique=True, description="told outside: says nothing of when it was drafted"
    )
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    drafted_by: uuid.UUID | None = Field(
        default=None, foreign_key="person.id", description="None: by the detection, until someone changes it"
    )
    drafted_at: datetime = utc_column()
    authors: list[str] = json_column(list)  # everybody who wrote in it: none of them agrees to it
    approved_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    approved_at: datetime | None = utc_column(nullable=True)
    ended_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")

    @property
    def about(self) -> list[str]:
        """The substances and classes it is about."""
        return [*self.substances, *self.classes]


class AlertStep(Base, table=True):
    """One step of the sign-off, as it was taken. Never changed."""

    __tablename__ = "alert_step"
    id: uuid.UUID = key_column()
    alert_id: uuid.UUID = Field(foreign_key="alert.id", index=True, ondelete="CASCADE")
    act: Act = enum_column(Act, name="alert_act")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    name: str = Field(max_length=120)
    role: str = Field(max_length=40)
    reason: str = Field(default="", max_length=200)
    at: datetime = utc_column()


class EvidenceShown(Base):
    """What is shown of the evidence to staff, over HTTP too."""

    trigger: Trigger = enum_column(Trigger, name="alert_trigger")
    about: str = Field(max_length=60, description="register id or class")
    intent: str = Field(default="", max_length=60, description="the series' denominator; empty where there is none")
    x: int | None = None
    n: int | None = None
    probability: float | None = None
    threshold: float | None = None
    detail: dict[str, JsonValue] = json_column(dict)
    found_at: datetime = utc_column()


class AlertEvidence(EvidenceShown, table=True):
    """Why the detection wrote a draft. For staff of the agency only: counts here are not protected.

    `signal` says what it is about and `occasion` what set it off: neither drafts twice.
    """

    __tablename__ = "alert_evidence"
    __table_args__ = (sa.UniqueConstraint("agency_id", "signal", "occasion"),)
    id: uuid.UUID = key_column()
    alert_id: uuid.UUID = Field(foreign_key="alert.id", index=True, ondelete="CASCADE")
    agency_id: uuid.UUID = Field(foreign_key="agency.id")
    signal: str = Field(max_length=200)
    occasion: str = Field(max_length=80)
    samples: list[str] = json_column(list)


class AlertChannel(Base, table=True):
    """Where an alert was told, from when, and since when its retraction stands there."""

    __tablename__ = "alert_channel"
    alert_id: uuid.UUID = Field(foreign_key="alert.id", primary_key=True, ondelete="CASCADE")
    channel: Channel = enum_column(Channel, name="alert_channel_kind", primary_key=True)
    told_at: datetime = utc_column()
    retracted_at: datetime | None = utc_column(nullable=True)


class RunOut(Base):
    """One look over all series of the service. `settings`: those it was done with."""

    at: datetime = utc_column()
    sessions: int
    series: int
    rises: int
    drifts: int
    drafts: int
    settings: dict[str, JsonValue] = json_column(dict)


class DetectionRun(RunOut, table=True):
    """One look over all series of an agency: how much was looked at, with which settings, and what came of it."""

    __tablename__ = "detection_run"
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
