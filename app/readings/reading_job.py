"""The job behind an upload: raw bytes → jail → readings and candidates, made durable together with "done".

Nothing is written before the end, so a worker that dies leaves no half reading, and a second one starts afresh.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session

from app.library.shelf import Shelf
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.live.publish import publish
from app.platform.storage import BlobStore
from app.readings import arrays, repository
from app.readings.domain import Method, UploadState
from app.readings.identify import FileReader, identify_reading, method_of, stored
from app.readings.methods import method_info
from app.readings.ranking import ENGINE_VERSION, Matched, not_compared
from app.readings.substances import SubstanceIndex
from app.readings.tables import Analysis, Match, Upload
from app.readings.tables import Reading as ReadingRow
from app.readings.uploads import JOB
from instruments import AmbiguousText, InstrumentError, ReaderJail, describe
from instruments import Limits as ReaderLimits
from spectra import Reading

_log = structlog.get_logger(__name__)
MOST_READINGS = 200
"""Readings of one file that are kept: a file of thousands is a library and belongs to `mast library import`."""


class LazyJail:
    """The reader children, started at first use or by `warm()`: a process that reads nothing starts none."""

    def __init__(self, limits: ReaderLimits, workers: int = 1) -> None:
        self._limits, self._workers = limits, workers
        self._lock = threading.Lock()
        self._jail: ReaderJail | None = None
        self._closed = False

    def warm(self) -> ReaderJail:
        """Start the children now."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the jail is closed")
            if self._jail is None:
                self._jail = ReaderJail(self._limits, workers=self._workers)
            return self._jail

    def read(self, source: Path, name: str | None = None, hints: Mapping[str, str] | None = None) -> list[Reading]:
        """As ReaderJail.read."""
        return self.warm().read(source, name, hints)

    def close(self) -> None:
        """Stop the children."""
        with self._lock:
            self._closed = True
            if self._jail is not None:
                self._jail.close()


def warm(jail: LazyJail, shelf: Shelf) -> None:
    """Start the children and open the libraries beside the start of the server, so that the first file waits less."""

    def body() -> None:
        try:
            jail.warm()
            shelf.warm()
            import_module("scipy.signal")  # bands and peaks; half a second on first use
        except Exception:  # the first upload will say what is wrong
            _log.warning("warming_failed", exc_info=True)

    threading.Thread(target=body, name="warm-readings", daemon=True).start()


@dataclass(frozen=True, slots=True)
class ReadingParts:
    """What the job needs of the process."""

    db: Database
    blobs: BlobStore
    jail: FileReader
    shelf: Shelf
    index: SubstanceIndex = field(default_factory=SubstanceIndex)
    top: int = 10

    @property
    def arrays(self) -> BlobStore:
        """Where arrays are kept."""
        return arrays.array_store(self.blobs.root)


@dataclass(frozen=True, slots=True)
class _Task:
    upload_id: uuid.UUID
    version: int
    path: Path
    name: str
    hints: dict[str, str]
    method: Method | None
    analysis_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _Found:
    """One reading ready to be stored."""

    reading: Reading
    arrays_sha256: str
    matched: Matched


def handlers(parts: ReadingParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: read_upload(parts, ctx)}


def obituaries() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def read_upload(parts: ReadingParts, ctx: JobContext) -> None:
    """Read one upload and compare what is in it; exactly once, however often the job is tried."""
    with parts.db.read() as session:
        task = _task(session, parts, ctx)
    if task is None:
        return  # withdrawn with its sample, or answered by a later job; the runner marks this one done
    try:
        readings = parts.jail.read(task.path, task.name, task.hints)
    except AmbiguousText as question:
        _store_problem(ctx, task, UploadState.ASKS, _problem(question))
        return
    except InstrumentError as error:
        _store_problem(ctx, task, UploadState.REFUSED, _problem(error))
        return
    if len(readings) > MOST_READINGS:
        _store_problem(ctx, task, UploadState.REFUSED, _too_many(len(readings)))
        return
    found = [_compare(parts, task, reading) for reading in readings]
    _store(ctx, task, found)


def _task(session: Session, parts: ReadingParts, ctx: JobContext) -> _Task | None:
    row = repository.upload(session, uuid.UUID(ctx.payload["upload_id"]))
    if row is None or row.state is not UploadState.WAITING:
        return None
    analysis = repository.analysis(session, row.analysis_id)
    assert analysis is not None
    return _Task(
        row.id, row.version, parts.blobs.path(row.blob_sha256), row.file_name, {k: str(v) for k, v in row.hints.items()},
        None if row.method_by_content else analysis.method, analysis.id,
    )  # fmt: skip


def _problem(error: InstrumentError) -> dict[str, Any]:
    where = f"line {error.line}" if error.line is not None else f"byte {error.byte}" if error.byte is not None else ""
    problem: dict[str, Any] = {"code": error.code, "detail": error.message, "hint": error.hint, "where": where}
    if isinstance(error, AmbiguousText):
        problem["choices"] = [{"label": c.label, "hints": dict(c.hints)} for c in error.choices]
    return problem


def _too_many(count: int) -> dict[str, Any]:
    return {
        "code": "too_many_readings", "where": "",
        "detail": f"This file holds {count:,} spectra; an upload to a sample may hold {MOST_READINGS}.",
        "hint": "A library is imported with `mast library import`; for a sample export only its own spectra.",
    }  # fmt: skip


