"""Pages of what an instrument is taught: transfers of libraries, and response factors from weighed mixtures."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.forms import MixtureForm, key_of
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.fields import Note200
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
DONE = {
    "made": "Made. Readings of this instrument are compared with the library as it would look on it.",
    "retired": "Retired. Readings to come are compared without it.",
    "kept": "Kept. Three mixtures of a pair give its factor.",
    "withdrawn": "Withdrawn. Factors are made without it.",
}


@router.get("/instruments/{instrument_id}/learning")
def learning_page(
    request: Request,
    instrument_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Transfers and response factors of one instrument."""
    return _page(request, rt, who, instrument_id, done=DONE.get(done, ""))


@router.post("/instruments/{instrument_id}/transfers")
def make_transfer(
    request: Request,
    instrument_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    library: Annotated[str, Form(max_length=200)] = "",
    idempotency_key: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Learn a transfer from own standards measured on this instrument."""
    registry, index = rt.registry.of(who.agency_id), SubstanceIndex(rt.pack.substances)
    with rt.read() as session:
        service.get_instrument(session, who, instrument_id)
    with (
        shown_again(lambda error: _page(request, rt, who, instrument_id, error=error)),
        rt.begin(who, request) as uow,
    ):
        form_once(request, rt.pepper, idempotency_key).run(
            uow, lambda: {"id": str(service.make_transfer(uow, registry, index, instrument_id, library).id)}
        )
    return RedirectResponse(f"/instruments/{instrument_id}/learning?done=made", 303)


@router.post("/instruments/transfers/{transfer_id}/retire")
def retire_transfer(
    request: Request,
    transfer_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    instrument: Annotated[uuid.UUID, Form()],
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Retire a transfer, with a reason."""
    with (
        shown_again(
            lambda error: _page(request, rt, who, instrument, error=error, fields=fields_of(error, transfer_id)),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        service.retire_transfer(uow, transfer_id, version, reason)
    return RedirectResponse(f"/instruments/{instrument}/learning?done=retired", 303)


@router.get("/instruments/mixtures/new")
def mixture_page(request: Request, who: Chemist, rt: RuntimeDep, reading: uuid.UUID) -> HTMLResponse:
    """Say what was weighed for a reading there is."""
    return _mixture(request, rt, who, MixtureForm(reading=str(reading)))


@router.post("/instruments/mixtures")
def add_mixture(request: Request, who: Chemist, rt: RuntimeDep, form: Annotated[MixtureForm, Form()]) -> Response:
    """Keep a weighed mixture."""
    with shown_again(lambda error: _mixture(request, rt, who, form, error=error), but=NotFound):
        new = form.entered()
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, form.idempotency_key).run(
                uow, lambda: {"id": str(service.add_mixture(uow, new).id)}
            )
    return RedirectResponse(f"/instruments/{new.instrument_id}/learning?done=kept", 303)


@router.post("/instruments/mixtures/{mixture_id}/withdraw")
def withdraw_mixture(
    request: Request,
    mixture_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    instrument: Annotated[uuid.UUID, Form()],
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Note200, Form()] = "",
) -> Response:
    """Take a weighed mixture back, with a reason."""
    with (
        shown_again(
            lambda error: _page(request, rt, who, instrument, error=error, fields=fields_of(error, mixture_id)),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        service.withdraw_mixture(uow, mixture_id, version, reason)
    return RedirectResponse(f"/instruments/{instrument}/learning?done=withdrawn", 303)


def _page(
    request: Request,
    rt: Runtime,
    who: Actor,
    instrument_id: uuid.UUID,
    *,
    done: str = "",
    error: MastError | None = None,
    fields: Entered | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        machine = service.get_instrument(session, who, instrument_id)
        transfers = service.transfers_of(session, who, instrument_id)
        factors = service.factors_of(session, who, instrument_id)
    registry, index = rt.registry.of(who.agency_id), SubstanceIndex(rt.pack.substances)
    libraries = [one for one in registry.infrared() if not one.own]
    pairs = {one.key: service.pairs_of(registry, one.key, machine.name, index)[1] for one in libraries}
    return rt.templates.page(
        request,
        "instruments/learning.html",
        status=status_of(error),
        machine=machine,
        transfers=transfers,
        used={row.id for row in service.in_use(transfers).values()},
        libraries=[(one.key, f"{one.name} ({len(pairs[one.key])} powders in common)") for one in libraries],
        pairs=pairs,
        factors=factors,
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        key=str(new_id()),
        done=done,
        error=error,
        fields=fields or fields_of(error),
    )


def _mixture(
    request: Request, rt: Runtime, who: Actor, form: MixtureForm, *, error: MastError | None = None
) -> HTMLResponse:
    reading = key_of(form.reading)
    if reading is None:
        raise NotFound("reading")
    with rt.read() as session:
        parts, on, analysis = service.parts_of(session, who, reading)
        machines = [row for row in readings.instruments(session, who) if row.method.value in service.DAILY]
    if not form.instrument and on is not None:
        form.instrument = str(on)
    if not form.first and len(parts) > 1:
        form.first, form.second = parts[0].key, parts[1].key
    return rt.templates.page(
        request,
        "instruments/mixture.html",
        status=status_of(error),
        parts=parts,
        machines=machines,
        at=analysis.started_at,
        back=f"/bench/samples/{analysis.sample_id}?reading={reading}",
        t=form,
        key=form.idempotency_key or str(new_id()),
        done="",
        error=error,
        fields=fields_of(error),
    )
