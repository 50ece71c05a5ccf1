"""Pages for checking an instrument with a reading there is: filled in from it, usually one click."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.instrument_checks import service, web
from app.laboratory.instrument_checks.forms import CheckForm, key_of
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.security.policy import allow
from app.platform.web.forms import shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]


@router.get("/instruments/check")
def check_page(request: Request, who: Chemist, rt: RuntimeDep, reading: uuid.UUID) -> HTMLResponse:
    """Check an instrument with a reading there is, filled in from it."""
    return _check(request, rt, who, CheckForm(reading=str(reading)))


@router.post("/instruments/check")
def check_with_reading(request: Request, who: Chemist, rt: RuntimeDep, form: Annotated[CheckForm, Form()]) -> Response:
    """Keep a reading as a check."""
    reading = key_of(form.reading)
    if reading is None:
        raise NotFound("reading")
    with (
        shown_again(lambda error: _check(request, rt, who, form, error=error), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        source, _, at = service.source_of_reading(uow.session, who, web.arrays_of(rt), reading)
        new, made = form.entered(uow.now, at), []

        def create() -> dict[str, str]:
            made.append(service.record(uow, new, source))
            return {"id": str(made[0].id)}

        form_once(request, rt.pepper, form.idempotency_key).run(uow, create)
        state = made[0].state.value if made else ""
    return RedirectResponse(f"/instruments/{new.instrument_id}?done={state}", 303)


def _check(
    request: Request, rt: Runtime, who: Actor, form: CheckForm, *, error: MastError | None = None
) -> HTMLResponse:
    reading = key_of(form.reading)
    if reading is None:
        raise NotFound("reading")
    with rt.read() as session:
        source, instrument, at = service.source_of_reading(session, who, web.arrays_of(rt), reading)
        machines = [row for row in readings.instruments(session, who) if row.method.value in service.DAILY]
        row = readings.get_reading(session, who, reading)
        sample_id = readings.get_analysis(session, who, row.analysis_id).sample_id
    if not form.instrument and instrument is not None:
        form.instrument = str(instrument)
    return rt.templates.page(
        request,
        "instruments/check.html",
        status=status_of(error),
        source=source,
        at=at,
        machines=machines,
        back=f"/bench/samples/{sample_id}?reading={reading}",
        done="",
        **web.form_values(form, error, None),
    )
