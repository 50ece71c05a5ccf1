"""Files sent on the screen: take them in, import what was checked, drop it; and the two jobs behind that.

The files are durable first; a job reads and checks them, and nothing is counted before someone has seen its report and
said so. What was sent belongs to the agency of who sent it, and so does what is imported of it.

Reading tells how far it is. Writing is one transaction, all rows or none: a worker that dies in it leaves nothing, one
that dies after it is found to have finished by the next try (an import of the same files by the same map is known).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue
from sqlmodel import Session, col, select

from app.figures.history import service
from app.figures.history.domain import UploadState
from app.figures.history.interpreting import Reading
from app.figures.history.mapping import HistoryMap, parse_map
from app.figures.history.report import report_of
from app.figures.history.tables import HistoryUpload
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.jobs import DeadJob, JobContext, enqueue
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role, agency_of
from app.platform.kernel.errors import Conflict, Invalid, Refused
from app.platform.kernel.versions import check_version
from app.platform.storage import BlobStore, Received
from harm_messages import Pack
from instruments import printable

READ, WRITE = "history_read", "history_write"
MAX_FILES = 5
MAX_MAP_BYTES = 512 * 1024
SHOWN = 20
KEPT_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One file that is durable, by the name it was sent under."""

    name: str
    received: Received


def arrivals(blob_dir: Path, max_bytes: int) -> BlobStore:
    """Where files wait for their import, apart from those of samples and libraries."""
    return BlobStore(blob_dir / "history-arrivals", max_bytes=max_bytes)


def map_text_of(data: bytes, name: str) -> str:
    """The text of a map that can be used. Raises Invalid with what is wrong in it."""
    if not data.strip():
        raise Invalid("There is no map.", fields={"map": "Choose the map file (.toml)."})
    if len(data) > MAX_MAP_BYTES:
        raise Invalid("The map is larger than 512 kB.", fields={"map": "Is this the map? It is a short text file."})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The map is not UTF-8.", fields={"map": "Save the map as UTF-8."}) from None
    try:
        parse_map(text, printable(name, 80) or "the map")
    except Invalid as error:
        raise Invalid(error.detail, fields={"map": error.detail}, hint=error.hint) from None
    return text


def file_name_of(name: str) -> str:
    """A file's own name without folders, as the map matches it."""
    return printable(name.replace("\\", "/").rsplit("/", 1)[-1], 150)


def take_in(uow: UnitOfWork, map_name: str, map_text: str, sent: Sequence[Sent]) -> HistoryUpload:
    """Note what was sent and have it read. Raises Invalid."""
    names = [one.name for one in sent]
    if not names or not all(names):
        raise Invalid("No file was chosen.", fields={"files": "Choose the files of the extract."})
    if len(names) > MAX_FILES:
        raise Invalid("Too many files.", fields={"files": f"A map knows two files at most; {MAX_FILES} can be sent."})
    if len({name.casefold() for name in names}) < len(names):
        raise Invalid("Two files have one name.", fields={"files": "Rename one of them, then send both again."})
    row = HistoryUpload(
        agency_id=agency_of(uow.actor), person_id=uow.actor.person_id,
        map_name=printable(map_name, 200) or "the map", map_text=map_text,
        source=parse_map(map_text, "the map").source.name,
        files=[{"name": s.name, "sha256": s.received.sha256, "size": s.received.size} for s in sent],
        created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "send", "history_upload", row.id, after={"source": row.source, "files": row.files})
    enqueue(uow, READ, {"upload_id": row.id})
    return row


