"""Asking for an extract, and the job that draws it: one at a time for a project; who asked looks how far it is.

The job reads in one moment, computes while nothing is locked, and keeps in the transaction that ends it. A worker that
dies leaves nothing, and the next one begins anew; one that lost its job meanwhile keeps nothing either.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.figures.exports import extracting, service
from app.figures.exports.domain import DrawingState
from app.figures.exports.tables import ResearchDrawing
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext, enqueue
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from harm_messages import Register

JOB = "research_extract"
TRIES = 3
"""How often an extract is drawn again because samples in it were withdrawn meanwhile."""


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the job needs of the process."""

    db: Database
    register: Register
    clock: Callable[[], float] = time.monotonic


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def ask(uow: UnitOfWork, project_id: uuid.UUID) -> ResearchDrawing:
    """Have the next extract drawn; while one is being drawn, that one. Raises NotFound, Forbidden, Conflict."""
    project = service.running(uow.session, uow.actor, project_id, uow.now, lock=True)
    there = _latest(uow.session, project_id)
    if there is not None and not there.state.ended:
        return there
    row = ResearchDrawing(project_id=project.id, step="Waiting", asked_by=project.researcher_id, asked_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "ask", "research_drawing", row.id, after={"project": str(project.id)})
    enqueue(uow, JOB, {"drawing_id": row.id}, agency_id=uow.actor.agency_id)
    return row


def get_drawing(session: Session, actor: Actor, project_id: uuid.UUID, drawing_id: uuid.UUID) -> ResearchDrawing:
    """One that was asked for, for whoever sees its project. Raises NotFound."""
    project = service.get_project(session, actor, project_id)
    row = session.get(ResearchDrawing, drawing_id)
    if row is None or row.project_id != project.id:
        raise NotFound("drawing")
    return row


def latest(session: Session, actor: Actor, project_id: uuid.UUID) -> ResearchDrawing | None:
    """The one that was asked for last, or None. Raises NotFound for a project somebody may not see."""
    return _latest(session, service.get_project(session, actor, project_id).id)


def _latest(session: Session, project_id: uuid.UUID) -> ResearchDrawing | None:
    query = select(ResearchDrawing).where(ResearchDrawing.project_id == project_id)
    return session.exec(query.order_by(col(ResearchDrawing.id).desc()).limit(1)).first()


def _locked(session: Session, drawing_id: uuid.UUID) -> ResearchDrawing:
    """As it is now, held until the transaction ends. Raises NotFound."""
    row = session.get(ResearchDrawing, drawing_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound("drawing")
    return row


def carry_out(parts: JobParts, ctx: JobContext) -> None:
    """Draw one; what a person can do something about ends it, anything else is tried again."""
    task = _begin(ctx)
    if task is None:
        return
    with ended_where_refused(lambda problem: _refuse(ctx, task, problem)):
        _draw(parts, ctx, task)


def _begin(ctx: JobContext) -> ResearchDrawing | None:
    """What was asked for, or None where it has ended."""
    with ctx.begin() as uow:
        row = _locked(uow.session, uuid.UUID(ctx.payload["drawing_id"]))
        if row.state.ended:
            return None
        row.state, row.step, row.done, row.total = DrawingState.DRAWING, "It begins", 0, 0
    return row


def _draw(parts: JobParts, ctx: JobContext, task: ResearchDrawing) -> None:
    """In the name of whoever asked."""
    actor = Actor(task.asked_by, "", frozenset({Role.RESEARCHER}), ctx.agency_id, via="job")

    def write(what: str, done: int, of: int) -> None:
        with parts.db.begin() as uow:
            row = _locked(uow.session, task.id)
            row.step, row.done, row.total = what, done, of

    tell = Paced(write, parts.clock)
    for left in reversed(range(TRIES)):
        with parts.db.read() as session:
            gathered = extracting.gather(session, actor, task.project_id, parts.db.clock(), tell)
        prepared = extracting.prepare(gathered, parts.register, tell)
        tell("Writing it down", 0, 0)
        try:
            with parts.db.begin(actor, request_id=f"job {ctx.job_id}") as uow:
                extract = extracting.keep(uow, prepared)
                _end(uow, ctx, task, DrawingState.MADE, number=extract.number)
        except extracting.Overtaken:
            if not left:
                raise
        else:
            return


def _refuse(ctx: JobContext, task: ResearchDrawing, problem: dict[str, str]) -> None:
    with ctx.begin() as uow:
        _end(uow, ctx, task, DrawingState.REFUSED, problem=problem)


def _end(
    uow: UnitOfWork, ctx: JobContext, task: ResearchDrawing, state: DrawingState, *,
    number: int | None = None, problem: dict[str, str] | None = None,
) -> None:  # fmt: skip
    row = _locked(uow.session, task.id)
    row.state, row.number, row.problem, row.step, row.ended_at = state, number, problem, "", uow.now
    ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and it may be asked for again."""
    row = _locked(uow.session, uuid.UUID(dead.payload["drawing_id"]))
    if row.state.ended:
        return
    row.state, row.step, row.ended_at = DrawingState.FAILED, "", uow.now
    row.problem = {
        "detail": "The server failed to draw this extract several times. None was made; earlier ones are as they were.",
        "hint": "Ask the operator to look at the log, then ask for it again.",
    }
