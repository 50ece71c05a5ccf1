"""The job behind an import on the screen: file → sandbox → library, its row kept up to date, its file removed at the end.

The library's own transaction decides: a worker that dies before it leaves nothing, one that dies after it is found to
have finished by the next try.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.laboratory.library import imports
from app.laboratory.library.domain import ImportState
from app.laboratory.library.importing import Imported, ImportParts, import_library
from app.laboratory.library.raw_files import raw_store
from app.laboratory.library.tables import LibraryImport
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.storage import BlobStore
from instruments import Limits, ParserSandbox

_log = structlog.get_logger(__name__)
SENT_AGAIN_S = 0.001
"""What is renewed later than this after it was sent was sent again."""


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
        return imports.arrivals(self.blob_dir, self.max_bytes)


@dataclass(frozen=True, slots=True)
class _Task:
    id: uuid.UUID
    name: str
    licence: str
    source: str
    y_unit: str
    file_name: str
    sha256: str
    actor: Actor

    @classmethod
    def of(cls, row: LibraryImport) -> _Task:
        actor = Actor(row.person_id, "", frozenset({Role.ADMIN}), row.agency_id, via="import")
        return cls(
            row.id, row.name, row.licence, row.source, row.y_unit, row.file_name, row.blob_sha256, actor
        )  # fmt: skip


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {imports.JOB: lambda ctx: carry_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {imports.JOB: _give_up}


def carry_out(parts: JobParts, ctx: JobContext) -> None:
    """Carry out one import; what a person must change ends it, anything else is tried again."""
    import_id = uuid.UUID(ctx.payload["import_id"])
    with ctx.begin() as uow:
        row = imports.get_import(uow.session, import_id, lock=True)
        if row.state.ended:
            return
        row.state = ImportState.RUNNING
        task = _Task.of(row)
        imports.tell(uow, row)
    _tidy(parts)
    since = _sent_at(parts, task)
    with ended_where_refused(lambda problem: _end(ctx, task, ImportState.REFUSED, problem=problem)):
        made = _import(parts, task)
        _end(ctx, task, ImportState.DONE, made=made)
    with parts.db.read() as session:
        needed = imports.wanted(session, task.sha256)
    if not needed:  # nor sent again meanwhile by somebody whose row comes in a moment
        parts.arrivals.remove(task.sha256, older_than_s=time.time() - since)


def _sent_at(parts: JobParts, task: _Task) -> float:
    """Just after the file of an import was sent for the last time, in seconds as files have them."""
    try:
        return parts.arrivals.path(task.sha256).stat().st_mtime + SENT_AGAIN_S
    except FileNotFoundError:
        return 0.0


def _import(parts: JobParts, task: _Task) -> Imported:
    path = parts.arrivals.path(task.sha256)
    if not path.exists():
        raise Conflict(
            f"{task.file_name} is not on this disk any more, so the library was not made.", hint="Send it again."
        )
    with ParserSandbox(parts.limits, preload=False) as sandbox:
        return import_library(
            ImportParts(parts.db, parts.library_dir, sandbox, raw_store(parts.blob_dir)), [path], task.name, task.licence,
            task.source, y_unit=task.y_unit, actor=task.actor, progress=_progress(parts, task.id),
            names={path: task.file_name},
        )  # fmt: skip


def _tidy(parts: JobParts) -> None:
    """Files of imports that failed, or that were never asked for because the server went away, after a day."""
    parts.arrivals.sweep()
    for path in list(parts.arrivals.root.glob("??/??/*")):
        with parts.db.read() as session:
            needed = imports.wanted(session, path.name)
        if not needed:
            parts.arrivals.remove(path.name)


def _progress(parts: JobParts, import_id: uuid.UUID) -> Paced:
    def write(what: str, done: int, of: int) -> None:
        with parts.db.begin() as uow:
            row = imports.get_import(uow.session, import_id, lock=True)
            row.step, row.done, row.total = what[:60], done, of
            imports.tell(uow, row)

    return Paced(write, parts.clock, steps=True)


def _end(
    ctx: JobContext,
    task: _Task,
    state: ImportState,
    *,
    made: Imported | None = None,
    problem: dict[str, str] | None = None,
) -> None:
    """Write down what became of an import."""
    with ctx.begin() as uow:
        row = imports.get_import(uow.session, task.id, lock=True)
        row.state, row.problem, row.finished_at = state, problem, uow.now
        if made is not None:
            row.report, row.library_id = imports.report_of(made), made.library.id
        imports.tell(uow, row)
        ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and the file may be sent again."""
    row = imports.get_import(uow.session, uuid.UUID(dead.payload["import_id"]), lock=True)
    if row.state.ended:
        return
    row.state, row.finished_at = ImportState.FAILED, uow.now
    row.problem = {
        "detail": "The server failed to import this file several times. No library was made; everything else is unharmed.",
        "hint": "Ask the operator to look at the log, or import it with `mast library import`.",
    }
    imports.tell(uow, row)
