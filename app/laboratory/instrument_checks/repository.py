"""Queries about checks, tasks, transfers and weighed mixtures. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from app.laboratory.instrument_checks.tables import InstrumentCheck, InstrumentTask, InstrumentTransfer, WeighedMixture

Row = TypeVar("Row", InstrumentCheck, InstrumentTask, InstrumentTransfer, WeighedMixture)


def of_agency(
    session: Session, table: type[Row], agency_id: uuid.UUID, row_id: uuid.UUID, *, lock: bool = False
) -> Row | None:
    """One row of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(table).where(table.id == row_id, table.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def checks_page(
    session: Session, agency_id: uuid.UUID, instrument_id: uuid.UUID | None, before: uuid.UUID | None, limit: int
) -> list[InstrumentCheck]:
    """Checks of an agency, the newest entry first; of one instrument where named."""
    query = select(InstrumentCheck).where(InstrumentCheck.agency_id == agency_id)
    if instrument_id is not None:
        query = query.where(InstrumentCheck.instrument_id == instrument_id)
    if before is not None:
        query = query.where(col(InstrumentCheck.id) < before)
    return list(session.exec(query.order_by(col(InstrumentCheck.id).desc()).limit(limit)))


def counting_checks(session: Session, instrument_id: uuid.UUID, until: datetime, limit: int) -> list[InstrumentCheck]:
    """Checks of an instrument measured up to a moment that were not withdrawn, the one measured last first."""
    query = select(InstrumentCheck).where(
        InstrumentCheck.instrument_id == instrument_id, col(InstrumentCheck.measured_at) <= until,
        col(InstrumentCheck.withdrawn_at).is_(None),
    )  # fmt: skip
    order = (col(InstrumentCheck.measured_at).desc(), col(InstrumentCheck.id).desc())
    return list(session.exec(query.order_by(*order).limit(limit)))


def check_by_key(session: Session, check_id: uuid.UUID) -> InstrumentCheck | None:
    """A check by its key, for jobs, which act for no agency. Never for a request."""
    return session.get(InstrumentCheck, check_id)


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


def transfers_of(session: Session, instrument_ids: Iterable[uuid.UUID]) -> list[InstrumentTransfer]:
    """Transfers to these instruments, newest first; retired ones too."""
    wanted = list(instrument_ids)
    if not wanted:
        return []
    query = select(InstrumentTransfer).where(col(InstrumentTransfer.instrument_id).in_(wanted))
    return list(session.exec(query.order_by(col(InstrumentTransfer.id).desc())))


def mixtures_of(session: Session, instrument_ids: Sequence[uuid.UUID]) -> list[WeighedMixture]:
    """Weighed mixtures measured on these instruments, oldest first; withdrawn ones too."""
    if not instrument_ids:
        return []
    query = select(WeighedMixture).where(col(WeighedMixture.instrument_id).in_(list(instrument_ids)))
    return list(session.exec(query.order_by(col(WeighedMixture.id))))
