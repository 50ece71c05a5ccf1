"""Queries about checks, tasks, transfers and weighed mixtures. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.laboratory.instrument_checks.tables import InstrumentCheck, InstrumentTask, InstrumentTransfer, WeighedMixture
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound


def counting_checks(session: Session, instrument_id: uuid.UUID, until: datetime, limit: int) -> list[InstrumentCheck]:
    """Checks of an instrument measured up to a moment that were not withdrawn, the one measured last first."""
    query = select(InstrumentCheck).where(
        InstrumentCheck.instrument_id == instrument_id, col(InstrumentCheck.measured_at) <= until,
        col(InstrumentCheck.withdrawn_at).is_(None),
    )  # fmt: skip
    order = (col(InstrumentCheck.measured_at).desc(), col(InstrumentCheck.id).desc())
    return list(session.exec(query.order_by(*order).limit(limit)))


def open_tasks(
    session: Session, agency_id: uuid.UUID, instrument_id: uuid.UUID | None = None, *, lock: bool = False
) -> list[InstrumentTask]:
    """Open tasks of an agency, oldest first; of one instrument where named."""
    query = select(InstrumentTask).where(
        InstrumentTask.agency_id == agency_id, col(InstrumentTask.closed_at).is_(None)
    )  # fmt: skip
    if instrument_id is not None:
        query = query.where(InstrumentTask.instrument_id == instrument_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return list(session.exec(query.order_by(col(InstrumentTask.id))))


def transfers_of(session: Session, instrument_id: uuid.UUID) -> list[InstrumentTransfer]:
    """Transfers to this instrument, newest first; retired ones too."""
    query = select(InstrumentTransfer).where(InstrumentTransfer.instrument_id == instrument_id)
    return list(session.exec(query.order_by(col(InstrumentTransfer.id).desc())))


def mixtures_of(session: Session, instrument_id: uuid.UUID) -> list[WeighedMixture]:
    """Weighed mixtures measured on this instrument, oldest first; withdrawn ones too."""
    query = select(WeighedMixture).where(WeighedMixture.instrument_id == instrument_id)
    return list(session.exec(query.order_by(col(WeighedMixture.id))))


def get_instrument(session: Session, actor: Actor, instrument_id: uuid.UUID) -> Any:
    """An instrument of the actor's agency. Raises NotFound."""
    found = next((row for row in readings.instruments(session, actor) if row.id == instrument_id), None)
    if found is None:
        raise NotFound("instrument")
    return found
