"""Many who sign in at once: no more passwords are tried than are counted, and nobody else has to wait for them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from app.intake.people import service
from app.operations.retention import purge
from app.platform.kernel.actor import Role
from app.platform.security import passwords
from app.platform.security.tables import ThrottleRow
from app.platform.security.throttle import Counted, Throttle
from tests.app.conftest import PASSWORD


def sign_in(world: Any, password: str = PASSWORD, username: str = "chemist.own") -> Any:
    return world.anonymous().post("/sign-in", data={"username": username, "password": password})


def test_of_forty_wrong_passwords_at_once_five_are_tried(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 7: each was counted after it was verified, so that all forty were tried."""
    tried: list[str] = []

    def verify(password: str, stored: str | None) -> bool:
        tried.append(password)
        time.sleep(0.02)
        return False

    monkeypatch.setattr(service, "verify_password", verify)
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda n: sign_in(world, f"wrong password {n}").status_code, range(40)))
    assert len(tried) == 5
    assert sorted(statuses) == [401] * 5 + [429] * 35


def test_no_connection_is_held_while_a_try_is_counted_and_a_password_is_checked(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at once would hold every connection, and each wait for one more to count its try."""
    held, take = [], Throttle.take

    def note_held() -> None:
        """What is held for good: what reads beside the request, such as live events, has two seconds to end."""
        until = time.monotonic() + 2
        while world.runtime.db.reader.pool.checkedout() and time.monotonic() < until:
            time.sleep(0.01)
        held.append(world.runtime.db.reader.pool.checkedout())

    def taken(self: Throttle, *counted: Counted) -> None:
        note_held()
        take(self, *counted)

    def verify(password: str, stored: str | None) -> bool:
        note_held()
        return False

    browser = world.as_(Role.CHEMIST)
    monkeypatch.setattr(Throttle, "take", taken)
    monkeypatch.setattr(service, "verify_password", verify)
    assert browser.post("/api/v1/tokens", json={"label": "x", "password": "wrong"}).status_code == 422
    assert sign_in(world, "wrong").status_code == 401
    assert held == [0, 0, 0, 0]


def test_who_finds_no_place_to_wait_is_told_at_once_and_has_not_tried(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 7: a burst of sign-ins held every thread of the server for six seconds."""
    with monkeypatch.context() as crowded:
        crowded.setattr(passwords, "_PLACES", threading.BoundedSemaphore(1))
        with passwords._turn():
            answers = [sign_in(world) for _ in range(9)]
    assert {answer.status_code for answer in answers} == {503}
    assert "Many people are signing in at this moment" in answers[0].text
    assert answers[0].headers["Retry-After"] == "5"
    assert sign_in(world).status_code == 303


def test_two_passwords_are_hashed_at_a_time_and_eight_have_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    most, now, lock = [0], [0], threading.Lock()

    def verify(*_: object) -> bool:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        return True

    monkeypatch.setattr(passwords._HASHER, "verify", verify)
    everybody = threading.Barrier(8)

    def arrive(_: int) -> bool:
        everybody.wait(20)
        return passwords.verify_password("x", "y")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(arrive, range(8)))
    assert most[0] == 2


def test_what_was_counted_is_purged_after_a_day(world: Any, clock: Any) -> None:
    def counted() -> int:
        with world.runtime.read() as session:
            return len(session.exec(select(ThrottleRow)).all())

    sign_in(world, "wrong password!")
    assert counted() == 2, "of the name and of the address"
    clock.advance(hours=23)
    assert (purge(world.runtime.db)["throttle"], counted()) == (0, 2)
    clock.advance(hours=2)
    assert (purge(world.runtime.db)["throttle"], counted()) == (2, 0)
