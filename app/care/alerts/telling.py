"""What screens are told about alerts: that something changed, never a word of it."""

from __future__ import annotations

from app.care.alerts.tables import Alert
from app.platform.db import UnitOfWork
from app.platform.live.publish import publish

TELLS_CLIENTS = ("alert.raised", "alert.retracted")
"""Kinds of events after which a client's page may read differently."""


def tell(uow: UnitOfWork, row: Alert, kind: str) -> None:
    """Screens look again by themselves: no word of the alert travels in an event."""
    publish(
        uow, "alert", kind, agency_id=row.agency_id, session_id=row.session_id,
        payload={"alert_id": row.id, "tier": row.tier.value},
    )  # fmt: skip
