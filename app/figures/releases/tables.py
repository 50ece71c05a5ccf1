"""Tables of releases. Written once and never changed."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, json_column, key_column, utc_column


class ReleaseOut(Base):
    """A release. `counts`: how many periods it holds."""

    id: uuid.UUID = key_column()
    number: str = Field(max_length=12, unique=True, description="year.count, 2026.2")
    made_at: datetime = utc_column()
    first_month: str = Field(max_length=7)
    last_month: str = Field(max_length=7)
    facts_digest: str = Field(max_length=64, description="empty: figures are drawn, not copied into the release")
    content_digest: str = Field(
        max_length=64, description="sha-256 of the digests of its periods and of what stands here"
    )
    counts: dict[str, int] = json_column(dict)
    definitions: dict[str, dict[str, str]] = json_column(dict)
    protection: dict[str, JsonValue] = json_column(dict)
    citation: str = Field(max_length=400)
    supersedes: uuid.UUID | None = Field(default=None, foreign_key="data_release.id")
    note: str = Field(default="", max_length=500)


class Release(ReleaseOut, table=True):
    """One release: what it is about, how it was protected, and the digests that prove it."""

    __tablename__ = "data_release"
    made_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class ReleaseCube(Base, table=True):
    """Rounded counts of releases made before figures were perturbed. Nothing reads or writes them any more."""

    __tablename__ = "data_release_cube"
    release_id: uuid.UUID = Field(foreign_key="data_release.id", primary_key=True, ondelete="CASCADE")
    audience: str = Field(max_length=20, primary_key=True)
    sha256: str = Field(max_length=64)
    content: dict[str, JsonValue] = json_column(dict)


class ReleaseCover(Base, table=True):
    """What stands on a release besides its figures: who made it, under which licence. Written when it is packed first, and not
    changed since. `packed`: audience → sha-256 of its zip without Parquet."""

    __tablename__ = "data_release_cover"
    release_id: uuid.UUID = Field(foreign_key="data_release.id", primary_key=True, ondelete="CASCADE")
    title: str = Field(max_length=300)
    publisher: str = Field(max_length=200)
    creators: list[str] = json_column(list)
    licence: str = Field(max_length=60)
    software: str = Field(max_length=60)
    packed: dict[str, str] = json_column(dict)
    written_at: datetime = utc_column()
