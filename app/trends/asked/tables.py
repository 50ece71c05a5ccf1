"""Tables of questions to the figures and of what was answered. No key of a sample stands in them.

`pool` is whose answers are compared with each other: a person, whatever way they ask, or the operator of this machine.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class TrendQuestion(Base, table=True):
    """One question that was answered. Asked again with nothing new to tell, it is counted in `repeats`."""

    __tablename__ = "trend_question"
    __table_args__ = (
        sa.Index("ix_trend_question_pool_digest", "pool", "digest"),
        sa.Index("ix_trend_question_pool_asked_at", "pool", "asked_at"),
    )
    id: uuid.UUID = key_column()
    pool: str = Field(max_length=60)
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    agency_id: uuid.UUID | None = Field(default=None, foreign_key="agency.id", index=True, description="of that person")
    via: str = Field(max_length=20, description="session, token, command line")
    audience: str = Field(max_length=20)
    question: dict[str, Any] = json_column(dict)
    digest: str = Field(max_length=64, description="SHA-256 of the question in canonical JSON")
    rows_shown: int
    rows_withheld: int
    repeats: int = 0
    asked_at: datetime = utc_column()
    last_at: datetime = utc_column(index=True)


class TrendAnswer(Base, table=True):
    """One row that was shown to somebody: what it is about, sketches of the sets behind its figures, the figures."""

    __tablename__ = "trend_answer"
    __table_args__ = (sa.Index("ix_trend_answer_pool_predicate", "pool", "predicate"),)
    id: uuid.UUID = key_column()
    question_id: uuid.UUID | None = Field(
        default=None, foreign_key="trend_question.id", index=True, ondelete="SET NULL"
    )
    pool: str = Field(max_length=60)
    predicate: str = Field(max_length=64, description="SHA-256 of what the row is about")
    labels: str = Field(max_length=400, description="which sets the sketches are of, with spaces between")
    sketches: bytes = Field(sa_type=sa.LargeBinary)
    figures: dict[str, Any] = json_column(dict)
    given_at: datetime = utc_column()
    last_at: datetime = utc_column(index=True)
