"""Pages of research projects: the list, the form, one project with its sign-off and its extracts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from app.figures.exports import extract_job, service
from app.figures.exports.csv import NO_PARQUET, has_parquet
from app.figures.exports.domain import APPROVERS, COLUMN_WORDS, Column, K, ProjectState
from app.figures.exports.tables import ResearchDrawing, ResearchExtract
from app.figures.exports.web import Approver, Number, Researcher, Writer, file_of
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import day_of
from app.platform.web.fields import Note200
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.projects.forms import ProjectForm

router = APIRouter(include_in_schema=False)

LIMIT = 30
DONE = {
    "saved": "Saved. It is a draft until it is proposed.",
    "proposed": "Proposed. A session lead or an administrator who did not write it approves it or sends it back.",
    "sent_back": "Sent back to its authors as a draft.",
    "approved": "Approved. Its researcher can make extracts between its first and last day.",
    "withdrawn": "Withdrawn. No extract is made or fetched any more.",
}


@router.get("/projects")
def projects_page(
    request: Request, who: Writer, rt: RuntimeDep, cursor: Annotated[str, Query(max_length=60)] = ""
) -> HTMLResponse:
    """Projects this person may see."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        views = service.page(session, who, rt.now(), before=before, limit=LIMIT + 1)
    older = f"/projects?cursor={encode_cursor(views[LIMIT - 1].row.id)}" if len(views) > LIMIT else None
    return rt.templates.page(
        request, "projects/projects.html", views=views[:LIMIT], older=older, newest="/projects" if cursor else None, k=K
    )


@router.get("/projects/new")
def new_project(request: Request, who: Writer, rt: RuntimeDep) -> HTMLResponse:
    """The form."""
    own = who.person_id if who.has(Role.RESEARCHER) else None
    return _form(request, rt, who, ProjectForm.fresh(day_of(rt.now()), own), "/projects")


@router.post("/projects")
def write_project(request: Request, who: Writer, rt: RuntimeDep, form: Annotated[ProjectForm, Form()]) -> Response:
    """Begin a draft; else the form again with what is wrong."""
    with shown_again(lambda error: _form(request, rt, who, form, "/projects", error=error)):
        new = form.entered()
        with rt.begin(who, request) as uow:
            once = form_once(request, rt.pepper, form.idempotency_key)
            once.run(uow, lambda: {"id": str(service.write_project(uow, new).id)})
    return RedirectResponse("/projects", 303)


