"""Pages of research projects: the list, the form, one project with its sign-off and its extracts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal, TypedDict

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session

from app.figures.exports import extract_job, service
from app.figures.exports.domain import APPROVERS, WRITERS, Column, K, ProjectState, ProjectStep
from app.figures.exports.schemas import ProjectIn
from app.figures.exports.tables import ResearchDrawing, ResearchExtract, ResearchProject
from app.figures.exports.web import Number, file_of
from app.figures.trends.csv import NO_PARQUET, has_parquet
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import day_of
from app.platform.web.fields import Note1000, Text20, Text40, Told120
from app.platform.web.forms import fields_of
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.screens.visits import Done, Note, Version, Visit, visitor

router = APIRouter(include_in_schema=False)

Writer = Annotated[Visit, visitor(*WRITERS)]
Researcher = Annotated[Visit, visitor(Role.RESEARCHER)]
LIMIT = 30
DONE = {
    "saved": "Saved. It is a draft until it is proposed.",
    "propose": "Proposed. Another session lead or administrator approves or returns it.",
    "send-back": "Returned to its authors as a draft.",
    "approve": "Approved. Its researcher can make extracts between its first and last day.",
    "withdraw": "Withdrawn. Extracts are no longer available.",
}
SENTENCES = {
    "title": "Enter a title for the project.",
    "purpose": "Enter the question the rows will answer.",
    "researcher_id": "Choose a researcher of your agency.",
    "columns": "Choose from the list.",
    "starts_on": "Enter the first day.",
    "ends_on": "Enter the last day.",
}


class ProjectForm(BaseModel):
    """The fields as they are typed."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    version: int = 0
    title: Told120 = ""
    purpose: Note1000 = ""
    researcher_id: Text40 = ""
    columns: list[Text20] = Field(default=[], max_length=10)
    first_month: Text20 = ""
    last_month: Text20 = ""
    starts_on: Text20 = ""
    ends_on: Text20 = ""

    def entered(self) -> ProjectIn:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        try:
            return ProjectIn.model_validate(self.model_dump(exclude={"idempotency_key", "version"}))
        except ValidationError as error:
            fields = {str(e["loc"][0]): SENTENCES.get(str(e["loc"][0]), "This cannot be read.") for e in error.errors()}
            raise Invalid("The project was not saved. What you typed is still here.", fields=fields) from None

    @classmethod
    def fresh(cls, today: date, researcher: uuid.UUID | None) -> ProjectForm:
        """An empty form for a project of a year."""
        ends = today.replace(year=today.year + 1, day=min(today.day, 28))
        return cls(
            researcher_id=str(researcher or ""), columns=[c.value for c in Column], starts_on=today.isoformat(),
            ends_on=ends.isoformat(), last_month=f"{today:%Y-%m}", first_month=f"{today.year - 1}-{today:%m}",
        )  # fmt: skip

    @classmethod
    def of(cls, row: ResearchProject) -> ProjectForm:
        """A draft to go on with."""
        return cls(
            version=row.version, title=row.title, purpose=row.purpose, researcher_id=str(row.researcher_id),
            columns=list(row.columns), first_month=row.first_month, last_month=row.last_month,
            starts_on=row.starts_on.isoformat(), ends_on=row.ends_on.isoformat(),
        )  # fmt: skip


@router.get("/projects")
def projects_page(visit: Writer, cursor: Cursor = "") -> HTMLResponse:
    """Projects this person may see."""
    with visit.rt.read() as session:
        views = service.page(session, visit.who, visit.rt.now(), before=decode_cursor(cursor), limit=LIMIT + 1)
    older = f"/projects?cursor={encode_cursor(views[LIMIT - 1].row.id)}" if len(views) > LIMIT else None
    newest = "/projects" if cursor else None
    return visit.page("projects/projects.html", views=views[:LIMIT], older=older, newest=newest, k=K)


@router.get("/projects/new")
def new_project(visit: Writer) -> HTMLResponse:
    """The form."""
    own = visit.who.person_id if visit.who.has(Role.RESEARCHER) else None
    return _form(visit, ProjectForm.fresh(day_of(visit.rt.now()), own), "/projects")


@router.post("/projects")
def write_project(visit: Writer, form: Annotated[ProjectForm, Form()]) -> Response:
    """Begin a draft; else the form again with what is wrong."""
    with visit.work(lambda error: _form(visit, form, "/projects", error=error)) as uow:
        new = form.entered()
        visit.once(uow, form.idempotency_key, lambda: service.write_project(uow, new))
    return RedirectResponse("/projects", 303)


