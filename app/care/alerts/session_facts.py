"""Alerts of a session for its report: those that held there, and those raised from one of its samples. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.care.alerts.domain import AlertState, Tier
from app.care.alerts.tables import Alert


@dataclass(frozen=True, slots=True)
class AlertFact:
    """One alert as it stands now. `words` are for staff."""

    tier: Tier
    state: AlertState
    words: str
    from_at: datetime
    until: datetime
    ended_at: datetime | None
    reason: str


def alerts_of_session(
    session: Session,
    agency_id: uuid.UUID,
    session_id: uuid.UUID,
    sample_ids: Iterable[uuid.UUID],
    tiers: Iterable[Tier],
) -> list[AlertFact]:
    """Oldest first; only tiers the reader may see."""
    here = sa.or_(col(Alert.session_id) == session_id, col(Alert.sample_id).in_(list(sample_ids)))
    query = select(Alert).where(Alert.agency_id == agency_id, here, col(Alert.tier).in_(list(tiers)))
    return [
        AlertFact(row.tier, row.state, row.words, row.from_at, row.until, row.ended_at, row.reason)
        for row in session.exec(query.order_by(col(Alert.id)))
    ]
