"""Queries about alerts. Every one starts from the agency, but those of what was told to partners and the public."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.care.alerts.domain import RETRACTION_TOLD, WAITING, AlertState, Channel, Tier
from app.care.alerts.tables import Alert, AlertChannel, AlertEvidence, AlertStep
from app.platform.db.rows import newest

Of = TypeVar("Of", AlertStep, AlertEvidence, AlertChannel)


def not_over(session: Session, agency_id: uuid.UUID, now: datetime, tiers: Iterable[Tier]) -> list[Alert]:
    """Active and retracted alerts whose end is still to come, the newest first."""
    query = select(Alert).where(
        Alert.agency_id == agency_id,
        col(Alert.state).in_([AlertState.ACTIVE, AlertState.RETRACTED]),
        col(Alert.until) > now,
        col(Alert.tier).in_(list(tiers)),
    )
    return list(session.exec(query.order_by(col(Alert.id).desc())))


def retracted_since(session: Session, agency_id: uuid.UUID, since: datetime, tiers: Iterable[Tier]) -> list[Alert]:
    """Alerts that were taken back after this moment, the last one first."""
    query = select(Alert).where(
        Alert.agency_id == agency_id,
        Alert.state == AlertState.RETRACTED,
        col(Alert.ended_at) > since,
        col(Alert.tier).in_(list(tiers)),
    )
    return list(session.exec(query.order_by(col(Alert.ended_at).desc())))


def page(
    session: Session,
    agency_id: uuid.UUID,
    tiers: Iterable[Tier],
    states: Iterable[AlertState],
    before: uuid.UUID | None,
    limit: int,
) -> list[Alert]:
    """Alerts of an agency of these tiers and states, the newest first."""
    where = Alert.agency_id == agency_id, col(Alert.tier).in_(list(tiers)), col(Alert.state).in_(list(states))
    return newest(session, Alert, *where, before=before, limit=limit)


# -- evidence and steps -------------------------------------------------------------------------------------------


def all_of(session: Session, table: type[Of], alert_id: uuid.UUID) -> list[Of]:
    """Steps of one alert, its evidence or where it was told, oldest first. The caller has looked it up in its agency."""
    query = select(table).where(col(table.alert_id) == alert_id)
    return list(session.exec(query.order_by(*sa.inspect(table).primary_key)))


def open_alert_for(session: Session, agency_id: uuid.UUID, signals: Iterable[str], now: datetime) -> Alert | None:
    """The newest draft or alert in force that stands for any of these signals."""
    stands = sa.or_(
        col(Alert.state).in_(WAITING), sa.and_(col(Alert.state) == AlertState.ACTIVE, col(Alert.until) > now)
    )
    query = (
        select(Alert)
        .join(AlertEvidence, col(AlertEvidence.alert_id) == Alert.id)
        .where(Alert.agency_id == agency_id, col(AlertEvidence.signal).in_(list(signals)), stands)
        .order_by(col(Alert.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


# -- what was told ------------------------------------------------------------------------------------------------


def published(session: Session, channel: Channel, now: datetime, limit: int) -> list[Alert]:
    """What stands in a channel now, of every agency, the newest first: in force, or retracted a short while ago."""
    stands = sa.or_(
        col(Alert.until) > now,
        sa.and_(col(Alert.state) == AlertState.RETRACTED, col(Alert.ended_at) > now - RETRACTION_TOLD),
    )
    query = select(Alert).join(AlertChannel, col(AlertChannel.alert_id) == Alert.id).where(_in(channel), stands)
    return list(session.exec(query.order_by(col(AlertChannel.told_at).desc(), col(Alert.id)).limit(limit)))


def published_one(session: Session, channel: Channel, public_id: uuid.UUID) -> Alert | None:
    """One alert that was told in a channel, also when it is over."""
    query = select(Alert).join(AlertChannel, col(AlertChannel.alert_id) == Alert.id)
    return session.exec(query.where(_in(channel), Alert.public_id == public_id)).first()


def _in(channel: Channel) -> sa.ColumnElement[bool]:
    stood = col(Alert.state).in_([AlertState.ACTIVE, AlertState.RETRACTED])
    return sa.and_(stood, col(AlertChannel.channel) == channel)
