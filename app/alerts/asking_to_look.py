"""Asks for a look at a sample once its result is told. Imported by app.results: imports no other feature."""

from __future__ import annotations

import uuid

from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue

SAMPLE, SERIES = "alerts.sample", "alerts.series"
"""Kinds of jobs: one sample whose result was told; all series of one agency, or of every one."""


def look_at_sample(uow: UnitOfWork, sample_id: uuid.UUID, agency_id: uuid.UUID) -> None:
    """First detections, harm and strength of one sample, after this transaction."""
    enqueue(uow, SAMPLE, {"sample_id": sample_id}, agency_id=agency_id)


def look_at_series(uow: UnitOfWork, agency_id: uuid.UUID) -> None:
    """All series of one agency, now."""
    enqueue(uow, SERIES, {}, agency_id=agency_id)
