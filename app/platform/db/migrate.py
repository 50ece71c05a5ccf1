"""Bring a database to the newest schema, or say how far it is. Used by the command line, the demo and the tests.

How far it is follows from the names of the migrations, which begin with their revision: alembic, half a second of a verb, is
imported only where something is migrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from app.platform.db.engine import Database
from app.platform.kernel.errors import Conflict

ROOT = Path(__file__).resolve().parents[3]
OLDER = frozenset(f"{number:04d}" for number in range(1, 39))
"""Schemas from before the first that is kept, 0039. No version with one of them was ever published."""


def script_folder() -> Path:
    """The migrations: beside the packages in a checkout, inside `app` when installed from a wheel."""
    beside = ROOT / "alembic"
    return beside if (beside / "env.py").exists() else ROOT / "app" / "migrations"


def known_revisions() -> list[str]:
    """Of every migration there is, the newest last."""
    return sorted(path.name.partition("_")[0] for path in (script_folder() / "versions").glob("*.py"))


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`. Raises Conflict for a database that this program cannot bring there."""
    refuse_unknown(database)
    has, needs = revisions(database)
    if has != needs or revision != "head":
        _run(database, "upgrade", revision)


def refuse_unknown(database: Database) -> None:
    """Raise Conflict where the database is at a schema that this program has no migration for: a newer one, or one too old."""
    has, needs = revisions(database)
    if has in OLDER:
        raise Conflict(
            f"This database is of an older MAST: it is at schema {has}, and this program upgrades from 0039 on. Nothing was changed.",
            hint="Bring it to 0039 with mast db upgrade of commit d592a7bd, after a backup; then run mast db upgrade here.",
        )
    if has not in (None, *known_revisions()):
        raise Conflict(
            f"This database is of a newer MAST: it is at schema {has}, and this program knows none after {needs}. Nothing "
            "was changed.",
            hint="Install that version, or restore a backup that this one made.",
        )


def downgrade(database: Database, revision: str) -> None:
    """Migrate back to `revision`; for tests and operators who know why."""
    _run(database, "downgrade", revision)


def check(database: Database) -> None:
    """Raise when the tables in code and the migrations disagree."""
    _run(database, "check")


def _run(database: Database, step: str, *arguments: str) -> None:
    """A command of alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(script_folder()).replace("%", "%%"))
    with connected(database) as connection:
        config.attributes["connection"] = connection
        getattr(command, step)(config, *arguments)


@contextmanager
def connected(database: Database) -> Iterator[sa.Connection]:
    """A writing connection to migrate over, committed at the end.

    On SQLite foreign keys are off in the meantime: the pragma does nothing inside a transaction, so it stands before the
    first statement and after the commit.
    """
    with database.writer.connect() as connection:
        driver = connection.connection.driver_connection if database.is_sqlite else None
        if driver is not None:
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            if driver is not None:
                driver.execute("PRAGMA foreign_keys=ON")


def revisions(database: Database) -> tuple[str | None, str | None]:
    """(what the database has, what this program needs)."""
    current = None
    with database.reader.connect() as connection:
        if sa.inspect(connection).has_table("alembic_version"):
            current = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return current, known_revisions()[-1]
