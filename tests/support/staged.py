"""Fixtures of the test folders that send requests to the whole service: the world of tests/app, on SQLite, with a Stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.platform.audit import adopt, key_of, record
from app.platform.db import Database, metadata
from tests.app.conftest import PEPPER, World, settings, world
from tests.support.clock import SettableClock
from tests.support.packs import checked_at_once, found_here
from tests.support.writes import Stage

__all__ = [
    "database", "either_database", "keyed_database", "logged_stage", "packs_are_read_but_not_checked", "settings", "stage", "world",
]  # fmt: skip


@pytest.fixture(autouse=True)
def packs_are_read_but_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check of a pack finds is tried elsewhere; here it would take seconds for every text that is typed or signed."""
    checked_at_once(monkeypatch, found_here(lambda pack, today: []))


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


@pytest.fixture
def keyed_database(either: Database) -> Database:
    """As a server has it that has started with its secret; a module says with `either` which kind."""
    with either.begin() as uow:
        adopt(uow, key_of(PEPPER.encode()))
    return either


@pytest.fixture
def logged_stage(stage: Stage) -> Stage:
    """The people of the world under test stand in its log, as those that MAST adds: a backup is proved with them."""
    with stage.world.runtime.db.begin() as uow:
        for key in uow.session.scalars(sa.select(metadata.tables["person"].c.id)).all():
            record(uow, "add", "person", key)
    return stage
