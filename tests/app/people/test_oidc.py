"""Signing in by an identity provider that runs beside: whom it vouches for and an administrator linked, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from sqlmodel import select

from app.intake.people import identities, oidc, provider
from app.intake.people.tables import Identity, Proof, StaffSession
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.conftest import PASSWORD
from tests.app.people.conftest import EMAIL, USER, at_the_university, link, sign_in, there_and_back
from tests.support.clock import SettableClock
from tests.support.identity_provider import CLIENT, Running
from tests.support.ports import free_port

HOUR = 3600


@pytest.fixture
def settings(settings: Settings, there: Running) -> Settings:
    """A service that is registered at the provider."""
    return at_the_university(settings, there)


def kept(world: Any) -> list[Identity]:
    with world.runtime.read() as session:
        return list(session.exec(select(Identity)))


def test_who_is_linked_signs_in_and_only_issuer_and_subject_stay(world: Any, there: Running) -> None:
    assert link(world, " Chemist@Example.ac.uk ").headers["location"].endswith("?done=identity")
    assert (
        f"waits for the first sign-in of {EMAIL}"
        in world.as_(Role.ADMIN).get(f"/people/{world.actors[Role.CHEMIST].person_id}").text
    )
    assert "Sign in with Northern University" in world.anonymous().get("/sign-in").text
    browser, answer = sign_in(world, there)
    assert (answer.status_code, answer.headers["location"]) == (303, "/bench")
    assert browser.get("/api/v1/me").json()["roles"] == ["chemist"]
    (row,) = kept(world)
    assert (row.issuer, row.subject, row.invited) == (there.issuer, "a-17", None)
    with world.runtime.read() as session:
        said = [(e.verb, e.after) for e in session.exec(select(AuditEntry).where(AuditEntry.object_type == "identity"))]
        began = session.exec(select(StaffSession).where(StaffSession.proof == Proof.IDENTITY)).one()
    assert [verb for verb, _ in said] == ["link", "bind"]
    assert EMAIL not in str(said)
    assert not began.by_two


def test_the_subject_counts_from_then_on_and_not_the_address(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    sign_in(world, there)
    clock.advance(seconds=1)
    there.behave(now=clock().timestamp(), user={**USER, "sub": "b-99"})
    assert "No account here belongs to this identity" in sign_in(world, there)[1].text
    there.behave(now=clock().timestamp(), user={**USER, "email": "married@example.ac.uk"})
    assert sign_in(world, there)[1].status_code == 303


@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        ({"wrong": ["none"]}, "signature"),
        ({"wrong": ["hs256"]}, "signature"),
        ({"wrong": ["unsigned"]}, "signature"),
        ({"wrong": ["other_key"]}, "signature"),
        ({"extra": {"iss": "https://evil.example.com"}}, "claims"),
        ({"extra": {"aud": "another client"}}, "claims"),
        ({"extra": {"aud": [CLIENT, "another client"]}}, "claims"),
        ({"extra": {"azp": "another client"}}, "claims"),
        ({"extra": {"nonce": "of another attempt"}}, "claims"),
        ({"extra": {"at_hash": "of another token"}}, "claims"),
        ({"extra": {"exp": 1}}, "claims"),
        ({"extra": {"iat": "today"}}, "iat"),
        ({"extra": {"sub": None}}, "claims"),
        ({"extra": {"sub": ""}}, "subject"),
        ({"extra": {"sub": "a" * 256}}, "subject"),
        ({"wrong": ["mix_up"]}, "mix-up"),
        ({"wrong": ["no_iss"]}, "mix-up"),
        ({"wrong": ["declines"]}, "declined"),
    ],
    ids=str,
)
def test_a_crooked_answer_signs_nobody_in(
    world: Any, there: Running, clock: SettableClock, ways: dict[str, Any], reason: str
) -> None:
    link(world)
    there.behave(now=clock().timestamp(), **ways)
    with structlog.testing.capture_logs() as log:
        browser, answer = sign_in(world, there)
    assert answer.status_code == 401
    assert "Nobody was signed in." in answer.text
    assert "Traceback" not in answer.text
    assert browser.get("/api/v1/me").status_code == 401
    assert kept(world)[0].subject is None
    assert [line["reason"] for line in log if line["event"] == "oidc_refused"] == [reason]
    assert EMAIL not in str(log)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_clock_that_is_wrong_is_named_with_both_times(
    world: Any, there: Running, clock: SettableClock, by: int
) -> None:
    link(world)
    there.behave(now=clock().timestamp() + by)
    answer = sign_in(world, there)[1]
    assert answer.status_code == 401
    theirs = "12:00" if by < 0 else "14:00"
    assert "The clock of this server says 13 Jun 2026 13:00" in answer.text
    assert f"that of Northern University 13 Jun 2026 {theirs}" in answer.text
    assert "Tell the operator" in answer.text
    there.behave(now=clock().timestamp() + 100)
    assert sign_in(world, there)[1].status_code == 303


def test_another_browsers_state_and_an_old_one_are_refused(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    mine, other = world.anonymous(), world.anonymous()
    back, others = there_and_back(mine, there), there_and_back(other, there)
    assert world.anonymous().get(back).status_code == 401
    assert mine.get(others).status_code == 401  # the states are mixed up; and with that the attempt is over
    assert mine.get(back).status_code == 401
    clock.advance(minutes=11)
    assert other.get(others).status_code == 401


def test_a_code_is_good_once_also_where_the_provider_does_not_mind(
    world: Any, there: Running, clock: SettableClock
) -> None:
    link(world)
    for ways, says in (({}, "did not take back"), ({"wrong": ["codes_again"]}, "used already")):
        clock.advance(seconds=1)
        there.behave(now=clock().timestamp(), **ways)
        browser = world.anonymous()
        back = there_and_back(browser, there)
        thief = dict(browser.cookies)
        assert browser.get(back).status_code == 303
        again = world.anonymous()
        again.cookies.update(thief)
        answer = again.get(back)
        assert (answer.status_code, says in answer.text) == (401, True)


@pytest.mark.parametrize("ways", [{"moved"}, {"broken"}, {"endless"}, {"slow"}, {"other_issuer"}, {"ftp"}], ids=str)
def test_a_provider_that_says_something_odd_of_itself_is_not_used(
    world: Any, there: Running, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, ways: set[str]
) -> None:
    """Moved elsewhere, no JSON, longer than `MOST`, drop by drop for longer than `WAIT_S`, and words that are not its own."""
    monkeypatch.setattr(provider, "WAIT_S", 0.3 if ways == {"slow"} else 5)
    there.behave(now=clock().timestamp(), wrong=list(ways))
    answer = world.anonymous().get("/sign-in/oidc")
    assert answer.status_code == 503
    assert "Northern University" in answer.text
    assert 'name="password"' in answer.text


def test_the_provider_sends_browsers_to_the_registered_address_alone(world: Any, there: Running) -> None:
    left = world.anonymous().get("/sign-in/oidc", headers={"Host": "127.0.0.1"})
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://testserver/sign-in/oidc/back"]
    assert (asked["prompt"], "max_age" in asked) == (["login"], False), "although they are still signed in there"
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) > 40
    assert len(asked["nonce"][0]) > 40
    elsewhere = left.headers["location"].replace("testserver", "evil.example.com")
    assert there.visit(elsewhere).status_code == 400


def test_after_signing_in_nobody_is_led_to_another_site(world: Any, there: Running) -> None:
    link(world)
    assert sign_in(world, there, next="//evil.example.com")[1].headers["location"] == "/"


def test_without_the_provider_the_server_starts_and_passwords_work(
    world: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens on this port: found out when somebody asks for it."""
    monkeypatch.setattr(
        world.runtime.identity_provider,
        "there",
        provider.Provider(f"http://127.0.0.1:{free_port()}", "Northern University"),
    )
    browser = world.anonymous()
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 503
    assert "Northern University does not answer" in answer.text
    assert browser.get("/sign-in/oidc").status_code == 503
    form = {"username": "chemist.own", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303


def test_a_gateway_in_between_is_told_and_the_next_try_works(
    world: Any, there: Running, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "RESTS_S", 0)
    link(world)
    there.behave(now=clock().timestamp(), wrong=["token_away"])
    assert sign_in(world, there)[1].status_code == 503
    there.behave(now=clock().timestamp())
    assert sign_in(world, there)[1].status_code == 303


def test_a_new_key_of_the_provider_is_fetched(
    world: Any, there: Running, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "KEYS_AGAIN_S", 0)
    link(world)
    assert sign_in(world, there)[1].status_code == 303
    clock.advance(seconds=1)
    there.behave(now=clock().timestamp(), wrong=["new_key"])
    assert sign_in(world, there)[1].status_code == 303


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_nobody_verified_finds_no_account(
    world: Any, there: Running, clock: SettableClock, verified: object
) -> None:
    link(world)
    there.behave(now=clock().timestamp(), user={**USER, "email_verified": verified})
    assert "No account here" in sign_in(world, there)[1].text


def test_claims_that_are_told_apart_are_of_the_same_person(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    there.behave(now=clock().timestamp(), wrong=["claims_elsewhere", "claims_of_another"])
    assert "No account here" in sign_in(world, there)[1].text
    there.behave(now=clock().timestamp(), wrong=["claims_elsewhere"])
    assert sign_in(world, there)[1].status_code == 303


def test_no_account_is_made_and_an_invitation_ends(world: Any, there: Running, clock: SettableClock) -> None:
    assert "No account here" in sign_in(world, there)[1].text
    link(world)
    clock.advance(days=15)
    there.behave(now=clock().timestamp())
    assert "No account here" in sign_in(world, there)[1].text


def test_unlinking_ends_what_it_signed_in_and_nothing_else(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    by_password = world.as_(Role.CHEMIST)
    (row,) = kept(world)
    page = f"/people/{world.actors[Role.CHEMIST].person_id}"
    assert "Unlink" in world.as_(Role.ADMIN).get(page).text
    world.as_(Role.ADMIN).post(f"{page}/end", data={"key": row.live_key})
    assert kept(world) == []
    assert browser.get("/api/v1/me").status_code == 401
    assert by_password.get("/api/v1/me").status_code == 200
    clock.advance(seconds=1)
    there.behave(now=clock().timestamp())
    assert "No account here" in sign_in(world, there)[1].text


def test_an_account_that_is_turned_off_is_refused_with_a_sentence(
    world: Any, there: Running, clock: SettableClock
) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    world.as_(Role.ADMIN).post(f"/people/{world.actors[Role.CHEMIST].person_id}/disable")
    assert browser.get("/api/v1/me").status_code == 401
    clock.advance(seconds=1)
    there.behave(now=clock().timestamp())
    assert "Your account is turned off" in sign_in(world, there)[1].text


@pytest.mark.parametrize(
    ("amr", "acr", "by_two"),
    [(["pwd", "mfa"], None, True), (["pwd"], oidc.MFA, True), (["pwd", "otp"], None, False), ("mfa", None, None)],
)
def test_two_factors_are_what_the_provider_says(
    world: Any, there: Running, clock: SettableClock, amr: Any, acr: str | None, by_two: bool | None
) -> None:
    link(world)
    there.behave(now=clock().timestamp(), extra={"amr": amr, "acr": acr})
    answer = sign_in(world, there)[1]
    if by_two is None:
        assert answer.status_code == 401
        return
    with world.runtime.read() as session:
        began = session.exec(select(StaffSession).where(StaffSession.proof == Proof.IDENTITY)).one()
    assert began.by_two is by_two


@pytest.mark.parametrize(
    ("role", "called", "status", "says"),
    [
        (Role.ADMIN, "other@example.ac.uk", 403, "You cannot link your own account"),
        (Role.INSTRUMENT, "other@example.ac.uk", 409, "Nothing was linked"),
        (Role.CHEMIST, " ", 422, "Enter the e-mail address there"),
        (Role.VERIFIER, EMAIL, 409, "linked to an account already"),
    ],
)
def test_what_cannot_be_linked_is_said_on_the_page_and_over_json(
    world: Any, role: Role, called: str, status: int, says: str
) -> None:
    link(world)
    url = f"/api/v1/people/{world.actors[role].person_id}/identity"
    for answer in (link(world, called, role), world.as_(Role.ADMIN).post(url, json={"identity": called})):
        assert (answer.status_code, says in answer.text) == (status, True)
    assert [row.invited for row in kept(world)] == [EMAIL]


def test_a_token_links_and_unlinks_nobody_and_without_a_provider_nothing_is_linked(world: Any) -> None:
    link(world)
    url = f"/api/v1/people/{world.actors[Role.CHEMIST].person_id}/identity"
    token = world.as_(Role.ADMIN).post("/api/v1/tokens", json={"label": "script", "password": PASSWORD}).json()["token"]
    program = world.anonymous()
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.post(url, json={"identity": "other@example.ac.uk"}).status_code == 403
    assert program.delete(url).status_code == 403
    assert [row.invited for row in kept(world)] == [EMAIL]
    object.__setattr__(world.runtime, "identity_provider", None)
    assert world.as_(Role.ADMIN).post(url, json={"identity": "other@example.ac.uk"}).status_code == 404


def test_a_subject_is_bound_at_once_and_kept_to_the_letter(
    world: Any, there: Running, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = world.runtime.identity_provider
    monkeypatch.setattr(place, "registered", oidc.Registered(**{**_fields(place.registered), "claim": "sub"}))
    link(world, "A-17")
    assert "No account here" in sign_in(world, there)[1].text
    link(world, "a-17")
    assert sign_in(world, there)[1].status_code == 303


def _fields(row: oidc.Registered) -> dict[str, str]:
    return {name: getattr(row, name) for name in row.__slots__}


def test_attempts_are_sealed_and_end(clock: SettableClock) -> None:
    now = clock()
    attempt = oidc.Attempt("state", "nonce", "verifier", now.timestamp(), "/bench")
    cookie = attempt.sealed(b"k" * 32)
    assert "bench" not in bytes.fromhex(cookie).decode("latin-1")
    assert oidc.opened(b"k" * 32, cookie, now) == attempt
    assert oidc.opened(b"x" * 32, cookie, now) is None
    assert oidc.opened(b"k" * 32, cookie[:-2] + "00", now) is None
    assert oidc.opened(b"k" * 32, "", now) is None
    assert oidc.opened(b"k" * 32, cookie, now + oidc.LASTS + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"oidc_issuer": "http://login.example.ac.uk"}, "is no https address"),
        ({"oidc_issuer": "https://login.example.ac.uk"}, "oidc_client_id"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings(**more)


def test_workers_are_not_handed_the_clients_secret() -> None:
    there = Settings(oidc_issuer="https://x.example", oidc_client_id="mast", oidc_client_secret="hush")
    assert "MAST_OIDC_CLIENT_SECRET" not in there.environment()
    assert identities.CLAIM_WORDS.keys() == oidc.SCOPES.keys()


def prove(browser: Any, university: Running) -> Any:
    left = browser.get("/account/prove")
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    return browser.get(university.visit(left.headers["location"]).headers["location"])


def test_the_provider_shows_once_more_who_is_signed_in(world: Any, there: Running, clock: SettableClock) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    clock.advance(minutes=20)
    there.behave(now=clock().timestamp())
    assert prove(browser, there).headers["location"] == "/account?done=proven"
    with world.runtime.read() as session:
        row = session.exec(select(StaffSession).where(StaffSession.proof == Proof.IDENTITY)).one()
    assert row.proven_at == clock()
    assert row.created_at < row.proven_at


@pytest.mark.parametrize(
    ("ways", "says"),
    [
        ({"extra": {"auth_time": 1}}, "did not ask for your password again"),
        ({"extra": {"auth_time": None}}, "did not ask for your password again"),
        ({"user": {**USER, "sub": "b-99"}}, "No account here"),
    ],
    ids=str,
)
def test_a_proof_that_is_old_or_another_persons_does_not_count(
    world: Any, there: Running, clock: SettableClock, ways: dict[str, Any], says: str
) -> None:
    link(world)
    browser, _ = sign_in(world, there)
    clock.advance(minutes=20)
    there.behave(now=clock().timestamp(), **ways)
    answer = prove(browser, there)
    assert (answer.status_code, says in answer.text) == (401, True)
    assert "Change your password" in answer.text
    with world.runtime.read() as session:
        rows = session.exec(select(StaffSession).where(StaffSession.proof == Proof.IDENTITY))
        assert all(row.proven_at < clock() for row in rows)


def test_an_identity_of_another_account_does_not_speak_for_this_one(
    world: Any, there: Running, clock: SettableClock
) -> None:
    link(world)
    sign_in(world, there)
    clock.advance(minutes=1)
    there.behave(now=clock().timestamp())
    answer = prove(world.as_(Role.VERIFIER), there)
    assert (answer.status_code, "someone else’s account" in answer.text) == (403, True)
