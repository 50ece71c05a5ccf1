"""Queries about standards, their replicates and controls. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.laboratory.standards.domain import ControlKind
from app.laboratory.standards.tables import Control, Standard, StandardReplicate


def standards_of(session: Session, agency_id: uuid.UUID) -> list[Standard]:
    """Every standard of an agency, newest first; retired ones too."""
    return list(session.exec(select(Standard).where(Standard.agency_id == agency_id).order_by(col(Standard.id).desc())))


def replicates_of(session: Session, standard_ids: Sequence[uuid.UUID]) -> list[StandardReplicate]:
    """Runs of these standards, oldest first."""
    if not standard_ids:
        return []
    query = select(StandardReplicate).where(col(StandardReplicate.standard_id).in_(standard_ids))
    return list(session.exec(query.order_by(col(StandardReplicate.id))))


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


def controls_in_use(session: Session, agency_id: uuid.UUID, batch: str) -> list[Control]:
    """Blank and ladder runs of a batch that were not withdrawn, the one measured last first."""
    kinds = (ControlKind.BLANK, ControlKind.LADDER)
    query = select(Control).where(
        Control.agency_id == agency_id, Control.batch == batch, col(Control.kind).in_(kinds),
        col(Control.withdrawn_at).is_(None),
    )  # fmt: skip
    return list(session.exec(query.order_by(col(Control.measured_at).desc(), col(Control.id).desc())))
