"""Use cases of files sent on the screen: take them in, import what was checked, drop it.

The files are durable first; a job reads and checks them, and nothing is counted before somebody has seen its report and
said so. History belongs to the installation, so every administrator sees every upload.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from app.figures.history.domain import UploadState
from app.figures.history.mapping import parse_map
from app.figures.history.tables import HistoryUpload
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.errors import Invalid, NotFound, Refused
from app.platform.kernel.versions import check_version
from app.platform.storage import BlobStore, Received
from instruments import printable

READ, WRITE = "history_read", "history_write"
MAX_FILES = 5
MAX_MAP_BYTES = 512 * 1024
SHOWN = 20


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
        agency_id=uow.actor.agency_id, person_id=uow.actor.person_id,
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
        raise Refused(["It is being worked on, or it was imported: an import is taken back, not dropped."])
    row.state, row.ended_at = UploadState.DROPPED, uow.now
    audit.record(uow, "drop", "history_upload", row.id, version=row.version)
    return row


def _changing(uow: UnitOfWork, upload_id: uuid.UUID, version: int) -> HistoryUpload:
    row = get_upload(uow.session, upload_id, lock=True)
    check_version("upload", version, row.version)
    row.version += 1
    return row


def uploads(session: Session, limit: int = SHOWN) -> list[HistoryUpload]:
    """The latest, newest first, without those that were dropped."""
    query = select(HistoryUpload).where(HistoryUpload.state != UploadState.DROPPED)
    return list(session.exec(query.order_by(col(HistoryUpload.id).desc()).limit(limit)))


def get_upload(session: Session, upload_id: uuid.UUID, *, lock: bool = False) -> HistoryUpload:
    """One of them. Raises NotFound."""
    row = session.get(HistoryUpload, upload_id, populate_existing=lock, with_for_update=lock or None)
    if row is None:
        raise NotFound("upload")
    return row


def wanted(session: Session) -> set[str]:
    """Hashes of files that are still needed."""
    rows = session.exec(select(HistoryUpload).where(col(HistoryUpload.ended_at).is_(None)))
    return {str(file["sha256"]) for row in rows for file in row.files}
