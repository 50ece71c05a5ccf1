"""JSON routes of research projects, and their extracts as files."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.figures.exports import extract_job, schemas, service
from app.figures.exports.domain import ProjectStep
from app.figures.exports.tables import ExtractOut, ResearchProject
from app.figures.exports.web import Number, Researcher, Writer, file_of
from app.platform.db import UnitOfWork
from app.platform.web.etags import tagged
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["research projects"])

_FILE = {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}, "description": "The file"}


@router.get("/projects")
def list_projects(who: Writer, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.ProjectOut]:
    """Research projects the caller may see, newest first."""
    with rt.read() as session:
        views = service.page(session, who, rt.now(), before=decode_cursor(cursor), limit=limit + 1)
    return cut(views, limit, _shown, lambda view: view.row.id)


@router.post("/projects", status_code=201, response_model=schemas.ProjectOut)
def write_project(body: schemas.ProjectIn, who: Writer, creation: CreationDep) -> JSONResponse:
    """Begin a draft."""
    return creation.made(who, lambda uow: _out(uow, service.write_project(uow, body)))


@router.get("/projects/{project_id}")
def read_project(project_id: uuid.UUID, who: Writer, rt: RuntimeDep, response: Response) -> schemas.ProjectOut:
    """One project."""
    with rt.read() as session:
        view = service.view_of(session, who, service.get_project(session, who, project_id), rt.now())
    return tagged(response, _shown(view))


@router.put("/projects/{project_id}")
def change_project(
    project_id: uuid.UUID, body: schemas.ProjectIn, who: Writer, change: ChangeDep
) -> schemas.ProjectOut:
    """Change a draft."""
    return change.made(who, lambda uow: _out(uow, service.change_project(uow, project_id, change.version, body)))


@router.get("/projects/{project_id}/extracts")
def list_extracts(project_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> list[ExtractOut]:
    """What was made for a project, newest first: numbers, hashes and what was lost; never the rows."""
    with rt.read() as session:
        return [ExtractOut.model_validate(row) for row in service.extracts(session, who, project_id)]


@router.post("/projects/{project_id}/extracts", status_code=202)
def ask_for_extract(
    project_id: uuid.UUID, who: Researcher, rt: RuntimeDep, request: Request, response: Response
) -> schemas.DrawingOut:
    """Have the next k-anonymous extract drawn by a job; `Location` says where to look how far it is.

    While one is being drawn, asking again is answered by that one. Where nothing may change yet, the extract is the one
    before.
    """
    with rt.begin(who, request) as uow:
        asked = schemas.DrawingOut.of(extract_job.ask(uow, project_id))
    response.headers["Location"] = f"/api/v1/projects/{project_id}/drawings/{asked.id}"
    return asked


@router.post("/projects/{project_id}/{step}")
def take_step(
    project_id: uuid.UUID,
    step: ProjectStep,
    who: Writer,
    change: ChangeDep,
    body: schemas.StepIn = schemas.NOTHING_SAID,
) -> schemas.ProjectOut:
    """Propose a draft, send a proposal back, approve one of someone else, or end a project at once."""
    return change.made(who, lambda uow: _out(uow, service.take(uow, project_id, change.version, step, body.reason)))


@router.get("/projects/{project_id}/drawings/{drawing_id}")
def read_drawing(project_id: uuid.UUID, drawing_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> schemas.DrawingOut:
    """How far an extract that was asked for is, or what became of it."""
    with rt.read() as session:
        return schemas.DrawingOut.of(extract_job.get_drawing(session, who, project_id, drawing_id))


@router.get("/projects/{project_id}/extracts/{number}/file", response_class=Response, responses={200: _FILE})
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


def _out(uow: UnitOfWork, row: ResearchProject) -> schemas.ProjectOut:
    return _shown(service.view_of(uow.session, uow.actor, row, uow.now))


def _shown(view: service.ProjectView) -> schemas.ProjectOut:
    row, names = view.row, view.names
    people = {
        "researcher": names.get(row.researcher_id, ""),
        "approved_by": names.get(row.approved_by, "") if row.approved_by else "",
    }
    around = {"state_words": view.state_words, "running": view.running}
    return schemas.ProjectOut.model_validate({**row.model_dump(), **people, **around})
