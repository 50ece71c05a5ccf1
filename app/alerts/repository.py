"""Queries about alerts. Every one starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.alerts.domain import AlertState, Tier
from app.alerts.tables import Alert


def of_agency(session: Session, agency_id: uuid.UUID, alert_id: uuid.UUID, *, lock: bool = False) -> Alert | None:
    """One alert of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(Alert).where(Alert.id == alert_id, Alert.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def not_over(session: Session, agency_id: uuid.UUID, now: datetime, tiers: Iterable[Tier]) -> list[Alert]:
    """Active and retracted alerts whose end is still to come, the newest first."""
    query = select(Alert).where(
        Alert.agency_id == agency_id,
        col(Alert.state).in_([AlertState.ACTIVE, AlertState.RETRACTED]),
        col(Alert.until) > now,
        col(Alert.tier).in_(list(tiers)),
    )
    return list(session.exec(query.order_by(col(Alert.id).desc())))


def page(
    session: Session, agency_id: uuid.UUID, tiers: Iterable[Tier], before: uuid.UUID | None, limit: int
) -> list[Alert]:
    """Alerts of an agency of these tiers, the newest first."""
    query = select(Alert).where(Alert.agency_id == agency_id, col(Alert.tier).in_(list(tiers)))
    if before is not None:
        query = query.where(col(Alert.id) < before)
    return list(session.exec(query.order_by(col(Alert.id).desc()).limit(limit)))


def drafts(session: Session, agency_id: uuid.UUID, tiers: Iterable[Tier]) -> int:
    """How many drafts wait."""
    query = select(sa.func.count()).where(
        Alert.agency_id == agency_id, Alert.state == AlertState.DRAFT, col(Alert.tier).in_(list(tiers))
    )
    return int(session.exec(query).one())
