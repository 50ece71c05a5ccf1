"""Accounts and tokens: for administrators of their own agency, shown once, never with more roles than held."""

from __future__ import annotations

import re
from typing import Any

from app.intake.people import service as people
from app.platform.kernel.actor import Role
from tests.app.conftest import PASSWORD

NEW = {"username": "new.person", "display_name": "New Person", "roles": ["chemist", "verifier"]}


def link_on(page: str) -> str:
    """The secret of the link that a page shows."""
    return re.findall(r"<code[^>]*>https?://[^<]+/password#([\w-]+)</code>", page)[0]


def test_an_administrator_adds_somebody_who_sets_a_password_by_a_link_and_signs_in(world: Any) -> None:
    admin, browser = world.as_(Role.ADMIN), world.anonymous()
    added = admin.post("/people", data=NEW)
    link = link_on(added.text)
    assert "with the user name <b>new.person</b>" in added.text
    page = admin.get("/people").text
    assert "New Person" in page
    assert "Has no password yet" in page
    assert link not in page + admin.get(f"/people/{id_of(world, 'new.person')}").text, "shown once"
    assert "Chemist Own" in page
    assert "Chemist Other" not in page, "another agency's people are not here"
    assert browser.post("/sign-in", data={"username": "new.person", "password": ""}).status_code == 401
    typed = {"link": link, "new": PASSWORD, "again": PASSWORD}
    assert browser.post("/password", data=typed).headers["location"] == "/sign-in?done=password"
    assert "Your password is set" in browser.get("/sign-in?done=password").text
    assert browser.post("/sign-in", data={"username": "new.person", "password": PASSWORD}).status_code == 303
    assert browser.get("/api/v1/me").json() == {
        "display_name": "New Person", "roles": ["chemist", "verifier"], "agency": "North East Drug Checking",
    }  # fmt: skip


def id_of(world: Any, username: str) -> Any:
    with world.runtime.read() as session:
        return people.find_person(session, username).id


def test_an_account_for_an_instruments_computer_is_offered_and_explained(world: Any) -> None:
    admin = world.as_(Role.ADMIN)
    assert "sends files with mast watch and cannot sign in." in admin.get("/people").text
    added = admin.post("/people", data=NEW | {"roles": ["instrument"]})
    assert added.status_code == 200
    assert "/password#" not in added.text, "it never signs in"
    row = admin.get("/people").text.split("New Person", 1)[1].split("</tr>", 1)[0]
    assert "Instrument&#39;s computer" in row
    assert "Token only" in row
    assert "Active" not in row
    refused = admin.post(f"/people/{id_of(world, 'new.person')}/link")
    assert (refused.status_code, "mast people token" in refused.text) == (409, True)


def test_everything_that_is_wrong_is_said_at_once_on_top_and_beside_its_field(world: Any) -> None:
    text = world.as_(Role.ADMIN).post("/people", data={"username": " ", "display_name": ""}).text
    summary = text.split("There is a problem")[1].split("</ul>")[0]
    said = {
        "username": "Enter a user name, for example sam.", "display_name": "Enter the full name, for example Sam Taylor.",
        "roles": "Choose at least one role.",
    }  # fmt: skip
    for field, sentence in said.items():
        assert f'<a href="#{field}">{sentence}</a>' in summary
        assert re.search(rf'id="{field}-error"[^>]*>.*?{re.escape(sentence)}', text)
    taken = world.as_(Role.ADMIN).post("/people", data={"username": "chemist.own", "display_name": ""}).text
    assert "is taken. Choose another." in taken.split("There is a problem")[1].split("</ul>")[0]
    assert 'id="username-error"' in world.as_(Role.ADMIN).post("/people", data=NEW | {"username": "chemist.own"}).text


def test_a_token_learns_no_link_from_an_answer_of_its_owner_and_turns_nobody_off(world: Any) -> None:
    admin, chemist = world.as_(Role.ADMIN), world.actors[Role.CHEMIST].person_id
    made = admin.post("/api/v1/tokens", json={"label": "script", "password": PASSWORD}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    new = {"username": "new.person", "display_name": "New", "roles": ["admin"]}
    key = {"Idempotency-Key": "one"}
    assert "password#" in admin.post("/api/v1/people", json=new, headers=key).json()["link"]
    again = world.anonymous().post("/api/v1/people", json=new, headers={**key, **bearer})
    assert (again.status_code, "password#" in again.text) == (403, False)
    ended = world.anonymous().post(f"/people/{chemist}/end", data={"key": "x"}, headers=bearer)
    assert ended.status_code == 403
    assert admin.post("/api/v1/people", json=new, headers=key).json()["link"], "the owner is answered again"
