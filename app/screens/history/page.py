"""The screen of history: send files with a map, see what is in them, import them, take an import back.

An administrator imports; a researcher sees where the counted samples come from.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.figures.history import report, service, uploads
from app.figures.history.schemas import HistoryImportOut
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.csv_text import csv_text
from app.platform.web.fields import Note200, Text140
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/history", include_in_schema=False)

Admin = Annotated[Actor, allow(Role.ADMIN)]
Reader = Annotated[Actor, allow(Role.ADMIN, Role.RESEARCHER)]
Version = Annotated[int, Form(ge=0, lt=2**31)]


@router.get("")
def overview(request: Request, who: Reader, rt: RuntimeDep) -> HTMLResponse:
    """What was imported, and the form to send more."""
    return _overview(request, rt, who)


@router.get("/part")
def overview_part(request: Request, who: Admin, rt: RuntimeDep) -> HTMLResponse:
    """What is on its way, alone; asked for every two seconds while something is."""
    with rt.read() as session:
        return rt.templates.page(request, "history/_uploads.html", uploads=uploads.uploads(session))


@router.post("/uploads/files")
def send(
    request: Request,
    who: Admin,
    rt: RuntimeDep,
    map_file: Annotated[UploadFile | None, File(alias="map")] = None,
    files: Annotated[list[UploadFile] | None, File()] = None,
    idempotency_key: Annotated[Text140, Form()] = "",
) -> Response:
    """Take map and files in; a job reads them. Nothing is imported by this."""
    with shown_again(lambda error: _overview(request, rt, who, error)):
        chosen = [file for file in files or () if file.filename]
        if len(chosen) > uploads.MAX_FILES:
            raise Invalid("Too many files.", fields={"files": f"{uploads.MAX_FILES} at most can be sent at once."})
        map_name = (map_file.filename if map_file else "") or ""
        text = uploads.map_text_of(map_file.file.read(uploads.MAX_MAP_BYTES + 1) if map_file else b"", map_name)
        store = uploads.arrivals(rt.settings.blob_dir, rt.settings.upload_max_bytes)
        sent = [uploads.Sent(uploads.file_name_of(f.filename or ""), store.put(_chunks(f.file))) for f in chosen]
        once = form_once(request, rt.pepper, idempotency_key)
        with rt.begin(who, request) as uow:
            answer = once.run(uow, lambda: {"id": uploads.take_in(uow, map_name, text, sent).id})
    return RedirectResponse(f"/history/uploads/{json.loads(bytes(answer.body))['id']}", 303)


@router.get("/uploads/{history_upload_id}")
def upload_page(history_upload_id: uuid.UUID, request: Request, who: Admin, rt: RuntimeDep) -> HTMLResponse:
    """One of them: how far it is, its report, and what can be done."""
    return _upload(request, rt, history_upload_id)


@router.get("/uploads/{history_upload_id}/part")
def upload_part(history_upload_id: uuid.UUID, request: Request, who: Admin, rt: RuntimeDep) -> HTMLResponse:
    """The part of an upload's page that changes while the upload is being worked on."""
    with rt.read() as session:
        row = uploads.get_upload(session, history_upload_id)
        return rt.templates.page(request, "history/_upload.html", one=row)


@router.get("/uploads/{history_upload_id}/problems.csv")
def problems_csv(history_upload_id: uuid.UUID, who: Admin, rt: RuntimeDep) -> Response:
    """What is wrong or worth knowing, a line each: file, line, column, value, why, how."""
    with rt.read() as session:
        kept = uploads.get_upload(session, history_upload_id).report
    return _download(csv_text(report.lines_of(kept)), "text/csv; charset=utf-8", "history-problems.csv")


@router.post("/uploads/{history_upload_id}/import")
def confirm(
    history_upload_id: uuid.UUID, request: Request, who: Admin, rt: RuntimeDep, version: Version = 0
) -> Response:
    """Import what was checked."""
    return _step(request, rt, history_upload_id, lambda uow: uploads.confirm(uow, history_upload_id, version), who)


@router.post("/uploads/{history_upload_id}/drop")
def drop(history_upload_id: uuid.UUID, request: Request, who: Admin, rt: RuntimeDep, version: Version = 0) -> Response:
    """Throw away what was sent and not imported."""
    return _step(
        request, rt, history_upload_id, lambda uow: uploads.drop(uow, history_upload_id, version), who, "/history"
    )


@router.get("/imports/{history_import_id}/map.toml")
def map_of(history_import_id: uuid.UUID, who: Admin, rt: RuntimeDep) -> Response:
    """The map an import was made by. It spells out every word of the source, also one that stood in a single row."""
    with rt.read() as session:
        row = service.get_import(session, history_import_id)
        return _download(row.map_text, "application/toml; charset=utf-8", "map.toml")


@router.post("/imports/{history_import_id}/undo")
def undo(
    history_import_id: uuid.UUID,
    request: Request,
    who: Admin,
    rt: RuntimeDep,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Take an import back."""
    with (
        shown_again(lambda error: _overview(request, rt, who, error, about=history_import_id)),
        rt.begin(who, request) as uow,
    ):
        service.undo(uow, history_import_id, reason, rt.pack)
    return RedirectResponse("/history#imports", 303)


def _step(
    request: Request,
    rt: Runtime,
    upload_id: uuid.UUID,
    step: Callable[[UnitOfWork], object],
    who: Actor,
    after: str = "",
) -> Response:
    with shown_again(lambda error: _upload(request, rt, upload_id, error)), rt.begin(who, request) as uow:
        step(uow)
    return RedirectResponse(after or f"/history/uploads/{upload_id}", 303)


def _upload(request: Request, rt: Runtime, upload_id: uuid.UUID, error: MastError | None = None) -> HTMLResponse:
    with rt.read() as session:
        row = uploads.get_upload(session, upload_id)
        return rt.templates.page(request, "history/upload.html", status=status_of(error), one=row, error=error)


def _overview(
    request: Request, rt: Runtime, who: Actor, error: MastError | None = None, about: uuid.UUID | None = None
) -> HTMLResponse:
    admin = who.has(Role.ADMIN)
    with rt.read() as session:
        return rt.templates.page(
            request,
            "history/history.html",
            status=status_of(error),
            uploads=uploads.uploads(session) if admin else [],
            imports=[(row, HistoryImportOut.of(row, exact=admin)) for row in service.imports(session)],
            may_import=admin,
            error=error,
            about=about,
            fields=fields_of(error),
            key=str(new_id()),
        )


def _download(body: str, media_type: str, name: str) -> Response:
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk
