"""Having many analyses read and compared again from a job, one transaction each, so that none holds the others up."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

from app.laboratory.readings.uploads import reread_analysis
from app.platform.db import Database
from app.platform.kernel.actor import SYSTEM
from app.platform.kernel.errors import Conflict, NotFound


def reread_each(
    database: Database, job_id: uuid.UUID, agency_id: uuid.UUID | None, analyses: Iterable[uuid.UUID]
) -> tuple[int, int]:
    """Ask for each analysis to be read again: how many will be, and how many are left as they are.

    Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
    """
    actor, asked, left = replace(SYSTEM, agency_id=agency_id), 0, 0
    for analysis_id in analyses:
        try:
            with database.begin(actor, request_id=f"job {job_id}") as uow:
                reread_analysis(uow, analysis_id, keep=True)
            asked += 1
        except (Conflict, NotFound):  # a result stands on it, or it went away meanwhile
            left += 1
    return asked, left
