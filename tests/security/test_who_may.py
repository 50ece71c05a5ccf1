"""Which roles may use which routes of intake and the bench, in one table; tests/api checks that each route keeps to its policy."""

from __future__ import annotations

import re

from app.platform.kernel.actor import Role
from app.platform.security.policy import declared_policy
from tests.api.test_every_route import routes_of
from tests.app.conftest import World

R = Role
BENCH = {R.CHEMIST, R.VERIFIER}
DESK = {R.RECEPTION, R.HEALTH_WORKER, R.SESSION_LEAD}
WHO_MAY = (
    (r"\w+ (/api/v1)?/(people|audit)\b|GET /(devices|retention)$", {R.ADMIN}),
    (r"POST /sessions/.*/(tablets/\{tablet_id\}/void|wall-link/end)$", {R.ADMIN, R.SESSION_LEAD}),
    (r"POST .*/samples/\{sample_id\}/ticket$", {R.RECEPTION, R.SESSION_LEAD}),
    (r"POST (/api/v1)?/sessions$|\w+ .*/sessions/.*(close|new|wall-link|report.*)$|GET .*/tablets$", {R.SESSION_LEAD}),
    (r"POST .*/sessions/\{session_id\}/((offline-)?samples|tablets)$|GET .*/reception(/kept|/words)?$", DESK),
    (r"\w+ .*/samples/\{sample_id\}/(withdraw|correct)$|PATCH /api/v1/samples/", DESK),
    (r"\w+ /api/v1/samples/\{sample_id\}/(consultations|shown|adjustments)", {R.HEALTH_WORKER, R.SESSION_LEAD}),
    (r"\w+ /api/v1/samples/.*/(quantifications|answer)$", BENCH | {R.SESSION_LEAD}),
    (r"POST /api/v1/samples/.*/(analyses|uploads)$", BENCH | {R.SESSION_LEAD}),
    (r"POST /api/v1/samples/.*/(results|answer/replies)$|PUT /api/v1/results/", BENCH),
    (r"POST (/api/v1/results/\{result_id\}/\{action\}|/bench/samples/.*/act)$", BENCH | {R.SESSION_LEAD}),
    (r"GET /bench(/samples/|/worklist|$)", BENCH | {R.SESSION_LEAD}),
    (r"POST /bench/samples/", BENCH),
    (r"GET /api/v1/(samples/.*/(results|analyses)|results/.*)$", BENCH | {R.HEALTH_WORKER, R.SESSION_LEAD}),
    (r"\w+ (/api/v1)?(/samples/\{sample_id\})?/tasks\b", BENCH | {R.HEALTH_WORKER, R.SESSION_LEAD}),
    (r"\w+ /(find|scan)$", set(Role) - {R.CLINICIAN, R.POLICE, R.PUBLIC_HEALTH, R.INSTRUMENT}),
    (r"\w+ (/api/v1)?/(samples|sessions|labels)\b", BENCH | DESK),
)
"""The first that matches counts: the routes, and who may use them."""


def test_each_route_is_for_the_roles_of_the_table_and_for_nobody_else(world: World) -> None:
    found = set()
    for method, route in routes_of(world.app):
        door, policy = f"{method} {route.path}", str(declared_policy(route))
        rule = next((one for one in WHO_MAY if re.match(one[0], door)), None)
        if rule and policy.startswith("roles:"):
            assert set(policy.removeprefix("roles: ").split(", ")) == {role.value for role in rule[1]}, door
            found.add(rule[0])
    assert found == {pattern for pattern, _ in WHO_MAY}
