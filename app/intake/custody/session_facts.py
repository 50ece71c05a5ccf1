"""The custody ledgers of a session's samples in one query, for its report. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.intake.custody.domain import CustodyKind
from app.intake.custody.tables import CustodyEvent


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line. `witnessed`: somebody else than whoever wrote it is named as having watched. Weights in mg."""

    sample_id: uuid.UUID
    kind: CustodyKind
    mg: float | None
    witnessed: bool


def lines_of_samples(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[LedgerLine]:
    """Every line about these samples, oldest first."""
    query = select(CustodyEvent).where(col(CustodyEvent.sample_id).in_(list(sample_ids)))
    return [
        LedgerLine(row.sample_id, row.kind, row.mg, row.witness_id is not None and row.witness_id != row.by_id)
        for row in session.exec(query.order_by(col(CustodyEvent.at), col(CustodyEvent.id)))
    ]
