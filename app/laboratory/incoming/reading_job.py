"""The job behind an arrival: read it in the sandbox at once, so that damage is seen while the instrument is at hand.

Nothing is kept of the reading but its description: once the file is attached, the upload's own job reads it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from pydantic import JsonValue
from sqlmodel import Session

from app.laboratory.incoming.domain import clean
from app.laboratory.incoming.service import JOB, tell
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings.uploads import READING_FAILED
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.storage import BlobStore
from instruments import AmbiguousText, FileReader, InstrumentError, describe, printable

MOST_DESCRIBED = 12
Problem = dict[str, str | bool]
"""Code, detail and hint of what kept a file from being read; `asks`: a question stands in the way, no damage."""


def handlers(database: Database, blobs: BlobStore, sandbox: FileReader) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: read_incoming(database, blobs, sandbox, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def read_incoming(database: Database, blobs: BlobStore, sandbox: FileReader, ctx: JobContext) -> None:
    """Describe one arrival."""
    with database.read() as session:
        row = session.get(IncomingFile, uuid.UUID(ctx.payload["incoming_id"]))
        task = (row.blob_sha256, row.file_name) if row is not None and row.read_at is None else None
    if task is None or task[0] is None:
        return  # read by an earlier try, or its bytes are gone; the runner marks this one done
    try:
        readings = sandbox.read(blobs.path(task[0]), task[1])
    except InstrumentError as error:
        asks = isinstance(error, AmbiguousText)  # a question is no damage: it is asked once the file is with its sample
        hint = "Assign it to its sample. MAST then asks for the settings." if asks else printable(error.hint, 400)
        problem: Problem = {"code": error.code, "detail": printable(error.message, 600), "hint": hint, "asks": asks}
        _store(ctx, "", {}, problem)
        return
    described = [{"title": r.title, **describe(r)} for r in readings[:MOST_DESCRIBED]]
    summary: dict[str, JsonValue] = {"count": len(readings), "readings": clean(described)}
    _store(ctx, readings[0].format if readings else "", summary, None)


def _store(ctx: JobContext, found: str, summary: dict[str, JsonValue], problem: Problem | None) -> None:
    with ctx.begin() as uow:
        if (row := _unread(uow.session, ctx.payload["incoming_id"])) is not None:
            row.format, row.summary, row.problem, row.read_at = printable(found, 40), summary, problem, uow.now
            tell(uow, row, "read")
        ctx.complete(uow)


def _unread(session: Session, incoming_id: str) -> IncomingFile | None:
    """The row, held until the transaction ends; None when it was read already, or is gone."""
    row = session.get(IncomingFile, uuid.UUID(incoming_id), populate_existing=True, with_for_update=True)
    return row if row is not None and row.read_at is None else None


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: the file can still be attached, where it is read again."""
    if (row := _unread(uow.session, dead.payload["incoming_id"])) is None:
        return
    row.read_at = uow.now
    row.problem = {
        "code": READING_FAILED, "asks": False,
        "detail": "The server failed to read this file several times. The file itself is kept.",
        "hint": "Read it again or assign it to its sample. If that fails, tell the operator.",
    }  # fmt: skip
    tell(uow, row, "read")
