"""Pages of signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.people import service, signin
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, MastError, TooMany, Unauthenticated, Unavailable
from app.platform.security.policy import current_actor, public
from app.platform.security.throttle import SIGN_IN, SIGN_IN_OF_ADDRESS, address_of
from app.platform.web.fields import Text60
from app.platform.web.problems import headers_of, status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Done

router = APIRouter(include_in_schema=False)

ENDED = (
    "Your session has ended, so what you were just sending was not saved. What you had saved before is unharmed. "
    "Sign in and enter it once more."
)
SET_BY_LINK = "Your password is set. Sign in with it."


def local_path(target: str) -> str:
    """Only a path on this server; anything else becomes the home page (no open redirect)."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


@router.get("/sign-in", dependencies=[public("anybody may see the sign-in form")])
def sign_in_form(request: Request, rt: RuntimeDep, next: str = "/", ended: int = 0, done: Done = "") -> HTMLResponse:
    """The form."""
    return _form(request, rt, next, notice=SET_BY_LINK if done == "password" else ENDED if ended else "")


@router.post("/sign-in", dependencies=[public("this is how one becomes somebody")])
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
        with rt.throttle.trying(*tries), rt.read() as session:
            person = service.check_password(session, username, password)
    except (Unauthenticated, TooMany, Forbidden, Unavailable) as error:
        return _form(request, rt, next, error=error, username=username)
    actor = Actor(person.id, person.display_name, frozenset(), person.agency_id)
    previous = request.cookies.get(signin.cookie_name(rt), "")
    with rt.begin(actor, request, vital=True) as uow:
        secret = service.sign_in(uow, person, rt.session_policy, previous=previous)
    response = RedirectResponse(local_path(next), 303)
    signin.set_cookie(response, rt, secret)
    return response


def _form(
    request: Request, rt: Runtime, next: str, *, notice: str = "", username: str = "", error: MastError | None = None
) -> HTMLResponse:
    response = rt.templates.page(
        request, "people/sign_in.html", status=status_of(error), next=local_path(next), error=error, notice=notice,
        username=username,
    )  # fmt: skip
    response.headers.update(headers_of(error))
    return response


@router.post("/sign-out", dependencies=[public("ending a session that has already ended is harmless")])
def sign_out(request: Request, rt: RuntimeDep) -> Response:
    """End the session here and on the server."""
    actor = current_actor(request)
    secret = request.cookies.get(signin.cookie_name(rt), "")
    if actor is not None and secret:
        with rt.begin(actor, request, vital=True) as uow:
            service.sign_out(uow, secret, rt.session_policy)
    response = RedirectResponse("/sign-in", 303)
    signin.clear_cookie(response, rt)
    return response