def confirm(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> HistoryUpload:
    """Have what was checked imported. Raises NotFound, Stale, Refused."""
    row = _changing(uow, upload_id, version)
    if row.state is not UploadState.CHECKED:
        raise Refused(["Only files that were checked without an error can be imported."])
    row.state, row.step, row.done, row.total = UploadState.WAITING, "Waiting to be imported", 0, 0
    audit.record(uow, "confirm", "history_upload", row.id, version=row.version)
    enqueue(uow, WRITE, {"upload_id": row.id})
    return row


def drop(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> HistoryUpload:
    """Throw away what was sent and not imported. Raises NotFound, Stale, Refused."""
    row = _changing(uow, upload_id, version)
    if row.state not in (UploadState.CHECKED, UploadState.REFUSED, UploadState.FAILED):
        raise Refused(["It is being read or was imported. Undo an import instead of discarding its files."])
    row.state, row.ended_at = UploadState.DROPPED, uow.now
    audit.record(uow, "drop", "history_upload", row.id, version=row.version)
    return row


def _changing(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> HistoryUpload:
    row = get_upload(uow.session, uow.actor, upload_id, lock=True)
    check_version("upload", version, row.version)
    row.version += 1
    return row


def uploads(session: Session, actor: Actor, limit: int = SHOWN) -> list[HistoryUpload]:
    """The latest of the actor's agency, newest first, without those that were dropped."""
    shown = HistoryUpload.agency_id == actor.agency_id, HistoryUpload.state != UploadState.DROPPED
    return newest(session, HistoryUpload, *shown, before=None, limit=limit)


def get_upload(session: Session, actor: Actor, upload_id: uuid.UUID, *, lock: bool = False) -> HistoryUpload:
    """One of the actor's agency. Raises NotFound."""
    return row_of(session, HistoryUpload, actor.agency_id, upload_id, "upload", lock=lock)


def _held(uow: UnitOfWork, upload_id: uuid.UUID) -> HistoryUpload:
    """The row of a job, as it is now, until the transaction ends."""
    return uow.session.get_one(HistoryUpload, upload_id, populate_existing=True, with_for_update=True)


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
        return arrivals(self.blob_dir, self.max_bytes)


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {READ: lambda ctx: _read(parts, ctx), WRITE: lambda ctx: _write(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {READ: _give_up, WRITE: _give_up}


def _read(parts: JobParts, ctx: JobContext) -> None:
    task = _begin(parts, ctx, "Reading")
    if task is None:
        return
    with _ending(ctx, task):
        with _laid_out(parts, task) as files:
            reading = _reading(parts, task, files)
        problem = {"detail": reading.to_mend, "hint": "Nothing was imported. Fix them, then send files and map again."}
        _end(
            ctx,
            task,
            problem if reading.errors else None,
            report_of(reading, parts.pack.substances, most=KEPT_PROBLEMS),
        )


def _write(parts: JobParts, ctx: JobContext) -> None:
    task = _begin(parts, ctx, "Reading once more")
    if task is None:
        return
    with _ending(ctx, task), _laid_out(parts, task) as files:
        reading = _reading(parts, task, files)
        _tell(parts, task.id, f"Writing {len(reading.samples):,} samples, all or none", 0, 0, UploadState.WRITING)
        with parts.db.begin(_sender(task), request_id=f"job {ctx.job_id}") as uow:
            made = service.import_history(uow, _map(task), task.map_text, reading, files, parts.pack)
            row = _held(uow, task.id)
            row.state, row.import_id, row.ended_at, row.problem = UploadState.IMPORTED, made.row.id, uow.now, None
            row.report = {
                **report_of(reading, parts.pack.substances, most=KEPT_PROBLEMS), "new": made.new, "changed": made.changed,
                "same": made.same, "already_there": made.already_there,
            }  # fmt: skip
            row.version += 1
            ctx.complete(uow)


def _begin(parts: JobParts, ctx: JobContext, step: str) -> HistoryUpload | None:
    """What was sent, or None where it has ended in the meantime."""
    _tidy(parts)
    with ctx.begin() as uow:
        row = _held(uow, uuid.UUID(ctx.payload["upload_id"]))
        if row.state.ended:
            return None
        row.state, row.step = UploadState.READING, step
    return row


def _sender(task: HistoryUpload) -> Actor:
    return Actor(task.person_id, "", frozenset({Role.ADMIN}), task.agency_id, via="import")


def _map(task: HistoryUpload) -> HistoryMap:
    return parse_map(task.map_text, task.map_name)


def _ending(ctx: JobContext, task: HistoryUpload) -> AbstractContextManager[None]:
    return ended_where_refused(lambda problem: _end(ctx, task, problem))


@contextmanager
def _laid_out(parts: JobParts, task: HistoryUpload) -> Iterator[list[Path]]:
    """The files under the names they were sent by, which the map matches."""
    with tempfile.TemporaryDirectory(prefix="mast-history-") as folder:
        paths = []
        for file in task.files:
            kept = parts.arrivals.path(str(file["sha256"]))
            if not kept.exists():
                raise Conflict(
                    f"{file['name']} is no longer on this disk. Nothing was imported.", hint="Send it again."
                )
            paths.append(Path(folder) / str(file["name"]))
            paths[-1].symlink_to(kept.resolve())
        yield paths


def _reading(parts: JobParts, task: HistoryUpload, files: list[Path]) -> Reading:
    lines = 0
    for path in files:
        with path.open("rb") as file:
            lines += sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    read: dict[str, int] = {}
    tell = Paced(lambda what, done, of: _tell(parts, task.id, what, done, of), parts.clock)

    def progress(name: str, rows: int) -> None:
        read[name] = rows
        tell(f"Reading {name}"[:120], sum(read.values()), lines)

    reading = service.read_history(files, _map(task), parts.pack.substances, parts.now().date(), progress)
    with parts.db.read() as session:
        return service.for_agency(session, _sender(task), _map(task), reading)


def _tell(
    parts: JobParts, upload_id: uuid.UUID, step: str, done: int, total: int, state: UploadState | None = None
) -> None:
    with parts.db.begin() as uow:
        row = _held(uow, upload_id)
        row.step, row.done, row.total = step, done, total
        if state is not None:
            row.state = state


def _end(
    ctx: JobContext, task: HistoryUpload, problem: dict[str, str] | None, report: dict[str, JsonValue] | None = None
) -> None:
    """Refused with a problem, else checked."""
    with ctx.begin() as uow:
        row = _held(uow, task.id)
        row.state, row.problem, row.step = UploadState.REFUSED if problem else UploadState.CHECKED, problem, ""
        row.report = report if report is not None else row.report
        row.ended_at = uow.now if row.state.ended else None
        row.version += 1
        ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and the files may be sent again."""
    row = _held(uow, uuid.UUID(dead.payload["upload_id"]))
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
        rows = session.exec(select(HistoryUpload).where(col(HistoryUpload.ended_at).is_(None)))
        needed = {file["sha256"] for row in rows for file in row.files}
    for path in list(parts.arrivals.root.glob("??/??/*")):
        if path.name not in needed:
            parts.arrivals.remove(path.name)
