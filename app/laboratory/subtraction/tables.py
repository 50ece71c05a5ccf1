"""Steps of taking references out of a reading; a step is never changed, only undone."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, key_column, utc_column


class StepShown(Base):
    """What is shown of a step, over HTTP too."""

    number: int
    library_name: str = Field(max_length=200)
    name: str = Field(max_length=200)
    compound: str = Field(max_length=200)
    factor: float
    optimum: float
    lobe_depth: float = 0.0
    made_at: datetime = utc_column()
    undone_at: datetime | None = utc_column(nullable=True)


class SubtractionStep(StepShown, table=True):
    """One reference taken out of a reading, `factor` times, its bands moved by `shift_cm1`."""

    __tablename__ = "subtraction_step"
    __table_args__ = (sa.UniqueConstraint("reading_id", "number"),)
    id: uuid.UUID = key_column()
    reading_id: uuid.UUID = Field(foreign_key="reading.id", index=True, ondelete="CASCADE")
    library_key: str = Field(max_length=200)
    entry_id: str = Field(max_length=200)
    shift_cm1: float
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    undone_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
