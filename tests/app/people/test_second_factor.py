"""Administrators show two factors where the service asks for it: by password alone they can only show or add a passkey."""

from __future__ import annotations

from typing import Any

import pytest

from app.intake.people import accounts, passkeys
from app.intake.people import service as people
from app.intake.people.tables import Person, Proof
from app.main import build_runtime
from app.platform.kernel.actor import OPERATOR, Role
from app.platform.kernel.errors import Invalid
from app.settings import Settings
from tests.app.conftest import PASSWORD
from tests.app.people.conftest import HOST, NAMED, ORIGIN
from tests.app.people.conftest import add_passkey as add
from tests.support.authenticator import Authenticator

PAGE = {"Accept": "text/html"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=NAMED | {"administrators_second_factor": True})


def by_password(world: Any, name: str = "admin.own") -> Any:
    browser = world.anonymous()
    assert browser.post("/sign-in", data={"username": name, "password": PASSWORD}).status_code == 303
    return browser


def show(browser: Any, device: Authenticator) -> Any:
    options = browser.post("/sign-in/passkey/options").json()
    return browser.post("/sign-in/passkey", data={"answer": device.show(options)})


def test_by_password_alone_an_administrator_can_only_add_a_passkey(world: Any, device: Authenticator) -> None:
    browser = by_password(world)
    for url in ("/", "/people", "/account", "/devices"):
        assert browser.get(url, headers=PAGE).headers["location"] == "/account/second", url
    assert browser.post("/account/password", data={}, headers=PAGE).headers["location"] == "/account/second"
    assert browser.post("/account/end", data={"key": "x"}, headers=PAGE).headers["location"] == "/account/second"
    problem = browser.get("/api/v1/people")
    assert (problem.status_code, problem.json()["type"]) == (403, "urn:mast:problem:second_factor_needed")
    body = {"label": "balance", "password": PASSWORD}
    assert browser.post("/api/v1/tokens", json=body).status_code == 403
    assert browser.post("/api/v1/me/proof", json={"password": PASSWORD}).status_code == 403
    page = browser.get("/account/second", headers=PAGE)
    assert "Add passkey" in page.text
    assert 'href="/people"' not in page.text
    assert "This is not your password" in add(browser, device, password="another").text
    assert browser.get("/people", headers=PAGE).status_code == 303
    assert add(browser, device).headers["location"] == "/"
    assert browser.get("/people").status_code == 200
    assert browser.get("/account/second").headers["location"] == "/"


def test_from_then_on_it_is_shown_and_no_other_can_be_added_instead(world: Any, device: Authenticator) -> None:
    add(by_password(world), device)
    browser = by_password(world)
    page = browser.get("/account/second", headers=PAGE).text
    assert "Use your passkey" in page
    assert "Add passkey" not in page
    refused = add(browser, Authenticator(ORIGIN, HOST))
    assert refused.status_code == 403
    assert "You have a passkey. None was added." in refused.text
    assert browser.get("/people", headers=PAGE).status_code == 303
    assert show(browser, device).status_code == 303
    assert browser.get("/people").status_code == 200


def test_a_passkey_alone_is_two_factors(world: Any, device: Authenticator) -> None:
    add(by_password(world), device)
    browser = world.anonymous()
    assert show(browser, device).status_code == 303
    assert browser.get("/people").status_code == 200


@pytest.mark.parametrize(("by_two", "status"), [(True, 200), (False, 403)])
def test_a_provider_counts_as_two_where_it_says_so(world: Any, by_two: bool, status: int) -> None:
    actor, policy = world.actors[Role.ADMIN], world.runtime.session_policy
    with world.runtime.db.begin(actor) as uow:
        person = uow.session.get(Person, actor.person_id)
        secret = people.sign_in(uow, person, policy, proof=Proof.IDENTITY, by_two=by_two)
    browser = world.anonymous()
    browser.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
    assert browser.get("/people").status_code == status


def test_the_last_administrator_with_a_lost_passkey_comes_back_by_the_command_line(
    world: Any, device: Authenticator
) -> None:
    add(by_password(world), device)
    with world.runtime.db.begin(OPERATOR) as uow:
        person = people.find_person(uow.session, "admin.own")
        accounts.ACTS["remove-passkeys"](uow, person)
    with world.runtime.read() as session:
        assert passkeys.of_person(session, person.id) == []
    assert "does not work here" in show(world.anonymous(), device).text
    browser = by_password(world)
    assert add(browser, Authenticator(ORIGIN, HOST)).headers["location"] == "/"
    assert browser.get("/people").status_code == 200


def test_a_server_that_could_not_ask_for_it_does_not_start(settings: Settings) -> None:
    with pytest.raises(Invalid, match="passkeys cannot be used here"):
        build_runtime(settings.model_copy(update={"public_url": "http://192.0.2.7"}))
