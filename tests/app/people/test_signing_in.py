"""Signing in and out by the page: cookies, throttle, where one lands, and what never leads elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from app.intake.people.tables import PersonRole
from app.platform.kernel.actor import Role
from app.screens.find.first_page import LAST_AREA
from app.screens.navigation import PLACES, offered
from app.screens.visits import local_path
from tests.app.conftest import PASSWORD

HOME = {
    Role.RECEPTION: "/reception",
    Role.CHEMIST: "/bench",
    Role.VERIFIER: "/to-verify",
    Role.HEALTH_WORKER: "/consultations",
    Role.CLINICIAN: "/to-sign",
    Role.SESSION_LEAD: "/sessions",
    Role.RESEARCHER: "/trends",
    Role.PUBLIC_HEALTH: "/partner",
    Role.POLICE: "/partner",
    Role.ADMIN: "/people",
}
HTML = {"Accept": "text/html"}


def sign_in(browser: Any, username: str = "chemist.own", password: str = PASSWORD, **more: str) -> Any:
    return browser.post("/sign-in", data={"username": username, "password": password, **more})


def test_somebody_signs_in_works_and_signs_out(world: Any) -> None:
    browser = world.anonymous()
    assert "User name" in browser.get("/sign-in").text
    got = sign_in(browser, "Chemist.Own ")
    assert (got.status_code, got.headers["location"]) == (303, "/")
    cookie = got.headers["set-cookie"]
    assert cookie.startswith("__Host-mast=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")[1:]}
    assert "Domain" not in cookie
    assert browser.get("/api/v1/me").json()["roles"] == ["chemist"]
    secret = browser.cookies["__Host-mast"]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    browser.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
    assert browser.get("/api/v1/me").status_code == 401, "the server ended it, not only the browser"


@pytest.mark.parametrize("role", sorted(HOME))
def test_everybody_lands_where_their_work_begins(world: Any, role: Role) -> None:
    browser = world.as_(role)
    assert browser.get("/").headers["location"] == HOME[role]
    page = browser.get(HOME[role], headers=HTML, follow_redirects=True)
    assert page.status_code == 200
    areas, more = offered([role])
    nav = page.text.split("</header>")[0].split('<nav class="nav"')[1].split("</nav>")[0]
    for place in PLACES:
        if "{session}" not in place.href:
            assert (f">{place.label}</span>" in nav) == (place in areas or place in more), place.label
    assert set(areas + more) <= {place for place in PLACES if role in place.roles}


def test_the_board_of_the_open_session_is_where_a_lead_begins(world: Any) -> None:
    browser = world.as_(Role.SESSION_LEAD)
    assert browser.get("/").headers["location"] == "/sessions"
    session_id = world.session()
    assert browser.get("/").headers["location"] == f"/sessions/{session_id}"


def test_with_several_roles_one_begins_in_the_area_one_used_last(world: Any) -> None:
    actor = world.actors[Role.CHEMIST]
    with world.runtime.db.begin(actor) as uow:
        uow.session.add(PersonRole(person_id=actor.person_id, role=Role.ADMIN))
    browser = world.as_(Role.CHEMIST)
    assert browser.get("/").headers["location"] == "/bench"
    for last, begins in (("People", "/people"), ("Consultations", "/bench"), ("%2F%2Fevil.example", "/bench")):
        browser.cookies.set(LAST_AREA, last, domain="testserver.local", path="/")
        assert browser.get("/").headers["location"] == begins, last


def test_the_account_of_an_instruments_computer_has_no_screen(world: Any) -> None:
    assert set(HOME) == set(Role) - {Role.INSTRUMENT}
    browser = world.anonymous()
    got = sign_in(browser, "instrument.own")
    assert got.status_code == 403
    assert "This account is for an instrument&#39;s computer" in got.text
    assert "set-cookie" not in got.headers
    assert browser.get("/api/v1/me").status_code == 401
    wrong = sign_in(browser, "instrument.own", "wrong password!")
    assert wrong.status_code == 401
    assert "instrument&#39;s computer" not in wrong.text, "only who knows the password learns what the account is"
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        uow.session.add(PersonRole(person_id=world.actors[Role.INSTRUMENT].person_id, role=Role.CHEMIST))
    assert sign_in(browser, "instrument.own").status_code == 303, "someone who does more has something to see"


def test_nobody_in_particular_lands_on_the_ticket_page(world: Any) -> None:
    assert world.anonymous().get("/").headers["location"] == "/t"


def test_signing_in_never_leads_to_another_website(world: Any) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "", "bench", "javascript:alert(1)"):
        assert local_path(target) == "/"
    assert sign_in(world.anonymous(), next="//evil.example").headers["location"] == "/"
    assert sign_in(world.anonymous(), next="/bench?state=submitted").headers["location"] == "/bench?state=submitted"


def test_every_way_to_be_wrong_answers_alike_and_keeps_the_name(world: Any) -> None:
    pages = set()
    for name, password in (("chemist.own", "wrong password!"), ("nobody", "wrong password!"), ("nobody", PASSWORD)):
        got = sign_in(world.anonymous(), name, password)
        assert got.status_code == 401
        assert "User name and password do not match." in got.text
        assert f'value="{name}"' in got.text
        assert password not in got.text
        assert "set-cookie" not in got.headers
        pages.add(got.text.replace(name, ""))
    assert len(pages) == 1
    assert sign_in(world.anonymous(), "", "").status_code == 401


def test_wrong_passwords_are_limited_per_name_and_a_right_one_waits_too(world: Any, clock: Any) -> None:
    browser = world.anonymous()
    answers = [sign_in(browser, password="wrong password!") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert "Too many tries" in sign_in(browser).text
    clock.advance(seconds=61)
    assert sign_in(browser).status_code == 303


def test_signing_in_again_ends_the_session_the_browser_had(world: Any) -> None:
    browser = world.anonymous()
    sign_in(browser)
    first = browser.cookies["__Host-mast"]
    sign_in(browser)
    assert browser.cookies["__Host-mast"] != first
    stale = world.anonymous()
    stale.cookies.set("__Host-mast", first, domain="testserver.local", path="/")
    assert stale.get("/api/v1/me").status_code == 401
