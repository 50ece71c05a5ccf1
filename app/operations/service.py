"""What an operator and a load balancer want to know. Counts only; nothing about samples."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, func, select

from app.intake.people import service as people
from app.platform.audit import AuditEntry
from app.platform.jobs import JobState, count_by_state
from app.platform.kernel.actor import Actor

LOW_DISK = 1024**3


@dataclass(slots=True)
class Readiness:
    """Whether this process can work, and every reason why not; alarms do not make it unready."""

    ready: bool = True
    reasons: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)


def readiness(session: Session, data_dir: Path, revisions: tuple[str | None, str | None]) -> Readiness:
    """Schema, disk and jobs at a glance."""
    state = Readiness()
    has, needs = revisions
    if has != needs:
        state.ready = False
        state.reasons.append(
            f"The database is at schema {has or 'none'}, this program needs {needs}: run mast db upgrade."
        )
        return state
    place = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())  # none before a file
    free = shutil.disk_usage(place).free
    if free < LOW_DISK:
        state.alarms.append(f"Only {free // 1024**2} MiB of disk are free.")
    state.jobs = {kind.value: count for kind, count in count_by_state(session).items()}
    if dead := state.jobs.get(JobState.DEAD.value):
        state.alarms.append(f"{dead} job(s) were given up: see the log, then requeue or dismiss them.")
    return state


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
