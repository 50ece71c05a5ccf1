"""Tables of sites and sessions. A site name is not unique across agencies."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.intake.sessions.domain import ServiceType
from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from harm_messages.vocabulary import LicenceMode


class SiteOut(Base):
    """A site."""

    id: uuid.UUID = key_column()
    name: str = Field(max_length=120)
    region: str = Field(max_length=60)
    aliases: list[str] = json_column(list)


class Site(SiteOut, table=True):
    """A place with its canonical name; aliases are what people also call it."""

    __tablename__ = "site"
    __table_args__ = (sa.UniqueConstraint("agency_id", "name"),)
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)


class SessionShown(Base):
    """What is shown of a session over HTTP."""

    id: uuid.UUID = key_column()
    name: str = Field(max_length=120)
    service_type: ServiceType = enum_column(ServiceType, name="service_type")
    licence_mode: LicenceMode = enum_column(LicenceMode, name="licence_mode")
    client_lookup: bool = True
    screening_single: bool = Field(default=False, description="one trained operator may release screening results")
    opens_at: datetime = utc_column()
    closes_at: datetime = utc_column()
    closed_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class CheckingSession(SessionShown, table=True):
    """One opening of the service at one site."""

    __tablename__ = "session"
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    site_id: uuid.UUID = Field(foreign_key="site.id", index=True)
    created_at: datetime = utc_column()
    next_number: int = Field(default=1, description="number the next sample gets in this session")
    wall_hash: str | None = Field(default=None, max_length=64, description="keyed hash of the wall's token")
    wall_made_at: datetime | None = utc_column(nullable=True)
