"""Pages of own standards: the list, one standard, enrolling from the bench or from a file. Controls: pages_controls."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.readings import service as readings
from app.laboratory.standards import service, web
from app.laboratory.standards.forms import StandardForm
from app.laboratory.standards.plots import replicate_plot
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web import bodies
from app.platform.web.fields import Note200
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.standards import controls_page

router = APIRouter(include_in_schema=False)
router.include_router(controls_page.router)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
LIMIT = 50
DONE = {
    "enrolled": "Enrolled. From now on spectra are compared with it first.",
    "run": "The run is added. Two and more runs tell how far the standard agrees with itself.",
    "retired": "Retired. It is kept on record and compared with nothing any more.",
}


@router.get("/standards")
def standards_page(
    request: Request,
    who: Bench,
    rt: RuntimeDep,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Every own standard, and the way to enrol one from a file."""
    return _list(request, rt, who, "standards/standards.html", cursor, done=DONE.get(done, ""))


@router.get("/standards/part")
def standards_part(request: Request, who: Bench, rt: RuntimeDep) -> HTMLResponse:
    """The list alone."""
    return _list(request, rt, who, "standards/_list.html", "")


@router.get("/standards/new")
def new_page(
    request: Request,
    who: Chemist,
    rt: RuntimeDep,
    reading: uuid.UUID,
    peak: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> HTMLResponse:
    """Enrol a reading, filled in from what is known of it: usually one click."""
    return _form(request, rt, who, reading, peak)


@router.post("/standards")
def enrol(request: Request, who: Chemist, rt: RuntimeDep, form: Annotated[StandardForm, Form()]) -> Response:
    """Enrol a reading of a sample."""
    reading = form.reading_id
    if reading is None:
        raise NotFound("reading")
    with shown_again(
        lambda error: _form(request, rt, who, reading, form.peak_number, error=error, typed=form), but=NotFound
    ):
        run = form.run()
        new = None if form.another_run_of else form.standard(rt.pack.substances)
        store, once = web.arrays_of(rt), form_once(request, rt.pepper, form.idempotency_key)
        with rt.begin(who, request) as uow:

            def create() -> dict[str, str]:
                source, _ = service.from_reading(uow.session, who, store, reading, form.peak_number)
                return {"id": str(_save(uow, store, source, form, new, run).id)}

            once.run(uow, create)
    return RedirectResponse(f"/standards?done={'run' if new is None else 'enrolled'}", 303)


@router.post("/standards/files")
def enrol_file(
    request: Request,
    who: Chemist,
    rt: RuntimeDep,
    form: Annotated[StandardForm, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Enrol what is in a file."""
    with shown_again(lambda error: _list(request, rt, who, "standards/standards.html", "", error=error, typed=form)):
        if file is None or not file.filename:
            raise Invalid("No file was chosen. What you typed is still here.", fields={"file": "Choose a file."})
        run = form.run()
        new = None if form.another_run_of else form.standard(rt.pack.substances)
        with bodies.held(rt.blobs, file.file) as held:
            source = web.source_of(rt, held, file.filename)
            store = web.arrays_of(rt)
            key = f"{form.idempotency_key}-{held.sha256}" if form.idempotency_key else ""
            once = form_once(request, rt.pepper, key)
            with rt.begin(who, request) as uow:
                once.run(uow, lambda: {"id": str(_save(uow, store, source, form, new, run).id)})
    return RedirectResponse(f"/standards?done={'run' if new is None else 'enrolled'}", 303)


def _save(uow: Any, store: Any, source: service.Source, form: StandardForm, new: Any, run: Any) -> Any:
    if new is None:
        return service.add_run(uow, store, source, form.another_run_of, run)  # type: ignore[arg-type]
    return service.enrol(uow, store, source, new, run)


@router.get("/standards/{standard_id}")
def standard_page(
    request: Request,
    standard_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    run: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> HTMLResponse:
    """One standard: its runs, how far they agree, and its spectrum."""
    return _one(request, rt, who, standard_id, run)


@router.post("/standards/{standard_id}/retire")
def retire(
    request: Request,
    standard_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Retire a standard, with a reason."""
    with (
        shown_again(
            lambda error: _one(request, rt, who, standard_id, 1, error=error, typed={"reason": reason}), but=NotFound
        ),
        rt.begin(who, request) as uow,
    ):
        service.retire(uow, standard_id, version, reason)
    return RedirectResponse("/standards?done=retired", 303)


# -- what is rendered ------------------------------------------------------------------------------


def _list(
    request: Request,
    rt: Runtime,
    who: Actor,
    template: str,
    cursor: str,
    *,
    done: str = "",
    error: MastError | None = None,
    typed: StandardForm | None = None,
) -> HTMLResponse:
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.standards_page(session, who, rt.now(), before=before, limit=LIMIT + 1)
        kept = service.in_use(session, who)
        machines = readings.instruments(session, who)
    older = f"/standards?cursor={encode_cursor(rows[LIMIT - 1].row.id)}" if len(rows) > LIMIT else None
    return rt.templates.page(
        request,
        template,
        status=status_of(error),
        rows=rows[:LIMIT],
        older=older,
        newest="/standards" if cursor else None,
        in_use=kept,
        machines=machines,
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        done=done,
        error=error,
        fields=fields_of(error),
        **_typed(rt, typed),
    )


def _form(
    request: Request,
    rt: Runtime,
    who: Actor,
    reading: uuid.UUID,
    peak: int | None,
    *,
    error: MastError | None = None,
    typed: StandardForm | None = None,
) -> HTMLResponse:
    store = web.arrays_of(rt)
    with rt.read() as session:
        source, said = service.from_reading(session, who, store, reading, peak)
        row, answer = readings.reading_with_answer(session, who, reading)
        sample_id = readings.get_analysis(session, who, row.analysis_id).sample_id
        kept = service.in_use(session, who)
        machines = readings.instruments(session, who)
    best = web.best_of(answer, source.reference.peak)
    return rt.templates.page(
        request,
        "standards/new.html",
        status=status_of(error),
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
        **_typed(rt, typed or web.prefilled(said, best)),
    )


def _one(
    request: Request,
    rt: Runtime,
    who: Actor,
    standard_id: uuid.UUID,
    number: int,
    *,
    error: MastError | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        view = service.standard_view(session, who, standard_id, rt.now())
    shown = view.replicates[min(number, len(view.replicates)) - 1]
    spectra = service.spectra_of(web.arrays_of(rt), view.replicates)
    return rt.templates.page(
        request,
        "standards/standard.html",
        status=status_of(error),
        v=view,
        facts=web.standard_facts(view),
        shown=shown,
        plot=replicate_plot(spectra[shown.id], view.row.name) if shown.id in spectra else None,
        spread=service.spread_of(spectra),
        likeness=service.likeness_of(spectra),
        infrared=shown.technique != "MS",
        may=who.has(Role.CHEMIST, Role.VERIFIER) and view.row.retired_at is None,
        error=error,
        fields=fields_of(error),
        typed=Entered(typed or {}),
    )


class Typed(TypedDict):
    """What was typed, for the fields of the form again."""

    t: StandardForm
    chosen: list[dict[str, str]]
    free: list[str]
    key: str


def _typed(rt: Runtime, form: StandardForm | None) -> Typed:
    """What was typed, for the fields of the form again."""
    form = form or StandardForm()
    register = rt.pack.substances
    chosen = [register.get(i) for i in form.substance if i]
    return {
        "t": form,
        "chosen": [{"id": r.id, "label": r.name} for r in chosen if r is not None],
        "free": [w for w in form.substance_words if w] if not any(chosen) else [],
        "key": form.idempotency_key or str(new_id()),
    }
