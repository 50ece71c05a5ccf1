"""R4: while PostgreSQL is away people get a sentence and a time to come back, soon; then it goes on by itself.

Under load it is away for three seconds in an ordinary run, for twenty by `make nightly`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.platform.db import Database, migrate
from tests.app.conftest import World
from tests.support.budget import size
from tests.support.postgres import PostgresServer
from tests.support.road import SAMPLE, Road
from tests.support.serving import Screen, Server, Service, running
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


WRITERS, AWAY_S = 8, size(3, 20)


@dataclass
class Writer:
    """Registers samples one after another, whatever the answer; `answers` are status, seconds and time to come back."""

    client: Any
    url: str
    closing: threading.Event
    answers: list[tuple[int, float, str]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    last_at: float = 0.0

    def work(self) -> None:
        while not self.closing.is_set():
            answer, seconds = timed(self.client, "POST", self.url, json=SAMPLE)
            self.answers.append((answer.status_code, seconds, answer.headers.get("Retry-After", "")))
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["sample"]["id"])
                self.last_at = time.monotonic()
            else:
                time.sleep(0.1)


def at_work(server: Server, closing: threading.Event) -> tuple[list[Writer], list[threading.Thread]]:
    url = f"/api/v1/sessions/{server.road().session_id}/samples"
    writers = [Writer(server.client("reception"), url, closing) for _ in range(WRITERS)]
    threads = [threading.Thread(target=writer.work) for writer in writers]
    for thread in threads:
        thread.start()
    return writers, threads


def wait_for_all(writers: list[Writer], since: float, seconds: float) -> None:
    while min(writer.last_at for writer in writers) < since:
        assert time.monotonic() - since < seconds
        time.sleep(0.05)


@pytest.mark.long
def test_under_load_no_event_is_missed_and_everybody_goes_on_within_five_seconds(
    private_postgres: PostgresServer, tmp_path: Path
) -> None:
    service = Service.prepare(tmp_path, private_postgres.url(), MAST_WORKERS="0", MAST_LOG_LEVEL="CRITICAL")
    closing = threading.Event()
    with running(service) as server:
        screen = Screen(server.client("chemist"))
        writers, threads = at_work(server, closing)
        try:
            wait_for_all(writers, time.monotonic(), 30)
            private_postgres.stop()
            time.sleep(AWAY_S)
            private_postgres.start()
            wait_for_all(writers, time.monotonic(), 5)
        finally:
            closing.set()
            for thread in threads:
                thread.join(30)
        acknowledged = {sample for writer in writers for sample in writer.acknowledged}
        heard = []
        while acknowledged - set(heard):
            heard.append(screen.wait("queue")[1]["sample_id"])
    assert len(heard) == len(set(heard)), "nothing twice"
    refused = [answer for writer in writers for answer in writer.answers if answer[0] != 201]
    assert len(refused) >= WRITERS
    assert {status for status, _, _ in refused} == {503}
    assert all(int(come_back) > 0 for _, _, come_back in refused)
    assert max(seconds for _, seconds, _ in refused) < 2
