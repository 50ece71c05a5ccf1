"""Tables of result versions and their findings. A version is never edited after it was submitted."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Field

from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from app.results import domain as d
from app.results.finding import Amount, NewFinding
from harm_messages.vocabulary import Abundance, Basis, Confidence, FindingRole, Outcome, Unit, Verdict


class VersionShown(Base):
    """What is shown of a version, over HTTP too."""

    id: uuid.UUID = key_column()
    sample_id: uuid.UUID = Field(foreign_key="sample.id", index=True, ondelete="CASCADE")
    number: int = Field(description="counts from 1 for each sample")
    state: d.State = enum_column(d.State, name="state", index=True)
    grade: d.Grade | None = enum_column(d.Grade, name="grade", nullable=True)
    verdict: Verdict | None = enum_column(Verdict, name="verdict", nullable=True)
    outcome: Outcome = enum_column(Outcome, name="outcome", default=Outcome.PENDING)
    reason: str = Field(default="", max_length=200, description="why returned, amended or retracted; for staff")
    change_reason: d.ChangeReason | None = enum_column(d.ChangeReason, name="change_reason", nullable=True)
    override_reason: str = Field(default="", max_length=200)
    created_at: datetime = utc_column()
    submitted_at: datetime | None = utc_column(nullable=True)
    verified_at: datetime | None = utc_column(nullable=True)
    released_at: datetime | None = utc_column(nullable=True)
    closed_at: datetime | None = utc_column(nullable=True)
    version: int = 1


class ResultVersion(VersionShown, table=True):
    """One version of what was found in a sample."""

    __tablename__ = "result_version"
    __table_args__ = (sa.UniqueConstraint("sample_id", "number"),)
    says_nothing_found: bool = False
    basis: dict[str, JsonValue] | None = json_column(
        lambda: None, nullable=True
    )  # what it stood on when submitted: grounds.py
    dismissals: list[JsonValue] = json_column(list)  # what a spectrum names and is no finding, and why: named.py
    left_open: list[JsonValue] = json_column(list)  # who confirmed that something named stays open: left_open.py
    author_id: uuid.UUID = Field(foreign_key="person.id")
    co_author_ids: list[str] = json_column(list)  # others who edited this draft: none of them may verify it
    verifier_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    released_by: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    supersedes_id: uuid.UUID | None = Field(default=None, foreign_key="result_version.id")


class FindingShown(Base):
    """What is shown of a finding, over HTTP too."""

    substance_class: str = Field(default="", max_length=60, description="register class; alone if no more is known")
    unknown_label: str = Field(default="", max_length=80, description="something seen that has no name yet")
    role: FindingRole = enum_column(FindingRole, name="role")
    abundance: Abundance = enum_column(Abundance, name="abundance")
    confidence: Confidence = enum_column(Confidence, name="confidence")
    confidence_reasons: list[str] = json_column(list)
    confidence_override: str = Field(default="", max_length=200)
    below: str = Field(default="", max_length=60, description="limit of detection of a not-detected finding")
    methods: list[str] = json_column(list)
    limitations: list[str] = json_column(list)
    cannot_tell_from: list[str] = json_column(list)  # names of what the method cannot tell it from (isomers)


class Finding(FindingShown, table=True):
    """One substance (or class, or unknown) found, with everything needed to say how sure."""

    __tablename__ = "finding"
    id: uuid.UUID = key_column()
    result_id: uuid.UUID = Field(foreign_key="result_version.id", index=True, ondelete="CASCADE")
    position: int = 0
    substance_id: str | None = Field(default=None, max_length=60, description="register id")
    amount_value: float | None = None
    amount_low: float | None = None
    amount_high: float | None = None
    coverage_k: float | None = None
    amount_unit: Unit | None = enum_column(Unit, name="amount_unit", nullable=True)
    basis: Basis = enum_column(Basis, name="basis", default=Basis.UNKNOWN)
    analysis_ids: list[str] = json_column(list)
    retention_ids: list[str] = json_column(list)  # of analysis_ids: the retention time agreed with a standard
    signal: list[dict[str, JsonValue]] = json_column(list)  # share of the signal in each reading it stands on
    minimum: dict[str, JsonValue] | None = json_column(
        lambda: None, nullable=True
    )  # the SWGDRUG minimum, with its edition; empty for what was not seen, has no name or was written before

    @property
    def named(self) -> str:
        """Register id, else class; "" where it has no name."""
        return self.substance_id or self.substance_class

    @property
    def counts(self) -> bool:
        """Seen, better than tentative, and with a name."""
        seen = self.abundance is not Abundance.NOT_DETECTED
        return bool(self.named) and seen and self.confidence is not Confidence.TENTATIVE

    @property
    def amount(self) -> Amount | None:
        """How much there is, where it was measured."""
        if self.amount_value is None or self.amount_unit is None:
            return None
        low, high, k = self.amount_low, self.amount_high, self.coverage_k or 2.0
        return Amount(self.amount_value, self.amount_unit, self.basis, low, high, k)

    @property
    def entered(self) -> NewFinding:
        """The finding as it was typed, to be changed and saved again."""
        return NewFinding(
            substance_id=self.substance_id,
            substance_class=self.substance_class,
            unknown_label=self.unknown_label,
            abundance=self.abundance,
            amount=self.amount,
            below=self.below,
            analysis_ids=tuple(map(uuid.UUID, self.analysis_ids)),
            cannot_tell_from=tuple(self.cannot_tell_from),
            confidence=self.confidence if self.confidence_override else None,
            confidence_reason=self.confidence_override,
            retention_ids=tuple(map(uuid.UUID, self.retention_ids)),
        )


class DraftEdit(Base, table=True):
    """The findings of a draft as one save left them, so that the next change of someone who saw these can be merged. Rows of
    a version go when it is submitted."""

    __tablename__ = "draft_edit"
    result_id: uuid.UUID = Field(foreign_key="result_version.id", primary_key=True, ondelete="CASCADE")
    version: int = Field(primary_key=True)
    findings: list[JsonValue] = json_column(list)  # as entered: drafting.py
    says_nothing_found: bool = False
    person_id: uuid.UUID = Field(foreign_key="person.id")


class EditorSeen(Base, table=True):
    """When someone last had a sample open to write findings: a few seconds' truth, and never a lock."""

    __tablename__ = "editor_seen"
    sample_id: uuid.UUID = Field(foreign_key="sample.id", primary_key=True, ondelete="CASCADE")
    person_id: uuid.UUID = Field(foreign_key="person.id", primary_key=True, ondelete="CASCADE")
    seen_at: datetime = utc_column()