@router.get("/projects/{project_id}")
def project_page(
    request: Request,
    project_id: uuid.UUID,
    who: Writer,
    rt: RuntimeDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """One project."""
    return _one(request, rt, who, project_id, done=DONE.get(done, ""))


@router.get("/projects/{project_id}/edit")
def edit_project(request: Request, project_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> Response:
    """The form of a draft; of anything else the project itself."""
    with rt.read() as session:
        row = service.get_project(session, who, project_id)
    if row.state is not ProjectState.DRAFT:
        return RedirectResponse(f"/projects/{project_id}", 303)
    return _form(request, rt, who, ProjectForm.of(row), f"/projects/{project_id}")


@router.post("/projects/{project_id}")
def change_project(
    request: Request, project_id: uuid.UUID, who: Writer, rt: RuntimeDep, form: Annotated[ProjectForm, Form()]
) -> Response:
    """Change a draft; else the form again with what is wrong."""
    with rt.read() as session:
        service.get_project(session, who, project_id)
    with shown_again(lambda error: _form(request, rt, who, form, f"/projects/{project_id}", error=error), but=NotFound):
        new = form.entered()
        with rt.begin(who, request) as uow:
            service.change_project(uow, project_id, form.version, new)
    return RedirectResponse(f"/projects/{project_id}?done=saved", 303)


Version = Annotated[int, Form()]
Reason = Annotated[Note200, Form()]


@router.post("/projects/{project_id}/propose")
def propose(request: Request, project_id: uuid.UUID, who: Writer, rt: RuntimeDep, version: Version = 0) -> Response:
    """Hand it to those who approve."""
    return _step(request, rt, who, project_id, "proposed", lambda uow: service.propose(uow, project_id, version))


@router.post("/projects/{project_id}/send-back")
def send_back(
    request: Request, project_id: uuid.UUID, who: Approver, rt: RuntimeDep, version: Version = 0, reason: Reason = ""
) -> Response:
    """A draft again."""
    return _step(
        request, rt, who, project_id, "sent_back", lambda uow: service.send_back(uow, project_id, version, reason)
    )


@router.post("/projects/{project_id}/approve")
def approve(request: Request, project_id: uuid.UUID, who: Approver, rt: RuntimeDep, version: Version = 0) -> Response:
    """The second person's yes."""
    return _step(request, rt, who, project_id, "approved", lambda uow: service.approve(uow, project_id, version))


@router.post("/projects/{project_id}/withdraw")
def withdraw(
    request: Request, project_id: uuid.UUID, who: Writer, rt: RuntimeDep, version: Version = 0, reason: Reason = ""
) -> Response:
    """End it at once."""
    return _step(
        request, rt, who, project_id, "withdrawn", lambda uow: service.withdraw(uow, project_id, version, reason)
    )


@router.post("/projects/{project_id}/extracts")
def ask_for_extract(request: Request, project_id: uuid.UUID, who: Researcher, rt: RuntimeDep) -> Response:
    """Have the next extract drawn."""
    return _step(request, rt, who, project_id, "#extracts", lambda uow: extract_job.ask(uow, project_id))


@router.get("/projects/{project_id}/extracts/part")
def extracts_part(request: Request, project_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> HTMLResponse:
    """The extracts alone; asked for every second while one is being drawn."""
    with rt.read() as session:
        row = service.get_project(session, who, project_id)
        context = _extracts(rt, session, who, row)
    return rt.templates.page(request, "projects/_extracts.html", **context)


@router.get("/projects/{project_id}/extracts/{number}/file")
def fetch_extract(
    request: Request,
    project_id: uuid.UUID,
    number: Number,
    who: Researcher,
    rt: RuntimeDep,
    format: Annotated[Literal["csv", "parquet"], Query()] = "csv",
) -> Response:
    """The rows."""
    return file_of(rt, who, request, project_id, number, format)


def _step(
    request: Request, rt: Runtime, who: Actor, project_id: uuid.UUID, then: str, act: Callable[[UnitOfWork], Any]
) -> Response:
    """Act, and go back to the project: `then` is a word of DONE, or where on the page."""
    with (
        shown_again(lambda error: _one(request, rt, who, project_id, error=error), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        act(uow)
    return RedirectResponse(f"/projects/{project_id}{then if then.startswith('#') else f'?done={then}'}", 303)


def _one(
    request: Request,
    rt: Runtime,
    who: Actor,
    project_id: uuid.UUID,
    *,
    done: str = "",
    error: MastError | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        row = service.get_project(session, who, project_id)
        context = _extracts(rt, session, who, row)
        others = service.page(session, who, rt.now(), limit=LIMIT) if who.has(*APPROVERS) else []
    return rt.templates.page(
        request,
        "projects/project.html",
        status=status_of(error),
        **context,
        running=[one for one in others if one.running and one.row.id != row.id],
        columns=[COLUMN_WORDS[Column(name)] for name in row.columns],
        may_send_back=who.has(*APPROVERS),
        done=done,
        error=error,
        fields=fields_of(error),
        k=K,
    )


class Extracts(TypedDict):
    """What the part with the extracts shows."""

    v: service.ProjectView
    extracts: list[ResearchExtract]
    drawing: ResearchDrawing | None
    parquet: bool
    no_parquet: str


def _extracts(rt: Runtime, session: Session, who: Actor, row: service.ResearchProject) -> Extracts:
    """What the part with the extracts shows."""
    return {
        "v": service.view_of(session, who, row, rt.now()),
        "extracts": service.extracts(session, who, row.id),
        "drawing": extract_job.latest(session, who, row.id),
        "parquet": has_parquet(),
        "no_parquet": NO_PARQUET,
    }


def _form(
    request: Request, rt: Runtime, who: Actor, form: ProjectForm, action: str, *, error: MastError | None = None
) -> HTMLResponse:
    with rt.read() as session:
        found = service.researchers(session, who)
    return rt.templates.page(
        request,
        "projects/form.html",
        status=status_of(error),
        t=form,
        action=action,
        key=form.idempotency_key or str(new_id()),
        researchers=[(str(key), name) for key, name in found],
        columns=[(column.value, words) for column, words in COLUMN_WORDS.items()],
        error=error,
        fields=fields_of(error),
        k=K,
    )
