"""Use cases of files from instruments: an arrival becomes one row, is shown, and a person decides what it belongs to."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.samples import lookup, queue, substances
from app.intake.sessions import service as sessions
from app.laboratory.identification.domain import Method
from app.laboratory.incoming.domain import STILL_STANDS, IncomingState, OpenSample, SetAsideReason, Suggestion, suggest
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings import analyses, domain, uploads
from app.laboratory.readings.uploads import READING_FAILED
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.jobs import enqueue
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Conflict
from app.platform.kernel.sample_numbers import sample_number
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from app.platform.storage import Received
from harm_messages.register import Register
from instruments import printable

__all__ = ["STILL_STANDS", "IncomingFile", "IncomingState", "SetAsideReason"]

JOB = "read_incoming"
WRONG_SAMPLE = "This file belongs to another sample."


class OtherBytes(Conflict):
    """An arrival key that was used for other bytes."""

    code = "other_bytes"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the sender says about a file. `attach`: to the open sample of `session_id` its name speaks of."""

    key: str
    file_name: str
    origin: str = ""
    session_id: uuid.UUID | None = None
    attach: bool = False


def arrival_key(given: str, person_id: uuid.UUID | None, idempotency_key: str) -> str:
    """The sender's own key; else one made from the Idempotency-Key, whose promise then never ends; else a fresh one."""
    if given:
        return given
    if idempotency_key:
        return hashlib.sha256(f"{person_id}|{idempotency_key}".encode()).hexdigest()
    return secrets.token_hex(32)


def split_path(path: str) -> tuple[str, str]:
    """The file's name and the folder it lay in, both fit to show. Neither ever reaches the disk."""
    parts = [p for p in unicodedata.normalize("NFC", path).replace("\\", "/").split("/") if p.strip(". ")]
    folder = "/".join(parts[:-1])
    if len(folder) > 200:
        folder = "…" + folder[-199:]
    return uploads.clean_file_name(path), printable(folder, 200)


def arrive(uow: UnitOfWork, received: Received, arrival: Arrival) -> tuple[IncomingFile, bool]:
    """Remember an arrival and ask for it to be read: (the row, whether it is new).

    The same key again gives the row there is. Raises OtherBytes, NotFound (the session).
    """
    agency_id = agency_of(uow.actor)
    if arrival.session_id is not None:
        sessions.get_session(uow.session, uow.actor, arrival.session_id)
    uploads.keep_file(uow, received)
    name, folder = split_path(arrival.file_name)
    fresh = IncomingFile(
        agency_id=agency_id,
        arrival_key=arrival.key,
        sha256=received.sha256,
        blob_sha256=received.sha256,
        size=received.size,
        file_name=name,
        folder=folder,
        origin=arrival.origin,
        session_id=arrival.session_id,
        received_at=uow.now,
        received_by=uow.actor.person_id,
    )
    row, is_new = _add_once(uow.session, fresh)
    if is_new:
        _begin(uow, row, arrival)
    elif row.sha256 != received.sha256:
        raise OtherBytes(
            f"Under this arrival key another file came before, so this one was not kept. {sent_again_words(row)}",
            hint="A file that changed is a new arrival: send it with a key of its own.",
        )
    elif row.blob_sha256 is None:
        _bytes_are_back(uow, row, name, folder)
    return row, is_new


