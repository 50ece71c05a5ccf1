"""Signing out where a provider signed someone in: the way out there is offered, and what ended there ends here."""

from __future__ import annotations

import html
import re
from itertools import count
from typing import Any

import pytest
import structlog
from sqlmodel import select

from app.intake.people import provider
from app.intake.people.oidc import ENDED, EVENT
from app.intake.people.tables import Proof, StaffSession
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.people.conftest import at_the_university, link, sign_in
from tests.support.clock import SettableClock
from tests.support.identity_provider import CLIENT, Running
from tests.support.ports import free_port

_MESSAGES = count()


@pytest.fixture
def settings(settings: Settings, there: Running) -> Settings:
    """A service that is registered at the provider."""
    return at_the_university(settings, there)


def way_out(page: str) -> str:
    """Where the page offers to sign out as well."""
    found = re.search(r'href="([^"]+)"[^>]*>Sign out there too<', page)
    return html.unescape(found[1]) if found else ""


def left(browser: Any) -> str:
    """The page someone sees who signed out."""
    gone = browser.post("/sign-out")
    assert gone.status_code == 303
    return str(browser.get(gone.headers["location"]).text)


def test_who_came_by_the_provider_is_offered_the_way_out_there(world: Any, there: Running) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    page = left(browser)
    assert "You are signed out of MAST. You are still signed in with Northern University." in page
    assert way_out(page) == (
        "https://login.example.ac.uk/out?of=all&client_id=mast&post_logout_redirect_uri=https%3A%2F%2Ftestserver%2Fsign-in"
    )
    assert browser.get("/api/v1/me").status_code == 401
    assert "still signed in" not in left(world.as_(Role.VERIFIER)), "who came by a password is not there"
    assert "still signed in" not in world.anonymous().get("/sign-in").text


@pytest.mark.parametrize("odd", ["javascript:alert(1)", "", None, 7])
def test_a_provider_without_such_a_page_is_named_all_the_same(
    world: Any, there: Running, clock: SettableClock, odd: object
) -> None:
    there.behave(now=clock().timestamp(), way_out=odd)
    link(world)
    page = left(sign_in(world, there)[0])
    assert "You are still signed in with Northern University." in page
    assert "On a device that others use" in page
    assert way_out(page) == ""


def test_a_provider_that_does_not_answer_keeps_nobody_signed_in(
    world: Any, there: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    gone = provider.Provider(f"http://127.0.0.1:{free_port()}", "Northern University")
    monkeypatch.setattr(world.runtime.identity_provider, "there", gone)
    page = left(browser)
    assert "You are still signed in with Northern University." in page
    assert way_out(page) == ""
    assert browser.get("/api/v1/me").status_code == 401


def said(there: Running, now: float, **other: Any) -> dict[str, Any]:
    """What an honest provider says when a-17 signs out; what is None is left out."""
    made = int(now)
    claims = {"iss": there.issuer, "aud": CLIENT, "iat": made, "exp": made + 120, "jti": f"m-{next(_MESSAGES)}"}
    claims |= {"events": {EVENT: {}}, "sub": "a-17", **other}
    return {name: value for name, value in claims.items() if value is not None}


def tell(world: Any, token: str) -> Any:
    """The provider, which has no cookie, tells the server."""
    return world.anonymous().post(ENDED, data={"logout_token": token})


def alive(browser: Any) -> bool:
    return bool(browser.get("/api/v1/me").status_code == 200)


def with_session(there: Running, clock: SettableClock, sid: object) -> None:
    """From now on the provider calls sessions this."""
    clock.advance(seconds=1)
    there.behave(now=clock().timestamp(), extra={"sid": sid})


def test_signing_out_there_ends_what_it_signed_in_and_nothing_else(
    world: Any, there: Running, clock: SettableClock
) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    by_password, another = world.as_(Role.CHEMIST), world.as_(Role.VERIFIER)
    assert tell(world, there.sign(said(there, clock().timestamp(), sub="b-99"), "logout+jwt")).status_code == 200
    assert alive(browser)
    answer = tell(world, there.sign(said(there, clock().timestamp()), "logout+jwt"))
    assert (answer.status_code, answer.headers["cache-control"], "set-cookie" in answer.headers) == (
        200, "no-store", False,
    )  # fmt: skip
    assert [alive(one) for one in (browser, by_password, another)] == [False, True, True]
    with world.runtime.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.object_type == "staff_session")).all()
        key = session.exec(select(StaffSession).where(StaffSession.proof == Proof.IDENTITY)).one().live_key
    person = str(world.actors[Role.CHEMIST].person_id)
    assert [(e.verb, e.object_id, e.after) for e in entries] == [("revoke", key, {"person": person, "by": "provider"})]
    assert "testserver" not in str(entries)


