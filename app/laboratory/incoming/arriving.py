"""Use case of an arrival: bytes that are durable on disk become one row, however often they are sent."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from dataclasses import dataclass

from app.intake.sessions import service as sessions
from app.laboratory.incoming import repository
from app.laboratory.incoming.deciding import give_to_sample
from app.laboratory.incoming.domain import IncomingState, suggest
from app.laboratory.incoming.listing import open_samples, sent_again_words
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings import service as readings
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.live.publish import publish
from app.platform.storage import Received
from instruments import printable

JOB = "read_incoming"


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
    return readings.clean_file_name(path), printable(folder, 200)


def arrive(uow: UnitOfWork, received: Received, arrival: Arrival) -> tuple[IncomingFile, bool]:
    """Remember an arrival and ask for it to be read: (the row, whether it is new).

    The same key again gives the row there is. Raises OtherBytes, NotFound (the session).
    """
    agency_id = uow.actor.agency_id
    if agency_id is None:
        raise NotFound("agency")
    if arrival.session_id is not None:
        sessions.get_session(uow.session, uow.actor, arrival.session_id)
    readings.keep_file(uow, received)
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
    is_new = repository.add_once(uow.session, fresh)
    row = repository.arrival(uow.session, agency_id, arrival.key)
    assert row is not None
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


def _begin(uow: UnitOfWork, row: IncomingFile, arrival: Arrival) -> None:
    # Not where it came from: that may be a person's name, and the audit log forgets nothing. The row has it.
    after = {"sha256": row.sha256, "size": row.size}
    audit.record(
        uow, "receive", "incoming_file", row.id, version=row.version, after=after, session_id=row.session_id
    )  # fmt: skip
    publish(
        uow, "incoming", "incoming.received", agency_id=row.agency_id, session_id=row.session_id,
        payload={"incoming_id": row.id},
    )  # fmt: skip
    found = suggest(row.file_name, open_samples(uow.session, uow.actor, uow.now, row.session_id))
    if arrival.attach and arrival.session_id is not None and found is not None and found.certain:
        give_to_sample(uow, row, found.sample.sample_id, None, by_name=True)
    enqueue(uow, JOB, {"incoming_id": row.id}, agency_id=row.agency_id)


def _bytes_are_back(uow: UnitOfWork, row: IncomingFile, name: str, folder: str) -> None:
    """It was set aside and its bytes deleted since: they are kept anew, and for the same time."""
    assert row.state is IncomingState.SET_ASIDE
    row.blob_sha256, row.removed_at, row.decided_at = row.sha256, None, uow.now
    row.file_name, row.folder, row.read_at = name, folder, None
    row.version += 1
    enqueue(uow, JOB, {"incoming_id": row.id}, agency_id=row.agency_id)
    audit.record(uow, "receive_again", "incoming_file", row.id, version=row.version, session_id=row.session_id)
