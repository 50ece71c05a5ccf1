"""Reading stored files again with today's readers: what would be different, and taking it over.

A dry run changes nothing. Taking over goes the way of every file (job, candidates, audit, events), and never
under a result that was submitted (ADR 0009), nor so that a reading would be lost (ADR 0010). One file at a time:
memory is bounded by what one file may need, and a run that was cut off goes on with `older`.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import structlog

from app.intake.samples import service as samples
from app.laboratory.readings import repository
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.reading_job import ReadingParts, handlers, on_failed
from app.laboratory.readings.reparse_differences import ReadingChange, changes_of
from app.laboratory.readings.reparse_repository import Selection, count, page
from app.laboratory.readings.tables import Reading as ReadingRow
from app.laboratory.readings.tables import Upload
from app.laboratory.readings.uploads import JOB, KEEP, get_upload, standing_result
from app.platform import audit
from app.platform.jobs import JobRunner, enqueue
from app.platform.kernel.actor import SYSTEM
from app.platform.kernel.errors import NotFound
from app.platform.live.publish import publish
from app.platform.storage import BlobStore
from instruments import AmbiguousText, FileReader, InstrumentError, formats, printable
from spectra import Reading

__all__ = ["Outcome", "Reread", "Selection", "how_many", "reread"]

_log = structlog.get_logger(__name__)
PAGE = 100
WAIT_S = 30.0  # for a service that took the job before we could


class Outcome(StrEnum):
    """What reading a file again came to."""

    SAME = "same"
    DETAILS = "details"
    CHANGED = "changed"
    NEWLY_READ = "newly_read"
    NEWLY_REFUSED = "newly_refused"
    NEWLY_ASKS = "newly_asks"
    STILL_REFUSED = "still_refused"
    STILL_ASKS = "still_asks"
    FAILED = "failed"


TO_STORE = frozenset({Outcome.DETAILS, Outcome.CHANGED, Outcome.NEWLY_READ})


@dataclass(frozen=True, slots=True)
class Reread:
    """One file, read again. `stored` is "" for a dry run, else stored, kept, asked or failed, with the reason."""

    upload_id: uuid.UUID
    sample_id: uuid.UUID
    file_name: str
    format: str
    outcome: Outcome
    readings: tuple[int, int] = (0, 0)
    changes: tuple[ReadingChange, ...] = ()
    said: str = ""
    stored: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """An upload as it was when it was looked at."""

    upload: Upload
    sample_id: uuid.UUID
    rows: list[ReadingRow] = field(default_factory=list)


def how_many(parts: ReadingParts, chosen: Selection) -> int:
    """Files that are looked at. Raises NotFound for a sample or upload that is not there."""
    with parts.db.read() as session:
        if chosen.sample_id is not None and samples.sample_for_system(session, chosen.sample_id) is None:
            raise NotFound("sample")
        if chosen.upload_id is not None and repository.upload(session, chosen.upload_id) is None:
            raise NotFound("upload")
        return count(session, chosen)


def reread(
    parts: ReadingParts,
    chosen: Selection,
    *,
    apply: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> Iterator[Reread]:
    """Read the chosen files again, one after another; each answer as soon as it is known.

    Files being read at this moment, and with `older` those that today's readers read, are passed over. A file that
    cannot be read again for a reason of ours is an answer too (`failed`), never an exception.
    """
    current = {known.name: known.version for known in formats()}
    with tempfile.TemporaryDirectory(prefix="mast-reread-") as folder:
        scratch = BlobStore(Path(folder), max_bytes=parts.arrays.max_bytes)
        for done, file in enumerate(_files(parts, chosen), start=1):
            progress(done)
            if file.upload.state is UploadState.WAITING or (chosen.older and _is_current(file, current)):
                continue
            found, readings = _read_again(parts, file, scratch)
            if not _asked_for(chosen, file, found):
                continue
            if apply and _to_store(found):
                found = _guarded(parts, file, found, readings)
            yield found


def _files(parts: ReadingParts, chosen: Selection) -> Iterator[_File]:
    after: uuid.UUID | None = None
    while True:
        with parts.db.read() as session:
            rows = page(session, chosen, after, PAGE)
            files = [_File(row, sample, repository.readings_of_upload(session, row.id)) for row, sample in rows]
        yield from files
        if len(files) < PAGE:
            return
        after = files[-1].upload.id


def _is_current(file: _File, current: Mapping[str, str]) -> bool:
    return bool(file.rows) and all(current.get(row.format) == row.reader_version for row in file.rows)


def _asked_for(chosen: Selection, file: _File, found: Reread) -> bool:
    """A file that was never read belongs to a format only once it can be read."""
    if file.rows or not (chosen.format or chosen.reader):
        return True
    wanted = {chosen.format, chosen.reader.rpartition(".")[2]} - {""}
    return found.format in wanted


def _read_again(parts: ReadingParts, file: _File, scratch: BlobStore) -> tuple[Reread, list[Reading]]:
    upload, rows = file.upload, file.rows
    answer = Reread(
        upload.id, file.sample_id, upload.file_name, upload.format, Outcome.SAME, readings=(len(rows), len(rows))
    )
    hints = {key: str(value) for key, value in upload.hints.items()}
    try:
        readings = parts.sandbox.read(parts.blobs.path(upload.blob_sha256), upload.file_name, hints)
        changes = changes_of(rows, readings, parts.arrays, scratch)
    except InstrumentError as error:
        return _refused(answer, upload, error), []
    except Exception as error:  # the raw bytes are gone, the disk is full: the next file may do better
        _log.warning("reading_again_failed", upload_id=str(upload.id), exc_info=True)
        gone = not parts.blobs.path(upload.blob_sha256).exists()
        what = "its raw bytes are not on this disk" if gone else str(error) if isinstance(error, OSError) else "a fault"
        return replace(answer, outcome=Outcome.FAILED, said=f"It could not be read again: {what}."), []
    outcome = Outcome.SAME
    if upload.state is not UploadState.READ:
        outcome = Outcome.NEWLY_READ
    elif any(change.matters for change in changes):
        outcome = Outcome.CHANGED
    elif changes:
        outcome = Outcome.DETAILS
    counted = (len(rows), len(readings))
    return replace(answer, outcome=outcome, format=readings[0].format, readings=counted, changes=changes), readings


def _refused(answer: Reread, upload: Upload, error: InstrumentError) -> Reread:
    asks = isinstance(error, AmbiguousText)
    was_so = upload.state is (UploadState.ASKS if asks else UploadState.REFUSED)
    if asks:
        outcome = Outcome.STILL_ASKS if was_so else Outcome.NEWLY_ASKS
    else:
        outcome = Outcome.STILL_REFUSED if was_so else Outcome.NEWLY_REFUSED
    return replace(
        answer, outcome=outcome, readings=(answer.readings[0], 0), said=printable(f"{error.message} {error.hint}", 1600)
    )


# -- taking it over --------------------------------------------------------------------------------


def _to_store(found: Reread) -> bool:
    return found.outcome in TO_STORE or found.outcome in (Outcome.NEWLY_ASKS, Outcome.NEWLY_REFUSED)


def _guarded(parts: ReadingParts, file: _File, found: Reread, readings: list[Reading]) -> Reread:
    """Store it; what goes wrong with one file does not end the run."""
    if found.outcome not in TO_STORE and file.rows:
        return replace(
            found, stored="kept", why="the reading made before is kept; look at the file with a person's eyes"
        )
    try:
        return _take_over(parts, file, found, readings)
    except Exception as error:
        _log.exception("taking_over_failed", upload_id=str(file.upload.id))
        return replace(found, stored="failed", why=f"it could not be stored: {type(error).__name__}")


def _take_over(parts: ReadingParts, file: _File, found: Reread, readings: list[Reading]) -> Reread:
    _, before = _now(parts, file.upload.id)
    if reason := _ask(parts, file):
        return replace(found, stored="kept", why=reason)
    sandbox = _AsJustRead(parts.sandbox, parts.blobs.path(file.upload.blob_sha256), file.upload, readings)
    runner = JobRunner(parts.db, handlers(replace(parts, sandbox=sandbox)), on_dead=on_failed())
    deadline = time.monotonic() + WAIT_S
    while (now := _now(parts, file.upload.id))[0] is UploadState.WAITING:
        if not runner.run_one():  # a running service has taken it, or it is tried again later
            if time.monotonic() > deadline:
                return replace(found, stored="asked", why="the service reads it")
            time.sleep(0.1)
    state, keys = now
    if state is None:
        return replace(found, stored="kept", why="the sample was removed meanwhile")
    if keys & before:
        return replace(found, stored="kept", why="the service took it and could not read it; run this again")
    if state is not UploadState.READ and found.outcome in TO_STORE:
        return replace(found, stored="failed", why="the service took it and could not read it; look at the file")
    return replace(found, stored="stored")


def _ask(parts: ReadingParts, file: _File) -> str:
    """Ask for the file to be read, or say why not. The sample is held, so that nobody submits meanwhile."""
    with parts.db.read() as session:
        sample = samples.sample_for_system(session, file.sample_id)
    if sample is None:
        return "the sample was removed meanwhile"
    with parts.db.begin(replace(SYSTEM, agency_id=sample.agency_id), request_id="readings reparse") as uow:
        sample = samples.lock_sample(uow, file.sample_id)
        row = get_upload(uow.session, uow.actor, file.upload.id, lock=True)
        if sample.withdrawn_at is not None:
            return "its sample was withdrawn"
        if state := standing_result(uow, sample.id):
            return f"a result stands on it ({state}); amend it to use the new reading"
        if row.version != file.upload.version:
            return "somebody changed it meanwhile; run this again"
        row.state = UploadState.WAITING
        row.version += 1
        audit.record(
            uow, "reread", "upload", row.id, version=row.version, session_id=sample.session_id,
            before={"readers": _readers(file.rows)}, reason="with newer readers",
        )  # fmt: skip
        enqueue(
            uow, JOB, {"upload_id": row.id, "sample_id": sample.id, "session_id": sample.session_id, KEEP: True},
            agency_id=sample.agency_id,
        )  # fmt: skip
        publish(
            uow, "sample", "upload.answered", agency_id=sample.agency_id, session_id=sample.session_id,
            sample_id=sample.id, payload={"upload_id": row.id},
        )  # fmt: skip
    return ""


def _readers(rows: Sequence[ReadingRow]) -> list[str]:
    return sorted({f"{row.reader} {row.reader_version}" for row in rows})


def _now(parts: ReadingParts, upload_id: uuid.UUID) -> tuple[UploadState | None, set[uuid.UUID]]:
    """State, and keys of what its readings were compared with: other ones once it was read again."""
    with parts.db.read() as session:
        row = repository.upload(session, upload_id)
        ids = [reading.id for reading in repository.readings_of_upload(session, upload_id)]
        return (row.state if row else None), {match.id for match in repository.latest_matches(session, ids).values()}


@dataclass(frozen=True, slots=True)
class _AsJustRead:
    """Gives the job the very readings that were compared, so that what is stored is what was shown."""

    sandbox: FileReader
    path: Path
    upload: Upload
    readings: list[Reading]

    def read(
        self, source: Path | bytes, name: str | None = None, hints: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """As a ParserSandbox, which is asked for every other file, and for this one if it was refused."""
        same = source == self.path and name == self.upload.file_name and dict(hints or {}) == self.upload.hints
        return self.readings if same and self.readings else self.sandbox.read(source, name, hints)
