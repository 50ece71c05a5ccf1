"""Queries about consultations, what was shown, and clients' browsers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.care.consultations.domain import AdjustmentKind, UrgentReach
from app.care.consultations.tables import Consultation, ConsultationOutcome, DisplayLog, PageAdjustment, UrgentMessage
from app.platform.audit import AuditEntry


def of_sample(session: Session, sample_id: uuid.UUID) -> list[Consultation]:
    """Consultations of one sample, newest first."""
    query = select(Consultation).where(Consultation.sample_id == sample_id).order_by(col(Consultation.id).desc())
    return list(session.exec(query))


def outcomes_of(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[ConsultationOutcome]]:
    """Ticks of these consultations."""
    keys = list(ids)
    found: dict[uuid.UUID, list[ConsultationOutcome]] = {key: [] for key in keys}
    if keys:
        query = select(ConsultationOutcome).where(col(ConsultationOutcome.consultation_id).in_(keys))
        for row in session.exec(query.order_by(ConsultationOutcome.moment, ConsultationOutcome.intention)):
            found[row.consultation_id].append(row)
    return found


def last_shown(
    session: Session, sample_id: uuid.UUID, shown_to: str, by_id: uuid.UUID | None = None
) -> DisplayLog | None:
    """The newest entry of the display log for a sample and audience; on the screen of one person where named."""
    query = select(DisplayLog).where(DisplayLog.sample_id == sample_id, DisplayLog.shown_to == shown_to)
    if by_id is not None:
        query = query.where(DisplayLog.by_id == by_id)
    return session.exec(query.order_by(col(DisplayLog.id).desc()).limit(1)).first()


def shown(session: Session, sample_id: uuid.UUID) -> list[DisplayLog]:
    """The display log of a sample, the newest first."""
    query = select(DisplayLog).where(DisplayLog.sample_id == sample_id)
    return list(session.exec(query.order_by(col(DisplayLog.id).desc())))


def adjustments(session: Session, result_id: uuid.UUID) -> list[PageAdjustment]:
    """What stands on the page of a result version, the oldest first; what was undone is not among it."""
    query = select(PageAdjustment).where(PageAdjustment.result_id == result_id, col(PageAdjustment.undone_at).is_(None))
    return list(session.exec(query.order_by(col(PageAdjustment.id))))


def adjustments_since(session: Session, agency_id: uuid.UUID, since: datetime) -> list[PageAdjustment]:
    """Cards pinned or taken out in an agency since then and not put back."""
    query = select(PageAdjustment).where(
        PageAdjustment.agency_id == agency_id,
        col(PageAdjustment.at) >= since,
        col(PageAdjustment.undone_at).is_(None),
        col(PageAdjustment.kind).in_([AdjustmentKind.NOT_RELEVANT, AdjustmentKind.PIN]),
    )
    return list(session.exec(query))


def refused_since(session: Session, agency_id: uuid.UUID, since: datetime) -> list[tuple[str, str]]:
    """(rule or snippet, reason code) of every refused attempt of an agency since then, from the audit log."""
    query = select(AuditEntry.after).where(
        AuditEntry.agency_id == str(agency_id), AuditEntry.verb == "refuse", col(AuditEntry.at) >= since,
        col(AuditEntry.object_type).in_(["page", "urgent_message"]),
    )  # fmt: skip
    return [(entry["rule"], entry["why"]) for entry in session.exec(query) if entry]


def urgents_shown(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, region: str, now: datetime
) -> list[UrgentMessage]:
    """What stands on the pages of a session now, the oldest first."""
    query = select(UrgentMessage).where(
        UrgentMessage.agency_id == agency_id, _urgent_at(session_id, region), col(UrgentMessage.until) > now,
        col(UrgentMessage.second_at) <= now, col(UrgentMessage.stopped_at).is_(None),
    )  # fmt: skip
    return list(session.exec(query.order_by(col(UrgentMessage.id))))


def urgents_stopped(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, region: str, since: datetime
) -> list[UrgentMessage]:
    """What was stopped since then while it stood on the pages of a session, the last one first."""
    stopped = col(UrgentMessage.stopped_at)
    query = select(UrgentMessage).where(
        UrgentMessage.agency_id == agency_id, _urgent_at(session_id, region), stopped > since,
        col(UrgentMessage.second_at).is_not(None),
    )  # fmt: skip
    return list(session.exec(query.order_by(stopped.desc(), col(UrgentMessage.id).desc())))


def _urgent_at(session_id: uuid.UUID, region: str) -> sa.ColumnElement[bool]:
    """Messages whose place a session lies in."""
    return sa.or_(
        sa.and_(col(UrgentMessage.reach) == UrgentReach.SESSION, col(UrgentMessage.session_id) == session_id),
        sa.and_(col(UrgentMessage.reach) == UrgentReach.REGION, col(UrgentMessage.region) == region),
    )


def dependent_adult_confirmed(session: Session, sample_id: uuid.UUID) -> bool:
    """Whether a worker recorded that the client counts as a dependent adult."""
    query = select(Consultation.id).where(
        Consultation.sample_id == sample_id, col(Consultation.dependent_adult_confirmed).is_(True)
    )
    return session.exec(query.limit(1)).first() is not None
