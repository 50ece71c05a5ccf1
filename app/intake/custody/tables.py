"""The custody ledger: received = consumed + destroyed + retained + handed over + variance."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Field

from app.intake.custody.domain import CustodyKind
from app.platform.db import Base, enum_column, key_column, utc_column


class CustodyEvent(Base, table=True):
    """One line of the ledger."""

    __tablename__ = "custody_event"
    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    kind: CustodyKind = enum_column(CustodyKind, name="kind")
    mg: float | None = None
    at: datetime = utc_column()
    by_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    witness_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    place: str = Field(default="", max_length=60)
