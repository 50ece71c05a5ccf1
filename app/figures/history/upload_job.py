"""The two jobs behind history on the screen: read and check what was sent; write it once somebody said so.

Reading tells how far it is. Writing is one transaction, all rows or none: a worker that dies in it leaves nothing, one
that dies after it is found to have finished by the next try (an import of the same files by the same map is known).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.figures.history import service, uploads
from app.figures.history.domain import Reading, UploadState
from app.figures.history.mapping import HistoryMap, parse_map
from app.figures.history.report import report_of
from app.figures.history.tables import HistoryUpload
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.storage import BlobStore
from harm_messages import Pack

KEPT_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the jobs need of the process."""

    db: Database
    blob_dir: Path
    max_bytes: int
    pack: Pack
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic

    @property
    def arrivals(self) -> BlobStore:
        """Where the files wait."""
        return uploads.arrivals(self.blob_dir, self.max_bytes)


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {uploads.READ: lambda ctx: _read(parts, ctx), uploads.WRITE: lambda ctx: _write(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {uploads.READ: _give_up, uploads.WRITE: _give_up}


def _read(parts: JobParts, ctx: JobContext) -> None:
    task = _begin(parts, ctx, UploadState.READING, "Reading")
    if task is None:
        return
    with ended_where_refused(lambda problem: _end(ctx, task, UploadState.REFUSED, problem=problem)):
        with _laid_out(parts, task) as files:
            reading = _reading(parts, task, files)
        state = UploadState.REFUSED if reading.errors else UploadState.CHECKED
        problem = None
        if reading.errors:
            problem = {
                "detail": f"{len(reading.errors):,} {'thing' if len(reading.errors) == 1 else 'things'} must be mended in the files or the map.",
                "hint": "Nothing was imported. Mend them and send files and map again.",
            }
        _end(ctx, task, state, report=report_of(reading, parts.pack.substances, most=KEPT_PROBLEMS), problem=problem)


def _write(parts: JobParts, ctx: JobContext) -> None:
    task = _begin(parts, ctx, UploadState.READING, "Reading once more")
    if task is None:
        return
    with (
        ended_where_refused(lambda problem: _end(ctx, task, UploadState.REFUSED, problem=problem)),
        _laid_out(parts, task) as files,
    ):
        reading = _reading(parts, task, files)
        _tell(parts, task.id, f"Writing {len(reading.samples):,} samples, all or none", 0, 0, UploadState.WRITING)
        with parts.db.begin(task.actor, request_id=f"job {ctx.job_id}") as uow:
            made = service.import_history(uow, task.map, task.map_text, reading, files, parts.pack)
            row = uploads.get_upload(uow.session, task.id, lock=True)
            row.state, row.import_id, row.ended_at, row.problem = UploadState.IMPORTED, made.row.id, uow.now, None
            row.report = {
                **report_of(reading, parts.pack.substances, most=KEPT_PROBLEMS), "new": made.new, "changed": made.changed,
                "same": made.same, "already_there": made.already_there,
            }  # fmt: skip
            row.version += 1
            ctx.complete(uow)


@dataclass(frozen=True, slots=True)
class _Task:
    id: uuid.UUID
    map: HistoryMap
    map_text: str
    files: tuple[tuple[str, str], ...]
    actor: Actor


def _begin(parts: JobParts, ctx: JobContext, state: UploadState, step: str) -> _Task | None:
    """The task, or None where it has ended meanwhile."""
    _tidy(parts)
    with ctx.begin() as uow:
        row = uploads.get_upload(uow.session, uuid.UUID(ctx.payload["upload_id"]), lock=True)
        if row.state.ended:
            return None
        row.state, row.step = state, step
        actor = Actor(row.person_id, "", frozenset({Role.ADMIN}), row.agency_id, via="import")
        files = tuple((str(file["name"]), str(file["sha256"])) for file in row.files)
        return _Task(row.id, parse_map(row.map_text, row.map_name), row.map_text, files, actor)


@contextmanager
def _laid_out(parts: JobParts, task: _Task) -> Iterator[list[Path]]:
    """The files under the names they were sent by, which the map matches."""
    with tempfile.TemporaryDirectory(prefix="mast-history-") as folder:
        paths = []
        for name, sha256 in task.files:
            kept = parts.arrivals.path(sha256)
            if not kept.exists():
                raise Conflict(f"{name} is not on this disk any more. Nothing was imported.", hint="Send it again.")
            path = Path(folder) / name
            path.symlink_to(kept.resolve())
            paths.append(path)
        yield paths


def _reading(parts: JobParts, task: _Task, files: list[Path]) -> Reading:
    lines = 0
    for path in files:
        with path.open("rb") as file:
            lines += sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    read: dict[str, int] = {}
    tell = Paced(lambda what, done, of: _tell(parts, task.id, what, done, of), parts.clock)

    def progress(name: str, rows: int) -> None:
        read[name] = rows
        tell(f"Reading {name}"[:120], sum(read.values()), lines)

    return service.read_history(files, task.map, parts.pack.substances, parts.now().date(), progress)


def _tell(
    parts: JobParts, upload_id: uuid.UUID, step: str, done: int, total: int, state: UploadState | None = None
) -> None:
    with parts.db.begin() as uow:
        row = uploads.get_upload(uow.session, upload_id, lock=True)
        row.step, row.done, row.total = step, done, total
        if state is not None:
            row.state = state


def _end(
    ctx: JobContext,
    task: _Task,
    state: UploadState,
    *,
    report: dict[str, Any] | None = None,
    problem: dict[str, str] | None = None,
) -> None:
    with ctx.begin() as uow:
        row = uploads.get_upload(uow.session, task.id, lock=True)
        row.state, row.problem, row.step = state, problem, ""
        row.report = report if report is not None else row.report
        row.ended_at = uow.now if state.ended else None
        row.version += 1
        ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and the files may be sent again."""
    row: HistoryUpload = uploads.get_upload(uow.session, uuid.UUID(dead.payload["upload_id"]), lock=True)
    if row.state.ended:
        return
    row.state, row.ended_at, row.version = UploadState.FAILED, uow.now, row.version + 1
    row.problem = {
        "detail": "The server failed to read or write these files several times. Nothing was imported.",
        "hint": "Ask the operator to look at the log, or use `mast samples import`.",
    }


def _tidy(parts: JobParts) -> None:
    """Files nobody needs any more, after a day."""
    parts.arrivals.sweep()
    with parts.db.read() as session:
        needed = uploads.wanted(session)
    for path in list(parts.arrivals.root.glob("??/??/*")):
        if path.name not in needed:
            parts.arrivals.remove(path.name)