@router.get("/projects/{project_id}")
def project_page(visit: Writer, project_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """One project."""
    return _one(visit, project_id, done=DONE.get(done, ""))


@router.get("/projects/{project_id}/edit")
def edit_project(visit: Writer, project_id: uuid.UUID) -> Response:
    """The form of a draft; of anything else the project itself."""
    with visit.rt.read() as session:
        row = service.get_project(session, visit.who, project_id)
    if row.state is not ProjectState.DRAFT:
        return RedirectResponse(f"/projects/{project_id}", 303)
    return _form(visit, ProjectForm.of(row), f"/projects/{project_id}")


@router.post("/projects/{project_id}")
def change_project(visit: Writer, project_id: uuid.UUID, form: Annotated[ProjectForm, Form()]) -> Response:
    """Change a draft; else the form again with what is wrong."""
    here = f"/projects/{project_id}"
    with visit.rt.read() as session:
        service.get_project(session, visit.who, project_id)
    with visit.work(lambda error: _form(visit, form, here, error=error), but=NotFound) as uow:
        service.change_project(uow, project_id, form.version, form.entered())
    return RedirectResponse(f"{here}?done=saved", 303)


@router.post("/projects/{project_id}/extracts")
def ask_for_extract(visit: Researcher, project_id: uuid.UUID) -> Response:
    """Have the next extract drawn."""
    return _step(visit, project_id, "#extracts", lambda uow: extract_job.ask(uow, project_id))


@router.post("/projects/{project_id}/{step}")
def take_step(
    visit: Writer, project_id: uuid.UUID, step: ProjectStep, version: Version = 0, reason: Note = ""
) -> Response:
    """One step of a project on its way; else the project with why not."""
    return _step(visit, project_id, step, lambda uow: service.take(uow, project_id, version, step, reason))


@router.get("/projects/{project_id}/extracts/part")
def extracts_part(visit: Writer, project_id: uuid.UUID) -> HTMLResponse:
    """The extracts alone; asked for every second while one is being drawn."""
    with visit.rt.read() as session:
        row = service.get_project(session, visit.who, project_id)
        context = _extracts(visit, session, row)
    return visit.page("projects/_extracts.html", **context)


@router.get("/projects/{project_id}/extracts/{number}/file")
def fetch_extract(
    visit: Researcher,
    project_id: uuid.UUID,
    number: Number,
    format: Annotated[Literal["csv", "parquet"], Query()] = "csv",
) -> Response:
    """The rows."""
    return file_of(visit.rt, visit.who, visit.request, project_id, number, format)


def _step(visit: Visit, project_id: uuid.UUID, then: str, act: Callable[[UnitOfWork], object]) -> Response:
    """Act, and go back to the project: `then` is a word of DONE, or where on the page."""
    with visit.work(lambda error: _one(visit, project_id, error=error), but=NotFound) as uow:
        act(uow)
    return RedirectResponse(f"/projects/{project_id}{then if then.startswith('#') else f'?done={then}'}", 303)


def _one(visit: Visit, project_id: uuid.UUID, *, done: str = "", error: MastError | None = None) -> HTMLResponse:
    approver, now = visit.who.has(*APPROVERS), visit.rt.now()
    with visit.rt.read() as session:
        row = service.get_project(session, visit.who, project_id)
        context = _extracts(visit, session, row)
        others = service.page(session, visit.who, now, limit=LIMIT) if approver else []
    return visit.page(
        "projects/project.html",
        **context,
        running=[one for one in others if one.running and one.row.id != row.id],
        columns=[Column(name).words for name in row.columns],
        may_send_back=approver,
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


def _extracts(visit: Visit, session: Session, row: ResearchProject) -> Extracts:
    who = visit.who
    return {
        "v": service.view_of(session, who, row, visit.rt.now()),
        "extracts": service.extracts(session, who, row.id),
        "drawing": extract_job.latest(session, who, row.id),
        "parquet": has_parquet(),
        "no_parquet": NO_PARQUET,
    }


def _form(visit: Visit, form: ProjectForm, action: str, *, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        found = service.researchers(session, visit.who)
    return visit.page(
        "projects/form.html",
        t=form,
        action=action,
        key=form.idempotency_key or str(new_id()),
        researchers=[(str(key), name) for key, name in found],
        columns=[(column.value, column.words) for column in Column],
        error=error,
        fields=fields_of(error),
        k=K,
    )
