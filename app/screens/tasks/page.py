"""Live parts that list tasks, for the board, the bench and the consultation, and the form that ticks one off."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.tasks import service
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.fields import Note200
from app.platform.web.forms import shown_again
from app.platform.web.problems import status_of
from app.runtime import RuntimeDep

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Doer = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD)]

BACK = {
    "board": "/sessions/{session}",
    "bench": "/bench/samples/{sample}",
    "consultation": "/consultations/samples/{sample}",
}


@router.get("/sessions/{session_id}/tasks")
def session_tasks(session_id: uuid.UUID, request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """What is to be done at a session, for its board."""
    with rt.read() as session:
        tasks = service.of_session(session, who, session_id)
    return rt.templates.page(request, "tasks/_of_session.html", session_id=session_id, session_tasks=tasks)


@router.get("/samples/{sample_id}/tasks")
def sample_tasks(
    sample_id: uuid.UUID, request: Request, who: Doer, rt: RuntimeDep, back: str = "consultation"
) -> HTMLResponse:
    """The tasks of one sample, for the bench and the consultation."""
    with rt.read() as session:
        tasks = service.of_sample(session, who, sample_id)
    place = back if back in BACK else "consultation"
    return rt.templates.page(request, "tasks/_of_sample.html", sample_id=sample_id, sample_tasks=tasks, task_back=place)


@router.post("/tasks/{sample_task_id}/close")
def close_task(
    sample_task_id: uuid.UUID,
    request: Request,
    who: Doer,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    words: Annotated[Note200, Form()] = "",
    back: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Tick it off and go back to where it stood."""
    with (
        shown_again(lambda error: _again(request, rt, who, sample_task_id, error, back), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        row = service.close_task(uow, sample_task_id, version, words)
    address = BACK.get(back, BACK["board"]).format(session=row.session_id, sample=row.sample_id)
    return RedirectResponse(f"{address}#tasks", 303)


def _again(
    request: Request, rt: RuntimeDep, who: Actor, task_id: uuid.UUID, error: MastError, back: str
) -> HTMLResponse:
    """One task on a page of its own, with what was wrong."""
    with rt.read() as session:
        view = service.get_task(session, who, task_id)
    wrong = error.fields.get("words", "") if isinstance(error, Invalid) else ""
    return rt.templates.page(
        request, "tasks/task.html", status=status_of(error), t=view, error=error, wrong=wrong, task_back=back
    )
