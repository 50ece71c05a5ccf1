"""Fixtures of the test folders that send requests to the whole service: the world of tests/app, on SQLite, with a Stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.platform.db import Database
from tests.app.conftest import World, settings, world
from tests.support import logs
from tests.support.clock import SettableClock
from tests.support.writes import Stage

__all__ = ["database", "either_database", "plain_logs", "settings", "stage", "world"]


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """One line per event instead of a rendered traceback."""
    logs.plain()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is tested here does not depend on the kind of database, unless a test says so."""
    return sqlite_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_database(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[Database]:
    """Once on each kind. A module where that matters imports it `as database`."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    database = Database(url, clock=clock)
    yield database
    database.close()


@pytest.fixture
def stage(world: World) -> Stage:
    """The service's own agency, with an open session."""
    return Stage(world)
