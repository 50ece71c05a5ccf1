"""The screen of history: send files with a map, see what is in them, import them, take an import back.

An administrator imports; a researcher sees where the counted samples come from.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.figures.history import report, service, uploads
from app.figures.history.tables import HistoryImportOut
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web import bodies
from app.platform.web.csv_text import csv_text
from app.platform.web.fields import Text140
from app.platform.web.forms import fields_of, shown_again
from app.screens.visits import Admin, Note, Version, Visit, visitor

router = APIRouter(prefix="/history", include_in_schema=False)

Reader = Annotated[Visit, visitor(Role.ADMIN, Role.RESEARCHER)]


@router.get("")
def overview(visit: Reader) -> HTMLResponse:
    """What was imported, and the form to send more."""
    return _overview(visit)


@router.get("/part")
def overview_part(visit: Admin) -> HTMLResponse:
    """What is on its way, alone; asked for every two seconds while something is."""
    with visit.rt.read() as session:
        return visit.page("history/_uploads.html", uploads=uploads.uploads(session, visit.who))


@router.post("/uploads/files")
def send(
    visit: Admin,
    map_file: Annotated[UploadFile | None, File(alias="map")] = None,
    files: Annotated[list[UploadFile] | None, File()] = None,
    idempotency_key: Annotated[Text140, Form()] = "",
) -> Response:
    """Take map and files in; a job reads them. Nothing is imported by this."""
    settings = visit.rt.settings
    with shown_again(lambda error: _overview(visit, error)):
        chosen = [file for file in files or () if file.filename]
        if len(chosen) > uploads.MAX_FILES:
            raise Invalid("Too many files.", fields={"files": f"{uploads.MAX_FILES} at most can be sent at once."})
        map_name = (map_file.filename if map_file else "") or ""
        text = uploads.map_text_of(map_file.file.read(uploads.MAX_MAP_BYTES + 1) if map_file else b"", map_name)
        store = uploads.arrivals(settings.blob_dir, settings.upload_max_bytes)
        sent = [uploads.Sent(uploads.file_name_of(f.filename or ""), store.put(bodies.pieces(f.file))) for f in chosen]
        with visit.begin() as uow:
            key = visit.once(uow, idempotency_key, lambda: uploads.take_in(uow, map_name, text, sent))
    return RedirectResponse(f"/history/uploads/{key}", 303)


@router.get("/uploads/{history_upload_id}")
def upload_page(history_upload_id: uuid.UUID, visit: Admin) -> HTMLResponse:
    """One of them: how far it is, its report, and what can be done."""
    return _upload(visit, history_upload_id)


@router.get("/uploads/{history_upload_id}/part")
def upload_part(history_upload_id: uuid.UUID, visit: Admin) -> HTMLResponse:
    """The part of an upload's page that changes while the upload is being worked on."""
    with visit.rt.read() as session:
        return visit.page("history/_upload.html", one=uploads.get_upload(session, visit.who, history_upload_id))


@router.get("/uploads/{history_upload_id}/problems.csv")
def problems_csv(history_upload_id: uuid.UUID, visit: Admin) -> Response:
    """What is wrong or worth knowing, a line each: file, line, column, value, why, how."""
    with visit.rt.read() as session:
        kept = uploads.get_upload(session, visit.who, history_upload_id).report
    return bodies.download(csv_text(report.lines_of(kept)), "history-problems.csv")


@router.post("/uploads/{history_upload_id}/import")
def confirm(history_upload_id: uuid.UUID, visit: Admin, version: Version = 0) -> Response:
    """Import what was checked."""
    return _step(visit, history_upload_id, lambda uow: uploads.confirm(uow, history_upload_id, version))


@router.post("/uploads/{history_upload_id}/drop")
def drop(history_upload_id: uuid.UUID, visit: Admin, version: Version = 0) -> Response:
    """Throw away what was sent and not imported."""
    return _step(visit, history_upload_id, lambda uow: uploads.drop(uow, history_upload_id, version), "/history")


@router.get("/imports/{history_import_id}/map.toml")
def map_of(history_import_id: uuid.UUID, visit: Admin) -> Response:
    """The map an import was made by. It spells out every word of the source, also one that stood in a single row."""
    with visit.rt.read() as session:
        text = service.map_of(session, visit.who, history_import_id)
    return bodies.download(text, "map.toml", "application/toml; charset=utf-8")


@router.post("/imports/{history_import_id}/undo")
def undo(history_import_id: uuid.UUID, visit: Admin, reason: Note = "") -> Response:
    """Take an import back."""
    with visit.work(lambda error: _overview(visit, error, about=history_import_id), but=NotFound) as uow:
        service.undo(uow, history_import_id, reason, visit.rt.pack)
    return RedirectResponse("/history#imports", 303)


def _step(visit: Visit, upload_id: uuid.UUID, step: Callable[[UnitOfWork], object], after: str = "") -> Response:
    with visit.work(lambda error: _upload(visit, upload_id, error)) as uow:
        step(uow)
    return RedirectResponse(after or f"/history/uploads/{upload_id}", 303)


def _upload(visit: Visit, upload_id: uuid.UUID, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        return visit.page("history/upload.html", one=uploads.get_upload(session, visit.who, upload_id), error=error)


def _overview(visit: Visit, error: MastError | None = None, about: uuid.UUID | None = None) -> HTMLResponse:
    admin = visit.who.has(Role.ADMIN)
    with visit.rt.read() as session:
        return visit.page(
            "history/history.html",
            uploads=uploads.uploads(session, visit.who) if admin else [],
            imports=[(row, HistoryImportOut.of(row, exact=admin)) for row in service.imports(session, visit.who)],
            may_import=admin,
            error=error,
            about=about,
            fields=fields_of(error),
            key=str(new_id()),
        )
