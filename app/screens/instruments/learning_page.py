"""Pages of what an instrument is taught: transfers of libraries, and response factors from weighed mixtures."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks import responding, transferring
from app.laboratory.instrument_checks.domain import DAILY
from app.laboratory.instrument_checks.web import MixtureForm
from app.laboratory.readings import analyses
from app.laboratory.readings import machines as reading_machines
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web.forms import fields_of
from app.platform.web.typed import key_of
from app.screens.visits import Bench, Chemist, Done, Note, Version, Visit

router = APIRouter(include_in_schema=False)

Instrument = Annotated[uuid.UUID, Form()]
DONE = {
    "made": "Transfer learned. Spectra of this instrument use it from now on.",
    "retired": "Transfer retired. New spectra are searched without it.",
    "kept": "Mixture saved. Three mixtures of a pair give its factor.",
    "withdrawn": "Mixture withdrawn. Factors are calculated without it.",
}


@router.get("/instruments/{instrument_id}/learning")
def learning_page(visit: Bench, instrument_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """Transfers and response factors of one instrument."""
    return _page(visit, instrument_id, done=DONE.get(done, ""))


@router.post("/instruments/{instrument_id}/transfers")
def make_transfer(
    visit: Chemist,
    instrument_id: uuid.UUID,
    library: Annotated[str, Form(max_length=200)] = "",
    idempotency_key: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Learn a transfer from own standards measured on this instrument."""
    registry, index = visit.rt.registry.of(visit.who.agency_id), SubstanceIndex(visit.rt.pack.substances)
    with visit.rt.read() as session:
        reading_machines.get_instrument(session, visit.who, instrument_id)
    with visit.work(lambda error: _page(visit, instrument_id, error=error)) as uow:
        visit.once(
            uow, idempotency_key, lambda: transferring.make_transfer(uow, registry, index, instrument_id, library)
        )
    return _learnt(instrument_id, "made")


@router.post("/instruments/transfers/{transfer_id}/retire")
def retire_transfer(
    visit: Chemist, transfer_id: uuid.UUID, instrument: Instrument, version: Version = 0, reason: Note = ""
) -> Response:
    """Retire a transfer, with a reason."""
    with visit.work(lambda error: _page(visit, instrument, error=error, of=transfer_id), but=NotFound) as uow:
        transferring.retire_transfer(uow, transfer_id, version, reason)
    return _learnt(instrument, "retired")


@router.get("/instruments/mixtures/new")
def mixture_page(visit: Chemist, reading: uuid.UUID) -> HTMLResponse:
    """Say what was weighed for a reading there is."""
    return _mixture(visit, MixtureForm(reading=str(reading)))


@router.post("/instruments/mixtures")
def add_mixture(visit: Chemist, form: Annotated[MixtureForm, Form()]) -> Response:
    """Keep a weighed mixture."""
    with visit.work(lambda error: _mixture(visit, form, error=error), but=NotFound) as uow:
        new = form.entered()
        visit.once(uow, form.idempotency_key, lambda: responding.add_mixture(uow, new))
    return _learnt(new.instrument_id, "kept")


@router.post("/instruments/mixtures/{mixture_id}/withdraw")
def withdraw_mixture(
    visit: Chemist, mixture_id: uuid.UUID, instrument: Instrument, version: Version = 0, reason: Note = ""
) -> Response:
    """Take a weighed mixture back, with a reason."""
    with visit.work(lambda error: _page(visit, instrument, error=error, of=mixture_id), but=NotFound) as uow:
        responding.withdraw_mixture(uow, mixture_id, version, reason)
    return _learnt(instrument, "withdrawn")


def _learnt(instrument_id: uuid.UUID, done: str) -> RedirectResponse:
    return RedirectResponse(f"/instruments/{instrument_id}/learning?done={done}", 303)


def _page(
    visit: Visit, instrument_id: uuid.UUID, *, done: str = "", error: MastError | None = None, of: object = ""
) -> HTMLResponse:
    who = visit.who
    with visit.rt.read() as session:
        machine = reading_machines.get_instrument(session, who, instrument_id)
        transfers = transferring.transfers_of(session, who, instrument_id)
        factors = responding.factors_of(session, who, instrument_id)
    registry, index = visit.rt.registry.of(who.agency_id), SubstanceIndex(visit.rt.pack.substances)
    libraries = [one for one in registry.infrared() if not one.own]
    pairs = {one.key: transferring.pairs_of(registry, one.key, machine.name, index)[1] for one in libraries}
    return visit.page(
        "instruments/learning.html",
        machine=machine,
        transfers=transfers,
        used={row.id for row in transferring.in_use(transfers).values()},
        libraries=[(one.key, f"{one.name} ({len(pairs[one.key])} powders in common)") for one in libraries],
        pairs=pairs,
        factors=factors,
        may=who.has(Role.CHEMIST, Role.VERIFIER),
        key=str(new_id()),
        done=done,
        error=error,
        fields=fields_of(error, of),
    )


def _mixture(visit: Visit, form: MixtureForm, *, error: MastError | None = None) -> HTMLResponse:
    reading, who = key_of(form.reading), visit.who
    if reading is None:
        raise NotFound("reading")
    with visit.rt.read() as session:
        parts, on, analysis = responding.parts_of(session, who, reading)
        machines = [row for row in analyses.instruments(session, who) if row.method.value in DAILY]
    if not form.instrument and on is not None:
        form.instrument = str(on)
    if not form.first and len(parts) > 1:
        form.first, form.second = parts[0].key, parts[1].key
    return visit.page(
        "instruments/mixture.html",
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
