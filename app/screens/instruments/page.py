"""Pages of instruments: how they stand, one of them with its checks, and checking one with a file or a reading."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.identification.domain import method_info, methods
from app.laboratory.instrument_checks import service, web
from app.laboratory.instrument_checks.domain import DAILY
from app.laboratory.instrument_checks.web import CheckForm, InstrumentForm
from app.laboratory.readings import analyses, uploads
from app.laboratory.readings import machines as reading_machines
from app.laboratory.readings.machines import NO_MACHINES
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web import bodies
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.platform.web.typed import key_of
from app.screens.visits import Bench, Chemist, Done, Note, Sent, Staff, Version, Visit

router = APIRouter(include_in_schema=False)

LIMIT = 30
DONE = {
    "added": "Instrument added.",
    "in_range": "In range. Spectra of that day are based on it.",
    "drifted": "Drifted. Limits of detection of that day are widened.",
    "out_of_range": "Out of range. The bench has a task, and limits of detection of that day are widened.",
    "withdrawn": "Check withdrawn. Spectra of that day are searched again without it.",
    "closed": "Task closed. The state changes only with a new check.",
}


@router.get("/instruments")
def instruments_page(visit: Bench, done: Done = "") -> HTMLResponse:
    """Every instrument and how it stands today."""
    return _list(visit, done=DONE.get(done, ""))


@router.get("/instruments/part")
def instruments_part(visit: Bench) -> HTMLResponse:
    """The list alone."""
    return _list(visit, "instruments/_list.html")


@router.get("/instruments/board")
def board_part(visit: Staff) -> HTMLResponse:
    """In or out of date, for the board of a session."""
    with visit.rt.read() as session:
        views = service.instrument_views(session, visit.who, visit.rt.now())
    return visit.page("instruments/_board.html", instruments=views)


@router.get("/instruments/tasks")
def tasks_part(visit: Bench) -> HTMLResponse:
    """What is to be done about instruments, for the bench."""
    with visit.rt.read() as session:
        return visit.page("instruments/_tasks.html", instrument_tasks=service.open_tasks(session, visit.who))


@router.post("/instruments")
def add_instrument(visit: Bench, form: Annotated[InstrumentForm, Form()]) -> Response:
    """Add a machine."""
    with visit.work(lambda error: _list(visit, error=error, typed=form)) as uow:
        new = form.entered()
        visit.once(uow, form.idempotency_key, lambda: reading_machines.add_instrument(uow, new))
    return RedirectResponse("/instruments?done=added", 303)


@router.get("/instruments/check")
def check_page(visit: Chemist, reading: uuid.UUID) -> HTMLResponse:
    """Check an instrument with a reading there is, filled in from it."""
    return _check(visit, CheckForm(reading=str(reading)))


@router.post("/instruments/check")
def check_with_reading(visit: Chemist, form: Annotated[CheckForm, Form()]) -> Response:
    """Keep a reading as a check."""
    reading = key_of(form.reading)
    if reading is None:
        raise NotFound("reading")
    with visit.work(lambda error: _check(visit, form, error=error), but=NotFound) as uow:
        source, _, at = service.source_of_reading(uow.session, visit.who, web.arrays_of(visit.rt), reading)
        new = form.entered(uow.now, at)
        key = visit.once(uow, form.idempotency_key, lambda: service.record(uow, new, source))
        state = service.get_check(uow.session, visit.who, key).state
    return RedirectResponse(f"/instruments/{new.instrument_id}?done={state.value}", 303)


@router.get("/instruments/{instrument_id}")
def instrument_page(visit: Bench, instrument_id: uuid.UUID, cursor: Cursor = "", done: Done = "") -> HTMLResponse:
    """One instrument: how it stands, its checks, and the way to check it."""
    return _one(visit, instrument_id, cursor=cursor, done=DONE.get(done, ""))


@router.post("/instruments/{instrument_id}/checks")
def check_with_file(
    visit: Chemist,
    instrument_id: uuid.UUID,
    form: Annotated[CheckForm, Form()],
    file: Sent = None,
) -> Response:
    """Check it with a file."""
    form.instrument = str(instrument_id)
    with shown_again(lambda error: _one(visit, instrument_id, error=error, typed=form), but=NotFound):
        name, sent = bodies.chosen(file)
        new = form.entered(visit.rt.now())
        with bodies.held(visit.rt.blobs, sent) as held:
            source = web.source_of_file(visit.rt, held, name)
            with visit.begin() as uow:
                visit.once(uow, form.idempotency_key, lambda: service.record(uow, new, source), sha256=held.sha256)
                found = service.latest_check(uow.session, instrument_id, new.measured_at or uow.now)
    return RedirectResponse(f"/instruments/{instrument_id}?done={found.state.value if found else ''}", 303)


@router.post("/instruments/checks/{check_id}/withdraw")
def withdraw(visit: Chemist, check_id: uuid.UUID, version: Version = 0, reason: Note = "") -> Response:
    """Take a check back, with a reason."""
    with visit.rt.read() as session:
        instrument_id = service.get_check(session, visit.who, check_id).instrument_id
    with visit.work(lambda e: _one(visit, instrument_id, error=e, of=check_id)) as uow:
        service.withdraw(uow, check_id, version, reason)
    return RedirectResponse(f"/instruments/{instrument_id}?done=withdrawn", 303)


@router.post("/instruments/tasks/{task_id}/close")
def close_task(visit: Bench, task_id: uuid.UUID, version: Version = 0, words: Note = "") -> Response:
    """Say what was done."""
    with visit.work(lambda error: _list(visit, error=error, of=task_id), but=NotFound) as uow:
        service.close_task(uow, task_id, version, words)
    return RedirectResponse("/instruments?done=closed", 303)


# -- what is rendered ------------------------------------------------------------------------------


def _list(
    visit: Visit,
    template: str = "instruments/instruments.html",
    *,
    done: str = "",
    error: MastError | None = None,
    typed: InstrumentForm | None = None,
    of: object = "",
) -> HTMLResponse:
    form, now = typed or InstrumentForm(), visit.rt.now()
    with visit.rt.read() as session:
        views = service.instrument_views(session, visit.who, now)
        tasks = service.open_tasks(session, visit.who)
    offered = [(m.value, info.title) for m, info in methods().items() if m not in NO_MACHINES]
    return visit.page(
        template,
        rows=views,
        tasks=tasks,
        titles=dict(offered),
        methods=offered,
        t=form,
        key=form.idempotency_key or str(new_id()),
        done=done,
        error=error,
        fields=fields_of(error, of),
        now=now,
    )


def _one(
    visit: Visit,
    instrument_id: uuid.UUID,
    *,
    cursor: str = "",
    done: str = "",
    error: MastError | None = None,
    typed: CheckForm | None = None,
    of: object = "",
) -> HTMLResponse:
    form, who = typed or CheckForm(instrument=str(instrument_id)), visit.who
    with visit.rt.read() as session:
        views = service.instrument_views(session, who, visit.rt.now())
        view = next((one for one in views if one.row.id == instrument_id), None)
        if view is None:
            raise NotFound("instrument")
        checks = service.checks_page(
            session, who, instrument_id=instrument_id, before=decode_cursor(cursor), limit=LIMIT + 1
        )
    here = f"/instruments/{instrument_id}"
    return visit.page(
        "instruments/instrument.html",
        v=view,
        daily=view.row.method.value in DAILY,
        checks=checks[:LIMIT],
        older=f"{here}?cursor={encode_cursor(checks[LIMIT - 1].id)}" if len(checks) > LIMIT else None,
        newest=here if cursor else None,
        method=method_info(view.row.method).title,
        facts=web.figure_words(view.check) if view.check else [],
        bands=web.band_rows(view.check) if view.check else [],
        **web.form_values(form, error, of),
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        done=done,
    )


def _check(visit: Visit, form: CheckForm, *, error: MastError | None = None) -> HTMLResponse:
    reading, who = key_of(form.reading), visit.who
    if reading is None:
        raise NotFound("reading")
    with visit.rt.read() as session:
        source, instrument, at = service.source_of_reading(session, who, web.arrays_of(visit.rt), reading)
        machines = [row for row in analyses.instruments(session, who) if row.method.value in DAILY]
        row = uploads.get_reading(session, who, reading)
        sample_id = analyses.get_analysis(session, who, row.analysis_id).sample_id
    if not form.instrument and instrument is not None:
        form.instrument = str(instrument)
    return visit.page(
        "instruments/check.html",
        source=source,
        at=at,
        machines=machines,
        back=f"/bench/samples/{sample_id}?reading={reading}",
        done="",
        **web.form_values(form, error),
    )
