"""Fixtures of the test folders that send requests to the whole service: the world of tests/app, on SQLite, with a Stage."""

from __future__ import annotations

import pytest

from app.platform.db import Database
from tests.app.conftest import World, settings, world
from tests.support import logs
from tests.support.writes import Stage

__all__ = ["database", "plain_logs", "settings", "stage", "world"]


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """One line per event instead of a rendered traceback."""
    logs.plain()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is tested here does not depend on the kind of database, unless a test says so."""
    return sqlite_database


@pytest.fixture
def stage(world: World) -> Stage:
    """The service's own agency, with an open session."""
    return Stage(world)
