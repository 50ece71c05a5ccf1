"""Queries of the custody ledger."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.intake.custody.tables import CustodyEvent


def events_of(session: Session, sample_id: uuid.UUID) -> list[CustodyEvent]:
    """The ledger of a sample, oldest first."""
    query = select(CustodyEvent).where(CustodyEvent.sample_id == sample_id)
    return list(session.exec(query.order_by(col(CustodyEvent.at), col(CustodyEvent.id))))
