"""Use cases of uploaded files: take one in, answer what a reader asked, read again. Raw bytes are never altered."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import TypeAdapter
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import Method
from app.laboratory.readings import repository
from app.laboratory.readings.analyses import NewAnalysis, add_analysis, answer_of, get_analysis, in_question, tell
from app.laboratory.readings.corrections import TAB
from app.laboratory.readings.domain import ReadingsInQuestion, UploadState, codes_in
from app.laboratory.readings.tables import Analysis, Blob, Match, Reading, Upload
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Stale
from app.platform.reactions import emit
from app.platform.storage import Received
from instruments import Choice

JOB = "read_upload"
READING_FAILED = "reading_failed"
"""Code of a problem that is the server's: every worker that took the file failed or died. It can be read again."""
KEEP = "keep"
"""In the payload of a job: nobody said anything new, so a reading made before stays when reading again fails."""
HINTS = ("format", "x_unit", "y_unit", "decimal", "delimiter", "kind")
_MASS_ENDINGS = frozenset({"mzml", "mzxml", "msp", "msl", "mgf", "cdf", "jcm"})
_Row = TypeVar("_Row", Upload, Reading)


def clean_file_name(name: str) -> str:
    """A name to show: last part of any path, printable, at most 200 characters, never empty.

    Files are stored under their sha-256; this name never reaches the disk.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable()).strip()
    if len(shown) > 200:
        path = PurePosixPath(shown)
        ending = path.suffix[:20]
        shown = path.stem[: 200 - len(ending)] + ending
    return shown if shown.strip(". ") else "unnamed file"


def keep_file(uow: UnitOfWork, received: Received) -> None:
    """Remember raw bytes that are durable on disk, for a row of another feature that refers to them."""
    insert = postgresql.insert if uow.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(Blob).values(sha256=received.sha256, size=received.size, created_at=uow.now)
    uow.session.connection().execute(row.on_conflict_do_nothing())  # the same bytes arriving twice at once are one row


def record_upload(
    uow: UnitOfWork, analysis_id: uuid.UUID, received: Received, filename: str, *, method_by_content: bool = False
) -> Upload:
    """Remember a file that is durable on disk and ask for it to be read. Raises NotFound, Conflict."""
    analysis = get_analysis(uow.session, uow.actor, analysis_id)
    sample = lookup.lock_sample(uow, analysis.sample_id)
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so the file was not added to it.")
    keep_file(uow, received)
    row = Upload(
        analysis_id=analysis.id,
        blob_sha256=received.sha256,
        file_name=clean_file_name(filename),
        method_by_content=method_by_content,
        uploaded_by=uow.actor.person_id,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    after = {"analysis_id": str(analysis.id), "sha256": received.sha256, "size": received.size}
    audit.record(uow, "receive", "upload", row.id, version=1, after=after, session_id=sample.session_id)
    _ask_to_read(uow, row, sample, "upload.received")
    return row


def record_upload_for_sample(
    uow: UnitOfWork, sample_id: uuid.UUID, received: Received, filename: str, method: Method | None = None
) -> Upload:
    """Record an upload of a sample that has no analysis for it yet: one is made, and unless `method` is given it takes its method from the file.

    Until the file is read the method is a guess from its name; the job corrects it, audited.
    """
    extension = clean_file_name(filename).removesuffix(".gz").rpartition(".")[2].lower()
    guess = method or (Method.GC_MS if extension in _MASS_ENDINGS else Method.FTIR)
    analysis = add_analysis(uow, sample_id, NewAnalysis(guess))
    return record_upload(uow, analysis.id, received, filename, method_by_content=method is None)


def get_upload(session: Session, actor: Actor, upload_id: uuid.UUID, *, lock: bool = False) -> Upload:
    """An upload of the actor's agency. Raises NotFound, also for a foreign one."""
    return _own(session, actor, "upload", repository.one(session, Upload, upload_id, lock=lock))


def get_reading(session: Session, actor: Actor, reading_id: uuid.UUID) -> Reading:
    """A reading of the actor's agency. Raises NotFound, also for a foreign one."""
    return _own(session, actor, "reading", session.get(Reading, reading_id))


def _own(session: Session, actor: Actor, word: str, row: _Row | None) -> _Row:
    if row is None:
        raise NotFound(word)
    try:
        get_analysis(session, actor, row.analysis_id)
    except NotFound:
        raise NotFound(word) from None
    return row


def files_of_readings(session: Session, reading_ids: Iterable[uuid.UUID]) -> set[str]:
    """Names (sha-256) of the raw files these readings were read from. Scope the readings to their agency before."""
    rows = select(Upload.blob_sha256).join(Reading, col(Reading.upload_id) == col(Upload.id))
    return set(session.exec(rows.where(col(Reading.id).in_(list(reading_ids)))))


def readings_of_upload(session: Session, actor: Actor, upload_id: uuid.UUID) -> list[Reading]:
    """What was found in a file, in its order. Raises NotFound."""
    return repository.readings_of_upload(session, get_upload(session, actor, upload_id).id)


