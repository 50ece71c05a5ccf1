"""Reprocessing stored files: read again with today's readers, what would be different, and taking it over.

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
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from pydantic import JsonValue

from app.intake.samples import lookup
from app.laboratory.readings import arrays, repository
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.reading_job import ReadingParts, handlers, on_failed
from app.laboratory.readings.repository import Selection, reading_row
from app.laboratory.readings.tables import Reading as ReadingRow
from app.laboratory.readings.tables import Upload
from app.laboratory.readings.uploads import get_upload, reprocess_upload, standing_result
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import SYSTEM
from app.platform.kernel.errors import NotFound
from app.platform.storage import BlobStore
from instruments import AmbiguousText, FileReader, InstrumentError, formats, printable
from spectra import Reading

_log = structlog.get_logger(__name__)
PAGE = 100
WAIT_S = 30.0  # for a service that took the job before we could
Arrays = Mapping[str, NDArray[Any]]
Figure = str | float | None
"""A figure or word of a reading; None where it has none."""
_COLUMNS = (
    "kind", "title", "instrument", "format", "reader", "reader_version", "x_unit", "y_unit", "n_points", "n_scans", "ms_level",
)  # fmt: skip
WHO_READ = frozenset({"reader", "reader_version"})
_ARRAYS = {"x": "x", "y": "y", "mz": "m/z", "intensity": "intensity", "precursor": "precursor m/z"}


class Outcome(StrEnum):
    """What reprocessing a file came to."""

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
NO_MORE = frozenset({Outcome.NEWLY_ASKS, Outcome.NEWLY_REFUSED})
"""Read before, and not by today's readers."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far two arrays of one length are apart: largest absolute difference, and largest relative to the values."""

    absolute: float
    relative: float


