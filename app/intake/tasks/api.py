"""JSON routes of tasks: what is to be done about samples, and that it was done."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.intake.tasks import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import IfMatch, set_etag
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["tasks"])

Staff = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD)]


@router.get("/tasks")
def list_tasks(who: Staff, rt: RuntimeDep, session_id: uuid.UUID | None = None) -> list[schemas.SampleTaskOut]:
    """Everything open in the caller's agency, oldest first; of one session where named."""
    with rt.read() as session:
        return [schemas.SampleTaskOut.of(view) for view in service.open_tasks(session, who, session_id)]


@router.get("/samples/{sample_id}/tasks")
def list_tasks_of_sample(sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> list[schemas.SampleTaskOut]:
    """Tasks about a sample, open ones first; closed ones with who closed them and when."""
    with rt.read() as session:
        return [schemas.SampleTaskOut.of(view) for view in service.of_sample(session, who, sample_id)]


@router.post("/tasks/{sample_task_id}/close")
def close_task(
    sample_task_id: uuid.UUID,
    body: schemas.DoneWords,
    who: Staff,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.SampleTaskOut:
    """Tick it off."""
    with rt.begin(who, request) as uow:
        row = service.close_task(uow, sample_task_id, if_match, body.words)
        set_etag(response, row.version)
        views = service.of_sample(uow.session, who, row.sample_id)
        return schemas.SampleTaskOut.of(next(view for view in views if view.row.id == row.id))