def readings_beside(
    session: Session, sample_ids: Iterable[uuid.UUID], kind: str, most: int
) -> list[tuple[Reading, uuid.UUID]]:
    """The newest readings of one kind, each the first of its file, with their samples. Scope the samples to their agency before."""
    query = select(Reading, Analysis.sample_id).join(Analysis, col(Analysis.id) == col(Reading.analysis_id))
    mine = (col(Analysis.sample_id).in_(list(sample_ids)), Reading.kind == kind, Reading.ordinal == 0)
    return list(session.exec(query.where(*mine).order_by(col(Reading.id).desc()).limit(most)))


def reading_with_match(session: Session, actor: Actor, reading_id: uuid.UUID) -> tuple[Reading, Match | None]:
    """A reading and its newest comparison. Raises NotFound."""
    row = get_reading(session, actor, reading_id)
    return row, repository.latest_matches(session, [row.id]).get(row.id)


def reading_with_answer(session: Session, actor: Actor, reading_id: uuid.UUID) -> tuple[Reading, Answer | None]:
    """A reading and what its newest comparison says. Raises NotFound."""
    row, match = reading_with_match(session, actor, reading_id)
    return row, answer_of(match)


def answer_upload(
    uow: UnitOfWork,
    upload_id: uuid.UUID,
    version: int,
    *,
    choice: int | None = None,
    hints: Mapping[str, str] | None = None,
    reason: str = "",
) -> Upload:
    """Answer what the reader asked (`choice` counts from 0), or say how the file is to be read (`hints`).

    A hint that is "" is taken back; those not named stay. The file is read again; what an earlier reading gave stays
    until then. Raises NotFound, Stale, Invalid, Conflict (the file waits already, its sample was withdrawn, or a result
    that was submitted stands on its reading).
    """
    row, sample = _to_read_again(uow, upload_id, version)
    return _said(uow, row, sample, _hints(row, choice, hints), reason)


def as_the_file_says(uow: UnitOfWork, upload_id: uuid.UUID, version: int, *, reason: str = "") -> Upload:
    """Take every answer and correction back and read the file again. Raises NotFound, Stale, Conflict."""
    row, sample = _to_read_again(uow, upload_id, version)
    if not row.hints:
        raise Conflict("Settings of this file are already detected automatically.")
    return _said(uow, row, sample, {}, reason)


