"""Sign-in, sessions and tokens: wrong ones answer alike, old ones end, nobody gets more than they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.intake.people import service as people
from app.platform.kernel.actor import Role
from tests.app.conftest import PASSWORD

CHEMIST = "chemist.own"


def sign_in(client: Any, username: str = CHEMIST, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in", data={"username": username, "password": password, **more})


def test_a_right_password_sets_a_host_cookie_out_of_reach_of_scripts(world: Any) -> None:
    client = world.anonymous()
    answer = sign_in(client)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-mast=")
    for flag in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/me").json()["roles"] == ["chemist"]


def test_a_wrong_password_and_an_unknown_name_answer_alike(world: Any) -> None:
    wrong = sign_in(world.anonymous(), password="not this one at all")
    unknown = sign_in(world.anonymous(), username="nobody.here")
    assert wrong.status_code == unknown.status_code == 401
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace(CHEMIST, "") == unknown.text.replace("nobody.here", "")


def test_a_turned_off_account_answers_like_a_wrong_password(world: Any) -> None:
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        people.disable_person(uow, world.actors[Role.CHEMIST].person_id)
    assert sign_in(world.anonymous()).status_code == 401


def test_a_sixth_wrong_try_in_a_minute_waits_even_with_the_right_password(world: Any, clock: Any) -> None:
    client = world.anonymous()
    for _ in range(5):
        assert sign_in(client, password="wrong wrong wrong").status_code == 401
    assert sign_in(client).status_code == 429
    clock.advance(seconds=61)
    assert sign_in(client).status_code == 303


def test_the_session_id_is_new_after_each_sign_in_and_the_old_one_is_dead(world: Any) -> None:
    client = world.anonymous()
    sign_in(client)
    first = client.cookies["__Host-mast"]
    sign_in(client)
    second = client.cookies["__Host-mast"]
    assert first != second
    old = world.anonymous()
    old.cookies.set("__Host-mast", first, domain="testserver.local", path="/")
    assert old.get("/api/v1/me").status_code == 401
    assert client.get("/api/v1/me").status_code == 200


def test_signing_out_ends_the_session_on_the_server(world: Any) -> None:
    client = world.anonymous()
    sign_in(client)
    secret = client.cookies["__Host-mast"]
    assert client.post("/sign-out").status_code == 303
    thief = world.anonymous()
    thief.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
    assert thief.get("/api/v1/me").status_code == 401


def test_turning_an_account_off_ends_its_browsers_and_tokens_at_once(world: Any) -> None:
    browser = world.as_(Role.CHEMIST)
    token = browser.post("/api/v1/tokens", json={"label": "script"}).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 200
    person = world.actors[Role.CHEMIST].person_id
    assert world.as_(Role.ADMIN).post(f"/api/v1/people/{person}/disable").status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 401


@pytest.mark.parametrize(("minutes", "status"), [(44, 200), (46, 401)])
def test_a_silent_browser_is_signed_out(world: Any, clock: Any, minutes: int, status: int) -> None:
    client = world.as_(Role.CHEMIST)
    clock.advance(minutes=minutes)
    assert client.get("/api/v1/me").status_code == status


def test_a_busy_browser_is_signed_out_after_twelve_hours_all_the_same(world: Any, clock: Any) -> None:
    client = world.as_(Role.CHEMIST)
    for _ in range(23):
        clock.advance(minutes=30)
        assert client.get("/api/v1/me").status_code == 200
    clock.advance(minutes=31)
    assert client.get("/api/v1/me").status_code == 401


def test_a_page_opened_without_a_session_leads_to_the_form_and_back(world: Any) -> None:
    client = world.anonymous()
    away = client.get("/bench?x=1", headers={"Accept": "text/html"})
    assert away.status_code == 303
    assert away.headers["location"] == "/sign-in?next=/bench%3Fx%3D1"
    assert sign_in(client, next="/bench?x=1").headers["location"] == "/bench?x=1"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_form_leads_to_no_other_site(world: Any, target: str) -> None:
    assert sign_in(world.anonymous(), next=target).headers["location"] == "/"


def test_a_form_sent_after_the_session_ended_says_so(world: Any, clock: Any) -> None:
    client = world.as_(Role.ADMIN)
    clock.advance(hours=13)
    answer = client.post("/people", data={"username": "x"}, headers={"Accept": "text/html"})
    assert answer.headers["location"] == "/sign-in?ended=1"
    assert "unharmed" in client.get("/sign-in?ended=1").text


def test_a_token_never_has_a_role_its_owner_lacks_or_has_lost(world: Any) -> None:
    client = world.as_(Role.CHEMIST)
    assert client.post("/api/v1/tokens", json={"label": "x", "roles": ["session_lead"]}).status_code == 403
    token = client.post("/api/v1/tokens", json={"label": "x", "roles": ["chemist"]}).json()["token"]
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        row = uow.session.get(people.PersonRole, (world.actors[Role.CHEMIST].person_id, Role.CHEMIST))
        uow.session.delete(row)
    answer = world.anonymous().get("/bench", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_token_ends_by_itself_and_when_revoked(world: Any, clock: Any) -> None:
    client = world.as_(Role.CHEMIST)
    issued = client.post("/api/v1/tokens", json={"label": "x", "days": 1}).json()
    bearer = {"Authorization": f"Bearer {issued['token']}"}
    other = client.post("/api/v1/tokens", json={"label": "y", "days": 3}).json()
    assert client.delete(f"/api/v1/tokens/{other['id']}").status_code == 204
    assert world.anonymous().get("/api/v1/me", headers={"Authorization": f"Bearer {other['token']}"}).status_code == 401
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 200
    clock.advance(days=1, seconds=1)
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 401


def test_no_secret_is_stored_in_clear(world: Any) -> None:
    client = world.anonymous()
    sign_in(client)
    token = client.post("/api/v1/tokens", json={"label": "x"}).json()["token"]
    folder = Path(world.runtime.db.url.removeprefix("sqlite:///")).parent
    stored = b"".join(p.read_bytes() for p in folder.glob("mast.sqlite3*"))
    for secret in (client.cookies["__Host-mast"], token, PASSWORD):
        assert secret.encode() not in stored
