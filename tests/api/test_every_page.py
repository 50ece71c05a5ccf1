"""Every page, opened by everybody who may: nothing it asks for is missing (tests run with strict pages), and nothing on it is empty."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import UndefinedError

from app.platform.kernel.actor import Role
from app.platform.security.policy import api_routes, declared_policy, roles_of
from tests.app.conftest import World
from tests.support.keys import real_keys
from tests.support.writes import Stage

EMPTY = re.compile(r"<(h[1-6]|p|li|a|button|summary|legend|label|th|strong|b)((?!role=.status)[^>])*>\s*</\1>")
"""An element without words; but what announces later may begin empty."""


def pages(world: World) -> list[Any]:
    """Routes of pages and of parts of pages."""
    return [
        route
        for route in api_routes(world.app)
        if "GET" in (route.methods or ())
        and not str(route.path).startswith("/api/")
        and not str(route.path).endswith("/events")
    ]


def readers(route: Any) -> list[Role | None]:
    """Everybody a page is for; nobody in particular where it is public."""
    roles = roles_of(route.original_route)
    return sorted(roles) or ([None, *Role] if str(declared_policy(route)).startswith("public") else list(Role))


def test_every_page_opens_for_every_role_and_shows_no_hole(world: World) -> None:
    stage = Stage(world)
    keys = real_keys(stage)
    wrong, opened = [], 0
    for route in pages(world):
        for role in readers(route):
            client = world.anonymous() if role is None else world.as_(role)
            opened += 1
            try:
                answer = client.get(str(route.path).format_map(keys))
            except UndefinedError as missing:
                wrong.append(f"{route.path} as {role}: {missing}")
                continue
            if answer.status_code >= 500:
                wrong.append(f"{route.path} as {role}: {answer.status_code} {answer.text[:300]}")
            elif answer.headers.get("Content-Type", "").startswith("text/html"):
                wrong += [f"{route.path} as {role}: nothing in {hole[0]}" for hole in EMPTY.finditer(answer.text)]
    assert opened > 250
    assert wrong == [], "\n".join(wrong)
