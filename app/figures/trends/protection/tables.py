"""Tables of struck figures. A period is stored as it reads, for each strength, and is not drawn again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, json_column, utc_column


class FigureList(Base, table=True):
    """The labels of the tables of one year, fixed when its first period is struck."""

    __tablename__ = "figure_list"
    year: str = Field(primary_key=True, max_length=4)
    content: dict[str, JsonValue] = json_column(dict)
    key_check: str = Field(max_length=32, description="tells whether the secret is the one figures were drawn with")
    fixed_at: datetime = utc_column()


class FigurePeriod(Base, table=True):
    """The perturbed figures of one month, quarter or year."""

    __tablename__ = "figure_period"
    label: str = Field(primary_key=True, max_length=7, description="2026-05, 2026-Q2 or 2026")
    struck_at: datetime = utc_column()
    partial: bool = Field(description="data begin within it")
    revision: int = Field(default=1, description="2: its year was revised once")
    reason: str = Field(default="", max_length=500)
    sha256: str = Field(max_length=64)
    content: bytes = Field(sa_type=sa.LargeBinary, nullable=False)
