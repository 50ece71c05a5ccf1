"""Shapes of message packs over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.care.message_packs import service
from app.care.message_packs.checking import MAX_FILES
from app.care.message_packs.comparing import FileChange
from app.care.message_packs.domain import PackState, Signed, Target
from app.care.message_packs.showing import CaseChange, Shows
from app.care.message_packs.tables import PackWithdrawal
from app.platform.web.fields import OF_A_PACK, FreeText, Moment, Note200, Text80
from harm_messages import Message, Problem
from harm_messages.reading import MAX_CHARACTERS

Path = Annotated[str, StringConstraints(max_length=120)]
FileText = Annotated[str, OF_A_PACK, StringConstraints(max_length=MAX_CHARACTERS)]


class BeginIn(FreeText):
    """A draft to begin from a version."""

    model_config = ConfigDict(extra="forbid")
    base_id: uuid.UUID
    reason: Note200


class ImportIn(BeginIn):
    """A draft whose files come from a folder: path inside the pack → text."""

    files: dict[Path, FileText] = Field(max_length=MAX_FILES)


class FileIn(BaseModel):
    """The new text of a file."""

    model_config = ConfigDict(extra="forbid")
    text: FileText


class SubmitIn(BaseModel):
    """From when and until when it is to be in force; from the last signature on where nothing is said."""

    model_config = ConfigDict(extra="forbid")
    effective_from: Moment | None = None
    effective_to: Moment | None = None


class ReasonIn(FreeText):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: Note200


class SignIn(BaseModel):
    """The digest of the files that were read."""

    model_config = ConfigDict(extra="forbid")
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WithdrawIn(FreeText):
    """What is withdrawn; `target` is the id of the message or rule, "" for the whole version."""

    model_config = ConfigDict(extra="forbid")
    kind: Target
    target: Text80 = ""
    reason: Note200


class SignatureOut(BaseModel):
    """A signature that holds."""

    name: str
    role: str
    clinician: bool
    signed_at: datetime

    @classmethod
    def of(cls, one: Signed) -> SignatureOut:
        """The JSON shape of a value of the domain."""
        return cls(name=one.name, role=one.role, clinician=one.clinician, signed_at=one.at)


class WithdrawalOut(BaseModel):
    """Something withdrawn from a version."""

    kind: Target
    target: str
    name: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, row: PackWithdrawal) -> WithdrawalOut:
        """From its row."""
        return cls(kind=row.kind, target=row.target, name=row.name, reason=row.reason, at=row.at)


class VersionOut(BaseModel):
    """A version of the messages. `digest` is empty until it is sent to review."""

    id: uuid.UUID
    number: int
    parent_id: uuid.UUID | None
    state: PackState
    in_force: bool
    digest: str
    reason: str
    authors: list[str]
    effective_from: datetime | None
    effective_to: datetime | None
    created_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    signatures: list[SignatureOut]
    missing: Annotated[str, Field(description="What is still missing while it waits for signatures")]
    withdrawn: list[WithdrawalOut]
    version: int

    @classmethod
    def of(cls, view: service.VersionView) -> VersionOut:
        """From a view."""
        row = view.row
        return cls(
            id=row.id, number=row.number, parent_id=row.parent_id, state=row.state, in_force=view.in_force,
            digest=row.digest, reason=row.reason, authors=view.authors, effective_from=row.effective_from,
            effective_to=row.effective_to, created_at=row.created_at, submitted_at=row.submitted_at,
            approved_at=row.approved_at, signatures=[SignatureOut.of(one) for one in view.signed],
            missing=view.missing, withdrawn=[WithdrawalOut.of(one) for one in view.withdrawn], version=row.version,
        )  # fmt: skip


class FilesOut(BaseModel):
    """All files of a version: path → text."""

    number: int
    files: dict[str, str]


class FileOut(BaseModel):
    """A file of a version. Send `sha256` back in If-Match to change it."""

    path: str
    sha256: str
    text: str


class ProblemOut(BaseModel):
    """One finding of the check, in a sentence. `line` counts from 1; 0: no line can be named."""

    level: Literal["error", "warning"]
    kind: str
    where: str
    text: str
    file: str
    line: int

    @classmethod
    def of(cls, one: Problem) -> ProblemOut:
        """The JSON shape of what the check found."""
        return cls(level=one.level, kind=one.kind, where=one.where, text=one.text, file=one.file, line=one.line)


class CheckOut(BaseModel):
    """What the check finds. Without an error the version can be sent to review."""

    errors: int
    problems: list[ProblemOut]


class PieceOut(BaseModel):
    """Words that are the same, gone or new."""

    kind: Literal["same", "gone", "new"]
    text: str


class FileChangeOut(BaseModel):
    """A file that differs, word by word."""

    path: str
    kind: Literal["changed", "added", "removed"]
    pieces: list[PieceOut]

    @classmethod
    def of(cls, one: FileChange) -> FileChangeOut:
        """From a comparison."""
        return cls(path=one.path, kind=one.kind, pieces=[PieceOut(kind=p.kind, text=p.text) for p in one.pieces])


class ShownOut(BaseModel):
    """A message as a page shows it."""

    id: str
    version: int
    severity: str
    title: str
    text: str
    rule_id: str

    @classmethod
    def of(cls, one: Message) -> ShownOut:
        """From a page."""
        return cls(
            id=one.id, version=one.version, severity=one.severity.value, title=one.title, text=one.text,
            rule_id=one.rule_id,
        )  # fmt: skip


class CaseChangeOut(BaseModel):
    """A worked case whose page differs."""

    title: str
    gone: list[ShownOut]
    come: list[ShownOut]
    reordered: bool
    said: str

    @classmethod
    def of(cls, one: CaseChange) -> CaseChangeOut:
        """From a comparison."""
        return cls(
            title=one.title, gone=[ShownOut.of(m) for m in one.gone], come=[ShownOut.of(m) for m in one.come],
            reordered=one.reordered, said=one.said,
        )  # fmt: skip


class CompareOut(BaseModel):
    """What differs between two versions. `cases` is empty while one of the two makes no pack."""

    files: list[FileChangeOut]
    cases: list[CaseChangeOut]


class WhereRuleOut(BaseModel):
    """A rule that brings a message to a page, in words."""

    rule_id: str
    severity: str
    words: str
    example: str


class WhereOut(BaseModel):
    """Where a message would show."""

    rules: list[WhereRuleOut]
    cases: list[str]
    by_code: str
    emergency: list[str]

    @classmethod
    def of(cls, found: Shows) -> WhereOut:
        """From what was found."""
        rules = [
            WhereRuleOut(
                rule_id=w.rule.id, severity=w.rule.severity.value, words=w.words,
                example=w.example.text if w.example else "",
            )
            for w in found.rules
        ]  # fmt: skip
        return cls(rules=rules, cases=list(found.cases), by_code=found.by_code, emergency=list(found.emergency))
