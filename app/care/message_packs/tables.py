"""Tables of message packs: versions, their files, checks, signatures, withdrawals, and what each digest stands for."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.care.message_packs.domain import PackState, Target
from app.platform.db import Base, enum_column, json_column, key_column, utc_column


class PackText(Base, table=True):
    """The text of a file, kept once for all versions that hold it. Never changed, never deleted."""

    __tablename__ = "pack_text"
    sha256: str = Field(max_length=64, primary_key=True)
    text: str


class VersionShown(Base):
    """What is shown of a version, over HTTP too."""

    id: uuid.UUID = key_column()
    number: int
    parent_id: uuid.UUID | None = Field(default=None, foreign_key="pack_version.id")
    state: PackState = enum_column(PackState, name="pack_state")
    digest: str = Field(default="", max_length=64, index=True)
    reason: str = Field(default="", max_length=200, description="what this version changes, in words")
    effective_from: datetime | None = utc_column(nullable=True)
    effective_to: datetime | None = utc_column(nullable=True)
    created_at: datetime = utc_column()
    submitted_at: datetime | None = utc_column(nullable=True)
    approved_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class PackVersion(VersionShown, table=True):
    """One version. The shipped pack is number 0 of no agency; `files` maps each path to the sha-256 of its text.

    `digest` is empty until it is submitted for review: from then on the files do not change.
    """

    __tablename__ = "pack_version"
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "number"),
        sa.Index("ix_pack_version_in_force", "agency_id", "state", "effective_from"),
    )
    agency_id: uuid.UUID | None = Field(default=None, foreign_key="agency.id", index=True)
    files: dict[str, str] = json_column(dict)
    authors: list[str] = json_column(list)
    created_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    submitted_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")


class CheckStage(StrEnum):
    """How far the check of a version is; `confined.Step` says what the last four are."""

    WAITING = "waiting"
    READ = "read"
    UNDER_WAY = "under_way"
    CHECKED = "checked"
    STOPPED = "stopped"


class PackCheck(Base, table=True):
    """What the worker found in a set of files as they would be signed, on a day. `digest`: of the files, as `digest_of`
    makes it. `makes_pack`: they can be read. `lasting`: another check of that day would end in the same way."""

    __tablename__ = "pack_check"
    digest: str = Field(max_length=64, primary_key=True)
    day: date = Field(primary_key=True)
    stage: CheckStage = enum_column(CheckStage, name="pack_check_stage", default=CheckStage.WAITING)
    makes_pack: bool = False
    problems: list[dict[str, JsonValue]] = json_column(list)
    done: int = 0
    total: int = 0
    lasting: bool = True
    ended_at: datetime | None = utc_column(nullable=True)


class PackSignature(Base, table=True):
    """Who signed which digest of a version. Triggers refuse any change."""

    __tablename__ = "pack_signature"
    __table_args__ = (sa.UniqueConstraint("version_id", "digest", "person_id"),)
    id: uuid.UUID = key_column()
    version_id: uuid.UUID = Field(foreign_key="pack_version.id", index=True)
    digest: str = Field(max_length=64)
    person_id: uuid.UUID = Field(foreign_key="person.id")
    name: str = Field(max_length=120)
    clinician: bool
    role: str = Field(max_length=40)
    signed_at: datetime = utc_column()


class PackWithdrawal(Base, table=True):
    """A message, a rule or a whole version that one person took back: it adds caution, at once. Never changed."""

    __tablename__ = "pack_withdrawal"
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    version_id: uuid.UUID = Field(foreign_key="pack_version.id", index=True)
    kind: Target = enum_column(Target, name="pack_target")
    target: str = Field(max_length=80)
    person_id: uuid.UUID = Field(foreign_key="person.id")
    name: str = Field(max_length=120)
    reason: str = Field(max_length=200)
    at: datetime = utc_column()


class PackEdition(Base, table=True):
    """What a digest that was in force or shown stands for: a version and what was withdrawn from it then."""

    __tablename__ = "pack_edition"
    digest: str = Field(max_length=64, primary_key=True)
    version_id: uuid.UUID = Field(foreign_key="pack_version.id")
    withdrawn: list[list[str]] = json_column(list)
    kept_at: datetime = utc_column()
