"""What a session's report counts of analyses: batches on hold, and which instruments were used. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.laboratory.identification.domain import Method
from app.laboratory.readings.tables import Analysis


@dataclass(frozen=True, slots=True)
class AnalysisFact:
    """One analysis: its sample, method, instrument, batch, and whether the batch's controls failed."""

    sample_id: uuid.UUID
    method: Method
    instrument_id: uuid.UUID | None
    batch: str
    qc_failed: bool


def facts_of_samples(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[AnalysisFact]:
    """Every analysis of these samples, oldest first."""
    query = select(Analysis).where(col(Analysis.sample_id).in_(list(sample_ids))).order_by(col(Analysis.id))
    return [
        AnalysisFact(row.sample_id, row.method, row.instrument_id, row.batch, row.qc_failed)
        for row in session.exec(query)
    ]
