"""Answers kept for a retried request. Key and body are sealed: only who holds the key can open them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, utc_column


class IdempotencyRow(Base, table=True):
    """One answer to one creating request, written in the request's own transaction."""

    __tablename__ = "idempotency_key"
    key_hash: str = Field(max_length=64, primary_key=True)
    request_hash: str = Field(max_length=64)
    status: int
    sealed: bytes = Field(sa_type=sa.LargeBinary)
    created_at: datetime = utc_column(index=True)
