"""Live parts that list tasks, for the board, the bench and the consultation, and the form that ticks one off."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.sessions import service as sessions
from app.intake.tasks import service
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.screens.visits import Note, Staff, Version, Visit, visitor

router = APIRouter(include_in_schema=False)

Doer = Annotated[Visit, visitor(Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD)]

BACK = {
    "board": "/sessions/{session}",
    "bench": "/bench/samples/{sample}",
    "consultation": "/consultations/samples/{sample}",
}


@router.get("/sessions/{session_id}/tasks")
def session_tasks(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """What is to be done at a session, for its board."""
    with visit.rt.read() as session:
        tasks = service.of_session(session, visit.who, session_id)
        closed = sessions.get_session(session, visit.who, session_id).closed_at is not None
    return visit.page("tasks/_of_session.html", session_id=session_id, session_closed=closed, session_tasks=tasks)


@router.get("/samples/{sample_id}/tasks")
def sample_tasks(sample_id: uuid.UUID, visit: Doer, back: str = "consultation") -> HTMLResponse:
    """The tasks of one sample, for the bench and the consultation."""
    with visit.rt.read() as session:
        tasks = service.of_sample(session, visit.who, sample_id)
    place = back if back in BACK else "consultation"
    return visit.page("tasks/_of_sample.html", sample_id=sample_id, sample_tasks=tasks, task_back=place)


@router.post("/tasks/{sample_task_id}/close")
def close_task(
    sample_task_id: uuid.UUID,
    visit: Doer,
    version: Version = 0,
    words: Note = "",
    back: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Tick it off and go back to where it stood."""
    with visit.work(lambda error: _again(visit, sample_task_id, error, back), but=NotFound) as uow:
        row = service.close_task(uow, sample_task_id, version, words)
    address = BACK.get(back, BACK["board"]).format(session=row.session_id, sample=row.sample_id)
    return RedirectResponse(f"{address}#tasks", 303)


def _again(visit: Visit, task_id: uuid.UUID, error: MastError, back: str) -> HTMLResponse:
    """One task on a page of its own, with what was wrong."""
    with visit.rt.read() as session:
        view = service.get_task(session, visit.who, task_id)
    wrong = error.fields.get("words", "") if isinstance(error, Invalid) else ""
    return visit.page("tasks/task.html", t=view, error=error, wrong=wrong, task_back=back)
