"""Writing the logs whose numbers grow in the order of commits: the audit log, live events, changes of what is counted (ADR 41).

Their rows are written last. On PostgreSQL that takes two statements: the first waits for its turn and reads where the audit
log ends, the second writes every row; the turn passes on with the commit. SQLite has one writer, whose turn it always is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import sqlalchemy as sa

from app.platform.audit.tables import AuditEntry
from app.platform.db import Base, UnitOfWork

CHANNEL = "mast_event"
"""Where PostgreSQL tells anyone who listens that a log has grown."""
GENESIS = "0" * 64

_PENDING = "logs.pending"
_TURN = sa.text("SELECT seq, hash, pg_notify(:channel, '') FROM log_turn()").bindparams(channel=CHANNEL)
_LAST = sa.text("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")


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
    entry = AuditEntry(
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
    append(uow, entry)


def append(uow: UnitOfWork, row: Base) -> None:
    """Write `row` into its log when the unit of work is done."""
    pending: dict[sa.Table, list[Base]] | None = uow.session.info.get(_PENDING)
    if pending is None:
        pending = uow.session.info[_PENDING] = {}
        uow.before_commit(_write)
    pending.setdefault(_table(type(row)), []).append(row)


def turn(connection: sa.Connection) -> tuple[int, str]:
    """Number and hash of the last audit entry; nobody else writes one before this transaction has ended."""
    row = connection.execute(_TURN if connection.dialect.name == "postgresql" else _LAST).first()
    return (row.seq, row.hash) if row else (0, GENESIS)


def _write(uow: UnitOfWork) -> None:
    connection = uow.session.connection()
    pending: dict[sa.Table, list[Base]] = uow.session.info.pop(_PENDING)
    postgres, entries = connection.dialect.name == "postgresql", pending.get(_table(AuditEntry), ())
    seq, previous = turn(connection) if postgres or entries else (0, GENESIS)
    for entry in entries:
        assert isinstance(entry, AuditEntry)
        seq += 1
        entry.seq, entry.previous_hash = seq, previous
        entry.hash = previous = digest(entry, uow.audit_key)
    rows = {
        table: [{name: getattr(row, name) for name in _columns(table)} for row in rows]
        for table, rows in pending.items()
    }
    if postgres:
        given = {table.name: json.dumps(values, default=str) for table, values in rows.items()}
        connection.execute(_in_one_statement(tuple(rows)), given)
        return
    for table, values in rows.items():
        connection.execute(sa.insert(table), values)


def _table(kind: type[Base]) -> sa.Table:
    table: sa.Table = sa.inspect(kind).local_table
    return table


def _columns(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns if column is not table.autoincrement_column]


@cache
def _in_one_statement(tables: tuple[sa.Table, ...]) -> sa.TextClause:
    """An INSERT into each table. Rows come as JSON, so that their number changes nothing in the text."""
    inserts = []
    for table in tables:
        columns = ", ".join(f'"{name}"' for name in _columns(table))
        rows = f"jsonb_populate_recordset(CAST(NULL AS {table.name}), CAST(:{table.name} AS jsonb))"
        inserts.append(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {rows}")  # noqa: S608
    *before, last = inserts
    return sa.text("".join(f"{'WITH' if n == 0 else ','} part{n} AS ({one}) " for n, one in enumerate(before)) + last)


def digest(entry: AuditEntry, key: bytes | None) -> str:
    """HMAC-SHA-256 over the entry in canonical JSON, its own hash left out; plain SHA-256 where there is no key."""
    fields = entry.model_dump(exclude={"hash"})
    at: datetime = fields["at"]
    fields["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key, text, "sha256").hexdigest() if key else hashlib.sha256(text).hexdigest()
