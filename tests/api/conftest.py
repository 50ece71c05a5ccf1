"""The world of tests/app, for these tests too; on SQLite unless a test asks for more."""

from __future__ import annotations

import pytest

from app.platform.db import Database
from tests.app.conftest import World, settings, world  # noqa: F401  fixtures
from tests.support import logs
from tests.support.writes import Stage


@pytest.fixture(autouse=True)
def _plain_logs() -> None:
    logs.plain()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is tested here does not depend on the kind of database, unless a test says so."""
    return sqlite_database


@pytest.fixture
def stage(world: World) -> Stage:  # noqa: F811
    """The service's own agency, with an open session."""
    return Stage(world)
