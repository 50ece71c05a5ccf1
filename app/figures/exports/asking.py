"""Use cases of asking for an extract: one is drawn at a time for a project, by a job; who asked looks how far it is."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from app.figures.exports import extracting, repository, service
from app.figures.exports.tables import ResearchDrawing
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound

JOB = "research_extract"

__all__ = ["JOB", "ResearchDrawing", "ask", "drawing_for_system", "get_drawing", "latest"]


def ask(uow: UnitOfWork, project_id: uuid.UUID) -> ResearchDrawing:
    """Have the next extract drawn; while one is being drawn, that one. Raises NotFound, Forbidden, Conflict."""
    project = extracting.running(uow.session, uow.actor, project_id, uow.now, lock=True)
    there = repository.latest_drawing(uow.session, project_id, open_only=True)
    if there is not None:
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
    row = repository.drawing(session, drawing_id)
    if row is None or row.project_id != project.id:
        raise NotFound("drawing")
    return row


def latest(session: Session, actor: Actor, project_id: uuid.UUID) -> ResearchDrawing | None:
    """The one that was asked for last, or None. Raises NotFound for a project somebody may not see."""
    return repository.latest_drawing(session, service.get_project(session, actor, project_id).id)


def drawing_for_system(session: Session, drawing_id: uuid.UUID, *, lock: bool = False) -> ResearchDrawing:
    """By its key, for the job. Raises NotFound."""
    row = repository.drawing(session, drawing_id, lock=lock)
    if row is None:
        raise NotFound("drawing")
    return row
