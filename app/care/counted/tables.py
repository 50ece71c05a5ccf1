"""Facts for aggregates, written when a result is released and removed when consent ends.

Kept apart from the working tables so that a trend over a million findings touches nothing else, and so that
what aggregates may see is a decision made once, here.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, utc_column


class TrendSample(Base, table=True):
    """One sample that is counted: released here, its client having agreed, or taken in with a service's history."""

    __tablename__ = "trend_sample"
    __table_args__ = (sa.Index("ix_trend_sample_month_region", "month", "region"),)
    sample_id: uuid.UUID = Field(primary_key=True)
    own_sample_id: uuid.UUID | None = Field(
        default=None, foreign_key="sample.id", index=True, ondelete="CASCADE", description="the same, where it is ours"
    )
    import_id: uuid.UUID | None = Field(default=None, foreign_key="history_import.id", index=True)
    agency_id: uuid.UUID | None = Field(default=None, foreign_key="agency.id", index=True)
    agency: str = Field(default="", max_length=120)
    session_id: uuid.UUID | None = Field(default=None, foreign_key="session.id", index=True)
    day: date | None = Field(
        default=None, description="received, in the service's time zone; None where nobody wrote it down"
    )
    week: str = Field(default="", max_length=8, description="ISO week of the day, 2026-W05, or empty")
    month: str = Field(max_length=7, description="YYYY-MM of the day, or empty")
    quarter: str = Field(default="", max_length=7, description="2026-Q1, or empty")
    year: str = Field(default="", max_length=4)
    region: str = Field(max_length=60)
    site: str = Field(max_length=120)
    service_type: str = Field(max_length=20)
    submitter_group: str = Field(max_length=10, description="client or other; never mixed")
    submitter_type: str = Field(default="", max_length=30)
    form: str = Field(max_length=20)
    expected: str = Field(max_length=60, description="register id, 'unknown' or 'mixture'")
    expected_class: str = Field(max_length=60)
    verdict: str = Field(max_length=30)
    outcome: str = Field(max_length=30)
    grade: str = Field(default="", max_length=20, description="screening, confirmed, or empty where nobody said")
    turnaround_min: int | None = Field(
        default=None, description="minutes from received to first released; None: unknown"
    )
    released_at: datetime = utc_column()


class TrendFinding(Base, table=True):
    """One substance found in such a sample. `amount` in `unit`; `basis` is what the figure counts."""

    __tablename__ = "trend_finding"
    sample_id: uuid.UUID = Field(foreign_key="trend_sample.sample_id", primary_key=True, ondelete="CASCADE")
    found: str = Field(max_length=60, primary_key=True, index=True, description="register id or class")
    found_class: str = Field(max_length=60, index=True)
    role: str = Field(max_length=20)
    abundance: str = Field(max_length=30)
    confidence: str = Field(max_length=20)
    amount: float | None = None
    unit: str = Field(default="", max_length=20)
    basis: str = Field(default="", max_length=20)
    methods: str = Field(
        default="", max_length=200, description="those that saw it, each between spaces: “ ftir gc_ms ”"
    )


class TrendTest(Base, table=True):
    """What one method could see in such a sample, or said of it: the ground of every “not found”.

    `target` is a register id, a class or its beginning, or * for everything.
    """

    __tablename__ = "trend_test"
    sample_id: uuid.UUID = Field(foreign_key="trend_sample.sample_id", primary_key=True, ondelete="CASCADE")
    method: str = Field(max_length=20, primary_key=True)
    target: str = Field(max_length=60, primary_key=True)
    seen: str = Field(max_length=20, description="detected, not_detected, looked, excluded, invalid")
    unit: str = Field(
        default="", max_length=20, description="of an amount measured as 0, which is no finding; or empty"
    )
    basis: str = Field(default="", max_length=20, description="what that 0 counts")


class TrendOutcome(Base, table=True):
    """What people intended about such a sample, before or after its result, and how many of them said so."""

    __tablename__ = "trend_outcome"
    sample_id: uuid.UUID = Field(foreign_key="trend_sample.sample_id", primary_key=True, ondelete="CASCADE")
    moment: str = Field(max_length=10, primary_key=True, description="before or after")
    intention: str = Field(max_length=30, primary_key=True)
    people: int = 1


class TrendChange(Base, table=True):
    """A note that facts of a sample are others now, or gone: by it columns in memory are kept up to date."""

    __tablename__ = "trend_change"
    id: int | None = Field(default=None, primary_key=True)
    sample_id: uuid.UUID
