"""Declaring what a library holds, later than at its import."""

from __future__ import annotations

from sqlmodel import col, or_, select

from app.laboratory.library import import_job
from app.laboratory.library.domain import Holds
from app.laboratory.library.tables import Library
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import NotFound
from app.platform.live.publish import publish


def declare(uow: UnitOfWork, key: str, holds: Holds) -> Library:
    """Declare what an imported library holds. Answers made before stay, and say that libraries have changed.

    Raises Forbidden for people who may not import, NotFound, also for a starter library.
    """
    import_job.check_importer(uow.session, uow.actor)
    named = or_(col(Library.folder) == key, col(Library.name) == key)
    row = uow.session.exec(select(Library).where(named).with_for_update()).first()
    if row is None:
        raise NotFound("library")
    if row.holds is not holds:
        before, row.holds = row.holds, holds
        uow.session.add(row)
        audit.record(
            uow, "declare", "library", row.id, before={"holds": before.value}, after={"holds": holds.value}
        )  # fmt: skip
        publish(uow, "library", "library.changed", payload={"library_id": row.id, "name": row.name})
    return row
