"""Accounts are looked after: name and roles, on and off, a new password by a link, and what is signed in.

The attack found none of it: a password that was known to others could not be changed, an account that was turned off could
not be turned on again, and nobody could end the browsers and tokens of someone else.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from app.intake.people import accounts, service
from app.intake.people.tables import Person, PersonRole
from app.operations import api as system_api
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Unauthenticated
from app.platform.live.hub import LiveEvent
from app.platform.live.tables import EventRow
from tests.app.conftest import PASSWORD
from tests.app.people.test_accounts import link_on

NEW = "another long password"


def person(world: Any, role: Role) -> Person:
    with world.runtime.read() as session:
        found = session.get(Person, world.actors[role].person_id)
    assert found is not None
    return found


def at(world: Any, role: Role, tail: str = "") -> str:
    return f"/people/{world.actors[role].person_id}{tail}"


def changed(world: Any, role: Role, roles: list[str], **more: Any) -> Any:
    row = person(world, role)
    form = {"version": row.version, "display_name": row.display_name, "roles": roles, **more}
    return world.as_(Role.ADMIN).post(at(world, role), data=form)


def token_of(world: Any, role: Role, *roles: str) -> dict[str, str]:
    body = {"label": "balance", "roles": roles, "password": PASSWORD}
    return {"Authorization": f"Bearer {world.as_(role).post('/api/v1/tokens', json=body).json()['token']}"}


def works(world: Any, bearer: dict[str, str]) -> bool:
    return bool(world.anonymous().get("/api/v1/me", headers=bearer).status_code == 200)


def verbs(world: Any) -> list[str]:
    with world.runtime.read() as session:
        return [entry.verb for entry in session.exec(select(AuditEntry).where(AuditEntry.object_type == "person"))]


def test_other_roles_sign_the_person_out_and_end_tokens_that_hold_a_lost_one(world: Any) -> None:
    with world.runtime.db.begin() as uow:
        uow.session.add(PersonRole(person_id=world.actors[Role.CHEMIST].person_id, role=Role.VERIFIER))
    browser = world.as_(Role.CHEMIST)
    lost, kept = token_of(world, Role.CHEMIST, "chemist", "verifier"), token_of(world, Role.CHEMIST, "verifier")
    assert changed(world, Role.CHEMIST, ["verifier", "reception"]).headers["location"].endswith("?done=change")
    assert browser.get("/api/v1/me").status_code == 401
    assert (works(world, lost), works(world, kept)) == (False, True)
    again = {"username": "chemist.own", "password": PASSWORD}
    assert browser.post("/sign-in", data=again).status_code == 303
    assert browser.get("/api/v1/me").json()["roles"] == ["reception", "verifier"]
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "change")).one()
    assert (entry.before["roles"], entry.after["roles"]) == (["chemist", "verifier"], ["reception", "verifier"])
    assert entry.agency_id == str(world.agency_id)


def test_another_name_signs_nobody_out_and_a_second_change_from_an_old_page_is_refused(world: Any) -> None:
    browser = world.as_(Role.CHEMIST)
    version = person(world, Role.CHEMIST).version
    assert changed(world, Role.CHEMIST, ["chemist"], display_name="Chen").status_code == 303
    assert browser.get("/api/v1/me").json()["display_name"] == "Chen"
    stale = changed(world, Role.CHEMIST, ["chemist"], version=version, display_name="Someone")
    assert (stale.status_code, "Someone else changed this account" in stale.text) == (412, True)
    for form, words in (({"display_name": " "}, "Enter the full name"), ({"roles": []}, "at least one role")):
        refused = changed(world, Role.CHEMIST, form.pop("roles", ["chemist"]), **form)
        assert (refused.status_code, words in refused.text, "There is a problem" in refused.text) == (422, True, True)
    assert person(world, Role.CHEMIST).display_name == "Chen"


def test_an_account_that_was_turned_off_is_turned_on_again_and_signs_in_anew(world: Any) -> None:
    admin, browser, bearer = world.as_(Role.ADMIN), world.as_(Role.CHEMIST), token_of(world, Role.CHEMIST)
    assert admin.post(at(world, Role.CHEMIST, "/disable")).status_code == 303
    assert "This account is turned off." in admin.get(at(world, Role.CHEMIST)).text
    refused = admin.post(at(world, Role.CHEMIST, "/link"))
    assert (refused.status_code, "Turn it on first" in refused.text) == (409, True)
    assert admin.post(at(world, Role.CHEMIST, "/enable")).status_code == 303
    assert browser.get("/api/v1/me").status_code == 401, "what was signed in stays ended"
    assert not works(world, bearer)
    assert browser.post("/sign-in", data={"username": "chemist.own", "password": PASSWORD}).status_code == 303
    assert verbs(world)[-3:] == ["disable", "enable", "sign_in"]


def test_a_link_sets_a_new_password_once_and_signs_the_person_out_everywhere(world: Any) -> None:
    browser = world.as_(Role.CHEMIST)
    link = link_on(world.as_(Role.ADMIN).post(at(world, Role.CHEMIST, "/link")).text)
    with world.runtime.read() as session:
        assert link not in str(session.get(Person, world.actors[Role.CHEMIST].person_id))
    assert browser.get("/api/v1/me").status_code == 200, "until it is used nothing changes"
    for new, again, words in ((NEW, NEW + "x", "differ"), ("short", "short", "at least 12 characters")):
        refused = world.anonymous().post("/password", data={"link": link, "new": new, "again": again})
        assert (refused.status_code, words in refused.text) == (422, True)
        assert new not in refused.text.replace("shorter", "")
    used = {"link": link, "new": NEW, "again": NEW}
    assert world.anonymous().post("/password", data=used).status_code == 303
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.post("/sign-in", data={"username": "chemist.own", "password": PASSWORD}).status_code == 401
    assert browser.post("/sign-in", data={"username": "chemist.own", "password": NEW}).status_code == 303
    assert world.anonymous().post("/password", data=used).status_code == 422, "once"
    assert verbs(world)[-3:] == ["link", "set_password", "sign_in"]


def test_attack_a_sign_in_whose_password_was_checked_before_it_changed_comes_to_nothing(world: Any) -> None:
    checked = person(world, Role.CHEMIST)
    with world.runtime.begin(world.actors[Role.ADMIN]) as uow:
        accounts.set_password(uow, uow.session.get_one(Person, checked.id), "another hash")
    with pytest.raises(Unauthenticated), world.runtime.begin(world.actors[Role.CHEMIST]) as uow:
        service.sign_in(uow, checked, world.runtime.session_policy)


@pytest.mark.parametrize("why", ["made up", "too old", "replaced", "turned off"])
def test_every_link_that_does_not_work_answers_alike_and_costs_no_hash(
    world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    admin = world.as_(Role.ADMIN)
    link = link_on(admin.post(at(world, Role.CHEMIST, "/link")).text) if why != "made up" else "x" * 43
    if why == "replaced":
        admin.post(at(world, Role.CHEMIST, "/link"))
    if why == "turned off":
        admin.post(at(world, Role.CHEMIST, "/disable"))
        admin.post(at(world, Role.CHEMIST, "/enable"))
    if why == "too old":
        clock.advance(hours=24)
    monkeypatch.setattr("app.screens.people.account_page.hash_password", lambda _: pytest.fail("a hash for anybody"))
    got = world.anonymous().post("/password", data={"link": link, "new": NEW, "again": NEW})
    assert (got.status_code, "used, replaced or is older than 24 hours" in got.text) == (422, True)


def test_nobody_takes_themself_out_or_sets_their_own_password_by_a_link(world: Any) -> None:
    admin = world.as_(Role.ADMIN)
    with world.runtime.db.begin() as uow:
        uow.session.add(PersonRole(person_id=world.actors[Role.CHEMIST].person_id, role=Role.ADMIN))
    for answer in (
        admin.post(at(world, Role.ADMIN, "/disable")),
        admin.post(at(world, Role.ADMIN, "/link")),
        changed(world, Role.ADMIN, ["reception"]),
    ):
        assert answer.status_code == 403
    assert changed(world, Role.ADMIN, ["admin", "reception"]).status_code == 303
    assert admin.get("/api/v1/me").status_code == 401, "other roles sign out whoever it is"


@pytest.mark.parametrize("other", ["none", "turned off", "without a password", "of another agency"])
def test_the_last_administrator_who_can_sign_in_stays(world: Any, other: str) -> None:
    if other in ("turned off", "without a password"):
        with world.runtime.db.begin() as uow:
            row = uow.session.get_one(Person, world.actors[Role.CHEMIST].person_id)
            uow.session.add(PersonRole(person_id=row.id, role=Role.ADMIN))
            row.disabled_at, row.password_hash = (uow.now, "x") if other == "turned off" else (None, "")
    for act in (accounts.disable, lambda uow, row: accounts.change(uow, row, "X", [Role.CHEMIST])):
        with pytest.raises(Conflict, match="last administrator"), world.runtime.db.begin() as uow:
            act(uow, uow.session.get_one(Person, world.actors[Role.ADMIN].person_id))
    assert world.as_(Role.ADMIN).get("/people").status_code == 200


def test_an_administrator_sees_and_ends_what_is_signed_in_for_somebody(world: Any) -> None:
    admin, browser, bearer = world.as_(Role.ADMIN), world.as_(Role.CHEMIST), token_of(world, Role.CHEMIST)
    assert browser.get("/account").text.count("This browser") == 1
    page = admin.get(at(world, Role.CHEMIST)).text
    assert "Token “balance” (Chemist)" in page
    sign_out, revoke = keys_on(page)
    assert admin.post(at(world, Role.CHEMIST, "/end"), data={"key": revoke}).status_code == 303
    assert (works(world, bearer), browser.get("/api/v1/me").status_code) == (False, 200)
    assert admin.post(at(world, Role.CHEMIST, "/end"), data={"key": sign_out}).status_code == 303
    assert browser.get("/api/v1/me").status_code == 401
    assert admin.post(at(world, Role.CHEMIST, "/end"), data={"key": sign_out}).status_code == 404
    with world.runtime.read() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.verb == "revoke")).all()
    assert [entry.object_type for entry in found] == ["api_token", "staff_session"]


def keys_on(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('name="key" value="')[1:]]


def test_a_person_ends_their_own_and_nobody_elses(world: Any) -> None:
    browser, bearer = world.as_(Role.CHEMIST), token_of(world, Role.CHEMIST)
    theirs = keys_on(world.as_(Role.VERIFIER).get("/account").text)
    assert browser.post("/account/end", data={"key": theirs[0]}).status_code == 404
    assert browser.post("/account/end", data={"key": keys_on(browser.get("/account").text)[-1]}).status_code == 303
    assert not works(world, bearer)
    assert "No browsers, tokens or passkeys" not in browser.get("/account").text
    assert "Ended." in browser.get("/account?done=end").text


def test_a_person_changes_their_own_password_with_the_old_one(world: Any) -> None:
    here, elsewhere = world.as_(Role.CHEMIST), world.anonymous()
    elsewhere.post("/sign-in", data={"username": "chemist.own", "password": PASSWORD})
    form = {"password": PASSWORD, "new": NEW, "again": NEW}
    for change, status, words in (
        ({"password": "not the password"}, 422, "not your password"),
        ({"again": NEW + "x"}, 422, "differ"),
        ({"new": "short", "again": "short"}, 422, "at least 12 characters"),
    ):
        refused = here.post("/account/password", data={**form, **change})
        assert (refused.status_code, words in refused.text) == (status, True)
    before = here.cookies["__Host-mast"]
    assert here.post("/account/password", data=form).headers["location"] == "/account?done=password"
    assert here.cookies["__Host-mast"] != before
    assert here.get("/api/v1/me").status_code == 200
    assert elsewhere.get("/api/v1/me").status_code == 401
    assert elsewhere.post("/sign-in", data={"username": "chemist.own", "password": NEW}).status_code == 303


def test_a_stolen_browser_cannot_guess_the_password_it_is_asked_for_again(world: Any) -> None:
    """Issuing a token and changing the password ask for it; wrong ones count like those of the sign-in form."""
    browser, body = world.as_(Role.CHEMIST), {"label": "x", "password": "not the password"}
    statuses = [browser.post("/api/v1/tokens", json=body).status_code for _ in range(5)]
    assert statuses == [422] * 5
    assert browser.post("/api/v1/tokens", json={**body, "password": PASSWORD}).status_code == 429
    assert browser.post("/account/password", data={"password": PASSWORD, "new": NEW, "again": NEW}).status_code == 429
    assert browser.post("/api/v1/tokens", json={"label": "x"}).status_code == 422


def test_a_token_is_not_made_for_an_account_that_is_turned_off(world: Any) -> None:
    world.as_(Role.ADMIN).post(at(world, Role.CHEMIST, "/disable"))
    owner = world.actors[Role.CHEMIST].person_id
    with pytest.raises(Conflict, match="turned off"), world.runtime.db.begin() as uow:
        service.issue_token(uow, "x", [], 1, world.runtime.pepper, person_id=owner)


@pytest.mark.parametrize(
    "act",
    ["roles", "password", "/end-sessions", "/end", "/disable", "sign-out"],
    ids=lambda a: a.removeprefix("/"),
)
def test_open_live_streams_of_what_was_ended_fall_silent(world: Any, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    accepts: list[Any] = []

    def keep(hub: Any, accepts_: Any, request: Any, **_: Any) -> Any:
        from fastapi.responses import Response

        accepts.append(accepts_)
        return Response()

    monkeypatch.setattr(system_api, "event_stream", keep)
    admin, browser, bearer = world.as_(Role.ADMIN), world.as_(Role.CHEMIST), token_of(world, Role.CHEMIST)
    browser.get("/api/v1/events")
    world.anonymous().get("/api/v1/events", headers=bearer)
    world.as_(Role.VERIFIER).get("/api/v1/events")
    if act == "roles":
        changed(world, Role.CHEMIST, ["chemist", "reception"])
    elif act == "password":
        link = link_on(admin.post(at(world, Role.CHEMIST, "/link")).text)
        world.anonymous().post("/password", data={"link": link, "new": NEW, "again": NEW})
    elif act == "sign-out":
        browser.post("/sign-out")
    else:
        admin.post(at(world, Role.CHEMIST, act), data={"key": keys_on(browser.get("/account").text)[0]})
    asyncio.run(delivered(world, accepts))
    queue = LiveEvent(1, world.runtime.now(), "queue", "x", world.agency_id, None, None, {}, b"")
    assert [one(queue) for one in accepts] == [False, act != "/disable", True], "the token still holds its role"


async def delivered(world: Any, accepts: list[Any]) -> None:
    with world.runtime.read() as session:
        for row in session.exec(select(EventRow)):
            for one in accepts:
                one(LiveEvent(1, row.at, row.topic, row.kind, row.agency_id, None, None, row.payload, b""))
