"""What an operator and a load balancer want to know. Counts only; nothing about samples."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from app.intake.people import service as people
from app.operations.at_rest import open_to_others, touch_every_table
from app.platform.audit import AuditEntry
from app.platform.db import Database, migrate
from app.platform.jobs import JobState, count_by_state, waiting_since
from app.platform.kernel.actor import Actor

LOW_DISK = 1024**3
WAITS_LONG = timedelta(minutes=2)
DISK_FULL = (
    "The disk is full. People can sign in and clients can read their results, but nothing else is saved. Free some space. "
    "MAST then sets its reserve aside again."
)

NOT_WRITABLE = (
    "Nothing can be saved: the data folder or the database cannot be written. Clients and those who are signed in can read results; "
    "nobody can sign in."
)

SILENT_PROXY = (
    "The proxy {} passes people on without X-Forwarded-For, so all of them count as one when passwords or codes are tried. "
    "Have it send that header."
)


@dataclass(slots=True)
class Readiness:
    """Whether this process can work, and every reason why not; alarms do not make it unready."""

    ready: bool = True
    reasons: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    staff_alarms: list[str] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)


def readiness(database: Database, data_dir: Path) -> Readiness:
    """Schema, disk and jobs at a glance. Not ready where the database cannot be read because it is damaged."""
    state = Readiness()
    try:
        _look(state, database, data_dir)
    except sa.exc.DatabaseError:
        if not database.damage:
            raise
        state.ready = False
        state.reasons.append("The database cannot be read: it is damaged.")
    if database.damage:
        state.alarms.append(
            "The database is damaged: see the log. Stop the service, keep the files, restore the last good backup elsewhere."
        )
    return state


def _look(state: Readiness, database: Database, data_dir: Path) -> None:
    has, needs = migrate.revisions(database)
    if has != needs:
        state.ready = False
        state.reasons.append(
            f"The database is at schema {has or 'none'}, this program needs {needs}: run mast db upgrade."
        )
        return
    place = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())  # none before a file
    free = shutil.disk_usage(place).free
    if free < LOW_DISK:
        state.alarms.append("Disk space is low.")  # how low would tell anybody how much to send
        state.staff_alarms.append(f"Only {free // 1024**2} MiB of disk are free.")
    if open_to_others(data_dir):
        state.staff_alarms.append(f"Other accounts of this machine can look into {data_dir}: chmod -R go= {data_dir}")
    touch_every_table(database)
    if not database.can_write() or not os.access(place, os.W_OK):
        state.alarms.append(NOT_WRITABLE)
    with database.read() as session:
        state.jobs = {kind.value: count for kind, count in count_by_state(session).items()}
        waits = waiting_since(session, database.clock() - WAITS_LONG)
    if dead := state.jobs.get(JobState.DEAD.value):
        state.alarms.append(f"{dead} job(s) were given up: see the log, then ask for their work again.")
    if waits is not None:
        state.alarms.append("Files or other jobs have waited for more than two minutes: is a worker running?")


def audit_page(session: Session, actor: Actor, before: int | None, limit: int) -> list[AuditEntry]:
    """Newest entries of the actor's agency first, before a sequence number. The whole log is the operator's."""
    own = select(AuditEntry).where(AuditEntry.agency_id == str(actor.agency_id))
    query = own.order_by(col(AuditEntry.seq).desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    return list(session.exec(query))


def names_in(session: Session, rows: Sequence[AuditEntry]) -> dict[str, str]:
    """Display names of the people who acted or were acted on, by their id as the log writes it."""
    wanted = {e.actor_id for e in rows} | {e.object_id for e in rows if e.object_type == "person"}
    ids = set()
    for text in wanted:
        try:
            ids.add(uuid.UUID(text))
        except ValueError:  # "system" and "client" act too
            continue
    return {str(key): name for key, name in people.display_names(session, ids).items()}


def audit_count(session: Session, actor: Actor) -> int:
    """How many entries the actor's agency has."""
    own = select(func.count()).select_from(AuditEntry).where(AuditEntry.agency_id == str(actor.agency_id))
    return session.exec(own).one()
