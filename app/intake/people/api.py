"""JSON routes of people and tokens."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.intake.people import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import STAFF, allow
from app.platform.web.idempotency import OnceDep
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["people"])

Anybody = Annotated[Actor, allow()]
AnybodyAtAll = Annotated[Actor, allow(*STAFF, Role.INSTRUMENT)]
Admin = Annotated[Actor, allow(Role.ADMIN)]


@router.get("/me")
def who_am_i(who: AnybodyAtAll) -> schemas.Me:
    """Who this session or token speaks for."""
    return schemas.Me(display_name=who.display_name, roles=sorted(who.roles), agency=who.agency_name)


@router.get("/people")
def list_people(who: Admin, rt: RuntimeDep) -> list[schemas.PersonOut]:
    """Accounts of the caller's agency."""
    with rt.read() as session:
        return [schemas.PersonOut.of(person, roles) for person, roles in service.people(session, who)]


@router.post("/people", status_code=201, response_model=schemas.PersonOut)
def add_person(body: schemas.NewPerson, who: Admin, rt: RuntimeDep, once: OnceDep, request: Request) -> JSONResponse:
    """Create an account in the caller's agency."""
    assert who.agency_id is not None
    agency_id = who.agency_id
    with rt.begin(who, request) as uow:

        def create() -> schemas.PersonOut:
            person = service.add_person(uow, agency_id, body.username, body.display_name, body.password, body.roles)
            return schemas.PersonOut.of(person, frozenset(body.roles))

        return once.run(uow, create)


@router.post("/people/{person_id}/disable", status_code=204)
def disable_person(person_id: uuid.UUID, who: Admin, rt: RuntimeDep, request: Request) -> Response:
    """Turn an account off; its sessions and tokens end at once."""
    with rt.begin(who, request) as uow:
        service.disable_person(uow, person_id)
    return Response(status_code=204)


@router.get("/tokens")
def list_tokens(who: Anybody, rt: RuntimeDep) -> list[schemas.TokenOut]:
    """The caller's working tokens."""
    with rt.read() as session:
        return [schemas.TokenOut.model_validate(token) for token in service.own_tokens(session, who, rt.now())]


@router.post("/tokens", status_code=201, response_model=schemas.TokenIssued)
def issue_token(body: schemas.NewToken, who: Anybody, rt: RuntimeDep, once: OnceDep, request: Request) -> JSONResponse:
    """Issue a token with no more roles than the caller holds. Its secret is shown this once."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.TokenIssued:
            token, secret = service.issue_token(uow, body.label, body.roles, body.days, rt.pepper)
            return schemas.TokenIssued(**token.model_dump(), token=secret)

        return once.run(uow, create)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: uuid.UUID, who: Anybody, rt: RuntimeDep, request: Request) -> Response:
    """End one of the caller's tokens."""
    with rt.begin(who, request) as uow:
        service.revoke_token(uow, token_id)
    return Response(status_code=204)
