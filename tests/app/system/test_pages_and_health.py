"""About, audit, health and readiness, and which live events reach whom."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.requests import Request

from app.operations import api, service
from app.platform import audit
from app.platform.db import Database
from app.platform.jobs.tables import JobRow, JobState
from app.platform.kernel.actor import Role
from app.platform.live import publish
from app.platform.security.policy import SERVICE_STAFF
from tests.support.live import messages, running_hub


@pytest.mark.parametrize(
    ("link", "status", "said"),
    [
        ("/bench/samples/not-a-key", 404, "Page not found"),
        ("/instruments/check", 422, "link is missing or mistyped (reading)"),
    ],
)
def test_a_broken_link_is_told_in_words_and_not_in_types(world: Any, link: str, status: int, said: str) -> None:
    page = world.as_(Role.CHEMIST).get(link, headers={"Accept": "text/html"})
    assert (page.status_code, said in page.text, "valid" in page.text) == (status, True, False)


def test_the_process_says_that_it_lives_without_asking_the_database(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for way in ("begin", "read", "read_once"):
        monkeypatch.setattr(Database, way, None)
    assert world.anonymous().get("/health").json() == {"status": "ok"}


def test_ready_counts_jobs_for_staff_and_tells_nobody_else_how_many_there_are(world: Any, clock: Any) -> None:
    with world.runtime.db.begin() as uow:
        uow.session.add(JobRow(kind="x", payload={}, state=JobState.QUEUED, run_after=clock(), created_at=clock()))
    for role in (None, *Role):
        got = (world.as_(role) if role else world.anonymous()).get("/ready")
        assert got.status_code == 200
        if role in {*SERVICE_STAFF, Role.ADMIN}:
            body = got.json()
            assert (body["ready"], body["reasons"]) == (True, [])
            assert body["jobs"] == {"queued": 1, "running": 0, "done": 0, "dead": 0}
        else:
            assert got.json() == {"ready": True, "reasons": [], "alarms": [], "jobs": {}}, role


def test_a_dead_job_raises_an_alarm_and_the_process_stays_ready(world: Any, clock: Any) -> None:
    now: datetime = clock()
    with world.runtime.db.begin() as uow:
        uow.session.add(JobRow(kind="x", payload={}, state=JobState.DEAD, run_after=now, created_at=now))
    got = world.anonymous().get("/ready")
    assert (got.status_code, got.json()["ready"]) == (200, True)
    assert any("1 job" in alarm for alarm in got.json()["alarms"])


def test_a_database_at_another_schema_is_not_ready_and_says_what_to_run(world: Any) -> None:
    with world.runtime.db.begin() as uow:
        uow.session.connection().execute(sa.text("UPDATE alembic_version SET version_num = 'elsewhere'"))
    got = world.anonymous().get("/ready")
    assert (got.status_code, got.json()["ready"]) == (503, False)
    assert "schema elsewhere" in got.json()["reasons"][0]
    assert "mast db upgrade" in got.json()["reasons"][0]


def test_little_disk_raises_an_alarm_and_staff_alone_learn_how_little(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 13: anybody was told how many MiB are free."""
    monkeypatch.setattr(service, "LOW_DISK", 10**18)
    for client in (world.anonymous(), world.as_(Role.POLICE)):
        assert client.get("/ready").json()["alarms"] == ["Disk space is low."]
    said = world.as_(Role.ADMIN).get("/ready").json()["alarms"]
    assert any("of disk are free" in alarm for alarm in said)


# -- audit ------------------------------------------------------------------------------------------------------


def test_the_audit_page_turns_over_fifty_at_a_time_without_gap_or_repeat(world: Any) -> None:
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        for number in range(70):
            audit.record(uow, "look", "thing", f"object-{number:03d}")
    admin = world.as_(Role.ADMIN)
    first = admin.get("/audit")
    seen = [n for n in range(70) if f"object-{n:03d}" in first.text]
    assert seen[-1] == 69
    older = first.text.split('href="/audit?before=')[1].split('"')[0]
    second = admin.get(f"/audit?before={older}")
    rest = [n for n in range(70) if f"object-{n:03d}" in second.text]
    assert rest + seen == list(range(70))
    last = admin.get("/audit?before=1")
    assert last.status_code == 200
    assert "/audit?before=" not in last.text


# -- live -------------------------------------------------------------------------------------------------------


def test_staff_hear_of_their_own_agency_and_never_of_another(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asyncio.run(_heard(world, world.actors[Role.CHEMIST], monkeypatch))
    assert heard == ["own", "for all", "own again"]


async def _heard(world: Any, who: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The route's own filter on a running hub."""
    taken: list[Any] = []
    monkeypatch.setattr(api, "event_stream", lambda hub, accepts, request, **_: taken.append(accepts))
    request = Request({"type": "http", "app": world.app, "headers": [], "query_string": b""})
    await api.events(request, who, world.runtime)
    async with running_hub(world.runtime.db) as hub:
        stream = aiter(hub.subscribe(taken[0]))
        await anext(stream)
        with world.runtime.db.begin() as uow:
            publish(uow, "queue", "own", agency_id=world.agency_id, sample_id=uuid4())
            publish(uow, "queue", "foreign", agency_id=world.other_agency_id, sample_id=uuid4())
            publish(uow, "library", "for all")
            publish(uow, "client", "someone's ticket", sample_id=uuid4())
            publish(uow, "queue", "a session of nobody", session_id=uuid4())
            publish(uow, "queue", "own again", agency_id=world.agency_id)
        async with asyncio.timeout(20):
            heard = messages(await anext(stream))
            while len(heard) < 3:
                heard += messages(await anext(stream))
            return [one.data["kind"] for one in heard]
