"""Pages of the controls of batches: the list, keeping one from a file or from the incoming ones, withdrawing one."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.incoming import service as incoming
from app.laboratory.readings import service as readings
from app.laboratory.standards import service, web
from app.laboratory.standards.forms import ControlForm
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.storage import Received
from app.platform.web import bodies
from app.platform.web.fields import Note200, Text40
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
LIMIT = 50
DONE = {
    "kept": "Kept. Runs of its batch are compared again where no result stands on them.",
    "withdrawn": "Withdrawn. Runs of its batch are compared again without it.",
}


@router.get("/standards/controls")
def controls_page(
    request: Request,
    who: Bench,
    rt: RuntimeDep,
    batch: Annotated[Text40, Query()] = "",
    incoming_id: Annotated[uuid.UUID | None, Query(alias="incoming")] = None,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Every control; with `incoming` the form for a waiting file from an instrument."""
    typed = ControlForm(incoming=str(incoming_id)) if incoming_id else None
    return _page(request, rt, who, batch=batch, cursor=cursor, done=DONE.get(done, ""), typed=typed)


@router.post("/standards/controls/files")
def keep_control(
    request: Request,
    who: Chemist,
    rt: RuntimeDep,
    form: Annotated[ControlForm, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep a file as a control: one that is handed in, or one that waits."""
    with shown_again(lambda error: _page(request, rt, who, error=error, typed=form), but=NotFound):
        new = form.entered()
        if form.incoming:
            _from_incoming(request, rt, who, form, new)
        else:
            if file is None or not file.filename:
                raise Invalid("No file was chosen. What you typed is still here.", fields={"file": "Choose a file."})
            with bodies.held(rt.blobs, file.file) as held:
                run = web.control_run_of(rt, held, file.filename, new)
                key = f"{form.idempotency_key}-{held.sha256}" if form.idempotency_key else ""
                once = form_once(request, rt.pepper, key)
                with rt.begin(who, request) as uow:
                    once.run(uow, lambda: {"id": str(service.add_control(uow, run, new).id)})
    return RedirectResponse("/standards/controls?done=kept", 303)


def _from_incoming(request: Request, rt: Runtime, who: Actor, form: ControlForm, new: service.NewControl) -> None:
    with rt.read() as session:
        row = _waiting(session, who, form.incoming)
        where, size, name = row.blob_sha256, row.size, row.file_name
    if where is None:
        raise Conflict("The bytes of this file were deleted, so it cannot be a control.", hint="Send it again.")
    run = web.control_run_of(rt, Received(where, size), name, new)
    with rt.begin(who, request) as uow:
        service.from_incoming(uow, row.id, -1 if form.version is None else form.version, run, new)


@router.post("/standards/controls/{control_id}/withdraw")
def withdraw(
    request: Request,
    control_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Use a control no more, with a reason."""
    with (
        shown_again(
            lambda error: _page(request, rt, who, error=error, fields=fields_of(error, control_id)), but=NotFound
        ),
        rt.begin(who, request) as uow,
    ):
        service.withdraw(uow, control_id, version, reason)
    return RedirectResponse("/standards/controls?done=withdrawn", 303)


def _waiting(session: object, who: Actor, key: str) -> incoming.IncomingFile:
    try:
        return incoming.get_incoming(session, who, uuid.UUID(key))  # type: ignore[arg-type]
    except ValueError:
        raise NotFound("file") from None


def _page(
    request: Request,
    rt: Runtime,
    who: Actor,
    *,
    batch: str = "",
    cursor: str = "",
    done: str = "",
    error: MastError | None = None,
    typed: ControlForm | None = None,
    fields: Entered | None = None,
) -> HTMLResponse:
    form = typed or ControlForm(batch=batch)
    with rt.read() as session:
        rows = service.controls_page(session, who, batch=batch, before=decode_cursor(cursor), limit=LIMIT + 1)
        waiting = _waiting(session, who, form.incoming) if form.incoming else None
        machines = readings.instruments(session, who)
    here = f"/standards/controls?batch={quote(batch)}&" if batch else "/standards/controls?"
    return rt.templates.page(
        request,
        "standards/controls.html",
        status=status_of(error),
        rows=rows[:LIMIT],
        older=f"{here}cursor={encode_cursor(rows[LIMIT - 1].id)}" if len(rows) > LIMIT else None,
        newest=here.rstrip("?&") if cursor else None,
        batch=batch,
        waiting=waiting,
        machines=machines,
        kinds=[(kind.value, words.capitalize()) for kind, words in service.KIND_WORDS.items()],
        kind_words=service.KIND_WORDS,
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        t=form,
        key=form.idempotency_key or str(new_id()),
        done=done,
        error=error,
        fields=fields or fields_of(error),
    )
