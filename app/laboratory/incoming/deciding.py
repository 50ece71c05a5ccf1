"""Use cases of a decision about a file: give it to a sample, set it aside, bring it back, take it from a sample again."""

from __future__ import annotations

import uuid

from app.intake.samples import service as samples
from app.laboratory.identification.domain import Method
from app.laboratory.incoming import repository
from app.laboratory.incoming.domain import IncomingState, SetAsideReason
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings import service as readings
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from app.platform.storage import Received

WRONG_SAMPLE = "This file belongs to another sample."


def attach(
    uow: UnitOfWork,
    incoming_id: uuid.UUID,
    version: int,
    sample_id: uuid.UUID,
    method: Method | None = None,
) -> IncomingFile:
    """Give a waiting file to a sample: an analysis and an upload are made, which is read as any other.

    Raises NotFound, Stale, Conflict (already decided, withdrawn sample).
    """
    row = _lock(uow, incoming_id, version)
    _expect(row, IncomingState.WAITING)
    give_to_sample(uow, row, sample_id, method, by_name=False)
    return row


def give_to_sample(
    uow: UnitOfWork, row: IncomingFile, sample_id: uuid.UUID, method: Method | None, *, by_name: bool
) -> None:
    """Give a waiting file, whose row is held, to a sample."""
    assert row.blob_sha256 is not None
    received = Received(row.blob_sha256, row.size)
    upload = readings.record_upload_for_sample(uow, sample_id, received, row.file_name, method)
    sample = samples.get_sample(uow.session, uow.actor, sample_id)
    row.sample_id, row.upload_id, row.by_name = sample_id, upload.id, by_name
    after = {"sample_id": str(sample_id), "upload_id": str(upload.id)}
    reason = "attached from its name" if by_name else ""
    _decided(uow, row, IncomingState.ATTACHED, "attach", after, reason=reason, session_id=sample.session_id)


def set_aside(uow: UnitOfWork, incoming_id: uuid.UUID, version: int, reason: SetAsideReason) -> IncomingFile:
    """A file that belongs to no sample. Its bytes are deleted some time later. Raises NotFound, Stale, Conflict."""
    row = _lock(uow, incoming_id, version)
    _expect(row, IncomingState.WAITING)
    row.set_aside_reason = reason
    _decided(uow, row, IncomingState.SET_ASIDE, "set_aside", {"reason": reason.value})
    return row


def restore(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> IncomingFile:
    """Let a file that was set aside wait again. Raises NotFound, Stale, Conflict (its bytes are gone)."""
    row = _lock(uow, incoming_id, version)
    _expect(row, IncomingState.SET_ASIDE)
    if row.blob_sha256 is None:
        raise Conflict(
            "This file was set aside and its bytes have been deleted since, so it cannot be used any more.",
            hint="Send it again from the instrument's computer; then restore it.",
        )
    row.set_aside_reason = None
    _decided(uow, row, IncomingState.WAITING, "restore", {})
    return row


def take_back(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> tuple[IncomingFile, bool]:
    """A file went to the wrong sample: its analysis there is marked to be repeated, so that nothing rests on it any
    more, and the file waits again. Nothing is erased; also told is whether a result still stands on the file, which
    this does not change. Raises NotFound, Stale, Conflict.
    """
    row = _lock(uow, incoming_id, version)
    _expect(row, IncomingState.ATTACHED)
    assert row.upload_id is not None
    upload = readings.get_upload(uow.session, uow.actor, row.upload_id)
    analysis = readings.get_analysis(uow.session, uow.actor, upload.analysis_id, lock=True)
    changes = {"status": readings.AnalysisStatus.REPEAT, "observation": WRONG_SAMPLE}
    readings.update_analysis(uow, analysis.id, analysis.version, changes, reason="file taken back")
    before = {"sample_id": str(row.sample_id), "upload_id": str(row.upload_id)}
    session_id = samples.get_sample(uow.session, uow.actor, analysis.sample_id).session_id
    row.sample_id, row.upload_id, row.by_name = None, None, False
    _decided(uow, row, IncomingState.WAITING, "take_back", {}, before=before, session_id=session_id)
    return row, bool(readings.standing_result(uow, analysis.sample_id))


def _lock(uow: UnitOfWork, incoming_id: uuid.UUID, version: int) -> IncomingFile:
    agency_id = uow.actor.agency_id
    row = repository.file_of_agency(uow.session, agency_id, incoming_id, lock=True) if agency_id else None
    if row is None:
        raise NotFound("file")
    check_version("file", version, row.version)
    return row


_IS = {
    IncomingState.WAITING: "waits to be attached",
    IncomingState.ATTACHED: "is attached to a sample already",
    IncomingState.SET_ASIDE: "was set aside",
}


def _expect(row: IncomingFile, state: IncomingState) -> None:
    if row.state is not state:
        raise Conflict(
            f"This file {_IS[row.state]}, so this was not done. The file is unharmed.", hint="Look at the list again."
        )


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
    publish(
        uow, "incoming", f"incoming.{verb}", agency_id=row.agency_id, session_id=row.session_id,
        payload={"incoming_id": row.id},
    )  # fmt: skip
