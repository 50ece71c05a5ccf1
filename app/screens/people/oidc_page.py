"""Signing in by the identity provider: the way there, and the way back. And what the provider says of who signed out there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.intake.people import identities, oidc, signin, web_proving
from app.intake.people import service as people
from app.intake.people.tables import Proof
from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.errors import Forbidden, MastError, NotFound, TooMany, Unauthenticated, Unavailable
from app.platform.security.policy import current_actor, public
from app.platform.security.throttle import SIGN_IN_OF_ADDRESS, SIGN_OUT_OF_ADDRESS, address_of
from app.runtime import Runtime, RuntimeDep
from app.screens.people.account_page import Anybody, shown_account
from app.screens.people.page import sign_in_page
from app.screens.visits import Visit, local_path

router = APIRouter(include_in_schema=False)

REFUSALS = (Unauthenticated, Unavailable, TooMany, Forbidden)
_PUBLIC = [public("this is how one becomes someone")]


def provider_of(rt: Runtime) -> oidc.IdentityProvider:
    """The identity provider of this service. Raises NotFound where it has none."""
    if rt.identity_provider is None:
        raise NotFound("page")
    return rt.identity_provider


@router.get("/sign-in/oidc", dependencies=_PUBLIC)
def leave(request: Request, rt: RuntimeDep, next: Annotated[str, Query(max_length=300)] = "/") -> Response:
    """Send the browser to the provider. It keeps what it will be asked for when it comes back."""
    try:
        address, attempt = provider_of(rt).begin(rt.now(), next=local_path(next))
    except Unavailable as error:
        return sign_in_page(request, rt, next, error=error)
    return sent_there(rt, address, attempt)


def sent_there(rt: Runtime, address: str, attempt: oidc.Attempt) -> Response:
    """The browser on its way, with the sealed attempt."""
    response = RedirectResponse(address, 303)
    secure, lasts = rt.settings.cookie_secure, int(oidc.LASTS.total_seconds())
    # lax: it is the provider's page that sends the browser back
    response.set_cookie(
        _cookie(rt), attempt.sealed(rt.pepper), max_age=lasts, httponly=True, samesite="lax", secure=secure, path="/"
    )
    return response


def _cookie(rt: Runtime) -> str:
    return f"{signin.cookie_name(rt)}-oidc"


@router.get(oidc.BACK, dependencies=_PUBLIC)
def come_back(request: Request, rt: RuntimeDep) -> Response:
    """Sign in whom the provider vouches for, where an administrator has linked them to an account."""
    attempt = oidc.opened(rt.pepper, request.cookies.get(_cookie(rt), ""), rt.now())
    onwards = attempt.next if attempt else "/"
    try:
        if attempt is not None and attempt.proves:
            return _back(rt, _proven(request, rt, attempt))
        response: Response = RedirectResponse(local_path(onwards), 303)
        signin.set_cookie(response, rt, _signed_in(request, rt, attempt))
    except REFUSALS as error:
        response = _why(request, rt, attempt, error)
    return _back(rt, response)


def _why(request: Request, rt: Runtime, attempt: oidc.Attempt | None, error: MastError) -> Response:
    actor = current_actor(request)
    if attempt is not None and attempt.proves and actor is not None and actor.via == "session":
        return shown_account(Visit(request, rt, actor), error=error)
    return sign_in_page(request, rt, attempt.next if attempt else "/", error=error)


def _back(rt: Runtime, response: Response) -> Response:
    response.delete_cookie(_cookie(rt), path="/", secure=rt.settings.cookie_secure, httponly=True)
    return response


@router.get("/account/prove")
def prove(visit: Anybody) -> Response:
    """Let the provider ask once more who is signed in here."""
    address, attempt = provider_of(visit.rt).begin(visit.rt.now(), proves=str(visit.who.person_id))
    return sent_there(visit.rt, address, attempt)


def _proven(request: Request, rt: Runtime, attempt: oidc.Attempt) -> Response:
    """Note that who is signed in was asked by the provider just now, and that it is the same person."""
    actor = current_actor(request)
    if actor is None or actor.via != "session" or str(actor.person_id) != attempt.proves:
        raise Unauthenticated("You are not signed in any more. Nothing was done.", hint="Sign in and do it again.")
    proven = provider_of(rt).finish(attempt, request.query_params, rt.now())
    with rt.read() as session:
        person, identity = identities.holder(session, proven, rt.now())
    if person.id != actor.person_id:
        raise Forbidden("This identity belongs to someone else’s account. Nothing was done.", hint="Try again.")
    with rt.begin(actor, request, vital=True) as uow:
        identities.used(uow, identity, proven)
        secret = web_proving.secret_of(request, rt)
        there = identities.session_there(rt.pepper, proven.issuer, proven.session)
        people.prove(uow, secret, rt.session_policy, Proof.IDENTITY, by_two=proven.by_two, there=there)
    return RedirectResponse("/account?done=proven", 303)


def _signed_in(request: Request, rt: Runtime, attempt: oidc.Attempt | None) -> str:
    with rt.throttle.trying((SIGN_IN_OF_ADDRESS, address_of(request))):
        proven = provider_of(rt).finish(attempt, request.query_params, rt.now())
    with rt.read() as session:
        person, identity = identities.holder(session, proven, rt.now())
    actor = Actor(person.id, person.display_name, frozenset(), person.agency_id)
    previous = request.cookies.get(signin.cookie_name(rt), "")
    with rt.begin(actor, request, vital=True) as uow:
        identities.used(uow, identity, proven)
        there = identities.session_there(rt.pepper, proven.issuer, proven.session)
        return people.sign_in(
            uow,
            person,
            rt.session_policy,
            previous=previous,
            proof=Proof.IDENTITY,
            by_two=proven.by_two,
            session_there=there,
        )


@router.post(oidc.ENDED, dependencies=[public("its signature shows that the identity provider says it")])
def ended_there(request: Request, rt: RuntimeDep, logout_token: Annotated[str, Form()] = "") -> Response:
    """End what the provider signed in here, when it says that the person signed out there."""
    provider = provider_of(rt)
    with rt.throttle.trying((SIGN_OUT_OF_ADDRESS, address_of(request))):
        ended = provider.signed_out(logout_token, rt.now())
        with rt.begin(SYSTEM, request, vital=True) as uow:
            identities.end_there(uow, ended, rt.pepper)
    return Response()
