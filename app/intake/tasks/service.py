"""Use cases of tasks: open one for a cause, once; tick it off; what is open at a session or about a sample."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.intake.tasks.domain import KINDS, TaskKind, why_not_closed
from app.intake.tasks.tables import Task
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish

__all__ = ["KINDS", "Task", "TaskKind"]

CLOSED_SHOWN = 5
WORDS_MAX = 600
HELD = "Prepare an alert, and hold it"


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with the number of its sample and the name of the person who closed it. `may_close`: this person may."""

    row: Task
    number: int
    by: str
    may_close: bool

    @property
    def title(self) -> str:
        """What has to be done, in a few words; an alert that is held waits for better evidence."""
        return HELD if self.row.detail.get("held") else KINDS[self.row.kind].title

    @property
    def urgent(self) -> bool:
        """Whether it comes before the work of the bench."""
        return not _can_wait(self.row)

    @property
    def asks(self) -> str:
        """What the person who closes it says, or nothing."""
        return KINDS[self.row.kind].asks

    @property
    def is_open(self) -> bool:
        """Nobody has done it yet."""
        return self.row.closed_at is None


def _can_wait(row: Task) -> bool:
    return not KINDS[row.kind].urgent or bool(row.detail.get("held"))


def open_once(
    uow: UnitOfWork,
    sample: samples.Sample,
    kind: TaskKind,
    cause: str,
    words: str,
    *,
    result_id: uuid.UUID | None = None,
    detail: Mapping[str, JsonValue] | None = None,
) -> Task | None:
    """Open a task about a sample; None where one was opened for this cause before, whether it is closed or not.

    The caller holds the sample's row, so that two at once do not open it twice.
    """
    of_cause = select(Task).where(Task.sample_id == sample.id, Task.kind == kind, Task.cause == cause[:120])
    if uow.session.exec(of_cause).first() is not None:
        return None
    row = Task(
        agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id, result_id=result_id, kind=kind,
        cause=cause[:120], words=words[:WORDS_MAX], detail=dict(detail or {}), opened_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"kind": kind.value, "cause": row.cause, "sample": str(sample.id)}
    audit.record(uow, "open", "task", row.id, version=row.version, after=after, session_id=row.session_id)
    _tell(uow, row, "task.opened")
    return row


def reword(uow: UnitOfWork, row: Task, words: str, detail: Mapping[str, JsonValue] | None = None) -> None:
    """Say an open task as it stands now. Its version stays: anyone who is about to tick it off may."""
    kept = row.detail if detail is None else {**row.detail, **detail}
    if row.closed_at is None and (row.words, row.detail) != (words[:WORDS_MAX], kept):
        row.words, row.detail = words[:WORDS_MAX], dict(kept)
        _tell(uow, row, "task.reworded")


def close_task(uow: UnitOfWork, task_id: uuid.UUID, version: int, words: str = "") -> Task:
    """Tick it off. Raises NotFound, Stale, Conflict (done already), Invalid (the role, or nothing said)."""
    row = row_of(uow.session, Task, uow.actor.agency_id, task_id, "task", lock=True)
    if row.closed_at is not None:
        raise Conflict("Someone has done this already. Nothing was changed.", hint="Open the page again to see who.")
    check_version("task", version, row.version)
    if why := why_not_closed(row.kind, uow.actor.roles, words):
        raise Invalid(f"The task stays open. {why}", fields={"words": why})
    row.closed_at, row.closed_by, row.closed_words = uow.now, uow.actor.person_id, words[:200]
    row.version += 1
    audit.record(uow, "close", "task", row.id, version=row.version, reason=row.closed_words, session_id=row.session_id)
    _tell(uow, row, "task.closed")
    return row


def get_task(session: Session, actor: Actor, task_id: uuid.UUID) -> TaskView:
    """One task of the actor's agency. Raises NotFound."""
    return _views(session, actor, [row_of(session, Task, actor.agency_id, task_id, "task")])[0]


def of_sample(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[TaskView]:
    """Tasks about a sample of the actor's agency, open ones first."""
    lookup.get_sample(session, actor, sample_id)
    rows = rows_of_sample(session, sample_id)
    return _views(session, actor, sorted(rows, key=lambda row: (row.closed_at is not None, _can_wait(row))))


def rows_of_sample(session: Session, sample_id: uuid.UUID) -> list[Task]:
    """Tasks about a sample, oldest first, closed ones too, for code that looks before it opens another."""
    return list(session.exec(select(Task).where(Task.sample_id == sample_id).order_by(col(Task.id))))


def causes_of(row: Task) -> set[str]:
    """Why it was opened, by the names that those who opened it gave."""
    causes = row.detail.get("causes")
    return set(map(str, causes)) if isinstance(causes, list) else set()


def of_session(session: Session, actor: Actor, session_id: uuid.UUID) -> list[TaskView]:
    """What is open at a session of the actor's agency: what is urgent first, each oldest first; then the few closed last."""
    row = sessions.get_session(session, actor, session_id)
    still = sorted(_open_ones(session, actor, row.id), key=_can_wait)
    closed = select(Task).where(Task.session_id == row.id, col(Task.closed_at).is_not(None))
    last = session.exec(closed.order_by(col(Task.closed_at).desc()).limit(CLOSED_SHOWN))
    return _views(session, actor, [*still, *last])


def open_tasks(session: Session, actor: Actor, session_id: uuid.UUID | None = None) -> list[TaskView]:
    """Everything open in the actor's agency, oldest first; of one session where named."""
    return _views(session, actor, _open_ones(session, actor, session_id))


def open_count(session: Session, actor: Actor, session_ids: Sequence[uuid.UUID]) -> int:
    """How many are open at these sessions of the actor's agency."""
    mine = (Task.agency_id == actor.agency_id, col(Task.closed_at).is_(None), col(Task.session_id).in_(session_ids))
    return session.exec(select(sa.func.count()).select_from(Task).where(*mine)).one()


def _open_ones(session: Session, actor: Actor, session_id: uuid.UUID | None) -> list[Task]:
    query = select(Task).where(Task.agency_id == actor.agency_id, col(Task.closed_at).is_(None))
    if session_id is not None:
        query = query.where(Task.session_id == session_id)
    return list(session.exec(query.order_by(col(Task.id))))


def _views(session: Session, actor: Actor, rows: Sequence[Task]) -> list[TaskView]:
    names = people.display_names(session, [row.closed_by for row in rows])
    numbers = {row.sample_id: lookup.get_sample(session, actor, row.sample_id).number for row in rows}
    return [
        TaskView(
            row,
            numbers[row.sample_id],
            names.get(row.closed_by, "") if row.closed_by else "",
            row.closed_at is None and bool(actor.roles & KINDS[row.kind].closed_by),
        )
        for row in rows
    ]


def _tell(uow: UnitOfWork, row: Task, kind: str) -> None:
    """No word of what was found travels in an event."""
    publish(
        uow, "task", kind, agency_id=row.agency_id, session_id=row.session_id, sample_id=row.sample_id,
        payload={"task_id": row.id, "kind_of_task": row.kind.value},
    )  # fmt: skip
