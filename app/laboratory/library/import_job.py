"""Imports asked for on the screen: the file is durable first, a job makes the library, the row says how far it is.

Libraries belong to the installation, so every administrator sees every import, and those of services ask for them. Nothing is half imported: the library's
own transaction decides. A worker that dies before it leaves nothing, one that dies after it is found to have finished by
the next try; and the raw file goes once it is not needed any more.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.laboratory.library.domain import Holds, ImportState
from app.laboratory.library.importing import Imported, ImportParts, check_words, import_library
from app.laboratory.library.tables import LibraryImport
from app.laboratory.library.usable import raw_store
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext, enqueue
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, NotFound
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Received
from instruments import Limits, ParserSandbox, printable

JOB = "library_import"
SHOWN = 20
SENT_AGAIN_S = 0.001
"""What is renewed later than this after it was sent was sent again."""


def arrivals(blob_dir: Path, max_bytes: int) -> BlobStore:
    """Where files wait for their import, apart from those of samples and from those a library is made of."""
    return BlobStore(blob_dir / "library-arrivals", max_bytes=max_bytes)


def check_importer(session: Session, actor: Actor) -> None:
    """Refuse an administrator of a partner: what is imported is searched at the bench of every service. Raises Forbidden."""
    if not people.of_a_service(session, actor):
        raise Forbidden(
            "Libraries are shared by all services here, so only administrators of a service import them. Nothing was imported.",
            hint="Ask an administrator of a service, or the operator.",
        )


def ask_for_import(
    uow: UnitOfWork,
    received: Received,
    file_name: str,
    name: str,
    licence: str,
    source: str,
    y_unit: str = "",
    holds: Holds = Holds.DRUGS,
) -> LibraryImport:
    """Note an import and have it carried out. Raises Forbidden, Invalid (words), Conflict (one of this name is on its way)."""
    check_importer(uow.session, uow.actor)
    name, licence, source = name.strip(), licence.strip(), source.strip()
    check_words(name, licence, source, y_unit)
    under_way = col(LibraryImport.state).in_([ImportState.WAITING, ImportState.RUNNING])
    if uow.session.exec(select(LibraryImport.id).where(LibraryImport.name == name, under_way)).first() is not None:
        raise Conflict(
            f"A library called {name} is being imported at this moment. Nothing was started.",
            hint="Wait until it is there, or choose another name.",
        )
    row = LibraryImport(
        agency_id=uow.actor.agency_id, person_id=uow.actor.person_id, name=name, licence=licence, source=source,
        y_unit=y_unit, holds=holds, file_name=printable(file_name, 200) or "a file", blob_sha256=received.sha256, size=received.size,
        created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"name": name, "licence": licence, "source": source, "sha256": received.sha256, "size": received.size}
    after |= {"holds": holds.value}
    audit.record(uow, "ask_for_import", "library_import", row.id, after=after)
    enqueue(uow, JOB, {"import_id": row.id}, agency_id=uow.actor.agency_id)
    tell(uow, row)
    return row


def tell(uow: UnitOfWork, row: LibraryImport) -> None:
    """Tell open screens of it."""
    publish(
        uow, "library", "library.import", payload={"import_id": row.id, "state": row.state.value, "done": row.done}
    )  # fmt: skip


def imports(session: Session, limit: int = SHOWN) -> list[LibraryImport]:
    """The latest imports, newest first."""
    return list(session.exec(select(LibraryImport).order_by(col(LibraryImport.id).desc()).limit(limit)))


def get_import(session: Session, import_id: uuid.UUID, *, lock: bool = False) -> LibraryImport:
    """One import. Raises NotFound."""
    row = session.get(LibraryImport, import_id, populate_existing=lock, with_for_update=lock or None)
    if row is None:
        raise NotFound("import")
    return row


def _wanted(session: Session, sha256: str) -> bool:
    """Whether an import that has not ended still needs this file."""
    rows = session.exec(select(LibraryImport).where(LibraryImport.blob_sha256 == sha256))
    return any(not row.state.ended for row in rows)


# -- the job


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the job needs of the process. Each import has a reader child of its own: uploads do not wait for it."""

    db: Database
    library_dir: Path
    blob_dir: Path
    max_bytes: int
    limits: Limits
    clock: Callable[[], float] = time.monotonic

    @property
    def arrivals(self) -> BlobStore:
        """Where the files wait."""
        return arrivals(self.blob_dir, self.max_bytes)


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def carry_out(parts: JobParts, ctx: JobContext) -> None:
    """Carry out one import; what a person must change ends it, anything else is tried again."""
    import_id = uuid.UUID(ctx.payload["import_id"])
    with ctx.begin() as uow:
        row = get_import(uow.session, import_id, lock=True)
        if row.state.ended:
            return
        row.state = ImportState.RUNNING
        tell(uow, row)
    _tidy(parts)
    since = _sent_at(parts, row.blob_sha256)
    with ended_where_refused(lambda problem: _end(ctx, import_id, ImportState.REFUSED, problem=problem)):
        made = _import(parts, row)
        _end(ctx, import_id, ImportState.DONE, made=made)
    with parts.db.read() as session:
        needed = _wanted(session, row.blob_sha256)
    if not needed:  # nor sent again in the meantime by someone whose row comes in a moment
        parts.arrivals.remove(row.blob_sha256, older_than_s=time.time() - since)


