"""Writing and verifying the audit chain. Entries of one unit of work are written together, just before commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.platform.audit.tables import AuditEntry
from app.platform.db import UnitOfWork

GENESIS = "0" * 64
# One number for "appending to the shared logs"; see platform.live, which takes the same lock for events.
ADVISORY_LOCK = 0x4D415354

_PENDING = "audit.pending"


def record(
    uow: UnitOfWork,
    verb: str,
    object_type: str,
    object_id: UUID | str,
    *,
    version: int | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    session_id: UUID | None = None,
    agency_id: UUID | None = None,
) -> None:
    """Remember one act. Written in the same transaction as the act itself, or not at all."""
    pending: list[AuditEntry] | None = uow.session.info.get(_PENDING)
    if pending is None:
        pending = uow.session.info[_PENDING] = []
        uow.before_commit(_append)
    pending.append(
        AuditEntry(
            seq=0,
            at=uow.now,
            actor_id=str(uow.actor.person_id or uow.actor.display_name),
            actor_roles=",".join(sorted(r.value for r in uow.actor.roles)),
            agency_id=str(agency_id or uow.actor.agency_id or ""),
            verb=verb,
            object_type=object_type,
            object_id=str(object_id),
            object_version=version,
            session_id=str(session_id or ""),
            before=before,
            after=after,
            reason=reason[:200],
            request_id=uow.request_id,
            previous_hash="",
            hash="",
        )
    )


def _append(uow: UnitOfWork) -> None:
    session = uow.session
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    last = session.exec(select(AuditEntry.seq, AuditEntry.hash).order_by(col(AuditEntry.seq).desc()).limit(1)).first()
    seq, previous = last if last else (0, GENESIS)
    for entry in session.info.pop(_PENDING, []):
        seq += 1
        entry.seq, entry.previous_hash = seq, previous
        entry.hash = previous = digest(entry)
        session.add(entry)
    session.flush()


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the entry in canonical JSON, its own hash left out."""
    fields = entry.model_dump(exclude={"hash"})
    at: datetime = fields["at"]
    fields["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verification:
    """What `mast audit verify` found."""

    entries: int
    broken_at: int | None
    detail: str


def verify(session: Session) -> Verification:
    """Walk the whole chain. A gap, a changed field or a changed order is named by its number."""
    previous, expected, count = GENESIS, 1, 0
    for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).yield_per(1000):
        if entry.seq != expected:
            return Verification(count, expected, f"Entry {expected} is missing.")
        if entry.previous_hash != previous or entry.hash != digest(entry):
            return Verification(count, entry.seq, f"Entry {entry.seq} is not what was written.")
        previous, expected, count = entry.hash, expected + 1, count + 1
    return Verification(count, None, f"{count} entries, chain unbroken.")
