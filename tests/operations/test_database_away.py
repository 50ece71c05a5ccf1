"""R4: while PostgreSQL is away people get a sentence and a time to come back, soon; then it goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.platform.db import Database, migrate
from tests.app.conftest import World
from tests.support.postgres import PostgresServer
from tests.support.road import SAMPLE, Road
from tests.support.writes import Stage

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(private_postgres: PostgresServer, clock: Any) -> Iterator[Database]:
    """On a server of its own, which may be stopped."""
    database = Database(private_postgres.url(), clock=clock)
    migrate.upgrade(database)
    yield database
    database.close()


def timed(client: Any, method: str, url: str, **more: Any) -> tuple[Any, float]:
    began = time.monotonic()
    response = client.request(method, url, **more)
    return response, time.monotonic() - began


def test_a_database_that_is_away_is_a_503_within_two_seconds_and_heals_by_itself(
    world: World, private_postgres: PostgresServer
) -> None:
    stage = Stage(world)
    stage.road.register()
    reception, nobody = stage.client("reception"), stage.client("nobody")
    register = f"/api/v1/sessions/{stage.road.session_id}/samples"
    calls: list[tuple[Any, str, str, dict[str, Any]]] = [
        (reception, "GET", f"/api/v1/sessions/{stage.road.session_id}/queue", {}),
        (reception, "POST", register, {"json": SAMPLE}),
        (nobody, "POST", "/api/v1/tickets/view", {"json": {"code": "3333"}}),
        (nobody, "POST", "/sign-in", {"data": {"username": "chemist.own", "password": "x"}}),
        (nobody, "GET", "/ready", {}),
    ]
    private_postgres.stop()
    for client, method, url, more in calls:
        response, seconds = timed(client, method, url, **more)
        assert response.status_code == 503, f"{url}: {response.status_code} {response.text[:300]}"
        assert int(response.headers["Retry-After"]) > 0, url
        assert "does not answer" in response.text, url
        assert seconds < 2, url
        page, seconds = timed(client, method, url, headers={"Accept": "text/html"}, **more)
        assert (page.status_code, seconds < 2) == (503, True), url
    assert nobody.get("/health").status_code == 200, "the process itself lives"
    assert nobody.get("/static/common/base.css").status_code == 200

    private_postgres.start()
    began = time.monotonic()
    while reception.get(f"/api/v1/sessions/{stage.road.session_id}/queue").status_code != 200:
        assert time.monotonic() - began < 5
        time.sleep(0.1)
    assert nobody.get("/ready").status_code == 200
    after = Road(stage.client, stage.road.session_id)
    after.register()
    assert len(reception.get(f"/api/v1/sessions/{stage.road.session_id}/queue").json()) == 2
