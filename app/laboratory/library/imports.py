"""Imports asked for on the screen: the file is durable first, a job makes the library, the row says how far it is.

Libraries belong to the installation, so every administrator sees every import. Nothing is half imported: the library is
there with the row of `library`, or not at all, and the raw file goes once it is not needed any more.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.laboratory.library.domain import ImportState
from app.laboratory.library.importing import Imported, check_words
from app.laboratory.library.tables import LibraryImport
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Received
from instruments import printable

JOB = "library_import"
SHOWN = 20


def arrivals(blob_dir: Path, max_bytes: int) -> BlobStore:
    """Where files wait for their import, apart from those of samples and from those a library is made of."""
    return BlobStore(blob_dir / "library-arrivals", max_bytes=max_bytes)


def ask_for_import(
    uow: UnitOfWork, received: Received, file_name: str, name: str, licence: str, source: str, y_unit: str = ""
) -> LibraryImport:
    """Note an import and have it carried out. Raises Invalid (words), Conflict (one of this name is on its way)."""
    name, licence, source = name.strip(), licence.strip(), source.strip()
    check_words(name, licence, source, y_unit)
    if _under_way(uow.session, name):
        raise Conflict(
            f"A library called {name} is being imported at this moment. Nothing was started.",
            hint="Wait until it is there, or choose another name.",
        )
    row = LibraryImport(
        agency_id=uow.actor.agency_id, person_id=uow.actor.person_id, name=name, licence=licence, source=source,
        y_unit=y_unit, file_name=printable(file_name, 200) or "a file", blob_sha256=received.sha256, size=received.size,
        created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"name": name, "licence": licence, "source": source, "sha256": received.sha256, "size": received.size}
    audit.record(uow, "ask_for_import", "library_import", row.id, after=after)
    enqueue(uow, JOB, {"import_id": row.id}, agency_id=uow.actor.agency_id)
    tell(uow, row)
    return row


def _under_way(session: Session, name: str) -> bool:
    waits = select(func.count()).select_from(LibraryImport).where(
        LibraryImport.name == name, col(LibraryImport.state).in_([ImportState.WAITING, ImportState.RUNNING])
    )  # fmt: skip
    return bool(session.exec(waits).one())


def tell(uow: UnitOfWork, row: LibraryImport) -> None:
    """Tell open screens of it."""
    publish(
        uow, "library", "library.import", payload={"import_id": row.id, "state": row.state.value, "done": row.done}
    )  # fmt: skip


def imports(session: Session, limit: int = SHOWN) -> list[LibraryImport]:
    """The latest imports, newest first."""
    return list(session.exec(select(LibraryImport).order_by(col(LibraryImport.id).desc()).limit(limit)))


def get_import(session: Session, import_id: uuid.UUID, *, lock: bool = False) -> LibraryImport:
    """One import. Raises NotFound."""
    row = session.get(LibraryImport, import_id, populate_existing=lock, with_for_update=lock or None)
    if row is None:
        raise NotFound("import")
    return row


def wanted(session: Session, sha256: str) -> bool:
    """Whether an import that has not ended still needs this file."""
    rows = session.exec(select(LibraryImport).where(LibraryImport.blob_sha256 == sha256))
    return any(not row.state.ended for row in rows)


def report_of(made: Imported) -> dict[str, Any]:
    """What is kept of an import in numbers and words; the refusals stand with the library."""
    return {
        "read": made.n_read, "accepted": made.n_accepted, "merged": made.n_merged, "refused": made.n_refused,
        "already_there": made.already_there, "summary": made.summary(),
    }  # fmt: skip
