"""Pages of people: sign in, sign out, the home page of each role, accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.people import service, signin
from app.platform.kernel.actor import ROLE_WORDS, Actor, Role
from app.platform.kernel.errors import Forbidden, MastError, TooMany, Unauthenticated
from app.platform.security.policy import current_actor, public
from app.platform.web.fields import Text60, Text140
from app.platform.web.forms import Entered
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Admin, Visit

router = APIRouter(include_in_schema=False)

ENDED = (
    "Your session has ended, so what you were just sending was not saved. What you had saved before is unharmed. "
    "Sign in and enter it once more."
)


def local_path(target: str) -> str:
    """Only a path on this server; anything else becomes the home page (no open redirect)."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


@router.get("/sign-in", dependencies=[public("anybody may see the sign-in form")])
def sign_in_form(request: Request, rt: RuntimeDep, next: str = "/", ended: int = 0) -> HTMLResponse:
    """The form."""
    return _form(request, rt, next, notice=ENDED if ended else "")


@router.post("/sign-in", dependencies=[public("this is how one becomes somebody")])
def sign_in(
    request: Request,
    rt: RuntimeDep,
    username: Annotated[Text60, Form()] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Check name and password; five wrong tries a minute per name and address, sixty per address."""
    address = request.client.host if request.client else "?"
    name = username.strip().lower()
    # Per name and address, so that nobody can lock out a team behind one address or a lead from afar; an address
    # alone gets a far larger allowance.
    tries = ((rt.sign_in_throttle, f"{name}|{address}"), (rt.address_throttle, address))
    try:
        for throttle, key in tries:
            throttle.check(key)
        with rt.read() as session:
            person = service.check_password(session, username, password)
    except (Unauthenticated, TooMany, Forbidden) as error:
        if isinstance(error, Unauthenticated):
            for throttle, key in tries:
                throttle.count(key)
        return _form(request, rt, next, error=error, username=username)
    rt.sign_in_throttle.forget(tries[0][1])
    actor = Actor(person.id, person.display_name, frozenset(), person.agency_id)
    previous = request.cookies.get(signin.cookie_name(rt), "")
    with rt.begin(actor, request) as uow:
        secret = service.sign_in(uow, person, rt.session_policy, previous=previous)
    response = RedirectResponse(local_path(next), 303)
    signin.set_cookie(response, rt, secret)
    return response


def _form(
    request: Request, rt: Runtime, next: str, *, notice: str = "", username: str = "", error: MastError | None = None
) -> HTMLResponse:
    return rt.templates.page(
        request, "people/sign_in.html", status=status_of(error), next=local_path(next), error=error, notice=notice,
        username=username,
    )  # fmt: skip


@router.post("/sign-out", dependencies=[public("ending a session that has already ended is harmless")])
def sign_out(request: Request, rt: RuntimeDep) -> Response:
    """End the session here and on the server."""
    actor = current_actor(request)
    secret = request.cookies.get(signin.cookie_name(rt), "")
    if actor is not None and secret:
        with rt.begin(actor, request) as uow:
            service.sign_out(uow, secret, rt.session_policy)
    response = RedirectResponse("/sign-in", 303)
    signin.clear_cookie(response, rt)
    return response


@router.get("/people")
def people_page(visit: Admin) -> HTMLResponse:
    """Accounts of the agency."""
    return _people(visit, Entered())


@router.post("/people")
def add_person(
    visit: Admin,
    username: Annotated[Text60, Form()] = "",
    display_name: Annotated[Text140, Form(max_length=120)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    roles: Annotated[list[Role] | None, Form()] = None,
) -> Response:
    """Create an account, or show the form again with what is wrong."""
    assert visit.who.agency_id is not None
    values = Entered(username=username, display_name=display_name, roles=[role.value for role in roles or []])
    with visit.work(lambda error: _people(visit, values, error)) as uow:
        service.add_person(uow, visit.who.agency_id, username, display_name, password, roles or [])
    return RedirectResponse("/people", 303)


def _people(visit: Visit, values: Entered, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        rows = service.people(session, visit.who)
    return visit.page(
        "people/people.html",
        status=422 if error else 200,
        rows=rows,
        role_words=ROLE_WORDS,
        error=error,
        values=values,
    )
