"""F2: what the API description says is what the API does, on both databases, whatever is sent to it (schemathesis)."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import schemathesis
import schemathesis.specs.openapi.adapter.v2  # imported late, inside a deep stack, it overflows the parser of 3.11
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from app.intake.people import service as people
from app.platform.kernel.actor import Actor, Role
from tests.app.conftest import World
from tests.support.budget import long_run
from tests.support.keys import real_keys
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database  # both kinds matter here

SEED = 20261125
MAX_EXAMPLES = 5 if long_run() else 2
STREAMS = ("/api/v1/events", "/api/v1/tickets/events")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def everybodys_session(world: World) -> str:
    """The cookie of someone who holds every role. Not a token: a client that learns its id may revoke it."""
    with world.runtime.db.begin(Actor(None, "operator", frozenset(), world.agency_id)) as uow:
        person = people.add_person(uow, world.agency_id, "everybody", "Everyone", "all the roles there are", Role)
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
