"""What was purged is not left in the bytes of SQLite's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.operations.retention import purge
from app.platform.db import Database
from tests.app.results.conftest import Lab

NOTE = "quokka-note-4411"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """About the file of SQLite only."""
    return sqlite_database


def test_a_purged_note_is_not_left_in_the_free_space_of_the_file(database: Database, world: Any, clock: Any) -> None:
    lab = Lab(world, world.session())
    lab.sample(staff_note=NOTE)
    path = Path(database.url.removeprefix("sqlite:///"))
    assert NOTE.encode() in path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()
    clock.advance(days=31)
    purge(lab.runtime.db)
    lab.runtime.db.close()
    database.close()
    with Database(database.url).writer.connect() as connection:
        connection.rollback()
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert NOTE.encode() not in path.read_bytes()
