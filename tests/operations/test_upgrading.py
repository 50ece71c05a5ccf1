"""A database that commit d592a7bd made is upgraded with every row, and served.

`database_of_d592a7bd.sql.xz` is a dump of SQLite: one sample that was released, then one of each kind of request that fills another
table, by the tests of that commit.
"""

from __future__ import annotations

import lzma
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.intake.people import service as people
from app.main import build_runtime
from app.operations.at_rest import unlock
from app.platform import audit
from app.platform.db import Database, metadata, migrate
from app.platform.security.policy import api_routes
from app.settings import Settings
from tests.app.conftest import PEPPER
from tests.support.clock import SettableClock
from tests.support.once import application_with

KEPT = Path(__file__).with_name("database_of_d592a7bd.sql.xz")
EMPTY = {"alert_evidence", "data_release_cover", "display_log", "figure_list", "figure_period", "research_placement"}
"""Tables that nothing in it has filled."""
ROLES = ("admin", "session_lead", "chemist", "clinician", "public_health")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, as SQLite holds it."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for (name,) in names.fetchall()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "mast.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(lzma.decompress(KEPT.read_bytes()).decode())
    return path


@pytest.fixture(scope="module")
def before(kept: Path) -> dict[str, list[tuple[object, ...]]]:
    return rows(kept)


@pytest.fixture(scope="module")
def upgraded(kept: Path, before: object) -> Iterator[Database]:
    """The clock stands at the time that the rows are of."""
    with closing(Database(f"sqlite:///{kept}", clock=SettableClock())) as database:
        assert migrate.revisions(database)[0] == "0039"
        migrate.upgrade(database)
        yield database


def test_every_row_is_there_after_the_upgrade(
    kept: Path, before: dict[str, list[tuple[object, ...]]], upgraded: Database
) -> None:
    assert {table for table, of_table in before.items() if not of_table} == EMPTY
    after = rows(kept)
    assert {table: after[table] for table in before if table != "alembic_version"} == {
        table: of_table for table, of_table in before.items() if table != "alembic_version"
    }
    migrate.check(upgraded)
    with upgraded.reader.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


@pytest.mark.long
def test_every_page_and_list_opens_for_each_role(
    before: dict[str, list[tuple[object, ...]]], upgraded: Database, tmp_path: Path
) -> None:
    """The files are not kept, so the plot of a reading says 503: what it was read from is not there."""
    settings = Settings(data_dir=tmp_path, database_url=upgraded.url, secret=PEPPER, workers=0)
    unlock(settings, upgraded)
    runtime = build_runtime(settings, SettableClock())
    app = application_with(runtime)
    with upgraded.read() as session:
        assert audit.verify(session, audit.key_of(settings.pepper())).broken_at is None
        first = {
            f"{{{name}_id}}": str(session.execute(sa.select(table.c.id).limit(1)).scalar())
            for name, table in metadata.tables.items()
            if "id" in table.c and before.get(name)
        }
    paths = {route.path for route in api_routes(app) if "GET" in (route.methods or ()) and route.path}
    asked = {
        re.sub(r"\{\w+\}", lambda found: first.get(found[0], found[0]), path)
        for path in paths
        if not path.endswith("events")
    }
    asked = {url for url in asked if "{" not in url}
    assert len(asked) > 100
    opened: set[str] = set()
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        for role in ROLES:
            with runtime.db.begin() as uow:
                person = people.find_person(uow.session, f"{role}.own")
                secret = people.sign_in(uow, person, runtime.session_policy)
            client.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
            answers = {url: client.get(url, follow_redirects=False).status_code for url in sorted(asked)}
            failed = {url: status for url, status in answers.items() if status >= 500}
            assert {url for url, status in failed.items() if status != 503 or "/readings/" not in url} == set()
            opened |= {url for url, status in answers.items() if status == 200}
    assert len(opened) > 0.7 * len(asked), sorted(asked - opened)