def _add_once(session: Session, row: IncomingFile) -> tuple[IncomingFile, bool]:
    """The row under its arrival key, and whether it was not there; the same arrival twice at one instant is one row."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(IncomingFile).values(**row.model_dump()).on_conflict_do_nothing().returning(col(IncomingFile.id))
    is_new = session.connection().execute(statement).first() is not None
    same_key = (IncomingFile.agency_id == row.agency_id, IncomingFile.arrival_key == row.arrival_key)
    return session.exec(select(IncomingFile).where(*same_key)).one(), is_new


def _begin(uow: UnitOfWork, row: IncomingFile, arrival: Arrival) -> None:
    # Not where it came from: that may be a person's name, and the audit log forgets nothing. The row has it.
    after = {"sha256": row.sha256, "size": row.size}
    audit.record(uow, "receive", "incoming_file", row.id, version=row.version, after=after, session_id=row.session_id)
    tell(uow, row, "received")
    found = suggest(row.file_name, open_samples(uow.session, uow.actor, uow.now, row.session_id))
    if arrival.attach and arrival.session_id is not None and found is not None and found.certain:
        _give_to_sample(uow, row, found.sample.sample_id, None, by_name=True)
    enqueue(uow, JOB, {"incoming_id": row.id}, agency_id=row.agency_id)


def _bytes_are_back(uow: UnitOfWork, row: IncomingFile, name: str, folder: str) -> None:
    """It was set aside and its bytes deleted since: they are kept again, and for the same time."""
    assert row.state is IncomingState.SET_ASIDE
    row.blob_sha256, row.removed_at, row.decided_at = row.sha256, None, uow.now
    row.file_name, row.folder, row.read_at = name, folder, None
    row.version += 1
    enqueue(uow, JOB, {"incoming_id": row.id}, agency_id=row.agency_id)
    audit.record(uow, "receive_again", "incoming_file", row.id, version=row.version, session_id=row.session_id)


# -- deciding


def attach(
    uow: UnitOfWork,
    incoming_id: uuid.UUID,
    version: int,
    sample_id: uuid.UUID,
    method: Method | None = None,
    *,
    by_name: bool = False,
) -> IncomingFile:
    """Give a waiting file to a sample: an analysis and an upload are made, which is read as any other. `by_name`: its name
    says which sample.

    Raises NotFound, Stale, Conflict (already decided, withdrawn sample).
    """
    row = _held(uow, incoming_id, version, IncomingState.WAITING)
    _give_to_sample(uow, row, sample_id, method, by_name=by_name)
    return row


def _give_to_sample(
    uow: UnitOfWork, row: IncomingFile, sample_id: uuid.UUID, method: Method | None, *, by_name: bool
) -> None:
    """Give a waiting file, whose row is held, to a sample."""
    assert row.blob_sha256 is not None
    received = Received(row.blob_sha256, row.size)
    upload = uploads.record_upload_for_sample(uow, sample_id, received, row.file_name, method)
    sample = lookup.get_sample(uow.session, uow.actor, sample_id)
    row.sample_id, row.upload_id, row.by_name = sample_id, upload.id, by_name
    after = {"sample_id": str(sample_id), "upload_id": str(upload.id)}
    reason = "attached from its name" if by_name else ""
    _decided(uow, row, IncomingState.ATTACHED, "attach", after, reason=reason, session_id=sample.session_id)


def set_aside(uow: UnitOfWork, incoming_id: uuid.UUID, version: int, reason: SetAsideReason) -> IncomingFile:
    """A file that belongs to no sample. Its bytes are deleted some time later. Raises NotFound, Stale, Conflict."""
    row = _held(uow, incoming_id, version, IncomingState.WAITING)
    row.set_aside_reason = reason
    _decided(uow, row, IncomingState.SET_ASIDE, "set_aside", {"reason": reason.value})
    return row


def restore(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> IncomingFile:
    """Let a file that was set aside wait again. Raises NotFound, Stale, Conflict (its bytes are gone)."""
    row = _held(uow, incoming_id, version, IncomingState.SET_ASIDE)
    if row.blob_sha256 is None:
        raise Conflict(
            "This file was set aside and has been deleted since.",
            hint="Send it again from the instrument's computer, then restore it.",
        )
    row.set_aside_reason = None
    _decided(uow, row, IncomingState.WAITING, "restore", {})
    return row


def read_again(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> IncomingFile:
    """Read a waiting file that the server failed to read, with fresh tries. Raises NotFound, Stale, Conflict."""
    row = _held(uow, incoming_id, version, IncomingState.WAITING)
    if (row.problem or {}).get("code") != READING_FAILED:
        raise Conflict("The server did not fail to read this file, so it is not read again. Nothing was changed.")
    row.problem, row.read_at = None, None
    row.version += 1
    enqueue(uow, JOB, {"incoming_id": row.id}, agency_id=row.agency_id)
    audit.record(uow, "reread", "incoming_file", row.id, version=row.version, session_id=row.session_id)
    tell(uow, row, "read_again")
    return row


def take_back(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> tuple[IncomingFile, bool]:
    """A file went to the wrong sample: its analysis there is marked to be repeated, so that nothing rests on it any
    more, and the file waits again. Nothing is erased; also told is whether a result still stands on the file, which
    this does not change. Raises NotFound, Stale, Conflict.
    """
    row = _held(uow, incoming_id, version, IncomingState.ATTACHED)
    assert row.upload_id is not None
    upload = uploads.get_upload(uow.session, uow.actor, row.upload_id)
    analysis = analyses.get_analysis(uow.session, uow.actor, upload.analysis_id, lock=True)
    changes = {"status": domain.AnalysisStatus.REPEAT, "observation": WRONG_SAMPLE}
    analyses.update_analysis(uow, analysis.id, analysis.version, changes, reason="file taken back")
    before = {"sample_id": str(row.sample_id), "upload_id": str(row.upload_id)}
    session_id = lookup.get_sample(uow.session, uow.actor, analysis.sample_id).session_id
    row.sample_id, row.upload_id, row.by_name = None, None, False
    _decided(uow, row, IncomingState.WAITING, "take_back", {}, before=before, session_id=session_id)
    return row, bool(uploads.standing_result(uow, analysis.sample_id))


_IS = {
    IncomingState.WAITING: "waits to be attached",
    IncomingState.ATTACHED: "is attached to a sample already",
    IncomingState.SET_ASIDE: "was set aside",
}


def _held(uow: UnitOfWork, incoming_id: uuid.UUID, version: int, state: IncomingState) -> IncomingFile:
    """The file, held until the transaction ends, if it stands where a decision takes it from."""
    row = row_of(uow.session, IncomingFile, uow.actor.agency_id, incoming_id, "file", lock=True)
    check_version("file", version, row.version)
    if row.state is not state:
        raise Conflict(f"This file {_IS[row.state]}, so nothing was changed.", hint="Check the list again.")
    return row


def _decided(
    uow: UnitOfWork,
    row: IncomingFile,
    state: IncomingState,
    verb: str,
    after: dict[str, str],
    *,
    before: dict[str, str] | None = None,
    reason: str = "",
    session_id: uuid.UUID | None = None,
) -> None:
    row.state, row.decided_by, row.decided_at = state, uow.actor.person_id, uow.now
    row.version += 1
    audit.record(
        uow, verb, "incoming_file", row.id, version=row.version, before=before, after=after or None, reason=reason,
        session_id=session_id or row.session_id,
    )  # fmt: skip
    tell(uow, row, verb)


def tell(uow: UnitOfWork, row: IncomingFile, what: str) -> None:
    """Tell open screens what happened to a file."""
    about = {"incoming_id": row.id}
    publish(uow, "incoming", f"incoming.{what}", agency_id=row.agency_id, session_id=row.session_id, payload=about)


# -- what is shown


@dataclass(frozen=True, slots=True)
class IncomingView:
    """One file as it is shown. `twins` are names under which the same bytes arrived too."""

    row: IncomingFile
    suggestion: Suggestion | None = None
    sample_label: str = ""
    sender: str = ""
    twins: tuple[str, ...] = ()
    earlier_version: bool = False

    @property
    def message(self) -> str:
        """One sentence: what became of it."""
        if self.row.state is IncomingState.ATTACHED:
            how = ", from its name" if self.row.by_name else ""
            which = f"sample {self.sample_label}" if self.sample_label else "a sample"
            return f"Received and stored. Assigned to {which}{how}."
        if self.row.state is IncomingState.SET_ASIDE:
            return sent_again_words(self.row)
        if self.row.problem is not None:
            return f"Received and stored, but it cannot be read as it is. {self.row.problem.get('detail', '')}".strip()
        return "Received and stored. It waits to be assigned to a sample."


def sent_again_words(row: IncomingFile) -> str:
    """What became of a file that is here already."""
    if row.state is IncomingState.SET_ASIDE:
        why = row.set_aside_reason.words if row.set_aside_reason else "no reason given"
        gone = " Its bytes were deleted since." if row.blob_sha256 is None else ""
        return f"{row.file_name} was set aside ({why}).{gone}"
    return f"{row.file_name} arrived before."


def open_samples(
    session: Session,
    actor: Actor,
    now: datetime,
    session_id: uuid.UUID | None = None,
    register: Register | None = None,
) -> list[OpenSample]:
    """Samples a file may belong to: of the sessions that are open now (or of that one), neither told nor withdrawn."""
    found = []
    for s in sessions.sessions_now(session, actor, now):
        if session_id not in (None, s.id):
            continue
        for row in queue.queue(session, actor, s.id, now=now):
            expected = ", ".join(substances.labels(register, row.expected)) if register is not None else ""
            words = ", ".join(filter(None, (expected or row.words_spoken, row.form.value)))
            found.append(OpenSample(row.id, row.number, s.id, s.name, words))
    return found


def get_incoming(session: Session, actor: Actor, incoming_id: uuid.UUID) -> IncomingFile:
    """A file of the actor's agency. Raises NotFound, also for a foreign one."""
    return row_of(session, IncomingFile, actor.agency_id, incoming_id, "file")


