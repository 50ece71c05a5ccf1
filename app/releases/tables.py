"""Tables of releases. Written once and never changed; the cubes hold what may be published, the evidence what may not."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class Release(Base, table=True):
    """One release: what it is about, how it was protected, and the digests that prove it."""

    __tablename__ = "data_release"
    id: uuid.UUID = key_column()
    number: str = Field(max_length=12, unique=True, description="year.count, 2026.2")
    made_at: datetime = utc_column()
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    first_month: str = Field(max_length=7)
    last_month: str = Field(max_length=7)
    facts_digest: str = Field(max_length=64, description="sha-256 of the counted facts")
    content_digest: str = Field(
        max_length=64, description="sha-256 of the digests of the cubes and of what stands here"
    )
    counts: dict[str, Any] = json_column(dict)
    definitions: dict[str, Any] = json_column(dict)
    protection: dict[str, Any] = json_column(dict)
    citation: str = Field(max_length=400)
    supersedes: uuid.UUID | None = Field(default=None, foreign_key="data_release.id")
    note: str = Field(default="", max_length=500)


class ReleaseCube(Base, table=True):
    """What one audience may see: every published count, protected. `sha256` of its canonical JSON."""

    __tablename__ = "data_release_cube"
    release_id: uuid.UUID = Field(foreign_key="data_release.id", primary_key=True, ondelete="CASCADE")
    audience: str = Field(max_length=20, primary_key=True)
    sha256: str = Field(max_length=64)
    content: dict[str, Any] = json_column(dict)


class ReleaseEvidence(Base, table=True):
    """True counts by bucket of hashed keys, by which a release is proven and the next one compared. Never leaves."""

    __tablename__ = "data_release_evidence"
    release_id: uuid.UUID = Field(foreign_key="data_release.id", primary_key=True, ondelete="CASCADE")
    sha256: str = Field(max_length=64)
    content: bytes = Field(sa_type=sa.LargeBinary, nullable=False)
