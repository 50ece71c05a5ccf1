"""The job behind an upload: raw bytes → sandbox → readings and candidates, made durable together with "done".

Nothing is written before the end, so a worker that dies leaves no half reading, and a second one starts afresh.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

import structlog
from pydantic import JsonValue
from sqlmodel import Session

from app.laboratory.identification.domain import Method, method_info
from app.laboratory.identification.identify import Context, identify, method_of
from app.laboratory.identification.instrument_state import InstrumentFor, InstrumentState
from app.laboratory.identification.mixtures import at_energies, with_joint_mixture
from app.laboratory.identification.ranking import SearchConditions, not_compared, with_reading_limits
from app.laboratory.identification.runs import ControlsFor, RunControls
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import arrays, repository
from app.laboratory.readings.analyses import rank_of
from app.laboratory.readings.domain import ReadingsChanged, UploadState, codes_in
from app.laboratory.readings.figures import quality_json
from app.laboratory.readings.repository import ComparedReading, match_row, reading_row, remarks_of
from app.laboratory.readings.tables import Analysis, Upload
from app.laboratory.readings.tables import Reading as ReadingRow
from app.laboratory.readings.uploads import JOB, KEEP, READING_FAILED, taken_as
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.live.publish import publish
from app.platform.reactions import emit
from app.platform.storage import BlobStore
from instruments import AmbiguousText, FileReader, InstrumentError, ParserSandbox, printable
from instruments import Limits as ReaderLimits
from spectra import Reading, ReadingKind

_log = structlog.get_logger(__name__)
FAILED = "Comparing this reading failed. The reading itself is kept. Tell the operator."
_CURVES = (ReadingKind.IR, ReadingKind.RAMAN)
MOST_READINGS = 200
"""Readings of one file that are kept: a file of thousands is a library and belongs to `mast library import`."""
TOO_MANY: dict[str, JsonValue] = {
    "code": "too_many_readings", "where": "",
    "detail": f"This file holds more than {MOST_READINGS} spectra. An upload to a sample may hold {MOST_READINGS}.",
    "hint": "A library is imported with `mast library import`; for a sample export only its own spectra.",
}  # fmt: skip


class LazySandbox:
    """The reader children, started at first use or by `warm()`: a process that reads nothing starts none.

    They stop at MOST_READINGS, so that a file of very many never becomes objects of this process.
    """

    def __init__(self, limits: ReaderLimits, workers: int = 1) -> None:
        self._limits = replace(limits, readings=MOST_READINGS, header_bytes=64 * 2**20)
        self._workers = workers
        self._lock = threading.Lock()
        self._sandbox: ParserSandbox | None = None
        self._closed = False

    def warm(self) -> ParserSandbox:
        """Start the children now."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            if self._sandbox is None:
                self._sandbox = ParserSandbox(self._limits, workers=self._workers)
            return self._sandbox

    def read(
        self, source: Path | bytes, name: str | None = None, hints: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """Readings of one file or its bytes, read in a child process. Raises what `ParserSandbox.read` raises."""
        return self.warm().read(source, name, hints)

    def close(self) -> None:
        """Stop the children."""
        with self._lock:
            self._closed = True
            if self._sandbox is not None:
                self._sandbox.close()


def warm(registry: LibraryRegistry, sandbox: LazySandbox | None = None) -> None:
    """Open the libraries, and start the children where files are read, beside the start of a process: the first file or
    search waits less."""

    def body() -> None:
        try:
            if sandbox is not None:
                sandbox.warm()
            registry.warm()
            import_module("scipy.signal")  # bands and peaks; half a second on first use
        except Exception:  # the first upload will say what is wrong
            _log.warning("warming_failed", exc_info=True)

    threading.Thread(target=body, name="warm-readings", daemon=True).start()


@dataclass(frozen=True, slots=True)
class ReadingParts:
    """What the job needs of the process."""

    db: Database
    blobs: BlobStore
    sandbox: FileReader
    registry: LibraryRegistry
    index: SubstanceIndex = field(default_factory=SubstanceIndex)
    controls: ControlsFor = lambda _analysis_id: RunControls()
    instruments: InstrumentFor = lambda _analysis_id: InstrumentState()

    @property
    def arrays(self) -> BlobStore:
        """Where arrays are kept."""
        return arrays.array_store(self.blobs.root)


@dataclass(frozen=True, slots=True)
class _Task:
    """The upload as it was when the job took it; `method` None where the file is to say it."""

    upload: Upload
    path: Path
    method: Method | None


def handlers(parts: ReadingParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: read_upload(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def read_upload(parts: ReadingParts, ctx: JobContext) -> None:
    """Read one upload and compare what is in it; exactly once, however often the job is tried."""
    with parts.db.read() as session:
        task = _task(session, parts, ctx)
    if task is None:
        return  # withdrawn with its sample, or answered by a later job; the runner marks this one done
    try:
        readings = parts.sandbox.read(task.path, task.upload.file_name, task.upload.hints)
    except AmbiguousText as question:
        _store_problem(ctx, task, UploadState.ASKS, _problem(question))
        return
    except InstrumentError as error:
        problem = TOO_MANY if error.code == "too_many_readings" else _problem(error)
        _store_problem(ctx, task, UploadState.REFUSED, problem)
        return
    parts = replace(parts, registry=parts.registry.of(ctx.agency_id))
    found = _together(parts, readings, [_compare(parts, task, reading) for reading in readings])
    _store(ctx, task, found)


def _task(session: Session, parts: ReadingParts, ctx: JobContext) -> _Task | None:
    row = session.get(Upload, uuid.UUID(ctx.payload["upload_id"]))
    if row is None or row.state is not UploadState.WAITING:
        return None
    analysis = session.get(Analysis, row.analysis_id)
    assert analysis is not None
    return _Task(row, parts.blobs.path(row.blob_sha256), None if row.method_by_content else analysis.method)


def _problem(error: InstrumentError) -> dict[str, JsonValue]:
    """The refusal of a file as it is stored and shown. Sentences quote the file, and its words are not trusted."""
    where = f"line {error.line}" if error.line is not None else f"byte {error.byte}" if error.byte is not None else ""
    detail, hint = printable(error.message, 1000), printable(error.hint, 600)
    problem: dict[str, JsonValue] = {"code": error.code, "detail": detail, "hint": hint, "where": where}
    if isinstance(error, AmbiguousText):
        problem["choices"] = [{"label": printable(c.label, 200), "hints": {**c.hints}} for c in error.choices]
    return problem


def _compare(parts: ReadingParts, task: _Task, reading: Reading) -> ComparedReading:
    """Store the arrays, look for candidates. A reading is never lost because comparing it failed."""
    sha256 = arrays.keep(parts.arrays, reading)
    try:
        context = Context(
            task.method,
            index=parts.index,
            controls=parts.controls(task.upload.analysis_id) if reading.scans else None,
            instrument=parts.instruments(task.upload.analysis_id) if reading.kind in _CURVES else InstrumentState(),
        )
        answer = identify(reading, parts.registry, context)
    except Exception:
        _log.exception("matching_failed", upload_id=str(task.upload.id))
        answer = with_reading_limits(not_compared(FAILED), reading)
    return ComparedReading(reading, sha256, answer, _quality(task, reading))


def _together(parts: ReadingParts, readings: list[Reading], found: list[ComparedReading]) -> list[ComparedReading]:
    """Accurate-mass readings of one file at several energies are explained as one sample."""
    fits = [k for k, compared in enumerate(found) if compared.answer.formula_screen is not None]  # as accurate masses
    try:
        energies = at_energies(readings, fits)
        if energies is None:
            return found
        conditions = SearchConditions(index=parts.index)
        joint = with_joint_mixture([compared.answer for compared in found], energies, parts.registry, conditions)
    except Exception:
        _log.exception("joint_mixture_failed")
        return found
    return [replace(compared, answer=answer) for compared, answer in zip(found, joint, strict=True)]


def _quality(task: _Task, reading: Reading) -> dict[str, JsonValue]:
    try:
        return quality_json(reading)
    except Exception:
        _log.exception("figures_failed", upload_id=str(task.upload.id))
        return {}


def _store(ctx: JobContext, task: _Task, found: list[ComparedReading]) -> None:
    with ctx.begin() as uow:
        # before the upload, in the order a correction takes them
        analysis = repository.one(uow.session, Analysis, task.upload.analysis_id, lock=True)
        row = _still_ours(uow, task)
        if row is not None and analysis is not None:
            codes = _ask_again_about_warnings(uow, row, found)
            there = repository.readings_of_upload(uow.session, row.id)
            before = taken_as(there)
            rows = [
                reading_row(one.reading, one.arrays_sha256, one.quality, row.id, row.analysis_id, ordinal, uow.now)
                for ordinal, one in enumerate(found)
            ]
            same = {
                old.ordinal: old for old in there if old.ordinal < len(rows) and _same_curve(old, rows[old.ordinal])
            }
            repository.delete_readings(uow.session, row.id, [old.id for old in same.values()])
            if row.method_by_content:
                main = max(found, key=lambda one: rank_of(one.reading.kind.value, one.reading.y_unit, one.answer))
                _correct_method(uow, analysis, main.reading)
            for new, one in zip(rows, found, strict=True):
                _add(uow, new, one, same.get(new.ordinal))
            row.state, row.problem, row.read_at = UploadState.READ, None, uow.now
            row.format = found[0].reading.format
            row.version += 1
            searched = sorted({library.name for compared in found for library in compared.answer.libraries})
            after = {"format": row.format, "readings": len(found), "libraries": searched}
            if codes:
                after |= {"warnings": sorted(codes), "warnings_seen": row.warnings_seen_at is not None}
            now = taken_as(repository.readings_of_upload(uow.session, row.id))
            earlier = {"taken_as": before} if before and before != now else None
            after |= {"taken_as": now} if earlier else {}
            audit.record(uow, "read", "upload", row.id, version=row.version, before=earlier, after=after)
            _tell(uow, ctx, row)
        ctx.complete(uow)


def _ask_again_about_warnings(uow: UnitOfWork, row: Upload, found: list[ComparedReading]) -> frozenset[str]:
    """Codes of the warnings now; a look at earlier ones counts no more once there is a new one among them."""
    codes = codes_in(remarks_of(one.reading) for one in found)
    before = codes_in(reading.remarks for reading in repository.readings_of_upload(uow.session, row.id))
    if not codes <= before:
        row.warnings_seen_by, row.warnings_seen_at = None, None
    return codes


def _store_problem(ctx: JobContext, task: _Task, state: UploadState, problem: dict[str, JsonValue]) -> None:
    with ctx.begin() as uow:
        row = _still_ours(uow, task)
        if row is not None and _keeps(uow, bool(ctx.payload.get(KEEP)), row):
            after = {"kept": True, "code": problem["code"]}
            audit.record(uow, "read", "upload", row.id, version=row.version, after=after)
            _tell(uow, ctx, row)
        elif row is not None:
            repository.delete_readings(uow.session, row.id)
            row.state, row.problem, row.read_at = state, problem, uow.now
            row.warnings_seen_by, row.warnings_seen_at = None, None  # of readings that are no more
            row.version += 1
            after = {"state": state.value, "code": problem["code"]}
            audit.record(uow, "read", "upload", row.id, version=row.version, after=after)
            _tell(uow, ctx, row)
        ctx.complete(uow)


def _keeps(uow: UnitOfWork, by_newer_readers: bool, row: Upload) -> bool:
    """Whether this was asked for by newer readers only and fails: then the reading made before stays (ADR 0010)."""
    if not by_newer_readers or not repository.readings_of_upload(uow.session, row.id):
        return False
    row.state, row.problem = UploadState.READ, None
    row.version += 1
    return True


def _still_ours(uow: UnitOfWork, task: _Task) -> Upload | None:
    """The upload, unless it went away or someone answered in the meantime: then a later job reads it."""
    row = repository.one(uow.session, Upload, task.upload.id, lock=True)
    return row if row is not None and row.version == task.upload.version else None


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


def _same_curve(old: ReadingRow, new: ReadingRow) -> bool:
    """Whether both are of these very points, taken as the same: then the old row stays, with all that others hang on it."""
    return all(getattr(old, name) == getattr(new, name) for name in ("arrays_sha256", "kind", "x_unit", "y_unit"))


def _add(uow: UnitOfWork, row: ReadingRow, one: ComparedReading, there: ReadingRow | None) -> None:
    """A reading that is `there` already keeps its key: links to it, and steps and checks made of it, stay good."""
    if there is not None:
        row = there.sqlmodel_update(row.model_dump(exclude={"id"}))
    uow.session.add(row)
    uow.session.flush()
    uow.session.add(match_row(row.id, one.answer, uow.now))


def _tell(uow: UnitOfWork, job: JobContext | DeadJob, row: Upload) -> None:
    session_id, sample_id = uuid.UUID(job.payload["session_id"]), uuid.UUID(job.payload["sample_id"])
    assert job.agency_id is not None
    emit(uow, ReadingsChanged(sample_id, session_id, job.agency_id))
    publish(
        uow, "sample", f"upload.{row.state.value}", agency_id=job.agency_id, session_id=session_id, sample_id=sample_id,
        payload={"upload_id": row.id, "state": row.state.value},
    )  # fmt: skip


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours, not of the file: say so, keep the file."""
    row = uow.session.get(Upload, uuid.UUID(dead.payload["upload_id"]))
    if row is None or row.state is not UploadState.WAITING:
        return
    if not _keeps(uow, bool(dead.payload.get(KEEP)), row):
        row.state = UploadState.REFUSED
        row.problem = {
            "code": READING_FAILED, "where": "",
            "detail": "The server failed to read this file several times. The file itself is kept.",
            "hint": "Read it again. If that fails too, tell the operator.",
        }  # fmt: skip
        row.read_at = uow.now
        row.version += 1
    _tell(uow, dead, row)
