"""Pages of signing in and out; and those of administrators: the accounts of their agency, and one of them."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.people import accounts, identities, oidc, passkeys, service, signin
from app.intake.people.tables import Person, Proof
from app.platform.db.rows import row_of
from app.platform.kernel.actor import ROLE_WORDS, Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, MastError, NotFound, TooMany, Unauthenticated, Unavailable
from app.platform.security.policy import current_actor, public
from app.platform.security.throttle import SIGN_IN, SIGN_IN_OF_ADDRESS, address_of
from app.platform.web.fields import Text20, Text60, Text140
from app.platform.web.forms import Entered, fields_of
from app.platform.web.problems import headers_of, status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Admin, Done, Next, Version, Visit, local_path

router = APIRouter(include_in_schema=False)

ENDED = (
    "Your session has ended. Your last entry was not saved. Everything you saved before is kept. "
    "Sign in and enter it again."
)
SAID = {
    "password": "Your password is set. Sign in with it.",
    "here": "This browser is signed out. The server could not save that, so the session ends there by itself after the usual idle "
    "time. Tell the operator that nothing can be saved at the moment.",
}
DONE = {
    "change": "Saved. If the roles changed, this person has to sign in again.",
    "disable": "Turned off. Browsers, tokens and links of this account have ended.",
    "enable": "Turned on again. The password has not changed.",
    "end-sessions": "Signed out everywhere.",
    "end": "Ended.",
    "identity": "Linked. An invitation ends after 14 days.",
}
Name = Annotated[Text140, Form(max_length=120)]
Roles = Annotated[list[Role] | None, Form()]
Called = Annotated[str, Form(max_length=oidc.LONGEST)]
"""How the identity provider calls someone."""


@router.get("/sign-in", dependencies=[public("anybody may see the sign-in form")])
def sign_in_form(request: Request, rt: RuntimeDep, next: str = "/", ended: int = 0, done: Done = "") -> HTMLResponse:
    """The form."""
    return sign_in_page(request, rt, next, notice=SAID.get(done, ENDED if ended else ""), left=done == "there")


@router.post("/sign-in", dependencies=[public("this is how one becomes someone")])
def sign_in(
    request: Request,
    rt: RuntimeDep,
    username: Annotated[Text60, Form()] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Check name and password; five wrong tries a minute per name and address, sixty per address."""
    address = address_of(request)
    # Per name and address, so that nobody can lock out a team behind one address or a lead from afar; an address
    # alone gets a far larger allowance.
    tries = (SIGN_IN, f"{username.strip().lower()}|{address}"), (SIGN_IN_OF_ADDRESS, address)
    try:
        with rt.throttle.trying(*tries):
            person = service.check_password(rt.read, username, password)
    except (Unauthenticated, TooMany, Forbidden, Unavailable) as error:
        return sign_in_page(request, rt, next, error=error, username=username)
    actor = Actor(person.id, person.display_name, frozenset(), person.agency_id)
    previous = request.cookies.get(signin.cookie_name(rt), "")
    try:
        with rt.begin(actor, request, vital=True) as uow:
            secret = service.sign_in(uow, person, rt.session_policy, previous=previous)
    except Unauthenticated as error:
        return sign_in_page(request, rt, next, error=error, username=username)
    response = RedirectResponse(local_path(next), 303)
    signin.set_cookie(response, rt, secret)
    return response


def sign_in_page(
    request: Request,
    rt: Runtime,
    next: str,
    *,
    notice: str = "",
    username: str = "",
    error: MastError | None = None,
    left: bool = False,
) -> HTMLResponse:
    """The form, with what to know first or why nobody was signed in. `left`: the provider goes on knowing who signed out here."""
    provider = rt.identity_provider
    response = rt.templates.page(
        request, "people/sign_in.html", status=status_of(error), next=local_path(next), error=error, notice=notice,
        username=username, passkeys=passkeys.available(rt.settings.public_url),
        provider=provider.label if provider else "", left=left, way_out=provider.way_out() if left and provider else "",
    )  # fmt: skip
    response.headers.update(headers_of(error))
    return response


@router.post("/sign-out", dependencies=[public("ending a session that has already ended is harmless")])
def sign_out(request: Request, rt: RuntimeDep) -> Response:
    """End the session here and on the server."""
    actor = current_actor(request)
    secret = request.cookies.get(signin.cookie_name(rt), "")
    ended, there = True, False
    if actor is not None and secret:
        there = rt.identity_provider is not None and signin.began_by(request) is Proof.IDENTITY
        ended = rt.noted("sign-out", actor, request, lambda uow: service.sign_out(uow, secret, rt.session_policy))
    said = "?done=there" if there else ""
    response = RedirectResponse(f"/sign-in{said if ended else '?done=here'}", 303)
    signin.clear_cookie(response, rt)
    return response


