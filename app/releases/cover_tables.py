"""The cover of a release: who made it, under which licence. Written when it is packed first, and not changed since."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Field

from app.platform.db import Base, json_column, utc_column


class ReleaseCover(Base, table=True):
    """What stands on a release besides its figures. `packed`: audience → sha-256 of its zip without Parquet."""

    __tablename__ = "data_release_cover"
    release_id: uuid.UUID = Field(foreign_key="data_release.id", primary_key=True, ondelete="CASCADE")
    title: str = Field(max_length=300)
    publisher: str = Field(max_length=200)
    creators: list[str] = json_column(list)
    licence: str = Field(max_length=60)
    software: str = Field(max_length=60)
    packed: dict[str, str] = json_column(dict)
    written_at: datetime = utc_column()
