"""JSON routes of people and tokens."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.intake.people import accounts, domain, identities, oidc, passkeys, service, signin, web_proving
from app.intake.people.tables import Identity, Person, TokenOut
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.security.policy import STAFF, allow
from app.platform.web.fields import FreeText, Note80, Text140
from app.runtime import CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["people"])

Anybody = Annotated[Actor, allow()]
AnybodyAtAll = Annotated[Actor, allow(*STAFF, Role.INSTRUMENT)]
Admin = Annotated[Actor, allow(Role.ADMIN)]


class NewPerson(BaseModel):
    """An account to create."""

    username: str = Field(pattern=domain.USERNAME)
    display_name: Annotated[Text140, StringConstraints(min_length=1, max_length=domain.LONGEST_NAME)]
    roles: list[Role] = Field(min_length=1, max_length=20)


class PersonOut(BaseModel):
    """An account."""

    id: uuid.UUID
    username: str
    display_name: str
    roles: list[Role]
    disabled: bool
    version: int

    @classmethod
    def of(cls, person: Person, roles: frozenset[Role]) -> PersonOut:
        """From a row."""
        return cls(**person.model_dump(), roles=sorted(roles), disabled=person.disabled_at is not None)


class PersonAdded(PersonOut):
    """A new account, with the link by which the person sets a password, this once; none for an instrument's computer."""

    link: str | None
    link_expires_at: datetime | None


class NewIdentity(BaseModel):
    """How the identity provider calls someone, by the claim the service is set to."""

    identity: str = Field(max_length=oidc.LONGEST)


class IdentityOut(BaseModel):
    """An identity that is linked to an account, without what names the person there."""

    issuer: str
    created_at: datetime
    invited_until: datetime | None
    """When an invitation ends; none where the provider's own name for the person was given."""

    @classmethod
    def of(cls, row: Identity) -> IdentityOut:
        """From a row."""
        until = row.created_at + identities.INVITED_FOR if row.invited else None
        return cls(issuer=row.issuer, created_at=row.created_at, invited_until=until)


class Me(BaseModel):
    """Who is calling."""

    display_name: str
    roles: list[Role]
    agency: str


class NewToken(FreeText):
    """A token to issue; no roles means all of the owner's. `password`: the caller's, asked for again."""

    label: Annotated[Note80, StringConstraints(min_length=1)]
    roles: list[Role] = Field(default=[], max_length=20)
    days: int = Field(30, ge=1, le=366)
    password: str = Field(min_length=1, max_length=200)


class ProofIn(BaseModel):
    """A proof of who is calling: one of the two."""

    password: str = Field("", max_length=200)
    passkey: str = Field("", max_length=passkeys.ANSWER_MAX, description="What the browser answered, as JSON")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.password) == bool(self.passkey):
            raise ValueError("give a password or a passkey")
        return self


class TokenIssued(TokenOut):
    """A token with its secret, this once."""

    token: str


@router.get("/me")
def who_am_i(who: AnybodyAtAll) -> Me:
    """Who this session or token speaks for."""
    return Me(display_name=who.display_name, roles=sorted(who.roles), agency=who.agency_name)


@router.post("/me/proof", status_code=204)
def prove_again(body: ProofIn, who: Anybody, rt: RuntimeDep, request: Request) -> Response:
    """Show once more who you are, with your password or a passkey: what is verified, released or signed may ask for it.

    The question for a passkey is that of signing in (`POST /sign-in/passkey/options`).
    """
    if body.passkey:
        web_proving.by_passkey(request, rt, who, body.passkey)
    else:
        web_proving.by_password(request, rt, who, body.password)
    return Response(status_code=204)


@router.get("/people")
def list_people(who: Admin, rt: RuntimeDep) -> list[PersonOut]:
    """Accounts of the caller's agency."""
    with rt.read() as session:
        return [PersonOut.of(person, roles) for person, roles in service.people(session, who)]


@router.post("/people", status_code=201, response_model=PersonAdded)
def add_person(body: NewPerson, who: Admin, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Create an account in the caller's agency. Not with a token: the link that is answered opens the account."""

    def create(uow: UnitOfWork) -> PersonAdded:
        person, link = accounts.invite(uow, body.username, body.display_name, body.roles, rt.pepper)
        shown = PersonOut.of(person, frozenset(body.roles)).model_dump()
        address = accounts.address_of(rt.settings.public_url, link) if link else None
        return PersonAdded(**shown, link=address, link_expires_at=person.link_expires_at)

    service.by_a_person(who)  # before the answer of the first time, which holds the link
    return creation.made(who, create)


@router.post("/people/{person_id}/identity", status_code=201, response_model=IdentityOut)
def link_identity(
    person_id: uuid.UUID, body: NewIdentity, who: Admin, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Link the account to whom the identity provider calls so; one that was linked before ends, with what it signed in."""
    provider = rt.identity_provider
    if provider is None:
        raise NotFound("identity provider")

    def create(uow: UnitOfWork) -> IdentityOut:
        person = accounts.account(uow, person_id)
        return IdentityOut.of(identities.link(uow, person, provider.registered, body.identity))

    service.by_a_person(who)
    return creation.made(who, create)


@router.delete("/people/{person_id}/identity", status_code=204)
def unlink_identity(person_id: uuid.UUID, who: Admin, rt: RuntimeDep, request: Request) -> Response:
    """Unlink the account from the identity provider; what the identity signed in ends."""
    with rt.begin(who, request) as uow:
        accounts.unlink(uow, accounts.account(uow, person_id))
    return Response(status_code=204)


@router.post("/people/{person_id}/{act}", status_code=204)
def act_on_person(
    person_id: uuid.UUID,
    act: Literal["disable", "enable", "end-sessions"],
    who: Admin,
    rt: RuntimeDep,
    request: Request,
) -> Response:
    """Turn an account off (its sessions and tokens end at once) or on again, or sign the person out everywhere."""
    with rt.begin(who, request) as uow:
        accounts.ACTS[act](uow, accounts.account(uow, person_id))
    return Response(status_code=204)


@router.get("/tokens")
def list_tokens(who: Anybody, rt: RuntimeDep) -> list[TokenOut]:
    """The caller's working tokens."""
    with rt.read() as session:
        return [TokenOut.model_validate(token) for token in service.tokens_of(session, who.person_id, rt.now())]


@router.post("/tokens", status_code=201, response_model=TokenIssued)
def issue_token(body: NewToken, who: Anybody, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Issue a token with no more roles than the caller holds. Its secret is shown this once. A token issues none."""
    service.by_a_person(who)
    signin.confirm(creation.request, who, body.password)

    def create(uow: UnitOfWork) -> TokenIssued:
        token, secret = service.issue_token(uow, body.label, body.roles, body.days, rt.pepper)
        return TokenIssued.model_validate({**token.model_dump(), "token": secret})

    return creation.made(who, create)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: uuid.UUID, who: Anybody, rt: RuntimeDep, request: Request) -> Response:
    """End one of the caller's tokens."""
    with rt.begin(who, request) as uow:
        service.revoke_token(uow, who.person_id, token_id)
    return Response(status_code=204)