@router.get("/people")
def people_page(visit: Admin) -> HTMLResponse:
    """Accounts of the agency."""
    return _people(visit, Entered())


@router.post("/people")
def add_person(
    visit: Admin, username: Annotated[Text60, Form()] = "", display_name: Name = "", roles: Roles = None
) -> HTMLResponse:
    """Create an account and show its link this once, or the form again with what is wrong."""
    values = Entered(username=username, display_name=display_name, roles=[role.value for role in roles or []])
    with visit.work(lambda error: _people(visit, values, error)) as uow:
        person, link = accounts.invite(uow, username, display_name, roles or [], visit.rt.pepper)
    return _one(visit, person.id, link=link, said=f"{person.display_name} is added.")


def _people(visit: Visit, values: Entered, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        found = service.people(session, visit.who)
    return visit.page(
        "people/people.html",
        status=422 if error else 200,
        rows=[(person, roles, service.state_of(person, roles)) for person, roles in found],
        role_words=ROLE_WORDS,
        error=error,
        errors=_beside(error),
        values=values,
    )


def _beside(error: MastError | None) -> Entered:
    """What is wrong, by field; a user name that is taken stands beside its field as well."""
    if isinstance(error, Conflict):
        return Entered(username=error.detail)
    return fields_of(error)


@router.get("/people/{person_id}")
def person_page(visit: Admin, person_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """One account: name and roles, on or off, what is signed in."""
    return _one(visit, person_id, said=DONE.get(done, ""))


@router.post("/people/{person_id}")
def change_person(
    visit: Admin, person_id: uuid.UUID, version: Version, display_name: Name = "", roles: Roles = None
) -> Response:
    """Another name or other roles."""
    values = Entered(display_name=display_name, roles=[role.value for role in roles or []])
    with visit.work(lambda error: _one(visit, person_id, error=error, values=values)) as uow:
        accounts.change(uow, accounts.account(uow, person_id), display_name, roles or [], version=version)
    return RedirectResponse(f"/people/{person_id}?done=change", 303)


@router.post("/people/{person_id}/link")
def link_for_person(visit: Admin, person_id: uuid.UUID) -> HTMLResponse:
    """A link for a new password, shown this once."""
    with visit.work(lambda error: _one(visit, person_id, error=error)) as uow:
        link = accounts.new_link(uow, accounts.account(uow, person_id), visit.rt.pepper)
    return _one(visit, person_id, link=link)


@router.post("/people/{person_id}/identity")
def link_identity(visit: Admin, person_id: uuid.UUID, identity: Called = "") -> Response:
    """Link the account to whom the identity provider calls so."""
    provider = visit.rt.identity_provider
    if provider is None:
        raise NotFound("page")
    with visit.work(lambda error: _one(visit, person_id, error=error, called=identity)) as uow:
        identities.link(uow, accounts.account(uow, person_id), provider.registered, identity)
    return RedirectResponse(f"/people/{person_id}?done=identity", 303)


@router.post("/people/{person_id}/end")
def end_one(visit: Admin, person_id: uuid.UUID, key: Annotated[Text20, Form()] = "", onwards: Next = "") -> Response:
    """End one browser or token."""
    with visit.begin() as uow:
        accounts.end_one(uow, accounts.account(uow, person_id), key)
    return RedirectResponse(local_path(onwards) if onwards else f"/people/{person_id}?done=end", 303)


@router.post("/people/{person_id}/{act}")
def act_on_person(visit: Admin, person_id: uuid.UUID, act: Literal["disable", "enable", "end-sessions"]) -> Response:
    """Turn the account off or on, or sign the person out everywhere."""
    with visit.work(lambda error: _one(visit, person_id, error=error)) as uow:
        accounts.ACTS[act](uow, accounts.account(uow, person_id))
    return RedirectResponse(f"/people/{person_id}?done={act}", 303)


def _one(
    visit: Visit,
    person_id: uuid.UUID,
    *,
    link: str = "",
    said: str = "",
    error: MastError | None = None,
    values: Entered | None = None,
    called: str = "",
) -> HTMLResponse:
    rt = visit.rt
    provider = rt.identity_provider
    with rt.read() as session:
        person = row_of(session, Person, visit.who.agency_id, person_id, "person")
        roles = service.roles_of(session, person_id)
        access = accounts.access_of(session, person_id, rt.now(), rt.session_policy.idle)
    return visit.page(
        "people/person.html",
        person=person,
        roles=roles,
        state=service.state_of(person, roles),
        oneself=person_id == visit.who.person_id,
        access=access,
        role_words=ROLE_WORDS,
        values=values or Entered(display_name=person.display_name, roles=[role.value for role in roles]),
        errors=fields_of(error),
        link=accounts.address_of(rt.settings.public_url, link) if link else "",
        said=said,
        error=error,
        provider=provider.label if provider else "",
        claim=identities.CLAIM_WORDS[provider.registered.claim] if provider else "",
        called=called,
    )
