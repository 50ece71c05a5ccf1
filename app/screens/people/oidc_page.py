"""Signing in by the identity provider: the way there, and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.intake.people import identities, oidc, signin
from app.intake.people import service as people
from app.intake.people.tables import Proof
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, NotFound, TooMany, Unauthenticated, Unavailable
from app.platform.security.policy import public
from app.platform.security.throttle import SIGN_IN_OF_ADDRESS, address_of
from app.runtime import Runtime, RuntimeDep
from app.screens.people.page import sign_in_page
from app.screens.visits import local_path

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
        response: Response = RedirectResponse(local_path(onwards), 303)
        signin.set_cookie(response, rt, _signed_in(request, rt, attempt))
    except REFUSALS as error:
        response = sign_in_page(request, rt, onwards, error=error)
    response.delete_cookie(_cookie(rt), path="/", secure=rt.settings.cookie_secure, httponly=True)
    return response


def _signed_in(request: Request, rt: Runtime, attempt: oidc.Attempt | None) -> str:
    with rt.throttle.trying((SIGN_IN_OF_ADDRESS, address_of(request))):
        proven = provider_of(rt).finish(attempt, request.query_params, rt.now())
    with rt.read() as session:
        person, identity = identities.holder(session, proven, rt.now())
    actor = Actor(person.id, person.display_name, frozenset(), person.agency_id)
    previous = request.cookies.get(signin.cookie_name(rt), "")
    with rt.begin(actor, request, vital=True) as uow:
        identities.used(uow, identity, proven)
        return people.sign_in(
            uow, person, rt.session_policy, previous=previous, proof=Proof.IDENTITY, by_two=proven.by_two
        )
