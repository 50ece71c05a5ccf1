"""The append-only log: who did what when, each entry chained to the one before by its hash."""

from app.platform.audit.log import record, verify
from app.platform.audit.tables import AuditEntry

__all__ = ["AuditEntry", "record", "verify"]
