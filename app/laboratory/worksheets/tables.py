"""Table of worksheets: which tests were run side by side, and what their blank and control showed. Rows are never changed."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class Worksheet(Base, table=True):
    """One worksheet as it was saved. What it says of a sample stands with the sample, as analyses of its batch."""

    __tablename__ = "worksheet"
    id: uuid.UUID = key_column()
    session_id: uuid.UUID = Field(foreign_key="session.id", index=True, ondelete="CASCADE")
    batch: str = Field(max_length=40)
    columns: list[JsonValue] = json_column(list)  # each test with its lot, blank and control: domain.Column
    made_by: uuid.UUID = Field(foreign_key="person.id")
    made_at: datetime = utc_column()
