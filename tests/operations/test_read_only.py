"""A data folder that cannot be written says so (attack 13: it was said that the database does not answer)."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import sqlalchemy as sa

from app.platform.kernel.actor import Role
from app.platform.web.problems import status_of, translate
from tests.app.conftest import World


@pytest.fixture
def read_only(world: World) -> World:
    """SQLite is told that this connection may not write, which it answers like a folder it may not write in."""
    world.as_(Role.ADMIN)
    with world.runtime.db.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.rollback()
    return world


def test_a_screen_says_that_the_folder_cannot_be_written_and_reading_goes_on(read_only: World) -> None:
    admin = read_only.as_(Role.ADMIN)
    person = {"username": "new", "display_name": "New", "password": "correct horse battery", "roles": "chemist"}
    page = admin.post("/people", data=person, headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "The data folder of this server cannot be written" in page.text
    assert "unharmed" in page.text
    assert "Tell the operator" in page.text
    assert admin.get("/people").status_code == 200


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EROFS, "Read-only file system"),
        PermissionError(errno.EACCES, "Permission denied"),
        sa.exc.OperationalError("x", {}, Exception("attempt to write a readonly database")),
        sa.exc.OperationalError("x", {}, Exception("unable to open database file")),
        sa.exc.InternalError("x", {}, Exception("cannot execute INSERT in a read-only transaction")),
    ],
)
def test_every_way_to_be_read_only_is_known(error: Exception) -> None:
    known = translate(error)
    assert (known.code, status_of(known)) == ("read_only", 503)
    assert "cannot be written" in known.detail


def test_a_database_that_is_away_is_still_one_that_does_not_answer() -> None:
    away: Any = sa.exc.OperationalError("x", {}, Exception("connection refused"))
    assert "does not answer" in translate(away).detail
