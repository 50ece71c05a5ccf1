"""Pages of administrators: the accounts of their agency, and one of them."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.people import accounts, service
from app.intake.people.tables import Person
from app.platform.db.rows import row_of
from app.platform.kernel.actor import ROLE_WORDS, Role
from app.platform.kernel.errors import MastError
from app.platform.web.fields import Text20, Text60, Text140
from app.platform.web.forms import Entered
from app.screens.visits import Admin, Done, Version, Visit

router = APIRouter(include_in_schema=False)

DONE = {
    "change": "Saved. Where the roles are others now, this person has to sign in again.",
    "disable": "Turned off. Browsers, tokens and links of this account have ended.",
    "enable": "Turned on again, with the password as it was.",
    "end-sessions": "Signed out everywhere.",
    "end": "Ended.",
}
Name = Annotated[Text140, Form(max_length=120)]
Roles = Annotated[list[Role] | None, Form()]


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
        values=values,
    )


@router.get("/people/{person_id}")
def person_page(visit: Admin, person_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """One account: name and roles, on or off, what is signed in."""
    return _one(visit, person_id, said=DONE.get(done, ""))


@router.post("/people/{person_id}")
def change_person(
    visit: Admin, person_id: uuid.UUID, version: Version, display_name: Name = "", roles: Roles = None
) -> Response:
    """Another name or other roles."""
    with visit.work(lambda error: _one(visit, person_id, error=error)) as uow:
        accounts.change(uow, accounts.account(uow, person_id), display_name, roles or [], version=version)
    return RedirectResponse(f"/people/{person_id}?done=change", 303)


@router.post("/people/{person_id}/link")
def link_for_person(visit: Admin, person_id: uuid.UUID) -> HTMLResponse:
    """A link for a new password, shown this once."""
    with visit.work(lambda error: _one(visit, person_id, error=error)) as uow:
        link = accounts.new_link(uow, accounts.account(uow, person_id), visit.rt.pepper)
    return _one(visit, person_id, link=link)


@router.post("/people/{person_id}/end")
def end_one(visit: Admin, person_id: uuid.UUID, key: Annotated[Text20, Form()] = "") -> Response:
    """End one browser or token."""
    with visit.begin() as uow:
        accounts.end_one(uow, accounts.account(uow, person_id), key)
    return RedirectResponse(f"/people/{person_id}?done=end", 303)


@router.post("/people/{person_id}/{act}")
def act_on_person(visit: Admin, person_id: uuid.UUID, act: Literal["disable", "enable", "end-sessions"]) -> Response:
    """Turn the account off or on, or sign the person out everywhere."""
    with visit.work(lambda error: _one(visit, person_id, error=error)) as uow:
        accounts.ACTS[act](uow, accounts.account(uow, person_id))
    return RedirectResponse(f"/people/{person_id}?done={act}", 303)


def _one(
    visit: Visit, person_id: uuid.UUID, *, link: str = "", said: str = "", error: MastError | None = None
) -> HTMLResponse:
    rt = visit.rt
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
        link=accounts.address_of(rt.settings.public_url, link) if link else "",
        said=said,
        error=error,
    )