def test_a_session_that_is_named_ends_and_others_of_the_person_go_on(
    world: Any, there: Running, clock: SettableClock
) -> None:
    link(world)
    with_session(there, clock, "tablet")
    tablet, _ = sign_in(world, there)
    with_session(there, clock, "laptop")
    laptop, _ = sign_in(world, there)
    with_session(there, clock, 17)  # no name at all
    nameless, _ = sign_in(world, there)
    tell(world, there.sign(said(there, clock().timestamp(), sub=None, sid="laptop")))
    assert [alive(one) for one in (tablet, laptop, nameless)] == [True, False, True]
    tell(world, there.sign(said(there, clock().timestamp(), sub="b-99", sid="tablet")))
    assert alive(tablet), "of another person"
    tell(world, there.sign(said(there, clock().timestamp(), sid="another")))
    assert [alive(one) for one in (tablet, nameless)] == [True, False], "which one it is cannot be known"
    tell(world, there.sign(said(there, clock().timestamp())))
    assert not alive(tablet)
    with world.runtime.read() as session:
        assert "laptop" not in str([row.model_dump() for row in session.exec(select(StaffSession))])


def test_a_session_begun_anew_by_a_proof_is_the_one_that_ends(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    with_session(there, clock, "first")
    browser, _ = sign_in(world, there)
    with_session(there, clock, "second")
    sent = browser.get("/account/prove").headers["location"]
    assert browser.get(there.visit(sent).headers["location"]).headers["location"] == "/account?done=proven"
    tell(world, there.sign(said(there, clock().timestamp(), sub=None, sid="first")))
    assert alive(browser)
    tell(world, there.sign(said(there, clock().timestamp(), sub=None, sid="second")))
    assert not alive(browser)


def test_the_same_message_ends_nothing_that_began_since(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    message = there.sign(said(there, clock().timestamp()))
    assert tell(world, message).status_code == 200
    clock.advance(seconds=1)
    browser, _ = sign_in(world, there)
    assert tell(world, message).status_code == 400
    assert alive(browser)


NOT_BELIEVED: list[tuple[dict[str, Any], list[str], str]] = [
    ({"iss": "https://evil.example.com"}, [], "iss"),
    ({"aud": [CLIENT, "another client"]}, [], "aud"),
    ({"aud": None}, [], "aud"),
    ({"iat": None}, [], "iat"),
    ({"iat": 10**400}, [], "iat"),
    ({"exp": 1}, [], "exp"),
    ({"events": None}, [], "events"),
    ({"events": {EVENT: True}}, [], "events"),
    ({"events": {"http://schemas.openid.net/event/other": {}}}, [], "events"),
    ({"nonce": ""}, [], "nonce"),
    ({"sub": None}, [], "whom"),
    ({"sub": ""}, [], "whom"),
    ({"sid": ["s"]}, [], "whom"),
    ({"jti": None}, [], "jti"),
    ({}, ["none"], "signature"),
    ({}, ["other_key"], "signature"),
]


def test_anything_else_is_refused_and_ends_nothing(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    for wrong, ways, reason in NOT_BELIEVED:
        there.behave(now=clock().timestamp(), wrong=ways)
        with structlog.testing.capture_logs() as log:
            answer = tell(world, there.sign(said(there, clock().timestamp(), **wrong)))
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:mast:problem:not_believed"), (wrong, ways)
        assert [line["reason"] for line in log if line["event"] == "oidc_logout_refused"] == [reason]
        assert alive(browser)
    there.behave(now=clock().timestamp())
    assert tell(world, there.sign(said(there, clock().timestamp()))).status_code == 200
    assert not alive(browser)


@pytest.mark.parametrize("by", [-121, 121])
def test_a_message_of_another_time_is_refused(world: Any, there: Running, clock: SettableClock, by: int) -> None:
    assert tell(world, there.sign(said(there, clock().timestamp() + by, exp=None))).status_code == 400
    assert tell(world, there.sign(said(there, clock().timestamp() + by // 2, exp=None))).status_code == 200


def test_a_token_of_another_kind_and_words_that_are_none_are_refused(
    world: Any, there: Running, clock: SettableClock
) -> None:
    token = there.sign(said(there, clock().timestamp()), "at+jwt")
    for words in (token, "", "a.b.c", "x" * 100_000, "\u2603"):
        assert tell(world, words).status_code == 400, words[:20]
    as_json = world.anonymous().post(ENDED, json={"logout_token": there.sign(said(there, clock().timestamp()))})
    assert as_json.status_code == 400


def test_who_sends_many_that_are_refused_waits_and_the_provider_goes_on(
    world: Any, there: Running, clock: SettableClock
) -> None:
    from app.platform.security.throttle import SIGN_OUT_OF_ADDRESS

    for _ in range(SIGN_OUT_OF_ADDRESS.tries + 1):
        assert tell(world, there.sign(said(there, clock().timestamp()))).status_code == 200
    found = {tell(world, "a.b.c").status_code for _ in range(SIGN_OUT_OF_ADDRESS.tries)}
    assert found == {400}
    assert tell(world, "a.b.c").status_code == 429


def test_without_a_provider_there_is_no_such_page_and_without_its_keys_it_may_come_again(
    world: Any, there: Running, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = there.sign(said(there, clock().timestamp()))
    gone = provider.Provider(f"http://127.0.0.1:{free_port()}", "Northern University")
    with monkeypatch.context() as patched:
        patched.setattr(world.runtime.identity_provider, "there", gone)
        assert tell(world, token).status_code == 503
    assert tell(world, token).status_code == 200
    object.__setattr__(world.runtime, "identity_provider", None)
    assert tell(world, token).status_code == 404
