"""Who has a sample open to write findings: said to the others, and never a lock. A browser says so every 20 seconds."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.platform.db import UnitOfWork
from app.platform.db.rows import insert_into
from app.platform.kernel.actor import Actor
from app.results.tables import EditorSeen

HEARTBEAT_S = 20
GONE = timedelta(seconds=2 * HEARTBEAT_S + 5)
"""Two heartbeats that did not come, and a slow network."""


def note(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """This person has the sample open now. Who was gone long ago is forgotten. Nothing of the result changes, so the audit log
    does not hold it."""
    lookup.get_sample(uow.session, uow.actor, sample_id)
    here = insert_into(uow.session, EditorSeen).values(
        sample_id=sample_id, person_id=uow.actor.person_id, seen_at=uow.now
    )
    again = here.on_conflict_do_update(index_elements=["sample_id", "person_id"], set_={"seen_at": uow.now})
    connection = uow.session.connection()
    connection.execute(again)
    connection.execute(sa.delete(EditorSeen).where(col(EditorSeen.seen_at) < uow.now - timedelta(hours=1)))


def colleague_here(session: Session, actor: Actor, sample_id: uuid.UUID, now: datetime) -> bool:
    """Whether someone else has the sample open. The caller has looked the sample up for its actor."""
    query = select(EditorSeen.person_id).where(
        EditorSeen.sample_id == sample_id, EditorSeen.person_id != actor.person_id,
        col(EditorSeen.seen_at) > now - GONE,
    )  # fmt: skip
    return session.exec(query.limit(1)).first() is not None
