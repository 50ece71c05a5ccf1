"""Who worked at a session, from the audit log (roles, never a name), and the reports of it that were given out."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.figures.session_report.tables import SessionReportIssue
from app.platform.audit import AuditEntry


def actors_of_session(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID) -> list[tuple[str, str]]:
    """(person, roles at the time joined by commas) of everybody who did something in this session, each pair once."""
    query = (
        select(AuditEntry.actor_id, AuditEntry.actor_roles)
        .where(AuditEntry.session_id == str(session_id), AuditEntry.agency_id == str(agency_id))
        .distinct()
    )
    return [(actor, roles) for actor, roles in session.exec(query) if roles]


def issues_of(session: Session, session_id: uuid.UUID) -> list[SessionReportIssue]:
    """Reports of a session that were given out, the first one first."""
    query = select(SessionReportIssue).where(SessionReportIssue.session_id == session_id)
    return list(session.exec(query.order_by(col(SessionReportIssue.number))))
