"""The table of saved queries. Nothing writes or reads it any more: the address of a question is its bookmark."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, key_column, utc_column


class SavedQuery(Base, table=True):
    """A question with the name one person gave it. The table stays until the schema is made again."""

    __tablename__ = "saved_query"
    __table_args__ = (sa.UniqueConstraint("person_id", "name"),)
    id: uuid.UUID = key_column()
    name: str = Field(max_length=80)
    question: str = Field(max_length=1500)
    used_at: datetime = utc_column()
    version: int = 1
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    created_at: datetime = utc_column()
