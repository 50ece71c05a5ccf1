"""Passkeys: added with the password, shown instead of it, and refused in every way that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.intake.people import passkeys
from app.intake.people.tables import Passkey
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.conftest import PASSWORD
from tests.app.people.conftest import HOST, NAMED, ORIGIN, add_passkey
from tests.support.authenticator import Authenticator
from tests.support.clock import SettableClock


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=NAMED)


def add(world: Any, device: Authenticator, **more: str) -> Any:
    return add_passkey(world.as_(Role.CHEMIST), device, **more)


def show(world: Any, device: Authenticator, spoil: Callable[[str], str] = str) -> Any:
    """Sign in with it, in a browser of its own."""
    browser = world.anonymous()
    options = browser.post("/sign-in/passkey/options").json()
    browser.last = browser.post("/sign-in/passkey", data={"answer": spoil(device.show(options)), "next": "/bench"})
    return browser


def kept(world: Any) -> list[Passkey]:
    with world.runtime.read() as session:
        return list(session.exec(select(Passkey)))


def test_a_passkey_that_was_added_signs_in_and_is_seen_on_the_account(world: Any, device: Authenticator) -> None:
    assert add(world, device).headers["location"] == "/account?done=passkey"
    browser = show(world, device)
    assert browser.last.headers["location"] == "/bench"
    assert browser.get("/api/v1/me").json()["roles"] == ["chemist"]
    assert "Passkey “Laptop”" in browser.get("/account").text
    (row,) = kept(world)
    assert row.last_used_at is not None
    assert row.sign_count == 1
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.object_type == "passkey")).one()
    assert (entry.verb, entry.after["label"]) == ("add", "Laptop")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"password": "not the password"}, "This is not your password"),
        ({"label": " "}, "Give it a name"),
        ({"answer": ""}, "cannot be read"),
        ({"answer": "{}"}, "cannot be read"),
        ({"answer": "[" * 9000}, "cannot be read"),
    ],
)
def test_what_is_wrong_adds_none_and_is_said(
    world: Any, device: Authenticator, more: dict[str, str], says: str
) -> None:
    answer = add(world, device, **more)
    assert answer.status_code in (400, 422), answer.status_code
    assert says in answer.text
    assert ('value="Laptop"' in answer.text) == ("label" not in more), "what was typed is shown again"
    assert kept(world) == []


@pytest.mark.parametrize(
    "wrong", [{"origin": "https://mast.example.com"}, {"host": "example.com"}, {"verified": False}], ids=str
)
def test_a_device_of_another_site_or_without_its_pin_is_refused(world: Any, wrong: dict[str, Any]) -> None:
    assert "cannot be used" in add(world, Authenticator(**{"origin": ORIGIN, "host": HOST, **wrong})).text
    assert kept(world) == []


def test_another_persons_challenge_and_an_old_one_add_none(
    world: Any, device: Authenticator, clock: SettableClock
) -> None:
    options = world.as_(Role.CHEMIST).post("/account/passkeys/options").json()
    form = {"answer": device.make(options), "label": "Laptop", "password": PASSWORD}
    assert "longer than five minutes" in world.as_(Role.VERIFIER).post("/account/passkeys", data=form).text
    clock.advance(seconds=301)
    assert "longer than five minutes" in world.as_(Role.CHEMIST).post("/account/passkeys", data=form).text
    assert kept(world) == []


def test_an_answer_signs_in_once(world: Any, device: Authenticator, clock: SettableClock) -> None:
    add(world, device)
    device.counts = False
    answers: list[str] = []
    assert show(world, device, lambda text: answers.append(text) or text).last.status_code == 303
    again = world.anonymous().post("/sign-in/passkey", data={"answer": answers[0]})
    assert again.status_code == 401
    clock.advance(seconds=1)
    assert show(world, device).last.status_code == 303
    assert world.anonymous().post("/sign-in/passkey", data={"answer": answers[0]}).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://mast.example.com"},
        {"host": "example.com"},
        {"verified": False},
        {"count": -1, "counts": False},
    ],
    ids=str,
)
def test_a_wrong_showing_signs_nobody_in(world: Any, device: Authenticator, change: dict[str, Any]) -> None:
    add(world, device)
    show(world, device)
    if "count" in change:
        change = {"count": 0, "counts": False}  # a copy of the key that has counted less
    for name, value in change.items():
        setattr(device, name, value)
    assert show(world, device).last.status_code == 401


def test_unknown_removed_and_turned_off_answer_alike(world: Any, device: Authenticator) -> None:
    unknown = show(world, Authenticator(ORIGIN, HOST)).last
    add(world, device)
    (row,) = kept(world)
    world.as_(Role.CHEMIST).post("/account/end", data={"key": row.live_key})
    removed = show(world, device).last
    assert kept(world) == []
    add(world, device)
    world.as_(Role.ADMIN).post(f"/people/{world.actors[Role.CHEMIST].person_id}/disable")
    off = show(world, device).last
    for answer in (unknown, removed, off):
        assert answer.status_code == 401
        assert "This passkey does not work here" in answer.text


def test_a_known_one_and_an_eleventh_are_refused(world: Any, device: Authenticator) -> None:
    add(world, device)
    assert "known already" in add(world, device).text
    for _ in range(passkeys.MOST - 1):
        add(world, Authenticator(ORIGIN, HOST))
    assert "None was added" in add(world, Authenticator(ORIGIN, HOST)).text
    assert len(kept(world)) == passkeys.MOST


def test_challenges_are_told_apart_by_purpose_age_and_key(clock: SettableClock) -> None:
    now = clock()
    made = passkeys.challenge(b"k" * 32, "sign-in", now)
    assert passkeys.challenged_at(b"k" * 32, "sign-in", made, now) is not None
    assert passkeys.challenged_at(b"x" * 32, "sign-in", made, now) is None
    assert passkeys.challenged_at(b"k" * 32, "add", made, now) is None
    assert passkeys.challenged_at(b"k" * 32, "sign-in", made, now + timedelta(minutes=6)) is None
    assert passkeys.challenged_at(b"k" * 32, "sign-in", made, now - timedelta(minutes=1)) is None
    assert passkeys.challenged_at(b"k" * 32, "sign-in", b"", now) is None
