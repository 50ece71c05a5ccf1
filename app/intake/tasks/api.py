"""JSON routes of tasks: what is to be done about samples, and that it was done."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from app.intake.tasks import service
from app.intake.tasks.service import TaskView
from app.intake.tasks.tables import TaskShown
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import FreeText, Note200
from app.runtime import ChangeDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["tasks"])

Staff = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD)]


class DoneWords(FreeText):
    """What was done; may be empty where the kind does not ask."""

    words: Note200 = ""


class SampleTaskOut(TaskShown):
    """A task about a sample."""

    title: str
    number: int
    closed_by: str

    @classmethod
    def of(cls, view: TaskView) -> SampleTaskOut:
        """The JSON shape of what the service shows."""
        said = {"title": view.title, "number": view.number, "closed_by": view.by}
        return cls.model_validate({**view.row.model_dump(), **said})


@router.get("/tasks")
def list_tasks(who: Staff, rt: RuntimeDep, session_id: uuid.UUID | None = None) -> list[SampleTaskOut]:
    """Everything open in the caller's agency, oldest first; of one session where named."""
    with rt.read() as session:
        return [SampleTaskOut.of(view) for view in service.open_tasks(session, who, session_id)]


@router.get("/samples/{sample_id}/tasks")
def list_tasks_of_sample(sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> list[SampleTaskOut]:
    """Tasks about a sample, open ones first; closed ones with who closed them and when."""
    with rt.read() as session:
        return [SampleTaskOut.of(view) for view in service.of_sample(session, who, sample_id)]


@router.post("/tasks/{sample_task_id}/close")
def close_task(sample_task_id: uuid.UUID, body: DoneWords, who: Staff, change: ChangeDep) -> SampleTaskOut:
    """Tick it off."""

    def closed(uow: UnitOfWork) -> SampleTaskOut:
        row = service.close_task(uow, sample_task_id, change.version, body.words)
        views = service.of_sample(uow.session, who, row.sample_id)
        return SampleTaskOut.of(next(view for view in views if view.row.id == row.id))

    return change.made(who, closed)
