"""The screen on which a library is imported: a form, how far each import has come, and what it refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.library import service
from app.laboratory.library.web import ImportForm, arrivals_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.csv_text import csv_text
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from instruments import Y_UNITS

router = APIRouter(include_in_schema=False)

Admin = Annotated[Actor, allow(Role.ADMIN)]
Reader = Annotated[
    Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN)
]
Key = Annotated[str, Path(max_length=80)]
UNITS = tuple(
    (unit, unit) for unit in Y_UNITS if unit not in ("counts", "intensity", "relative intensity", "single beam")
)


@router.get("/libraries/import")
def import_page(request: Request, who: Admin, rt: RuntimeDep) -> HTMLResponse:
    """The form, and the latest imports."""
    return _page(request, rt, ImportForm())


@router.get("/libraries/import/part")
def import_part(request: Request, who: Admin, rt: RuntimeDep) -> HTMLResponse:
    """The latest imports alone, asked for every two seconds while one is under way."""
    with rt.read() as session:
        return rt.templates.page(request, "libraries/_imports.html", imports=service.imports(session))


@router.post("/libraries/import/files")
def import_file(
    request: Request,
    who: Admin,
    rt: RuntimeDep,
    form: Annotated[ImportForm, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Take a file in; the library is made of it by a job."""
    with shown_again(lambda error: _page(request, rt, form, error)):
        if file is None or not file.filename:
            raise Invalid("No file was chosen. What you typed is still here.", fields={"file": "Choose a file."})
        service.check_words(form.name, form.licence, form.source, form.y_unit)
        received = arrivals_of(rt).put(_chunks(file.file))
        key = f"{form.idempotency_key}-{received.sha256}" if form.idempotency_key else ""
        once, name = form_once(request, rt.pepper, key), file.filename
        with rt.begin(who, request) as uow:

            def create() -> dict[str, str]:
                row = service.ask_for_import(uow, received, name, form.name, form.licence, form.source, form.y_unit)
                return {"id": str(row.id)}

            once.run(uow, create)
    return RedirectResponse("/libraries/import", 303)


@router.get("/libraries/{key}/refusals.csv")
def refusals_csv(key: Key, who: Reader, rt: RuntimeDep) -> Response:
    """What an import refused (the first 5,000), as a table: file, spectrum, reason."""
    with rt.read() as session:
        view = service.get_library(session, rt.registry, key)
    return _download(csv_text(service.refusal_lines(view.refusals)), "text/csv; charset=utf-8", "refusals.csv")


@router.get("/libraries/{key}/refusals.json")
def refusals_json(key: Key, who: Reader, rt: RuntimeDep) -> Response:
    """What was refused at import, as JSON for a script."""
    with rt.read() as session:
        view = service.get_library(session, rt.registry, key)
    body = json.dumps({"library": view.name, "refused": view.n_refused, "refusals": list(view.refusals)})
    return _download(body, "application/json", "refusals.json")


def _download(body: str, media_type: str, name: str) -> Response:
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _page(request: Request, rt: Runtime, form: ImportForm, error: MastError | None = None) -> HTMLResponse:
    with rt.read() as session:
        rows = service.imports(session)
    return rt.templates.page(
        request, "libraries/import.html", status=status_of(error), imports=rows, typed=form, error=error,
        units=UNITS, fields=fields_of(error), key=form.idempotency_key or str(new_id()),
    )  # fmt: skip


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk
