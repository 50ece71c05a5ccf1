"""The table of throttles: how often something was tried, under a keyed hash of what it was."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from app.platform.db import Base, utc_column


class ThrottleRow(Base, table=True):
    """Tries in one window of one thing that is counted; never an address or a name in clear."""

    __tablename__ = "throttle"
    key_hash: str = Field(max_length=64, primary_key=True)
    began_at: datetime = utc_column(index=True)
    tries: int
