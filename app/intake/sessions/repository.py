"""Queries about sites and sessions. Every one starts from the agency."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.sessions.tables import CheckingSession, Site


def session_of_agency(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, *, lock: bool = False
) -> CheckingSession | None:
    """One session of this agency, read once in a transaction; `lock` reads its row as it is now and holds it to the end."""
    if lock:
        of_agency = (CheckingSession.id == session_id, CheckingSession.agency_id == agency_id)
        query = select(CheckingSession).where(*of_agency).with_for_update()
        return session.exec(query.execution_options(populate_existing=True)).first()
    found = session.get(CheckingSession, session_id)
    return found if found is not None and found.agency_id == agency_id else None


def session_by_key(session: Session, session_id: uuid.UUID) -> CheckingSession | None:
    """A session by its key alone."""
    return session.get(CheckingSession, session_id)


def sessions_of_agency(
    session: Session, agency_id: uuid.UUID, *, open_only: bool, before: uuid.UUID | None, limit: int
) -> list[CheckingSession]:
    """Newest first, by key."""
    query = select(CheckingSession).where(CheckingSession.agency_id == agency_id)
    if open_only:
        query = query.where(col(CheckingSession.closed_at).is_(None))
    if before is not None:
        query = query.where(col(CheckingSession.id) < before)
    return list(session.exec(query.order_by(col(CheckingSession.id).desc()).limit(limit)))


def take_number(session: Session, session_id: uuid.UUID) -> int | None:
    """The next sample number of an open session, in one statement: two desks never get the same one."""
    statement = (
        sa.update(CheckingSession)
        .where(col(CheckingSession.id) == session_id, col(CheckingSession.closed_at).is_(None))
        .values(next_number=CheckingSession.next_number + 1)
        .returning(col(CheckingSession.next_number))
        .execution_options(synchronize_session=False)
    )
    after = session.execute(statement).scalar_one_or_none()
    return None if after is None else after - 1


def site(session: Session, site_id: uuid.UUID) -> Site | None:
    """A site by its key."""
    return session.get(Site, site_id)


def sites_of_agency(session: Session, agency_id: uuid.UUID) -> list[Site]:
    """Every site of an agency, by name."""
    return list(session.exec(select(Site).where(Site.agency_id == agency_id).order_by(Site.name)))


def sites_by_id(session: Session, site_ids: set[uuid.UUID]) -> dict[uuid.UUID, Site]:
    """Sites for a list of sessions."""
    if not site_ids:
        return {}
    return {row.id: row for row in session.exec(select(Site).where(col(Site.id).in_(site_ids)))}
