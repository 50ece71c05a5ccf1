"""Queries about standards, their replicates and controls. Every look-up of a person starts from the agency."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.laboratory.standards.domain import ControlKind
from app.laboratory.standards.tables import Control, Standard, StandardReplicate


def standard_of_agency(
    session: Session, agency_id: uuid.UUID, standard_id: uuid.UUID, *, lock: bool = False
) -> Standard | None:
    """One standard of this agency; `lock` reads it as it is now and holds it until the transaction ends."""
    query = select(Standard).where(Standard.id == standard_id, Standard.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def standards_of(session: Session, agency_id: uuid.UUID) -> list[Standard]:
    """Every standard of an agency, newest first; retired ones too."""
    return list(session.exec(select(Standard).where(Standard.agency_id == agency_id).order_by(col(Standard.id).desc())))


def standards_page(session: Session, agency_id: uuid.UUID, before: uuid.UUID | None, limit: int) -> list[Standard]:
    """Own standards, a page at a time."""
    query = select(Standard).where(Standard.agency_id == agency_id)
    if before is not None:
        query = query.where(col(Standard.id) < before)
    return list(session.exec(query.order_by(col(Standard.id).desc()).limit(limit)))


def replicates_of(session: Session, standard_ids: Sequence[uuid.UUID]) -> list[StandardReplicate]:
    """Runs of these standards, oldest first."""
    if not standard_ids:
        return []
    query = select(StandardReplicate).where(col(StandardReplicate.standard_id).in_(standard_ids))
    return list(session.exec(query.order_by(col(StandardReplicate.id))))


def one_at_a_time(session: Session, agency_id: uuid.UUID) -> None:
    """Two people enrolling in one agency at the same instant: the second waits, so that no spectrum comes in twice.

    SQLite has one writer anyway; PostgreSQL is asked for a lock until the transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(b"standards" + agency_id.bytes).digest()[:8], signed=True)
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def is_enrolled(session: Session, agency_id: uuid.UUID, arrays_sha256: str) -> bool:
    """Whether this very spectrum is a standard of the agency that was not retired."""
    query = (
        select(StandardReplicate.id)
        .join(Standard, col(Standard.id) == col(StandardReplicate.standard_id))
        .where(
            Standard.agency_id == agency_id, StandardReplicate.arrays_sha256 == arrays_sha256,
            col(Standard.retired_at).is_(None),
        )
    )  # fmt: skip
    return session.exec(query).first() is not None


def control_of_agency(
    session: Session, agency_id: uuid.UUID, control_id: uuid.UUID, *, lock: bool = False
) -> Control | None:
    """One control of this agency."""
    query = select(Control).where(Control.id == control_id, Control.agency_id == agency_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def controls_page(
    session: Session, agency_id: uuid.UUID, batch: str, before: uuid.UUID | None, limit: int
) -> list[Control]:
    """Controls of an agency, newest first; of one batch where it is named."""
    query = select(Control).where(Control.agency_id == agency_id)
    if batch:
        query = query.where(Control.batch == batch)
    if before is not None:
        query = query.where(col(Control.id) < before)
    return list(session.exec(query.order_by(col(Control.id).desc()).limit(limit)))


def control_by_key(session: Session, control_id: uuid.UUID) -> Control | None:
    """A control by its key, for jobs, which act for no agency. Never for a request."""
    return session.get(Control, control_id)


def controls_in_use(session: Session, agency_id: uuid.UUID, batch: str) -> list[Control]:
    """Blank and ladder runs of a batch that were not withdrawn, the one measured last first."""
    kinds = (ControlKind.BLANK, ControlKind.LADDER)
    query = select(Control).where(
        Control.agency_id == agency_id, Control.batch == batch, col(Control.kind).in_(kinds),
        col(Control.withdrawn_at).is_(None),
    )  # fmt: skip
    return list(session.exec(query.order_by(col(Control.measured_at).desc(), col(Control.id).desc())))
