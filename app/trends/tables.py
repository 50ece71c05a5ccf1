"""Facts for aggregates, written when a result is released and removed when consent ends.

Kept apart from the working tables so that a trend over a million findings touches nothing else, and so that
what aggregates may see is a decision made once, here.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, utc_column


class TrendSample(Base, table=True):
    """One released sample whose client agreed to aggregate figures."""

    __tablename__ = "trend_sample"
    __table_args__ = (sa.Index("ix_trend_sample_month_region", "month", "region"),)
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    session_id: uuid.UUID = Field(foreign_key="session.id", index=True)
    month: str = Field(max_length=7, description="YYYY-MM in Europe/London")
    region: str = Field(max_length=60)
    site: str = Field(max_length=120)
    service_type: str = Field(max_length=20)
    submitter_group: str = Field(max_length=10, description="client or other; never mixed")
    form: str = Field(max_length=20)
    expected: str = Field(max_length=60, description="register id, 'unknown' or 'mixture'")
    expected_class: str = Field(max_length=60)
    verdict: str = Field(max_length=30)
    outcome: str = Field(max_length=30)
    released_at: datetime = utc_column()


class TrendFinding(Base, table=True):
    """One substance found in such a sample."""

    __tablename__ = "trend_finding"
    sample_id: uuid.UUID = Field(foreign_key="trend_sample.sample_id", primary_key=True, ondelete="CASCADE")
    found: str = Field(max_length=60, primary_key=True, description="register id or class")
    found_class: str = Field(max_length=60, index=True)
    role: str = Field(max_length=20)
    abundance: str = Field(max_length=30)
    confidence: str = Field(max_length=20)
