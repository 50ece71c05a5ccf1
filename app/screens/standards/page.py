"""Pages of own standards (the list, one standard, enrolling from the bench or from a file) and of the controls of batches (the
list, keeping one from a file or from the incoming ones, withdrawing one)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, TypedDict
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.incoming import service as incoming
from app.laboratory.readings import analyses, uploads
from app.laboratory.standards import controlling, in_house_library, service, web
from app.laboratory.standards.domain import ControlKind, NewControl
from app.laboratory.standards.web import ControlForm, StandardForm, replicate_plot
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web import bodies
from app.platform.web.fields import Text40
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.platform.web.typed import key_of
from app.runtime import Runtime
from app.screens.visits import Bench, Chemist, Done, Keyed, Note, Sent, Version, Visit

router = APIRouter(include_in_schema=False)

LIMIT = 50
DONE = {
    "enrolled": "In-house standard saved. New spectra are searched against it first.",
    "run": "Run added.",
    "retired": "Standard retired. It stays on record and is no longer searched.",
    "kept": "Control saved. Runs of its batch are searched again unless a result is based on them.",
    "withdrawn": "Control withdrawn. Runs of its batch are searched again without it.",
}


@router.get("/standards")
def standards_page(visit: Bench, cursor: Cursor = "", done: Done = "") -> HTMLResponse:
    """Every own standard, and the way to enrol one from a file."""
    return _list(visit, cursor=cursor, done=DONE.get(done, ""))


@router.get("/standards/part")
def standards_part(visit: Bench) -> HTMLResponse:
    """The list alone."""
    return _list(visit, "standards/_list.html")


@router.get("/standards/new")
def new_page(
    visit: Chemist, reading: uuid.UUID, peak: Annotated[int | None, Query(ge=1, le=200)] = None
) -> HTMLResponse:
    """Enrol a reading, filled in from what is known of it: usually one click."""
    return _form(visit, reading, peak)


@router.post("/standards")
def enrol(visit: Chemist, form: Annotated[StandardForm, Form()]) -> Response:
    """Enrol a reading of a sample."""
    reading, peak, store = form.reading_id, form.peak_number, web.arrays_of(visit.rt)
    if reading is None:
        raise NotFound("reading")
    with visit.work(lambda error: _form(visit, reading, peak, error=error, typed=form), but=NotFound) as uow:
        keep = _keeping(visit.rt, form)

        def create() -> Keyed:
            source, _ = service.from_reading(uow.session, visit.who, store, reading, peak)
            return keep(uow, source)

        visit.once(uow, form.idempotency_key, create)
    return _enrolled(form)


@router.post("/standards/files")
def enrol_file(visit: Chemist, form: Annotated[StandardForm, Form()], file: Sent = None) -> Response:
    """Enrol what is in a file."""
    with shown_again(lambda error: _list(visit, error=error, typed=form)):
        name, sent = bodies.chosen(file)
        keep = _keeping(visit.rt, form)
        with bodies.held(visit.rt.blobs, sent) as held:
            source = web.source_of(visit.rt, held, name)
            with visit.begin() as uow:
                visit.once(uow, form.idempotency_key, lambda: keep(uow, source), sha256=held.sha256)
    return _enrolled(form)


def _keeping(rt: Runtime, form: StandardForm) -> Callable[[UnitOfWork, service.Source], Keyed]:
    """How a source is kept: as another run of a standard, or as a new one. Raises Invalid."""
    run, store, of = form.run(), web.arrays_of(rt), form.another_run_of
    if of is not None:
        return lambda uow, source: service.add_run(uow, store, source, of, run)
    new = form.standard(rt.pack.substances)
    return lambda uow, source: service.enrol(uow, store, source, new, run)


def _enrolled(form: StandardForm) -> RedirectResponse:
    return RedirectResponse(f"/standards?done={'run' if form.another_run_of else 'enrolled'}", 303)


@router.get("/standards/controls")
def controls_page(
    visit: Bench,
    batch: Annotated[Text40, Query()] = "",
    incoming_id: Annotated[uuid.UUID | None, Query(alias="incoming")] = None,
    cursor: Cursor = "",
    done: Done = "",
) -> HTMLResponse:
    """Every control; with `incoming` the form for a waiting file from an instrument."""
    typed = ControlForm(incoming=str(incoming_id)) if incoming_id else None
    return _controls(visit, batch=batch, cursor=cursor, done=DONE.get(done, ""), typed=typed)


@router.post("/standards/controls/files")
def keep_control(visit: Chemist, form: Annotated[ControlForm, Form()], file: Sent = None) -> Response:
    """Keep a file as a control: one that is handed in, or one that waits."""
    with shown_again(lambda error: _controls(visit, error=error, typed=form), but=NotFound):
        new = form.entered()
        if form.incoming:
            _from_incoming(visit, form, new)
        else:
            name, sent = bodies.chosen(file)
            with bodies.held(visit.rt.blobs, sent) as held:
                run = web.control_run_of(visit.rt, held, name, new)
                with visit.begin() as uow:
                    key = form.idempotency_key
                    visit.once(uow, key, lambda: controlling.add_control(uow, run, new), sha256=held.sha256)
    return RedirectResponse("/standards/controls?done=kept", 303)


@router.post("/standards/controls/{control_id}/withdraw")
def withdraw_control(visit: Chemist, control_id: uuid.UUID, version: Version = 0, reason: Note = "") -> Response:
    """Use a control no more, with a reason."""
    with visit.work(lambda error: _controls(visit, error=error, of=control_id), but=NotFound) as uow:
        controlling.withdraw(uow, control_id, version, reason)
    return RedirectResponse("/standards/controls?done=withdrawn", 303)


@router.get("/standards/{standard_id}")
def standard_page(visit: Bench, standard_id: uuid.UUID, run: Annotated[int, Query(ge=1, le=1000)] = 1) -> HTMLResponse:
    """One standard: its runs, how far they agree, and its spectrum."""
    return _one(visit, standard_id, run)


@router.post("/standards/{standard_id}/retire")
def retire(visit: Chemist, standard_id: uuid.UUID, version: Version = 0, reason: Note = "") -> Response:
    """Retire a standard, with a reason."""
    with visit.work(lambda error: _one(visit, standard_id, error=error, reason=reason), but=NotFound) as uow:
        service.retire(uow, standard_id, version, reason)
    return RedirectResponse("/standards?done=retired", 303)


# -- what is rendered ------------------------------------------------------------------------------


def _list(
    visit: Visit,
    template: str = "standards/standards.html",
    *,
    cursor: str = "",
    done: str = "",
    error: MastError | None = None,
    typed: StandardForm | None = None,
) -> HTMLResponse:
    before, who = decode_cursor(cursor), visit.who
    with visit.rt.read() as session:
        rows = service.standards_page(session, who, visit.rt.now(), before=before, limit=LIMIT + 1)
        kept = service.in_use(session, who)
        machines = analyses.instruments(session, who)
    return visit.page(
        template,
        rows=rows[:LIMIT],
        older=f"/standards?cursor={encode_cursor(rows[LIMIT - 1].row.id)}" if len(rows) > LIMIT else None,
        newest="/standards" if cursor else None,
        in_use=kept,
        machines=machines,
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        done=done,
        error=error,
        fields=fields_of(error),
        **_typed(visit.rt, typed or StandardForm()),
    )


def _form(
    visit: Visit,
    reading: uuid.UUID,
    peak: int | None,
    *,
    error: MastError | None = None,
    typed: StandardForm | None = None,
) -> HTMLResponse:
    store, who = web.arrays_of(visit.rt), visit.who
    with visit.rt.read() as session:
        source, said = service.from_reading(session, who, store, reading, peak)
        row, answer = uploads.reading_with_answer(session, who, reading)
        sample_id = analyses.get_analysis(session, who, row.analysis_id).sample_id
        kept = service.in_use(session, who)
        machines = analyses.instruments(session, who)
    best = web.best_of(answer, source.reference.peak)
    return visit.page(
        "standards/new.html",
        reading=row,
        peak=source.reference.peak,
        back=f"/bench/samples/{sample_id}?reading={row.id}" + (f"&peak={peak}" if peak else ""),
        in_use=kept,
        machines=machines,
        source=source,
        said=said,
        plot=replicate_plot(source.reference.spectrum, row.title or source.file_name),
        error=error,
        fields=fields_of(error),
        **_typed(visit.rt, typed or web.prefilled(said, best)),
    )


def _one(
    visit: Visit, standard_id: uuid.UUID, number: int = 1, *, error: MastError | None = None, reason: str = ""
) -> HTMLResponse:
    with visit.rt.read() as session:
        view = service.standard_view(session, visit.who, standard_id, visit.rt.now())
    shown = view.replicates[min(number, len(view.replicates)) - 1]
    spectra = in_house_library.spectra_of(web.arrays_of(visit.rt), view.replicates)
    return visit.page(
        "standards/standard.html",
        v=view,
        facts=web.standard_facts(view),
        shown=shown,
        plot=replicate_plot(spectra[shown.id], view.row.name) if shown.id in spectra else None,
        spread=web.spread_of(spectra),
        likeness=web.likeness_of(spectra),
        infrared=shown.technique != "MS",
        may=visit.who.has(Role.CHEMIST, Role.VERIFIER) and view.row.retired_at is None,
        error=error,
        fields=fields_of(error),
        typed=Entered(reason=reason),
    )


class Typed(TypedDict):
    """What was typed, for the fields of the form again."""

    t: StandardForm
    chosen: list[dict[str, str]]
    free: list[str]
    key: str


def _typed(rt: Runtime, form: StandardForm) -> Typed:
    chosen = [rt.pack.substances.get(i) for i in form.substance if i]
    return {
        "t": form,
        "chosen": [{"id": r.id, "label": r.name} for r in chosen if r is not None],
        "free": [w for w in form.substance_words if w] if not any(chosen) else [],
        "key": form.idempotency_key or str(new_id()),
    }


def _key_of_waiting(form: ControlForm) -> uuid.UUID:
    if (key := key_of(form.incoming)) is None:
        raise NotFound("file")
    return key


def _from_incoming(visit: Visit, form: ControlForm, new: NewControl) -> None:
    key = _key_of_waiting(form)
    run = web.control_run_waiting(visit.rt, visit.who, key, new)
    with visit.begin() as uow:
        controlling.from_incoming(uow, key, -1 if form.version is None else form.version, run, new)


def _controls(
    visit: Visit,
    *,
    batch: str = "",
    cursor: str = "",
    done: str = "",
    error: MastError | None = None,
    typed: ControlForm | None = None,
    of: object = "",
) -> HTMLResponse:
    form, who = typed or ControlForm(batch=batch), visit.who
    with visit.rt.read() as session:
        rows = controlling.controls_page(session, who, batch=batch, before=decode_cursor(cursor), limit=LIMIT + 1)
        waiting = incoming.get_incoming(session, who, _key_of_waiting(form)) if form.incoming else None
        machines = analyses.instruments(session, who)
    here = f"/standards/controls?batch={quote(batch)}&" if batch else "/standards/controls?"
    return visit.page(
        "standards/controls.html",
        rows=rows[:LIMIT],
        older=f"{here}cursor={encode_cursor(rows[LIMIT - 1].id)}" if len(rows) > LIMIT else None,
        newest=here.rstrip("?&") if cursor else None,
        batch=batch,
        waiting=waiting,
        machines=machines,
        kinds=[(kind.value, kind.words[:1].upper() + kind.words[1:]) for kind in ControlKind],
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        t=form,
        key=form.idempotency_key or str(new_id()),
        done=done,
        error=error,
        fields=fields_of(error, of),
    )