def incoming_page(
    session: Session,
    actor: Actor,
    *,
    state: IncomingState | None = None,
    arrival: str = "",
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[IncomingFile]:
    """Files of the actor's agency, newest first."""
    where = [col(IncomingFile.agency_id) == actor.agency_id]
    if state is not None:
        where.append(col(IncomingFile.state) == state)
    if arrival:
        where.append(col(IncomingFile.arrival_key) == arrival)
    return newest(session, IncomingFile, *where, before=before, limit=limit)


def counts(session: Session, actor: Actor) -> dict[IncomingState, int]:
    """How many files stand where."""
    query = select(IncomingFile.state, sa.func.count()).where(IncomingFile.agency_id == actor.agency_id)
    counted = session.exec(query.group_by(col(IncomingFile.state)))
    return dict.fromkeys(IncomingState, 0) | {IncomingState(state): count for state, count in counted}


def views(
    session: Session, actor: Actor, rows: Sequence[IncomingFile], candidates: Sequence[OpenSample]
) -> list[IncomingView]:
    """Rows with what is known around them. The suggestion is today's: a sample told in the meantime is not offered."""
    if not rows or actor.agency_id is None:
        return []
    same_bytes = col(IncomingFile.sha256).in_({row.sha256 for row in rows})
    same_name = col(IncomingFile.file_name).in_({row.file_name for row in rows})
    query = select(IncomingFile).where(IncomingFile.agency_id == actor.agency_id, sa.or_(same_bytes, same_name))
    around = session.exec(query.order_by(col(IncomingFile.id).desc()).limit(2000)).all()
    names = people.display_names(session, (row.received_by for row in rows))
    return [
        IncomingView(
            row=row,
            suggestion=(
                suggest(row.file_name, (c for c in candidates if row.session_id in (None, c.session_id)))
                if row.state is IncomingState.WAITING
                else None
            ),
            sample_label=(
                sample_number(lookup.get_sample(session, actor, row.sample_id).number)
                if row.sample_id is not None
                else ""
            ),
            sender=names.get(row.received_by, "") if row.received_by else "",
            twins=tuple(sorted({o.file_name for o in around if o.sha256 == row.sha256 and o.id != row.id})[:3]),
            earlier_version=any(_came_before(row, other) for other in around),
        )
        for row in rows
    ]


def _came_before(row: IncomingFile, other: IncomingFile) -> bool:
    """Whether `other` came earlier from the same place under the same name with other content: the instrument wrote the file again."""
    same = (other.origin, other.folder, other.file_name) == (row.origin, row.folder, row.file_name)
    return same and other.sha256 != row.sha256 and other.id < row.id
