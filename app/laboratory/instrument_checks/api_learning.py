"""JSON routes of what an instrument is taught: transfers of libraries, and response factors from weighed mixtures."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.idempotency import OnceDep
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["instruments"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/instruments/{instrument_id}/transfers")
def list_transfers(instrument_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.TransferOut]:
    """Transfers of libraries to an instrument, newest first; retired ones too."""
    with rt.read() as session:
        return [schemas.TransferOut.of(row) for row in service.transfers_of(session, who, instrument_id)]


@router.post("/instruments/{instrument_id}/transfers", status_code=201, response_model=schemas.TransferOut)
def make_transfer(
    instrument_id: uuid.UUID, body: schemas.TransferIn, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Learn how a library looks on an instrument, from own standards measured there (five powders and more).

    It is refused where it would not lower the misfit of a powder left out of the fit.
    """
    registry, index = rt.registry.of(who.agency_id), SubstanceIndex(rt.pack.substances)
    with rt.begin(who, request) as uow:
        return once.run(
            uow,
            lambda: schemas.TransferOut.of(service.make_transfer(uow, registry, index, instrument_id, body.library)),
        )


@router.post("/instruments/transfers/{transfer_id}/retire")
def retire_transfer(
    transfer_id: uuid.UUID,
    body: schemas.ReasonIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.TransferOut:
    """Use a transfer no more; the one before it is used again where there is one."""
    with rt.begin(who, request) as uow:
        row = service.retire_transfer(uow, transfer_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.TransferOut.of(row)


@router.get("/instruments/{instrument_id}/responses")
def list_responses(instrument_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> schemas.ResponsesOut:
    """Response factors of an instrument, with the weighed mixtures behind them."""
    with rt.read() as session:
        return schemas.ResponsesOut.of(service.factors_of(session, who, instrument_id))


@router.post("/instruments/{instrument_id}/mixtures", status_code=201, response_model=schemas.MixtureOut)
def add_mixture(
    instrument_id: uuid.UUID, body: schemas.MixtureIn, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Keep a reading of two substances weighed together. Three of a pair give its factor."""
    with rt.begin(who, request) as uow:
        return once.run(uow, lambda: schemas.MixtureOut.of(service.add_mixture(uow, body.entered(instrument_id))))


@router.post("/instruments/mixtures/{mixture_id}/withdraw")
def withdraw_mixture(
    mixture_id: uuid.UUID,
    body: schemas.ReasonIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.MixtureOut:
    """Take a weighed mixture back; factors are made without it."""
    with rt.begin(who, request) as uow:
        row = service.withdraw_mixture(uow, mixture_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.MixtureOut.of(row)