@dataclass(frozen=True, slots=True)
class ReadingChange:
    """What is different in one reading of a file. `number` counts from 1; a pair is (before, now)."""

    number: int
    fields: dict[str, tuple[Figure, Figure]] = field(default_factory=dict)
    arrays: dict[str, Deviation] = field(default_factory=dict)
    remarks_added: tuple[str, ...] = ()
    remarks_gone: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Something differs, be it only who read it."""
        return bool(self.fields or self.arrays or self.remarks_added or self.remarks_gone or self.details)

    @property
    def matters(self) -> bool:
        """A figure, an array or a remark differs: a chemist would see it."""
        return bool(set(self.fields) - WHO_READ or self.arrays or self.remarks_added or self.remarks_gone)


@dataclass(frozen=True, slots=True)
class Reprocessed:
    """One file, reprocessed. `stored` is "" for a dry run, else stored, kept, asked or failed, with the reason."""

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
        if chosen.sample_id is not None and lookup.sample_for_system(session, chosen.sample_id) is None:
            raise NotFound("sample")
        if chosen.upload_id is not None and session.get(Upload, chosen.upload_id) is None:
            raise NotFound("upload")
        return repository.count_selected(session, chosen)


def reprocess(
    parts: ReadingParts,
    chosen: Selection,
    *,
    apply: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> Iterator[Reprocessed]:
    """Read the chosen files again, one after another; each answer as soon as it is known.

    Files being read at this moment, and with `older` those that today's readers read, are passed over. A file that
    cannot be read again for a reason of ours is an answer too (`failed`), never an exception.
    """
    current = {known.name: known.version for known in formats()}
    with tempfile.TemporaryDirectory(prefix="mast-reprocess-") as folder:
        scratch = BlobStore(Path(folder), max_bytes=parts.arrays.max_bytes)
        for done, file in enumerate(_files(parts, chosen), start=1):
            progress(done)
            is_current = file.rows and all(current.get(row.format) == row.reader_version for row in file.rows)
            if file.upload.state is UploadState.WAITING or (chosen.older and is_current):
                continue
            found, readings = _read_again(parts, file, scratch)
            if not _asked_for(chosen, file, found):
                continue
            if apply and found.outcome in TO_STORE | NO_MORE:
                found = _guarded(parts, file, found, readings)
            yield found


def _files(parts: ReadingParts, chosen: Selection) -> Iterator[_File]:
    after: uuid.UUID | None = None
    while True:
        with parts.db.read() as session:
            rows = repository.selected_page(session, chosen, after, PAGE)
            files = [_File(row, sample, repository.readings_of_upload(session, row.id)) for row, sample in rows]
        yield from files
        if len(files) < PAGE:
            return
        after = files[-1].upload.id


def _asked_for(chosen: Selection, file: _File, found: Reprocessed) -> bool:
    """A file that was never read belongs to a format only once it can be read."""
    if file.rows or not (chosen.format or chosen.reader):
        return True
    wanted = {chosen.format, chosen.reader.rpartition(".")[2]} - {""}
    return found.format in wanted


def _read_again(parts: ReadingParts, file: _File, scratch: BlobStore) -> tuple[Reprocessed, list[Reading]]:
    upload, rows = file.upload, file.rows
    answer = Reprocessed(
        upload.id, file.sample_id, upload.file_name, upload.format, Outcome.SAME, readings=(len(rows), len(rows))
    )
    try:
        readings = parts.sandbox.read(parts.blobs.path(upload.blob_sha256), upload.file_name, upload.hints)
        changes = changes_of(rows, readings, parts.arrays, scratch)
    except InstrumentError as error:
        state = UploadState.ASKS if isinstance(error, AmbiguousText) else UploadState.REFUSED
        outcome = Outcome(f"{'still' if upload.state is state else 'newly'}_{state}")
        said = printable(f"{error.message} {error.hint}", 1600)
        return replace(answer, outcome=outcome, readings=(answer.readings[0], 0), said=said), []
    except Exception as error:  # the raw bytes are gone, the disk is full: the next file may do better
        _log.warning("reading_again_failed", upload_id=str(upload.id), exc_info=True)
        gone = not parts.blobs.path(upload.blob_sha256).exists()
        what = "its raw bytes are not on this disk" if gone else str(error) if isinstance(error, OSError) else "a fault"
        return replace(answer, outcome=Outcome.FAILED, said=f"It could not be read again: {what}."), []
    outcome = Outcome.DETAILS if changes else Outcome.SAME
    if upload.state is not UploadState.READ:
        outcome = Outcome.NEWLY_READ
    elif any(change.matters for change in changes):
        outcome = Outcome.CHANGED
    counted = (len(rows), len(readings))
    return replace(answer, outcome=outcome, format=readings[0].format, readings=counted, changes=changes), readings


# -- taking it over --------------------------------------------------------------------------------


def _guarded(parts: ReadingParts, file: _File, found: Reprocessed, readings: list[Reading]) -> Reprocessed:
    """Store it; what goes wrong with one file does not end the run."""
    if found.outcome in NO_MORE and file.rows:
        why = "the reading made before is kept; look at the file with a person's eyes"
        return replace(found, stored="kept", why=why)
    try:
        return _take_over(parts, file, found, readings)
    except Exception as error:
        _log.exception("taking_over_failed", upload_id=str(file.upload.id))
        return replace(found, stored="failed", why=f"it could not be stored: {type(error).__name__}")


def _take_over(parts: ReadingParts, file: _File, found: Reprocessed, readings: list[Reading]) -> Reprocessed:
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
        return replace(found, stored="kept", why="the sample was removed")
    if keys & before:
        return replace(found, stored="kept", why="the service took it and could not read it; run this again")
    if state is not UploadState.READ and found.outcome in TO_STORE:
        return replace(found, stored="failed", why="the service took it and could not read it; look at the file")
    return replace(found, stored="stored")


def _ask(parts: ReadingParts, file: _File) -> str:
    """Ask for the file to be read, or say why not. The sample is held, so that nobody submits in the meantime."""
    with parts.db.read() as session:
        sample = lookup.sample_for_system(session, file.sample_id)
    if sample is None:
        return "the sample was removed"
    with parts.db.begin(replace(SYSTEM, agency_id=sample.agency_id), request_id="readings reparse") as uow:
        sample = lookup.lock_sample(uow, file.sample_id)
        row = get_upload(uow.session, uow.actor, file.upload.id, lock=True)
        if sample.withdrawn_at is not None:
            return "its sample was withdrawn"
        if state := standing_result(uow, sample.id):
            return f"a result stands on it ({state}); amend it to use the new reading"
        if row.version != file.upload.version:
            return "someone else changed it, so run this again"
        readers = sorted({f"{reading.reader} {reading.reader_version}" for reading in file.rows})
        reprocess_upload(uow, row, sample, keep=True, before={"readers": readers}, reason="with newer readers")
    return ""


def _now(parts: ReadingParts, upload_id: uuid.UUID) -> tuple[UploadState | None, set[uuid.UUID]]:
    """State, and keys of what its readings were compared with: other ones once it was read again."""
    with parts.db.read() as session:
        row = session.get(Upload, upload_id)
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


# -- what a newer reader says differently: figures, arrays, remarks -----------------------------------------------


def changes_of(
    rows: Sequence[ReadingRow], readings: Sequence[Reading], stored: BlobStore, scratch: BlobStore
) -> tuple[ReadingChange, ...]:
    """Every reading in which something differs. `stored` holds the arrays of before, `scratch` may be written to."""
    found = []
    for number, (row, reading) in enumerate(zip_longest(rows, readings), start=1):
        if row is None:
            assert reading is not None
            change = ReadingChange(
                number, {"reading": (None, reading.kind.value), "n_points": (None, reading.n_points)}
            )
        elif reading is None:
            change = ReadingChange(number, {"reading": (row.kind, None), "n_points": (row.n_points, None)})
        else:
            change = _change(number, row, reading, stored, scratch)
        if change.any:
            found.append(change)
    return tuple(found)


def _change(number: int, row: ReadingRow, reading: Reading, stored: BlobStore, scratch: BlobStore) -> ReadingChange:
    sha256 = arrays.keep(scratch, reading)  # the same arrays give the same name, so most need no look inside
    new = reading_row(reading, sha256, {}, row.upload_id, row.analysis_id, row.ordinal, row.created_at)
    before, now = ({name: getattr(one, name) for name in _COLUMNS} for one in (row, new))
    deviations: dict[str, Deviation] = {}
    other = sha256 != row.arrays_sha256
    if other or not stored.path(row.arrays_sha256).exists():
        older = _loaded(stored, row.arrays_sha256)
        newer = _loaded(scratch, sha256)
        before |= _figures(older)
        now |= _figures(newer)
        deviations = deviations_of(older, newer)
    scratch.path(sha256).unlink(missing_ok=True)
    texts_before, texts_now = ([str(remark.get("text", "")) for remark in one.remarks] for one in (row, new))
    fields = {name: (before.get(name), now[name]) for name in now if before.get(name) != now[name]}
    details = _details(row.description, new.description)
    if other and not deviations and not set(fields) - WHO_READ:
        details = (*details, "arrays")  # what is kept of the scans besides their peaks
    return ReadingChange(
        number,
        fields,
        deviations,
        tuple(text for text in texts_now if text not in texts_before),
        tuple(text for text in texts_before if text not in texts_now),
        details,
    )


def _loaded(store: BlobStore, sha256: str) -> dict[str, NDArray[Any]]:
    """The arrays of a reading; none when they are gone or damaged, which is a difference by itself."""
    try:
        with np.load(store.path(sha256), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _figures(found: Arrays) -> dict[str, Figure]:
    if "x" not in found or not found["x"].size:
        return {"points": "missing"}
    figures: dict[str, Figure] = {
        "points": "there", "x_first": float(found["x"][0]), "x_last": float(found["x"][-1]),
        "y_max": float(found["y"].max()),
    }  # fmt: skip
    if "mz" in found:
        figures["n_peaks"] = int(found["mz"].size)
    return figures


def deviations_of(older: Arrays, newer: Arrays) -> dict[str, Deviation]:
    """Deviations of the arrays that have one length and are not equal."""
    found = {}
    for name, shown in _ARRAYS.items():
        if name not in older or name not in newer or older[name].shape != newer[name].shape:
            continue
        a, b = np.nan_to_num(older[name]), np.nan_to_num(newer[name])  # a scan without a precursor is NaN there
        apart = np.abs(b - a)
        if not apart.any():
            continue
        size = np.maximum(np.abs(a), np.abs(b))
        relative = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
        found[shown] = Deviation(float(apart.max()), float(relative.max()))
    return found


def _details(before: Mapping[str, JsonValue], now: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Keys of the description that say something else, besides those that are compared as figures."""
    compared = {*_COLUMNS, "x_first", "x_last", "y_max", "warnings", "remarks"} - {"n_points"}
    return tuple(sorted(key for key in now if key not in compared and before.get(key) != now[key]))
