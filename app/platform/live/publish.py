"""Publishing an event with the change that caused it: both become visible, or neither. Imports no feature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from app.platform.audit.log import ADVISORY_LOCK
from app.platform.db import UnitOfWork
from app.platform.live.tables import EventRow

CHANNEL = "mast_event"
WAKE = "events"

_PENDING = "live.pending"


def publish(
    uow: UnitOfWork,
    topic: str,
    kind: str,
    *,
    agency_id: UUID | None = None,
    session_id: UUID | None = None,
    sample_id: UUID | None = None,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Tell the screens, once the transaction is durable. `payload` is seen by whoever may see the event."""
    pending: list[EventRow] | None = uow.session.info.get(_PENDING)
    if pending is None:
        pending = uow.session.info[_PENDING] = []
        uow.before_commit(_insert)
        uow.after_commit(lambda: uow.wake(WAKE))
    text = json.dumps(payload or {}, default=str)  # keys and times become text
    pending.append(
        EventRow(
            at=uow.now,
            agency_id=agency_id,
            session_id=session_id,
            sample_id=sample_id,
            topic=topic,
            kind=kind,
            payload=json.loads(text),
        )
    )


def _insert(uow: UnitOfWork) -> None:
    """Insert last and, on PostgreSQL, one transaction at a time: else ids commit out of order.

    The audit log takes the same lock, so the two can never wait for each other.
    """
    session = uow.session
    rows = [row.model_dump(exclude={"id"}) for row in session.info.pop(_PENDING, [])]
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(sa.text(f"NOTIFY {CHANNEL}"))
    connection.execute(sa.insert(EventRow), rows)
