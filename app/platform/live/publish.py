"""Publishing an event with the change that caused it: both become visible, or neither. Imports no feature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from app.platform.audit.log import append
from app.platform.db import UnitOfWork
from app.platform.live.tables import EventRow

WAKE = "events"


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
    """Tell the screens, once the transaction is durable. `payload` is seen by anyone who may see the event."""
    event = EventRow(
        at=uow.now,
        agency_id=agency_id,
        session_id=session_id,
        sample_id=sample_id,
        topic=topic,
        kind=kind,
        payload=json.loads(json.dumps(payload or {}, default=str)),  # keys and times become text
    )
    append(uow, event)
    uow.after_commit(lambda: uow.wake(WAKE))
