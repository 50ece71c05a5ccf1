"""/metrics: sums by route and by kind of job, behind a token of its own, and nothing that points to a sample or a person."""

from __future__ import annotations

import json
import re

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError

from app.platform.jobs import JobContext, JobRunner, enqueue
from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.conftest import World
from tests.support import logs

TOKEN = "a token that is as long as one has to be"
AS_MONITOR = {"Authorization": f"Bearer {TOKEN}"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def watched(world: World) -> World:
    world.app.state.runtime.settings.metrics_token = SecretStr(TOKEN)
    return world


def samples(world: World) -> Samples:
    answer = world.anonymous().get("/metrics", headers=AS_MONITOR)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def requests(found: Samples, route: str, method: str = "GET", status: str = "2xx") -> float:
    labels = {"route": route, "method": method, "status": status}
    return found.get(("mast_requests_total", frozenset(labels.items())), 0.0)


def test_only_who_holds_the_token_of_the_monitor_sees_the_page(world: World) -> None:
    for headers in ({}, AS_MONITOR, {"Authorization": "Bearer "}):
        assert world.anonymous().get("/metrics", headers=headers).status_code == 404, "nobody has set a token"
    world.app.state.runtime.settings.metrics_token = SecretStr(TOKEN)
    for header in ("", "Bearer ", "Bearer another one", f"Basic {TOKEN}", TOKEN, "Bearer ö"):
        answer = world.anonymous().get("/metrics", headers={"Authorization": header.encode()})
        assert (answer.status_code, "mast_" in answer.text) == (401, False)
    assert world.as_(Role.ADMIN).get("/metrics").status_code == 401


def test_answers_are_counted_by_the_template_of_their_route(watched: World) -> None:
    nobody = watched.anonymous()
    before = samples(watched)
    nobody.get("/health")
    nobody.head("/health")
    nobody.get("/api/v1/samples/0190a3c0-0000-7000-8000-000000000000")
    nobody.get("/no/such/3467-9CDF-GHJK")
    nobody.get("/static/mast.svg")
    after = samples(watched)
    assert requests(after, "/health") - requests(before, "/health") == 1
    of_samples = [requests(one, "/api/v1/samples/{sample_id}", status="4xx") for one in (before, after)]
    assert of_samples[1] - of_samples[0] == 1
    assert requests(after, "none", status="4xx") >= 1
    seconds = ("mast_request_seconds_count", frozenset({("route", "/health"), ("method", "GET")}))
    assert after[seconds] - before.get(seconds, 0) == 1
    text = nobody.get("/metrics", headers=AS_MONITOR).text
    assert not re.search(r"3467|[0-9a-f]{8}-[0-9a-f]{4}|no/such", text)


def test_jobs_are_counted_by_kind_and_state(watched: World) -> None:
    database = watched.app.state.runtime.db
    with database.begin() as uow:
        enqueue(uow, "kind of a test", {"sample": "not to be told"})
    found = samples(watched)
    assert found["mast_jobs", frozenset({("kind", "kind of a test"), ("state", "queued")})] == 1
    assert found["mast_live_screens", frozenset()] == 0
    assert "not to be told" not in watched.anonymous().get("/metrics", headers=AS_MONITOR).text


def test_labels_are_the_few_that_are_meant(watched: World) -> None:
    watched.anonymous().request("BREW", "/health")
    names = {name: {label for label, _ in labels} for name, labels in samples(watched) if name.startswith("mast_")}
    assert set().union(*names.values()) <= {"route", "method", "status", "le", "kind", "state"}
    assert not [one for _, labels in samples(watched) for one in labels if "BREW" in one]


def test_a_job_can_be_followed_from_the_request_that_asked_for_it(watched: World) -> None:
    database = watched.app.state.runtime.db
    seen = dict[str, object]()

    def handler(context: JobContext) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    with logs.captured() as logged, database.begin(request_id="abc123") as uow:
        job_id = enqueue(uow, "kind of a test", {})
    (asked,) = (json.loads(line) for line in logged().splitlines() if '"job_asked"' in line)
    assert (asked["request_id"], asked["job_id"]) == ("abc123", str(job_id))
    JobRunner(database, {"kind of a test": handler}).run_until_idle()
    assert (seen["job_id"], seen["job_kind"]) == (str(job_id), "kind of a test")
    assert "job_id" not in structlog.contextvars.get_contextvars()


def test_a_short_token_is_refused_and_workers_do_not_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="metrics_token: it needs 32 characters"):
        Settings(metrics_token=SecretStr("short"))
    assert not [name for name in Settings(metrics_token=SecretStr(TOKEN)).environment() if "METRICS" in name]
