"""The `mast` command as people call it, on a data folder of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app.cli import main
from app.platform.db import Database, migrate
from tests.support import cheap_passwords

Mast = Callable[..., Result]
cheap_passwords.install()


@pytest.fixture(autouse=True)
def new_databases_are_copied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new SQLite database gets the tables of one that was migrated once, which is what all its migrations come to; they take
    two seconds, and tests/operations/test_migrations.py tries them. A database that is there is migrated as ever."""
    migrations = migrate.upgrade

    def upgrade(database: Database, revision: str = "head") -> None:
        if not database.is_sqlite or revision != "head" or sa.inspect(database.reader).get_table_names():
            migrations(database, revision)
            return
        template: Path = request.getfixturevalue("migrated_sqlite")
        with closing(sqlite3.connect(template)) as source, database.writer.connect() as connection:
            source.backup(connection.connection.driver_connection)  # type: ignore[arg-type]

    monkeypatch.setattr(migrate, "upgrade", upgrade)


def run(*arguments: str | Path, code: int = 0, stdin: str | None = None) -> Result:
    """The command in this process, which has to end with that code."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
    assert result.exit_code == code, f"{arguments}: {result.output}\n{result.exception!r}"
    return result


@pytest.fixture
def mast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mast:
    """The command in an empty data directory."""
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MAST_DATABASE_URL", raising=False)
    return run
