"""R6: whatever a write route answers, it answers after the commit. A commit that fails is never a success."""

from __future__ import annotations

from typing import NoReturn

import pytest
import sqlalchemy as sa
import sqlalchemy.exc

from app.main import create_app
from app.platform.db import Database, metadata
from app.platform.db.engine import Session
from app.platform.live.publish import WAKE
from app.platform.security.policy import api_routes
from app.settings import Settings
from tests.support.budget import one_of_each_area
from tests.support.writes import WRITE_NOTHING, WRITES, Stage, token_of_wall

SAFE = {"GET", "HEAD", "OPTIONS"}


COUNTS = sa.union_all(
    *(
        sa.select(sa.literal(name).label("name"), sa.func.count().label("many")).select_from(table)
        for name, table in metadata.tables.items()
    )
)


def rows(database: Database) -> dict[str, int]:
    """How many each table has, asked for at once."""
    with database.reader.connect() as connection:
        return {row.name: row.many for row in connection.execute(COUNTS)}


def fail(_: Session) -> NoReturn:
    raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("disk I/O error"))


def test_there_is_a_request_for_every_route_that_writes(settings: Settings) -> None:
    there = {
        (method, str(route.path))
        for route in api_routes(create_app(settings))
        for method in (route.methods or set()) - SAFE
    }
    assert there - WRITE_NOTHING.keys() == WRITES.keys()


@pytest.mark.parametrize(("method", "url"), one_of_each_area(WRITES))
def test_a_failing_commit_is_no_success_and_publishes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str, url: str
) -> None:
    call = WRITES[method, url](stage)
    client, database = stage.client(call.role), stage.world.runtime.db
    woken: list[str] = []
    database.listen(WAKE, lambda: woken.append("screens"))
    before = rows(database)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "commit", fail)
        refused = client.request(method, call.at(), **call.more)
    assert refused.status_code == 503, refused.text
    assert refused.headers["Retry-After"]
    assert "set-cookie" not in refused.headers
    assert rows(database) == before
    assert woken == []

    done = client.request(method, call.at(), **call.more)
    assert done.status_code in (200, 201, 202, 204, 303), done.text
    assert rows(database) != before or done.status_code in (204, 303)


@pytest.mark.parametrize(("method", "url"), sorted(WRITE_NOTHING))
def test_a_route_said_to_write_nothing_writes_nothing(stage: Stage, method: str, url: str) -> None:
    sample_id = stage.road.register()
    client = stage.client("session_lead")
    version_id, token = stage.pack()["id"], token_of_wall(stage)
    assert (
        client.get(f"/messages/{version_id}").status_code == 200
    )  # who looks has the page open, which asks for the check
    before = rows(stage.world.runtime.db)
    address = url.format(sample_id=sample_id, version_id=version_id, session_id=stage.road.session_id)
    response = client.request(method, address, data={"path": "messages/en/M-HEAT.md", "token": token})
    assert response.status_code in (200, 303)
    assert rows(stage.world.runtime.db) == before
