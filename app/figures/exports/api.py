"""JSON routes of research projects, and their extracts as files."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from app.figures.exports import asking, extracting, schemas, service
from app.figures.exports.domain import APPROVERS, WRITERS
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.idempotency import OnceDep
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["research projects"])

Writer = Annotated[Actor, allow(*WRITERS)]
Approver = Annotated[Actor, allow(*APPROVERS)]
Researcher = Annotated[Actor, allow(Role.RESEARCHER)]
Number = Annotated[int, Path(ge=1, le=10**6)]
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}, "description": "The file"}
}


@router.get("/projects")
def list_projects(who: Writer, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.ProjectOut]:
    """Research projects the caller may see, newest first."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        views = service.page(session, who, rt.now(), before=before, limit=limit + 1)
    return cut(views, limit, schemas.ProjectOut.of, lambda view: view.row.id)


@router.post("/projects", status_code=201, response_model=schemas.ProjectOut)
def write_project(
    body: schemas.ProjectIn, who: Writer, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Begin a draft."""
    with rt.begin(who, request) as uow:
        return once.run(uow, lambda: _out(uow, service.write_project(uow, body.project())))


@router.get("/projects/{project_id}")
def read_project(project_id: uuid.UUID, who: Writer, rt: RuntimeDep, response: Response) -> schemas.ProjectOut:
    """One project."""
    with rt.read() as session:
        view = service.view_of(session, who, service.get_project(session, who, project_id), rt.now())
    set_etag(response, view.row.version)
    return schemas.ProjectOut.of(view)


@router.put("/projects/{project_id}")
def change_project(
    project_id: uuid.UUID,
    body: schemas.ProjectIn,
    who: Writer,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.ProjectOut:
    """Change a draft."""
    with rt.begin(who, request) as uow:
        return _answer(uow, response, service.change_project(uow, project_id, if_match, body.project()))


@router.post("/projects/{project_id}/propose")
def propose(
    project_id: uuid.UUID, who: Writer, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> schemas.ProjectOut:
    """Hand a draft to those who approve."""
    with rt.begin(who, request) as uow:
        return _answer(uow, response, service.propose(uow, project_id, if_match))


@router.post("/projects/{project_id}/send-back")
def send_back(
    project_id: uuid.UUID,
    body: schemas.ReasonIn,
    who: Approver,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.ProjectOut:
    """Make a proposal a draft again."""
    with rt.begin(who, request) as uow:
        return _answer(uow, response, service.send_back(uow, project_id, if_match, body.reason))


@router.post("/projects/{project_id}/approve")
def approve(
    project_id: uuid.UUID, who: Approver, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> schemas.ProjectOut:
    """Approve a proposal of somebody else."""
    with rt.begin(who, request) as uow:
        return _answer(uow, response, service.approve(uow, project_id, if_match))


@router.post("/projects/{project_id}/withdraw")
def withdraw(
    project_id: uuid.UUID,
    body: schemas.ReasonIn,
    who: Writer,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.ProjectOut:
    """End a project at once."""
    with rt.begin(who, request) as uow:
        return _answer(uow, response, service.withdraw(uow, project_id, if_match, body.reason))


@router.get("/projects/{project_id}/extracts")
def list_extracts(project_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> list[schemas.ExtractOut]:
    """What was made for a project, newest first: numbers, hashes and what was lost; never the rows."""
    with rt.read() as session:
        return [schemas.ExtractOut.of(row) for row in service.extracts(session, who, project_id)]


@router.post("/projects/{project_id}/extracts", status_code=202)
def ask_for_extract(
    project_id: uuid.UUID, who: Researcher, rt: RuntimeDep, request: Request, response: Response
) -> schemas.DrawingOut:
    """Have the next k-anonymous extract drawn by a job; `Location` says where to look how far it is.

    While one is being drawn, asking again is answered by that one. Where nothing may change yet, the extract is the one
    before.
    """
    with rt.begin(who, request) as uow:
        asked = schemas.DrawingOut.of(asking.ask(uow, project_id))
    response.headers["Location"] = f"/api/v1/projects/{project_id}/drawings/{asked.id}"
    return asked


@router.get("/projects/{project_id}/drawings/{drawing_id}")
def read_drawing(project_id: uuid.UUID, drawing_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> schemas.DrawingOut:
    """How far an extract that was asked for is, or what became of it."""
    with rt.read() as session:
        return schemas.DrawingOut.of(asking.get_drawing(session, who, project_id, drawing_id))


@router.get("/projects/{project_id}/extracts/{number}/file", response_class=Response, responses=_FILE)
def fetch_extract(
    project_id: uuid.UUID,
    number: Number,
    who: Researcher,
    rt: RuntimeDep,
    request: Request,
    format: Annotated[Literal["csv", "parquet"], Query()] = "csv",
) -> Response:
    """The rows of an extract, for its researcher while the project runs. Audited."""
    return file_of(rt, who, request, project_id, number, format)


def file_of(rt: Runtime, who: Actor, request: Request, project_id: uuid.UUID, number: int, format_: str) -> Response:
    """The download."""
    with rt.begin(who, request) as uow:
        name, content = extracting.fetch(uow, project_id, number, format_)
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=TYPES[format_], headers={"Content-Disposition": disposition})


def _answer(uow: UnitOfWork, response: Response, row: service.ResearchProject) -> schemas.ProjectOut:
    set_etag(response, row.version)
    return _out(uow, row)


def _out(uow: UnitOfWork, row: service.ResearchProject) -> schemas.ProjectOut:
    return schemas.ProjectOut.of(service.view_of(uow.session, uow.actor, row, uow.now))