def _compare(parts: ReadingParts, task: _Task, reading: Reading) -> _Found:
    """Store the arrays, look for candidates. A reading is never lost because comparing it failed."""
    sha256 = arrays.keep(parts.arrays, reading)
    try:
        blocks = identify_reading(reading, parts.shelf, method=task.method, top=parts.top, index=parts.index)
        matched = stored(blocks)
    except Exception:
        _log.exception("matching_failed", upload_id=str(task.upload_id))
        matched = not_compared("Comparing this reading failed; the reading itself is kept. Tell the operator.")
    return _Found(reading, sha256, matched)


def _store(ctx: JobContext, task: _Task, found: list[_Found]) -> None:
    with ctx.begin() as uow:
        # before the upload, in the order a correction takes them
        analysis = repository.analysis(uow.session, task.analysis_id, lock=True)
        row = _still_ours(uow, task)
        if row is not None and analysis is not None:
            repository.delete_readings(uow.session, row.id)
            if row.method_by_content:
                _correct_method(uow, analysis, found[0].reading)
            for ordinal, one in enumerate(found):
                _add(uow, row, ordinal, one)
            row.state, row.problem, row.read_at = UploadState.READ, None, uow.now
            row.format = found[0].reading.format
            row.version += 1
            after = {"format": row.format, "readings": len(found), "libraries": _searched(found)}
            audit.record(uow, "read", "upload", row.id, version=row.version, after=after)
            _tell(uow, ctx, row, "upload.read")
        ctx.complete(uow)


def _store_problem(ctx: JobContext, task: _Task, state: UploadState, problem: dict[str, Any]) -> None:
    with ctx.begin() as uow:
        row = _still_ours(uow, task)
        if row is not None:
            repository.delete_readings(uow.session, row.id)
            row.state, row.problem, row.read_at = state, problem, uow.now
            row.version += 1
            after = {"state": state.value, "code": problem["code"]}
            audit.record(uow, "read", "upload", row.id, version=row.version, after=after)
            _tell(uow, ctx, row, f"upload.{state.value}")
        ctx.complete(uow)


def _still_ours(uow: UnitOfWork, task: _Task) -> Upload | None:
    """The upload, unless it went away or somebody answered meanwhile: then a later job reads it."""
    row = repository.upload(uow.session, task.upload_id, lock=True)
    return row if row is not None and row.version == task.version else None


def _searched(found: list[_Found]) -> list[str]:
    return sorted({str(book["name"]) for one in found for book in one.matched.libraries})


def _correct_method(uow: UnitOfWork, analysis: Analysis, reading: Reading) -> None:
    """The analysis takes its method from what the file is; a chemist may correct it afterwards."""
    wanted = method_of(reading)
    if wanted is None or wanted is analysis.method:
        return
    before, analysis.method = analysis.method, wanted
    analysis.method_version = method_info(wanted).version
    analysis.version += 1
    audit.record(
        uow, "correct", "analysis", analysis.id, version=analysis.version, reason="taken from the file",
        before={"method": before.value}, after={"method": wanted.value},
    )  # fmt: skip


def _add(uow: UnitOfWork, upload: Upload, ordinal: int, one: _Found) -> None:
    reading = one.reading
    row = ReadingRow(
        upload_id=upload.id,
        analysis_id=upload.analysis_id,
        ordinal=ordinal,
        kind=reading.kind.value,
        title=_short(reading.title, 200),
        instrument=_short(reading.instrument, 120),
        format=reading.format[:40],
        reader=reading.reader[:60],
        reader_version=reading.reader_version[:20],
        x_unit=_short(reading.x_unit, 30),
        y_unit=_short(reading.y_unit, 40),
        n_points=reading.n_points,
        n_scans=len(reading.scans),
        ms_level=reading.ms_level,
        description=_clean(describe(reading)),
        remarks=[{"level": r.level.value, "code": r.code, "text": _short(r.text, 400)} for r in reading.remarks],
        arrays_sha256=one.arrays_sha256,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    matched = one.matched
    uow.session.add(
        Match(
            reading_id=row.id,
            libraries=matched.libraries,
            score_name=matched.score_name,
            candidates=matched.candidates,
            answer=_clean(matched.answer),
            limits=matched.limits,
            engine_version=ENGINE_VERSION,
            created_at=uow.now,
        )
    )


def _short(text: str, length: int) -> str:
    """Printable (PostgreSQL refuses NUL) and bounded: a file's words are not trusted."""
    return "".join(c if c.isprintable() else " " for c in text)[:length].strip()


def _clean(value: Any) -> Any:
    """The same for texts inside JSON."""
    if isinstance(value, str):
        return _short(value, 2000)
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _tell(uow: UnitOfWork, ctx: JobContext, row: Upload, kind: str) -> None:
    publish(
        uow, "sample", kind, agency_id=ctx.agency_id, session_id=uuid.UUID(ctx.payload["session_id"]),
        sample_id=uuid.UUID(ctx.payload["sample_id"]), payload={"upload_id": row.id, "state": row.state.value},
    )  # fmt: skip


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours, not of the file: say so, keep the file."""
    row = repository.upload(uow.session, uuid.UUID(dead.payload["upload_id"]))
    if row is None or row.state is not UploadState.WAITING:
        return
    row.state = UploadState.REFUSED
    row.problem = {
        "code": "reading_failed", "where": "",
        "detail": "The server failed to read this file several times. The file itself is kept.",
        "hint": "Ask the operator to look at the job, then read it again.",
    }  # fmt: skip
    row.read_at = uow.now
    row.version += 1
    publish(
        uow, "sample", "upload.refused", agency_id=dead.agency_id, session_id=uuid.UUID(dead.payload["session_id"]),
        sample_id=uuid.UUID(dead.payload["sample_id"]), payload={"upload_id": row.id, "state": row.state.value},
    )  # fmt: skip
