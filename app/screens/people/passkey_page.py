"""Passkeys on pages: add one to one's own account, and sign in with one. Removing is ending it, as with browsers and tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from app.intake.people import passkeys, signin, web_proving
from app.intake.people import service as people
from app.intake.people.tables import Proof
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, MastError, TooMany, Unauthenticated
from app.platform.security.policy import public
from app.platform.security.throttle import SIGN_IN_OF_ADDRESS, address_of
from app.platform.web.fields import Note60
from app.platform.web.forms import fields_of, shown_again
from app.runtime import Runtime, RuntimeDep
from app.screens.people.account_page import Typed, shown_account
from app.screens.people.page import sign_in_page
from app.screens.visits import Visit, local_path, visitor

router = APIRouter(include_in_schema=False)

Arriving = Annotated[Visit, visitor(also_waiting=True)]
Answer = Annotated[str, Form(max_length=passkeys.ANSWER_MAX)]


def _site(rt: Runtime) -> passkeys.Site:
    return passkeys.site_of(rt.settings.name, rt.settings.public_url)


@router.get("/account/second")
def second_page(visit: Arriving) -> Response:
    """Where an administrator who showed one factor shows or adds a passkey, if this service asks for two."""
    return _second(visit) if visit.who.waits else RedirectResponse("/", 303)


def _second(visit: Visit, *, error: MastError | None = None, label: str = "") -> HTMLResponse:
    with visit.rt.read() as session:
        held = passkeys.of_person(session, people.signed_in(session, visit.who).id)
    return visit.page("people/second.html", has_one=bool(held), label=label, error=error, fields=fields_of(error))


@router.post("/account/passkeys/options")
def options_to_add(visit: Arriving) -> Response:
    """What the browser is asked to make."""
    rt = visit.rt
    with rt.read() as session:
        return JSONResponse(passkeys.options_to_add(session, visit.who, _site(rt), rt.pepper, rt.now()))


@router.post("/account/passkeys")
def add_passkey(
    visit: Arriving, answer: Answer = "", label: Annotated[Note60, Form()] = "", password: Typed = ""
) -> Response:
    """Keep the passkey the browser made, once the password has been given: an unlocked tablet in other hands adds none."""
    rt = visit.rt
    again = _second if visit.who.waits else shown_account
    with shown_again(lambda error: again(visit, error=error, label=label)):
        signin.confirm(visit.request, visit.who, password)
        with visit.begin() as uow:
            passkeys.add(uow, _site(rt), rt.pepper, answer, label)
            secret = web_proving.secret_of(visit.request, rt)
            people.prove(uow, secret, rt.session_policy, Proof.PASSKEY, by_two=True)
    if visit.who.waits:
        return RedirectResponse("/", 303)
    return RedirectResponse("/account?done=passkey", 303)


@router.post("/sign-in/passkey/options", dependencies=[public("this is how one becomes someone")])
def options_to_sign_in(rt: RuntimeDep) -> Response:
    """What the browser is asked to show. It names nobody."""
    return JSONResponse(passkeys.options_to_sign_in(_site(rt), rt.pepper, rt.now()))


@router.post("/sign-in/passkey", dependencies=[public("this is how one becomes someone")])
def sign_in(
    request: Request, rt: RuntimeDep, answer: Answer = "", next: Annotated[str, Form(max_length=300)] = "/"
) -> Response:
    """Sign in the person who holds the passkey that was shown."""
    try:
        with rt.throttle.trying((SIGN_IN_OF_ADDRESS, address_of(request))), rt.read() as session:
            found = passkeys.shown(session, _site(rt), rt.pepper, answer, rt.now())
        actor = Actor(found.person.id, found.person.display_name, frozenset(), found.person.agency_id)
        with rt.begin(actor, request, vital=True) as uow:
            passkeys.used(uow, found)
            previous = request.cookies.get(signin.cookie_name(rt), "")
            secret = people.sign_in(
                uow, found.person, rt.session_policy, previous=previous, proof=Proof.PASSKEY, by_two=True
            )
    except (Unauthenticated, TooMany, Forbidden) as error:
        return sign_in_page(request, rt, next, error=error)
    response = RedirectResponse(local_path(next), 303)
    signin.set_cookie(response, rt, secret)
    return response
