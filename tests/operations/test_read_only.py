"""A data folder that cannot be written says so (attack 13: it was said that the database does not answer)."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import sqlalchemy as sa

from app.intake.people.tables import Person
from app.platform.db.engine import TRIED_EVERY_S
from app.platform.kernel.actor import Role
from app.platform.web.problems import status_of, translate
from tests.app.conftest import PASSWORD, World
from tests.support import logs
from tests.support.road import Road


def seal(world: World) -> None:
    """SQLite is told that this connection may not write, which it answers like a folder it may not write in."""
    with world.runtime.db.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.rollback()


@pytest.fixture
def read_only(world: World) -> World:
    """After an administrator has signed in."""
    world.as_(Role.ADMIN)
    seal(world)
    return world


@pytest.fixture
def told(world: World) -> tuple[str, str]:
    """A sample whose result is there, with the code of its ticket, when nothing can be written any more."""
    road = Road(lambda role: world.as_(Role(role)), str(world.session()))
    sample, _, _ = road.released()
    world.as_(Role.HEALTH_WORKER)
    seal(world)
    return sample, road.codes[sample]


def test_client_and_worker_read_the_result_though_nothing_can_be_noted(world: World, told: tuple[str, str]) -> None:
    with logs.captured() as logged:
        page = world.anonymous().post("/t", data={"code": told[1]})
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert "read-only" not in page.text
        assert world.anonymous().post("/api/v1/tickets/view", json={"code": told[1]}).status_code == 200
    assert "not_noted" in logged()
    assert world.as_(Role.HEALTH_WORKER).get(f"/consultations/samples/{told[0]}").status_code == 200


def test_signing_out_ends_here_and_says_that_the_server_could_not_note_it(read_only: World) -> None:
    admin = read_only.as_(Role.ADMIN)
    left = admin.post("/sign-out")
    assert left.status_code == 303
    assert '__Host-mast=""' in left.headers["set-cookie"]
    assert "This browser is signed out. The server could not save that" in admin.get(left.headers["location"]).text


def test_signing_in_says_why_it_cannot_be(read_only: World) -> None:
    actor = read_only.actors[Role.ADMIN]
    with read_only.runtime.read() as session:
        typed = {"username": session.get_one(Person, actor.person_id).username, "password": PASSWORD}
    page = read_only.anonymous().post("/sign-in", data=typed, headers={"Accept": "text/html"})
    assert (page.status_code, "cannot be written" in page.text) == (503, True)


def test_a_monitor_is_told_that_nothing_can_be_saved_and_asks_once_a_minute(world: World) -> None:
    database = world.runtime.db
    assert "Nothing can be saved" not in str(world.anonymous().get("/ready").json())
    seal(world)
    assert "Nothing can be saved" not in str(world.anonymous().get("/ready").json()), "it was tried a moment ago"
    database._tried_at -= TRIED_EVERY_S
    assert "Nothing can be saved" in str(world.anonymous().get("/ready").json()["alarms"])


class _Broken(Exception):
    """What SQLite says of a disk that became read-only under its open file."""

    sqlite_errorname = "SQLITE_IOERR_WRITE"


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
        sa.exc.OperationalError("x", {}, _Broken("disk I/O error")),
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
