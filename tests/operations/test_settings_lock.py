"""Servers of one PostgreSQL database: those with the same settings run together, others are refused by name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from app.platform.db import settings_lock
from app.platform.db.settings_lock import LOST, SettingsLock
from app.platform.kernel.errors import Conflict
from app.settings import Settings
from tests.app.conftest import World
from tests.support.postgres import connect

HERE = {"public_url": "https://mast.example.org", "ticket_days": "14", "time_zone": "Europe/London"}

CUT = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"


@pytest.mark.postgres
def test_servers_with_the_same_settings_run_together(postgres_url: str) -> None:
    with SettingsLock(postgres_url, HERE), SettingsLock(postgres_url, dict(HERE)):
        pass


@pytest.mark.postgres
def test_a_server_with_other_settings_is_refused_by_name_while_the_first_lives(postgres_url: str) -> None:
    other = {**HERE, "ticket_days": "7", "time_zone": "Europe/Paris"}
    with SettingsLock(postgres_url, HERE):
        with pytest.raises(Conflict, match="another ticket_days and time_zone, so this one was not started"):
            SettingsLock(postgres_url, other).__enter__()
        with SettingsLock(postgres_url, HERE):
            pass
    with SettingsLock(postgres_url, other):
        pass


@pytest.mark.postgres
def test_one_that_was_killed_is_in_nobodys_way(postgres_url: str) -> None:
    dead = SettingsLock(postgres_url, HERE)
    dead.__enter__()
    with connect(postgres_url) as other:
        other.execute(CUT)
    with SettingsLock(postgres_url, {**HERE, "ticket_days": "7"}):
        pass
    dead.__exit__(None, None, None)


@pytest.mark.postgres
def test_a_server_whose_connection_was_cut_takes_its_locks_again(postgres_url: str) -> None:
    other = {**HERE, "ticket_days": "7"}
    with SettingsLock(postgres_url, HERE, every_s=600) as here:
        with connect(postgres_url) as killer:
            killer.execute(CUT)
        with SettingsLock(postgres_url, other, every_s=600):
            here.look()
            assert here.alarms() == [LOST], "another one was faster"
        here.look()
        assert here.alarms() == []
        with pytest.raises(Conflict, match="another ticket_days"):
            SettingsLock(postgres_url, other).__enter__()


@pytest.mark.postgres
def test_a_lock_held_by_a_session_for_itself_is_told_with_its_pid(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_lock, "WAITS", "50ms")
    with connect(postgres_url) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", (settings_lock.FIRST, settings_lock._hash(HERE["public_url"])))
        pid = other.execute("SELECT pg_backend_pid()").fetchone()
        assert pid is not None
        with pytest.raises(Conflict, match=rf"their public_url is held by the session with pid {pid[0]} from"):
            SettingsLock(postgres_url, HERE).__enter__()


def test_a_lock_that_is_lost_is_an_alarm(world: World) -> None:
    world.app.state.settings_lock = SimpleNamespace(alarms=lambda: [LOST])
    assert LOST in world.anonymous().get("/ready").json()["alarms"]


def test_on_sqlite_a_second_server_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.sqlite3"
    with SettingsLock(url, HERE):
        with pytest.raises(Conflict, match=r"Another server runs on .*a\.sqlite3, so this one was not started"):
            SettingsLock(url, dict(HERE)).__enter__()
        with SettingsLock(f"sqlite:///{tmp_path}/b.sqlite3", HERE):
            pass
    with SettingsLock(url, HERE):
        pass


def test_what_servers_share_says_how_the_service_works() -> None:
    assert Settings(ticket_days=7).shared()["ticket_days"] == "7"
