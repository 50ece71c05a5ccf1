"""One's own account: the password, and what is signed in. And the page behind a link for a new password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.people import accounts, passkeys, service, signin
from app.intake.people.tables import Person
from app.platform.kernel.actor import ROLE_WORDS, Actor
from app.platform.kernel.errors import Invalid, MastError
from app.platform.security.passwords import hash_password
from app.platform.security.policy import public
from app.platform.web.fields import Text20, Text60
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Done, Visit, visitor

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Visit, visitor()]
Typed = Annotated[str, Form(max_length=200)]
DONE = {
    "password": "Your password is changed. Every other browser is signed out.",
    "end": "Ended.",
    "proven": "Thank you, it is you. Close this page, and continue where you came from.",
    "passkey": "Your passkey is added. You can sign in with it from now on.",
}


@router.get("/account")
def account_page(visit: Anybody, done: Done = "") -> HTMLResponse:
    """One's own account."""
    return shown_account(visit, said=DONE.get(done, ""))


@router.post("/account/end")
def end_own(visit: Anybody, key: Annotated[Text20, Form()] = "") -> Response:
    """End one of one's own browsers or tokens."""
    with visit.begin() as uow:
        accounts.end_one(uow, uow.session.get_one(Person, visit.who.person_id), key)
    return RedirectResponse("/account?done=end", 303)


@router.post("/account/password")
def change_password(visit: Anybody, password: Typed = "", new: Typed = "", again: Typed = "") -> Response:
    """Another password, with the one there is. The browser goes on with a fresh session; all others end."""
    rt, request = visit.rt, visit.request
    service.by_a_person(visit.who)
    with shown_again(lambda error: shown_account(visit, error=error)):
        signin.confirm(request, visit.who, password)
        hashed = _hashed(new, again)
        with visit.begin() as uow:
            person = uow.session.get_one(Person, visit.who.person_id)
            accounts.set_password(uow, person, hashed)
            secret = service.sign_in(uow, person, rt.session_policy)
    response = RedirectResponse("/account?done=password", 303)
    signin.set_cookie(response, rt, secret)
    return response


def _hashed(new: str, again: str) -> str:
    if new != again:
        raise Invalid("The two new passwords differ. Nothing was changed.", hint="Type the new one twice.")
    return hash_password(new)


def shown_account(visit: Visit, *, said: str = "", error: MastError | None = None, label: str = "") -> HTMLResponse:
    """One's own account, with what was done or why nothing was changed. `label`: the name that was typed for a passkey."""
    rt, who = visit.rt, visit.who
    with rt.read() as session:
        person = session.get_one(Person, who.person_id)
        access = accounts.access_of(session, person.id, rt.now(), rt.session_policy.idle)
    return visit.page(
        "people/account.html",
        person=person,
        access=access,
        here=signin.live_key(visit.request),
        role_words=ROLE_WORDS,
        said=said,
        error=error,
        label=label,
        fields=fields_of(error),
        passkeys=passkeys.available(rt.settings.public_url) and who.via == "session",
    )


@router.get("/password", dependencies=[public("anyone who has a link for a new password opens it here")])
def password_form(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """The form behind a link. What makes the link work stands in its fragment, which a script moves into the form."""
    return _password(request, rt)


@router.post("/password", dependencies=[public("the link stands for its holder")])
def set_password(
    request: Request, rt: RuntimeDep, link: Annotated[Text60, Form()] = "", new: Typed = "", again: Typed = ""
) -> Response:
    """Set the password of anyone who holds the link."""
    with shown_again(lambda error: _password(request, rt, link, error)):
        with rt.read() as session:  # before the hash, which costs time anybody could ask for
            person = accounts.holder_of_link(session, link, rt.pepper, rt.now())
        hashed = _hashed(new, again)
        holder = Actor(person.id, person.display_name, frozenset(), person.agency_id)
        with rt.begin(holder, request) as uow:
            accounts.use_link(uow, link, rt.pepper, hashed)
    return RedirectResponse("/sign-in?done=password", 303)


def _password(request: Request, rt: Runtime, link: str = "", error: MastError | None = None) -> HTMLResponse:
    return rt.templates.page(request, "people/password.html", status=status_of(error), link=link, error=error)
