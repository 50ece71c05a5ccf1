"""Queries about research projects. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.figures.exports.domain import DrawingState
from app.figures.exports.tables import ResearchDrawing, ResearchExtract, ResearchPlacement, ResearchProject

AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""


def of_agency(
    session: Session, agency_id: uuid.UUID, project_id: uuid.UUID, *, lock: bool = False
) -> ResearchProject | None:
    """One project of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(ResearchProject).where(ResearchProject.id == project_id, ResearchProject.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def page(
    session: Session, agency_id: uuid.UUID, of: uuid.UUID | None, before: uuid.UUID | None, limit: int
) -> list[ResearchProject]:
    """Projects of an agency, newest first. `of`: only what this person is the researcher of, or began."""
    query = select(ResearchProject).where(ResearchProject.agency_id == agency_id)
    if of is not None:
        query = query.where(sa.or_(col(ResearchProject.researcher_id) == of, col(ResearchProject.created_by) == of))
    if before is not None:
        query = query.where(col(ResearchProject.id) < before)
    return list(session.exec(query.order_by(col(ResearchProject.id).desc()).limit(limit)))


def extracts(session: Session, project_id: uuid.UUID) -> list[ResearchExtract]:
    """Extracts of a project without their content, newest first."""
    query = select(ResearchExtract).where(ResearchExtract.project_id == project_id)
    content: Any = ResearchExtract.content
    return list(session.exec(query.options(defer(content)).order_by(col(ResearchExtract.number).desc())))


def extract(session: Session, project_id: uuid.UUID, number: int) -> ResearchExtract | None:
    """One extract by its number."""
    query = select(ResearchExtract).where(ResearchExtract.project_id == project_id, ResearchExtract.number == number)
    return session.exec(query).first()


def latest(session: Session, project_id: uuid.UUID) -> ResearchExtract | None:
    """The newest extract."""
    query = select(ResearchExtract).where(ResearchExtract.project_id == project_id)
    return session.exec(query.order_by(col(ResearchExtract.number).desc()).limit(1)).first()


def drawing(session: Session, drawing_id: uuid.UUID, *, lock: bool = False) -> ResearchDrawing | None:
    """One drawing by its key; `lock` reads it as it is now and holds it until the transaction ends."""
    return session.get(ResearchDrawing, drawing_id, populate_existing=lock, with_for_update=lock or None)


def latest_drawing(session: Session, project_id: uuid.UUID, *, open_only: bool = False) -> ResearchDrawing | None:
    """The one that was asked for last; `open_only`: that has not ended."""
    query = select(ResearchDrawing).where(ResearchDrawing.project_id == project_id)
    if open_only:
        query = query.where(col(ResearchDrawing.state).in_([s for s in DrawingState if not s.ended]))
    return session.exec(query.order_by(col(ResearchDrawing.id).desc()).limit(1)).first()


def placements(session: Session, project_id: uuid.UUID) -> list[ResearchPlacement]:
    """Where the samples of a project stand."""
    return list(session.exec(select(ResearchPlacement).where(ResearchPlacement.project_id == project_id)))


def keep_placements(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Write the placements of a new batch."""
    if rows:
        session.connection().execute(sa.insert(ResearchPlacement), rows)


def stay_out(session: Session, project_id: uuid.UUID, sample_ids: Collection[uuid.UUID]) -> None:
    """Mark samples that left for good and empty their rows."""
    _each(session, sa.update(ResearchPlacement).values(stays_out=True, row={}, digest=""), project_id, sample_ids)


def forget(session: Session, project_id: uuid.UUID, sample_ids: Collection[uuid.UUID]) -> None:
    """Forget where samples stood."""
    _each(session, sa.delete(ResearchPlacement), project_id, sample_ids)


def forget_all(session: Session, project_id: uuid.UUID) -> None:
    """Forget where every sample of a project stood: it makes no more extracts."""
    session.connection().execute(sa.delete(ResearchPlacement).where(col(ResearchPlacement.project_id) == project_id))


def _each(
    session: Session, change: sa.Update | sa.Delete, project_id: uuid.UUID, sample_ids: Collection[uuid.UUID]
) -> None:
    session.flush()
    keys = sorted(sample_ids)
    for start in range(0, len(keys), AT_ONCE):
        part = col(ResearchPlacement.sample_id).in_(keys[start : start + AT_ONCE])
        session.connection().execute(change.where(col(ResearchPlacement.project_id) == project_id, part))
