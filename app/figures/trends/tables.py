"""The table of saved queries: questions someone gave a name to, for themselves."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, key_column, utc_column


class SavedQueryOut(Base):
    """A saved query, over HTTP too. `question`: the query of its address, in the words of the API."""

    id: uuid.UUID = key_column()
    name: str = Field(max_length=80)
    question: str = Field(max_length=1500, description="in the words of the API: append it to /api/v1/trends?")
    used_at: datetime = utc_column()
    version: int = 1


class SavedQuery(SavedQueryOut, table=True):
    """A question with the name one person gave it. Nobody else sees it."""

    __tablename__ = "saved_query"
    __table_args__ = (sa.UniqueConstraint("person_id", "name"),)
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    created_at: datetime = utc_column()
