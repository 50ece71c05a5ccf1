"""Servers of one PostgreSQL database: those with the same settings run together, others are refused by name."""

from __future__ import annotations

import pytest

from app.platform.db.companions import beside
from app.platform.kernel.errors import Conflict
from app.settings import Settings
from tests.support.postgres import connect

HERE = {"public_url": "https://mast.example.org", "ticket_days": "14", "time_zone": "Europe/London"}


@pytest.mark.postgres
def test_servers_with_the_same_settings_run_together(postgres_url: str) -> None:
    with beside(postgres_url, HERE), beside(postgres_url, dict(HERE)):
        pass


@pytest.mark.postgres
def test_a_server_with_other_settings_is_refused_by_name_while_the_first_lives(postgres_url: str) -> None:
    other = {**HERE, "ticket_days": "7", "time_zone": "Europe/Paris"}
    with beside(postgres_url, HERE):
        with pytest.raises(Conflict, match="another ticket_days and time_zone, so this one was not started"):
            beside(postgres_url, other).__enter__()
        with beside(postgres_url, HERE):
            pass
    with beside(postgres_url, other):
        pass


@pytest.mark.postgres
def test_one_that_was_killed_is_in_nobodys_way(postgres_url: str) -> None:
    dead = beside(postgres_url, HERE)
    dead.__enter__()
    with connect(postgres_url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
    with beside(postgres_url, {**HERE, "ticket_days": "7"}):
        pass
    dead.__exit__(None, None, None)


def test_on_sqlite_a_service_has_one_server(tmp_path: object) -> None:
    with beside(f"sqlite:///{tmp_path}/a.sqlite3", HERE), beside(f"sqlite:///{tmp_path}/a.sqlite3", {}):
        pass


def test_what_servers_share_says_how_the_service_works() -> None:
    assert Settings(ticket_days=7).shared()["ticket_days"] == "7"