def read_again(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> Upload:
    """Read a file that the server failed to read, with fresh tries. Raises NotFound, Stale, Conflict."""
    row, sample = _to_read_again(uow, upload_id, version)
    if (row.problem or {}).get("code") != READING_FAILED:
        raise Conflict("The server did not fail to read this file, so it is not read again. Nothing was changed.")
    reprocess_upload(uow, row, sample, keep=False)
    return row


def _to_read_again(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> tuple[Upload, samples.Sample]:
    """The file and its sample, held: a submission at the same moment comes before this or after."""
    analysis = get_analysis(uow.session, uow.actor, get_upload(uow.session, uow.actor, upload_id).analysis_id)
    sample = lookup.lock_sample(uow, analysis.sample_id)
    row = get_upload(uow.session, uow.actor, upload_id, lock=True)
    if row.version != version:
        raise Stale("upload")
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so its files are left as they are.")
    if row.state is UploadState.WAITING:
        raise Conflict("This file is being read already.", hint="Wait a moment. This page updates automatically.")
    _leave_what_stands(uow, [row.id], sample.id)
    return row, sample


def standing_result(uow: UnitOfWork, sample_id: uuid.UUID) -> str:
    """State, in a word, of a result of this sample that stands on its readings as they were submitted; "" where none does."""
    return next(iter(emit(uow, ReadingsInQuestion(sample_id))), "")


def _leave_what_stands(uow: UnitOfWork, upload_ids: Iterable[uuid.UUID], sample_id: uuid.UUID) -> None:
    """No reading is replaced under a result that was submitted (ADR 0009). Raises Conflict."""
    state = standing_result(uow, sample_id)
    if state and any(repository.readings_of_upload(uow.session, key) for key in upload_ids):
        raise Conflict(
            f"The result of this sample is {state} and based on this spectrum, so it cannot be read differently. "
            "Nothing was changed.",
            hint="Return or amend the result first, then correct the settings.",
        )


def _said(uow: UnitOfWork, row: Upload, sample: samples.Sample, hints: dict[str, str], reason: str) -> Upload:
    verb = "correct" if row.state is UploadState.READ else "answer"
    before, row.hints = dict(row.hints), hints
    row.corrected_by, row.corrected_at = (uow.actor.person_id, uow.now) if hints else (None, None)
    row.state = UploadState.WAITING
    row.problem = None
    row.version += 1
    audit.record(
        uow, verb, "upload", row.id, version=row.version, reason=reason, session_id=sample.session_id,
        before={"hints": before, "taken_as": taken_as(repository.readings_of_upload(uow.session, row.id))},
        after={"hints": hints},
    )  # fmt: skip
    _ask_to_read(uow, row, sample, "upload.answered")
    return row


def taken_as(rows: Iterable[Reading]) -> list[str]:
    """What the readings of a file were taken for, for the log: kind, x unit, y unit."""
    return [", ".join((row.kind, row.x_unit or "no x unit", row.y_unit or "no y unit")) for row in rows]


_CHOICES = TypeAdapter(list[Choice])


def _hints(row: Upload, choice: int | None, hints: Mapping[str, str] | None) -> dict[str, str]:
    """The hints of the file from now on."""
    if choice is not None:
        offered = _CHOICES.validate_python((row.problem or {}).get("choices", []))
        if not 0 <= choice < len(offered):
            raise Invalid("This is not one of the choices.", fields={"choice": "not offered"})
        return {**row.hints, **offered[choice].hints}
    given = dict(hints or {})
    if given.get("delimiter") == "tab":
        given["delimiter"] = TAB
    unknown = sorted(set(given) - set(HINTS))
    after = {key: value for key, value in {**row.hints, **given}.items() if value}
    if unknown or (after == row.hints and not any(given.values())):
        detail = f"There is no such hint: {', '.join(unknown)}." if unknown else "Choose the settings of the file."
        raise Invalid(detail, fields={"hints": "not accepted"}, hint="Known: " + ", ".join(HINTS) + ".")
    return after


def see_warnings(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> Upload:
    """A chemist has looked at the warnings of a file, so that something may rest on it. The warnings stay.

    Raises NotFound, Stale, Conflict (being read, or without warnings). Once seen they stay so until a reading of the
    file has a warning of another kind.
    """
    row = get_upload(uow.session, uow.actor, upload_id, lock=True)
    if row.version != version:
        raise Stale("upload")
    if row.state is UploadState.WAITING:
        raise Conflict("This file is being read again, so its warnings may change.", hint="Check them after that.")
    codes = codes_in(reading.remarks for reading in repository.readings_of_upload(uow.session, row.id))
    if not codes:
        raise Conflict("This file has no warnings to check.")
    if row.warnings_seen_at is not None:
        return row
    row.warnings_seen_by, row.warnings_seen_at = uow.actor.person_id, uow.now
    row.version += 1
    analysis = get_analysis(uow.session, uow.actor, row.analysis_id)
    sample = lookup.get_sample(uow.session, uow.actor, analysis.sample_id)
    audit.record(
        uow, "see_warnings", "upload", row.id, version=row.version, after={"codes": sorted(codes)},
        session_id=sample.session_id,
    )  # fmt: skip
    tell(uow, sample, "upload.warnings_seen", upload_id=row.id)
    in_question(uow, sample)
    return row


def reprocess_analysis(uow: UnitOfWork, analysis_id: uuid.UUID, *, keep: bool = False) -> int:
    """Reprocess every file of an analysis (read and compare it again), after its method was corrected or a library added.

    `keep`: what was read before stays where reading again fails. Raises NotFound, Conflict (a result that was submitted
    stands on one of its readings).
    """
    analysis = get_analysis(uow.session, uow.actor, analysis_id)
    sample = lookup.lock_sample(uow, analysis.sample_id)
    rows = [row for row in repository.uploads_of(uow.session, [analysis.id]) if row.state is UploadState.READ]
    _leave_what_stands(uow, [row.id for row in rows], sample.id)
    for row in rows:
        reprocess_upload(uow, row, sample, keep=keep)
    return len(rows)


def reprocess_each(
    database: Database, job_id: uuid.UUID, agency_id: uuid.UUID | None, analyses: Iterable[uuid.UUID]
) -> tuple[int, int]:
    """Reprocess many analyses from a job, one transaction each, so that none holds the others up.

    How many will be, and how many are left as they are: never under a result that was submitted (ADR 0009), never so that
    a reading would be lost (ADR 0010).
    """
    actor, asked, left = replace(SYSTEM, agency_id=agency_id), 0, 0
    for analysis_id in analyses:
        try:
            with database.begin(actor, request_id=f"job {job_id}") as uow:
                reprocess_analysis(uow, analysis_id, keep=True)
            asked += 1
        except (Conflict, NotFound):  # a result stands on it, or it went away in the meantime
            left += 1
    return asked, left


def reprocess_upload(
    uow: UnitOfWork,
    row: Upload,
    sample: samples.Sample,
    *,
    keep: bool,
    before: dict[str, list[str]] | None = None,
    reason: str = "",
) -> None:
    """Ask for one file to be read and compared again; the log keeps how it was `before`. The caller holds file and sample."""
    row.state, row.problem = UploadState.WAITING, None
    row.version += 1
    audit.record(
        uow, "reread", "upload", row.id, version=row.version, session_id=sample.session_id, before=before, reason=reason
    )
    _ask_to_read(uow, row, sample, "upload.answered", keep=keep)


def _ask_to_read(uow: UnitOfWork, row: Upload, sample: samples.Sample, kind: str, *, keep: bool = False) -> None:
    payload = {"upload_id": row.id, "sample_id": sample.id, "session_id": sample.session_id}
    enqueue(uow, JOB, payload | ({KEEP: True} if keep else {}), agency_id=sample.agency_id)
    tell(uow, sample, kind, upload_id=row.id)
