"""The append-only log: who did what when, each entry chained to the one before by a hash that only the secret can make."""

from app.platform.audit.log import record
from app.platform.audit.tables import AuditEntry
from app.platform.audit.verifying import (
    Anchor,
    Verification,
    adopt,
    anchor,
    anchors_in,
    fits,
    key_of,
    missing_triggers,
    row_of_another_secret,
    starts_of,
    verify,
)

__all__ = [
    "Anchor", "AuditEntry", "Verification", "adopt", "anchor", "anchors_in", "fits", "key_of", "missing_triggers", "record",
    "row_of_another_secret", "starts_of", "verify",
]  # fmt: skip
