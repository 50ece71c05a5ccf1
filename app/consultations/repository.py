"""Queries about consultations, what was shown, and clients' browsers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlmodel import Session, col, select

from app.consultations.tables import Consultation, ConsultationOutcome, DisplayLog


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


def last_shown(session: Session, sample_id: uuid.UUID, shown_to: str) -> DisplayLog | None:
    """The newest entry of the display log for a sample and audience."""
    query = (
        select(DisplayLog)
        .where(DisplayLog.sample_id == sample_id, DisplayLog.shown_to == shown_to)
        .order_by(col(DisplayLog.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


def dependent_adult_confirmed(session: Session, sample_id: uuid.UUID) -> bool:
    """Whether a worker recorded that the client counts as a dependent adult."""
    query = select(Consultation.id).where(
        Consultation.sample_id == sample_id, col(Consultation.dependent_adult_confirmed).is_(True)
    )
    return session.exec(query.limit(1)).first() is not None
