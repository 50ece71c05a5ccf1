"""Edits of a draft: what each save left, so that a change made from an older look is merged with what others wrote since."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Stale
from app.results import repository
from app.results.differences import changes
from app.results.finding import NewFinding
from app.results.merging import Choices, Clash, merge
from app.results.tables import DraftEdit, ResultVersion

_FINDINGS = TypeAdapter(tuple[NewFinding, ...])
Change = Callable[[list[NewFinding]], list[NewFinding]]


class FindingsClash(Conflict):
    """Two people changed one field of the findings. Nothing was saved, and the second person is asked which to keep.

    `began` is the version the second person changed, `seen` the one whose fields stand as theirs, `yours` all of the second
    person's findings.
    """

    def __init__(self, clashes: Sequence[Clash], yours: Sequence[NewFinding], began: int, seen: int) -> None:
        super().__init__("Someone else changed the same fields. Nothing was saved yet.", hint="Choose what is right.")
        self.clashes, self.yours, self.began, self.seen = tuple(clashes), tuple(yours), began, seen


@dataclass(frozen=True, slots=True)
class Edit:
    """The findings of a draft after one save, and who saved."""

    version: int
    findings: tuple[NewFinding, ...]
    says_nothing_found: bool
    by: uuid.UUID


def keep(uow: UnitOfWork, row: ResultVersion, findings: Sequence[NewFinding]) -> None:
    """Keep what this save leaves."""
    assert uow.actor.person_id is not None
    kept = _FINDINGS.dump_python(tuple(findings), mode="json")
    uow.session.add(
        DraftEdit(
            result_id=row.id, version=row.version, findings=kept, says_nothing_found=row.says_nothing_found,
            person_id=uow.actor.person_id,
        )
    )  # fmt: skip


def forget(uow: UnitOfWork, row: ResultVersion) -> None:
    """A version that is submitted is merged with nothing any more."""
    uow.session.connection().execute(sa.delete(DraftEdit).where(col(DraftEdit.result_id) == row.id))


def edits_of(session: Session, result_id: uuid.UUID) -> list[Edit]:
    """Every save of a draft that is kept, oldest first."""
    query = select(DraftEdit).where(DraftEdit.result_id == result_id).order_by(col(DraftEdit.version))
    return [
        Edit(row.version, _FINDINGS.validate_python(row.findings), row.says_nothing_found, row.person_id)
        for row in session.exec(query)
    ]


def as_of(session: Session, result_id: uuid.UUID, version: int) -> Edit:
    """The findings as they stood at a version of the draft. Raises Stale where that is kept no more."""
    edit = next((one for one in reversed(edits_of(session, result_id)) if one.version <= version), None)
    if edit is None:
        raise Stale("result")
    return edit


def merged(session: Session, row: ResultVersion, began: int, change: Change) -> list[NewFinding]:
    """The findings after `change` of what stood at version `began`, with what others wrote since. Raises FindingsClash."""
    now_there = [f.entered for f in repository.findings_of(session, [row.id])[row.id]]
    if began == row.version:
        return change(now_there)
    base = as_of(session, row.id, began)
    yours = change(list(base.findings))
    if row.says_nothing_found and not base.says_nothing_found:
        raise Conflict(
            "Someone else recorded “nothing detected”. Your finding was not saved.",
            hint="Speak with them first. Then add it again.",
        )
    both = merge(base.findings, now_there, yours)
    if both.clashes:
        raise FindingsClash(both.clashes, yours, began, row.version)
    return list(both.findings)


def chosen(
    session: Session, row: ResultVersion, began: int, seen: int, yours: Sequence[NewFinding], choices: Choices
) -> list[NewFinding]:
    """What someone chose between their fields and those at version `seen`. Raises FindingsClash where a choice is missing."""
    base, theirs = (as_of(session, row.id, version).findings for version in (began, seen))
    both = merge(base, theirs, yours, choices)
    if both.clashes:
        raise FindingsClash(both.clashes, yours, began, seen)
    return list(both.findings)


def by_others(
    session: Session, row: ResultVersion, since: int, person_id: uuid.UUID | None, name: Callable[[NewFinding], str]
) -> list[str]:
    """What others changed in this draft after version `since`, in sentences."""
    out: list[str] = []
    every = edits_of(session, row.id)
    for before, after in pairwise(every):
        if after.version > since and after.by != person_id:
            out += changes(before.findings, after.findings, name)
            if before.says_nothing_found != after.says_nothing_found:
                out.append("“Nothing detected” was " + ("recorded." if after.says_nothing_found else "removed."))
    return out
