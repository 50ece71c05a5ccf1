"""Pages of instruments: how they stand, one of them with its checks, and checking one with a file or a reading."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.identification.methods import method_info, methods
from app.laboratory.instrument_checks import service, web
from app.laboratory.instrument_checks.forms import CheckForm, InstrumentForm
from app.laboratory.readings import service as readings
from app.laboratory.readings.machines import NO_MACHINES
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web import bodies
from app.platform.web.fields import Note200
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.instruments import check_page

router = APIRouter(include_in_schema=False)
router.include_router(check_page.router)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
LIMIT = 30
DONE = {
    "added": "Added. Analyses can name it from now on.",
    "in_range": "In range. Readings of that day rest on it.",
    "drifted": "It has drifted. Limits of detection of readings of that day are widened.",
    "out_of_range": "It is out of range. A task is open for the bench, and limits of that day are widened.",
    "withdrawn": "Withdrawn. Readings of that day are compared again without it.",
    "closed": "The task is closed. The instrument stays as it is until a check says otherwise.",
}


@router.get("/instruments")
def instruments_page(
    request: Request, who: Bench, rt: RuntimeDep, done: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """Every instrument and how it stands today."""
    return _list(request, rt, who, done=DONE.get(done, ""))


@router.get("/instruments/part")
def instruments_part(request: Request, who: Bench, rt: RuntimeDep) -> HTMLResponse:
    """The list alone."""
    return _list(request, rt, who, "instruments/_list.html")


@router.get("/instruments/board")
def board_part(request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """In or out of date, for the board of a session."""
    with rt.read() as session:
        views = service.instrument_views(session, who, rt.now())
    return rt.templates.page(request, "instruments/_board.html", instruments=views, level_words=service.LEVEL_WORDS)


@router.get("/instruments/tasks")
def tasks_part(request: Request, who: Bench, rt: RuntimeDep) -> HTMLResponse:
    """What is to be done about instruments, for the bench."""
    with rt.read() as session:
        tasks = service.open_tasks(session, who)
    return rt.templates.page(request, "instruments/_tasks.html", instrument_tasks=tasks)


@router.post("/instruments")
def add_instrument(request: Request, who: Bench, rt: RuntimeDep, form: Annotated[InstrumentForm, Form()]) -> Response:
    """Add a machine."""
    with shown_again(lambda error: _list(request, rt, who, error=error, typed=form)):
        new = form.entered()
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, form.idempotency_key).run(
                uow, lambda: {"id": str(readings.add_instrument(uow, new).id)}
            )
    return RedirectResponse("/instruments?done=added", 303)


@router.get("/instruments/{instrument_id}")
def instrument_page(
    request: Request,
    instrument_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """One instrument: how it stands, its checks, and the way to check it."""
    return _one(request, rt, who, instrument_id, cursor=cursor, done=DONE.get(done, ""))


@router.post("/instruments/{instrument_id}/checks")
def check_with_file(
    request: Request,
    instrument_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    form: Annotated[CheckForm, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check it with a file."""
    form.instrument = str(instrument_id)
    state = ""
    with shown_again(lambda error: _one(request, rt, who, instrument_id, error=error, typed=form), but=NotFound):
        if file is None or not file.filename:
            raise Invalid("No file was chosen. What you typed is still here.", fields={"file": "Choose a file."})
        new = form.entered(rt.now())
        with bodies.held(rt.blobs, file.file) as held:
            source = web.source_of_file(rt, held, file.filename)
            key = f"{form.idempotency_key}-{held.sha256}" if form.idempotency_key else ""
            with rt.begin(who, request) as uow:

                def create() -> dict[str, str]:
                    row = service.record(uow, new, source)
                    return {"id": str(row.id), "state": row.state.value}

                form_once(request, rt.pepper, key).run(uow, create)
                found = service.latest_check(uow.session, instrument_id, new.measured_at or uow.now)
                state = found.state.value if found is not None else ""
    return RedirectResponse(f"/instruments/{instrument_id}?done={state}", 303)


@router.post("/instruments/checks/{check_id}/withdraw")
def withdraw(
    request: Request,
    check_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Take a check back, with a reason."""
    with rt.read() as session:
        instrument_id = service.get_check(session, who, check_id).instrument_id
    with (
        shown_again(lambda e: _one(request, rt, who, instrument_id, error=e, fields=fields_of(e, check_id))),
        rt.begin(who, request) as uow,
    ):
        service.withdraw(uow, check_id, version, reason)
    return RedirectResponse(f"/instruments/{instrument_id}?done=withdrawn", 303)


@router.post("/instruments/tasks/{task_id}/close")
def close_task(
    request: Request,
    task_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    words: Annotated[Note200, Form()] = "",
) -> Response:
    """Say what was done."""
    with (
        shown_again(lambda error: _list(request, rt, who, error=error, fields=fields_of(error, task_id)), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        service.close_task(uow, task_id, version, words)
    return RedirectResponse("/instruments?done=closed", 303)


# -- what is rendered ------------------------------------------------------------------------------


def _list(
    request: Request,
    rt: Runtime,
    who: Actor,
    template: str = "instruments/instruments.html",
    *,
    done: str = "",
    error: MastError | None = None,
    typed: InstrumentForm | None = None,
    fields: Entered | None = None,
) -> HTMLResponse:
    form = typed or InstrumentForm()
    with rt.read() as session:
        views = service.instrument_views(session, who, rt.now())
        tasks = service.open_tasks(session, who)
    offered = [(m.value, info.title) for m, info in methods().items() if m not in NO_MACHINES]
    return rt.templates.page(
        request,
        template,
        status=status_of(error),
        rows=views,
        tasks=tasks,
        level_words=service.LEVEL_WORDS,
        titles=dict(offered),
        methods=offered,
        t=form,
        key=form.idempotency_key or str(new_id()),
        done=done,
        error=error,
        fields=fields or fields_of(error),
        now=rt.now(),
    )


def _one(
    request: Request,
    rt: Runtime,
    who: Actor,
    instrument_id: uuid.UUID,
    *,
    cursor: str = "",
    done: str = "",
    error: MastError | None = None,
    typed: CheckForm | None = None,
    fields: Entered | None = None,
) -> HTMLResponse:
    form = typed or CheckForm(instrument=str(instrument_id))
    with rt.read() as session:
        views = service.instrument_views(session, who, rt.now())
        view = next((one for one in views if one.row.id == instrument_id), None)
        if view is None:
            raise NotFound("instrument")
        checks = service.checks_page(
            session, who, instrument_id=instrument_id, before=decode_cursor(cursor), limit=LIMIT + 1
        )
    here = f"/instruments/{instrument_id}"
    return rt.templates.page(
        request,
        "instruments/instrument.html",
        status=status_of(error),
        v=view,
        daily=view.row.method.value in service.DAILY,
        checks=checks[:LIMIT],
        older=f"{here}?cursor={encode_cursor(checks[LIMIT - 1].id)}" if len(checks) > LIMIT else None,
        newest=here if cursor else None,
        method=method_info(view.row.method).title,
        level_words=service.LEVEL_WORDS,
        facts=web.figure_words(view.check) if view.check else [],
        bands=web.band_rows(view.check) if view.check else [],
        **web.form_values(form, error, fields),
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        done=done,
    )
