"""The release of the example: the last four whole months and six found classes, so that it is proven in seconds.

A real release holds every month and takes minutes, in a job (app.releases.release_job).
"""

from __future__ import annotations

from datetime import datetime

from app.platform.db import Database
from app.platform.kernel.actor import Actor
from app.releases import building, service
from app.trends import cube_facts
from harm_messages import Register

MONTHS, CLASSES, PROGRAMS = 4, 6, 30.0
NOTE = "Example: made-up samples of the last four whole months."


def make(database: Database, who: Actor, register: Register, now: datetime) -> None:
    """Count, protect, audit, keep. Nothing where there is no sample in a whole month."""
    last = building.last_complete_month(now)
    with database.read() as session:
        facts = cube_facts.count(session, register, (_before(last, MONTHS - 1), last), last, most_classes=CLASSES)
    if facts is None:
        return
    made = building.build(building.Gathered(facts, []), programs=PROGRAMS)
    with database.begin(who) as uow:
        service.keep(uow, made, note=NOTE)


def _before(month: str, by: int) -> str:
    """So many months earlier."""
    at = int(month[:4]) * 12 + int(month[5:]) - 1 - by
    return f"{at // 12}-{at % 12 + 1:02d}"
