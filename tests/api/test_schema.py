"""F2: what the API description says is what the API does, on both databases, whatever is sent to it (schemathesis)."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from typing import Any

import schemathesis
import schemathesis.specs.openapi.adapter.v2  # imported late, inside a deep stack, it overflows the parser of 3.11
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from app.people import service as people
from app.platform.kernel.actor import Actor, Role
from app.releases import service as releases
from tests.app.conftest import World
from tests.app.trends.conftest import Figures
from tests.support.road import ok
from tests.support.staged import either_database
from tests.support.writes import Stage, alert, project, sample_task, told, urgent

database = either_database  # both kinds matter here

SEED = 20261125
MAX_EXAMPLES = 5
STREAMS = ("/api/v1/events", "/api/v1/tickets/events")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def everybodys_session(world: World) -> str:
    """The cookie of somebody who holds every role. Not a token: a client that learns its id may revoke it."""
    with world.runtime.db.begin(Actor(None, "operator", frozenset(), world.agency_id)) as uow:
        person = people.add_person(uow, world.agency_id, "everybody", "Everybody", "all the roles there are", Role)
        return "__Host-mast=" + people.sign_in(uow, person, world.runtime.session_policy)


class WithoutLifespan:
    """The application, already running: the tool's own start and stop of it are acknowledged and ignored."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})


def release(stage: Stage) -> str:
    """A release to look things up in."""
    world = stage.world
    Figures(world, {world.agency_id: uuid.UUID(stage.road.session_id)}).add(43, month="2026-04")
    with world.runtime.db.begin(Actor(None, "operator", frozenset({Role.ADMIN}), None)) as uow:
        return str(releases.make(uow, world.runtime.pack.substances).id)


def real_keys(stage: Stage) -> dict[str, str]:
    """Something there for every path parameter, so that the requests get past the first look-up."""
    sample, analysis, upload = stage.read_file()
    result, _ = stage.road.draft(sample, [analysis])
    told_sample, adjustment = told(stage)
    stage.client("health_worker").get(f"/consultations/samples/{told_sample}")
    project_id = project(stage, "propose", "approve")
    return {
        "session_id": stage.road.session_id,
        "sample_id": sample,
        "analysis_id": analysis,
        "upload_id": upload,
        "reading_id": ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"],
        "result_id": result,
        "incoming_id": stage.incoming()[0],
        "standard_id": stage.standard(),
        "control_id": stage.control(),
        "curve_id": stage.curve(),
        "instrument_id": stage.machine(),
        "check_id": stage.check(),
        "task_id": stage.task(),
        "sample_task_id": sample_task(stage)["id"],
        "alert_id": alert(stage)["id"],
        "urgent_id": urgent(stage)["id"],
        "adjustment_id": adjustment,
        "shown_id": ok(stage.client("health_worker").get(f"/api/v1/samples/{told_sample}/shown"))[0]["id"],
        "version_id": stage.pack()["id"],
        "project_id": project_id,
        "drawing_id": ok(stage.client("researcher").post(f"/api/v1/projects/{project_id}/extracts"))["id"],
        "release_id": release(stage),
        "message_id": "M-HEAT",
        "key": "starter-mass",
    }


def configuration(cookie: str, *, boundaries: bool) -> SchemathesisConfig:
    """`boundaries`: also every boundary value of every field, which is most of the time."""
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Cookie": cookie},
            "continue-on-failure": False,
            "generation": {"max-examples": MAX_EXAMPLES, "deterministic": True, "no-shrink": True},
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "phases": {
                "examples": {"enabled": True},
                "coverage": {"enabled": boundaries, "unexpected-methods": []},
                "fuzzing": {"enabled": True},
                "stateful": {"enabled": False},
            },
        }
    )


def with_real_keys(schema: Any, keys: dict[str, str]) -> None:
    """Two of three requests go to something that is there, and say the version it has."""
    turn = itertools.count()

    @schema.hook
    def map_case(context: Any, case: Any) -> Any:
        if next(turn) % 3:
            for name in set(case.path_parameters or {}) & keys.keys():
                case.path_parameters[name] = keys[name]
            if "If-Match" in (case.headers or {}):
                case.headers["If-Match"] = '"1"'
        return case


def test_the_api_keeps_its_description_whatever_is_sent(world: World) -> None:
    stage = Stage(world)
    # PostgreSQL refuses more than SQLite (NUL, ranges of numbers), so it gets the boundary values; both get the fuzzing.
    config = configuration(everybodys_session(world), boundaries=not world.runtime.db.is_sqlite)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", WithoutLifespan(world.app), config=config)
    for path in STREAMS:
        schema = schema.exclude(path=path)
    with_real_keys(schema, real_keys(stage))
    problems: dict[str, str] = {}
    statuses: Counter[int] = Counter()
    operations: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            problems.setdefault(f"error {event}", repr(getattr(event, "info", event)))
        if isinstance(event, events.ScenarioFinished):
            operations.add(str(event.recorder.label))
            statuses.update(i.response.status_code for i in event.recorder.interactions.values() if i.response)
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        words = f"{failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                        problems.setdefault(f"{event.recorder.label} {failure.title}", f"{words} ({case_id})")
    print(len(operations), "operations,", sum(statuses.values()), "requests", dict(sorted(statuses.items())))
    assert problems == {}, "\n\n".join(f"## {where}\n{words}" for where, words in problems.items())
    assert len(operations) >= 40
    assert statuses[200] + statuses[201] > 100, "most of it must get past the door"