def _sent_at(parts: JobParts, sha256: str) -> float:
    """Just after the file of an import was sent for the last time, in seconds as files have them."""
    try:
        return parts.arrivals.path(sha256).stat().st_mtime + SENT_AGAIN_S
    except FileNotFoundError:
        return 0.0


def _import(parts: JobParts, asked: LibraryImport) -> Imported:
    path = parts.arrivals.path(asked.blob_sha256)
    if not path.exists():
        raise Conflict(
            f"{asked.file_name} is not on this disk any more, so the library was not made.", hint="Send it again."
        )
    actor = Actor(asked.person_id, "", frozenset({Role.ADMIN}), asked.agency_id, via="import")
    with ParserSandbox(parts.limits, preload=False) as sandbox:
        return import_library(
            ImportParts(parts.db, parts.library_dir, sandbox, raw_store(parts.blob_dir)), [path], asked.name,
            asked.licence, asked.source, y_unit=asked.y_unit, holds=asked.holds, actor=actor, progress=_progress(parts, asked.id),
            names={path: asked.file_name},
        )  # fmt: skip


def _tidy(parts: JobParts) -> None:
    """Files of imports that failed, or that were never asked for because the server went away, after a day."""
    parts.arrivals.sweep()
    for path in list(parts.arrivals.root.glob("??/??/*")):
        with parts.db.read() as session:
            needed = _wanted(session, path.name)
        if not needed:
            parts.arrivals.remove(path.name)


def _progress(parts: JobParts, import_id: uuid.UUID) -> Paced:
    def write(what: str, done: int, of: int) -> None:
        with parts.db.begin() as uow:
            row = get_import(uow.session, import_id, lock=True)
            row.step, row.done, row.total = what[:60], done, of
            tell(uow, row)

    return Paced(write, parts.clock, steps=True)


def _end(
    ctx: JobContext,
    import_id: uuid.UUID,
    state: ImportState,
    *,
    made: Imported | None = None,
    problem: dict[str, str] | None = None,
) -> None:
    """Write down what became of an import."""
    with ctx.begin() as uow:
        row = get_import(uow.session, import_id, lock=True)
        row.state, row.problem, row.finished_at = state, problem, uow.now
        if made is not None:
            row.library_id = made.library.id
            row.report = {  # the refusals stand with the library
                "read": made.n_read, "accepted": made.n_accepted, "merged": made.n_merged, "refused": made.n_refused,
                "already_there": made.already_there, "summary": made.summary(),
            }  # fmt: skip
        tell(uow, row)
        ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and the file may be sent again."""
    row = get_import(uow.session, uuid.UUID(dead.payload["import_id"]), lock=True)
    if row.state.ended:
        return
    row.state, row.finished_at = ImportState.FAILED, uow.now
    row.problem = {
        "detail": "The server failed to import this file several times. No library was made. Everything else is unharmed.",
        "hint": "Ask the operator to look at the log, or import it with `mast library import`.",
    }
    tell(uow, row)
