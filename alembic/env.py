"""Alembic environment: one connection, batch mode on SQLite, foreign keys off before BEGIN and checked after.

With foreign keys on, a batch rebuild of a parent table on SQLite deletes its children through ON DELETE CASCADE.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

import app.tables  # noqa: F401  every table, so that autogenerate sees them
from app.platform.db import metadata
from app.platform.db.engine import Database
from app.platform.db.migrate import connected
from app.settings import Settings


def run(connection: sa.Connection) -> None:
    """Migrate over one connection, whose foreign keys `connected` has switched off."""
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"foreign keys do not hold after the migration: {broken[:5]}")


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(context.config.get_main_option("sqlalchemy.url") or Settings().database_url)
    with connected(database) as opened:
        run(opened)
    database.close()
