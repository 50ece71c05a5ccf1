"""Shapes of message packs over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, Field, StringConstraints

from app.care.message_packs import service
from app.care.message_packs.checking import MAX_FILES
from app.care.message_packs.comparing import FileChange
from app.care.message_packs.domain import Target
from app.care.message_packs.tables import VersionShown
from app.platform.web.fields import OF_A_PACK, FreeText, Moment, Note200, Text80
from harm_messages.reading import MAX_CHARACTERS

Path = Annotated[str, StringConstraints(max_length=120)]
FileText = Annotated[str, OF_A_PACK, StringConstraints(max_length=MAX_CHARACTERS)]


class BeginIn(FreeText, extra="forbid"):
    """A draft to begin from a version."""

    base_id: uuid.UUID
    reason: Note200


class ImportIn(BeginIn):
    """A draft whose files come from a folder: path inside the pack → text."""

    files: dict[Path, FileText] = Field(max_length=MAX_FILES)


class FileIn(BaseModel, extra="forbid"):
    """The new text of a file."""

    text: FileText


class SubmitIn(BaseModel, extra="forbid"):
    """From when and until when it is to be in force; from the last signature on where nothing is said."""

    effective_from: Moment | None = None
    effective_to: Moment | None = None


class ReasonIn(FreeText, extra="forbid"):
    """Why."""

    reason: Note200


class SignIn(BaseModel, extra="forbid"):
    """The digest of the files that were read."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WithdrawIn(FreeText, extra="forbid"):
    """What is withdrawn; `target` is the id of the message or rule, "" for the whole version."""

    kind: Target
    target: Text80 = ""
    reason: Note200


class SignatureOut(BaseModel, from_attributes=True):
    """A signature that holds."""

    name: str
    role: str
    clinician: bool
    signed_at: datetime


class WithdrawalOut(BaseModel, from_attributes=True):
    """Something withdrawn from a version."""

    kind: Target
    target: str
    name: str
    reason: str
    at: datetime


class VersionOut(VersionShown):
    """A version of the messages. `digest` is empty until it is sent to review."""

    in_force: bool
    authors: list[str]
    signatures: list[SignatureOut]
    missing: Annotated[str, Field(description="What is still missing while it waits for signatures")]
    withdrawn: list[WithdrawalOut]

    @classmethod
    def of(cls, view: service.VersionView) -> VersionOut:
        """From a view."""
        around = {
            "in_force": view.in_force, "authors": view.authors, "signatures": view.signed, "missing": view.missing,
            "withdrawn": view.withdrawn,
        }  # fmt: skip
        return cls.model_validate({**view.row.model_dump(), **around})


class FilesOut(BaseModel):
    """All files of a version: path → text."""

    number: int
    files: dict[str, str]


class FileOut(BaseModel):
    """A file of a version. Send `sha256` back in If-Match to change it."""

    path: str
    sha256: str
    text: str


class ProblemOut(BaseModel, from_attributes=True):
    """One finding of the check, in a sentence. `line` counts from 1; 0: no line can be named."""

    level: Literal["error", "warning"]
    kind: str
    where: str
    text: str
    file: str
    line: int


class CheckOut(BaseModel):
    """What the check finds. Without an error the version can be sent to review, once the check is not `running`."""

    errors: int
    problems: list[ProblemOut]
    running: Annotated[bool, Field(description="The check has not ended; what is here is only what was known before")]
    percent: Annotated[int | None, Field(description="How far a running check is, once that is known")]


class ShownOut(BaseModel, from_attributes=True):
    """A message as a page shows it."""

    id: str
    version: int
    severity: str
    title: str
    text: str
    rule_id: str


class CaseChangeOut(BaseModel, from_attributes=True):
    """A worked case whose page differs."""

    title: str
    gone: list[ShownOut]
    come: list[ShownOut]
    reordered: bool
    said: str


class CompareOut(BaseModel):
    """What differs between two versions. `cases` is empty while one of the two makes no pack."""

    files: list[FileChange]
    cases: list[CaseChangeOut]


class WhereRuleOut(BaseModel, from_attributes=True):
    """A rule that brings a message to a page, in words."""

    rule_id: str = Field(validation_alias=AliasPath("rule", "id"))
    severity: str = Field(validation_alias=AliasPath("rule", "severity"))
    words: str
    example: str = Field("", validation_alias=AliasPath("example", "text"))


class WhereOut(BaseModel, from_attributes=True):
    """Where a message would show."""

    rules: list[WhereRuleOut]
    cases: list[str]
    by_code: str
    emergency: list[str]
