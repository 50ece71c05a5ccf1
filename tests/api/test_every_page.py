"""Every page, opened by everybody who may: nothing it asks for is missing (tests run with strict pages), and nothing on it is empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import UndefinedError

from app.platform.kernel.actor import Role
from app.platform.security.policy import api_routes, declared_policy, roles_of
from tests.app.conftest import World
from tests.support.budget import QUICK_OR_ALL
from tests.support.keys import real_keys
from tests.support.writes import Stage

EMPTY = re.compile(r"<(h[1-6]|p|li|a|button|summary|legend|label|th|strong|b)((?!role=.status)[^>])*>\s*</\1>")
"""An element without words; but what announces later may begin empty."""
GAP = re.compile(r"Over: see below| \. ,|\bfrom\s+until\b|(?<=[a-z,:] )None\b")
"""Words round a value that was not there."""
NOWHERE = re.compile(r"""<a\b[^>]*\bhref=(""|''|"#"|"None")|>\s*None\s*<""")
TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def holes(page: str) -> list[str]:
    """What is empty on a page, and what reads as if a value were missing."""
    said = TAGS.sub("", page)
    return [f"nothing in {hole[0]}" for hole in EMPTY.finditer(page)] + [
        f"{said[max(0, gap.start() - 60) : gap.end() + 60]!r}" for gap in GAP.finditer(said)
    ] + [f"a value or an address that is missing: {gone[0]}" for gone in NOWHERE.finditer(page)]  # fmt: skip


SCANNER = "/scan"
OPENS_SCANNER = {SCANNER, "/find", "/sessions/{session_id}/hand-over"}


def loosened(path: str, headers: Mapping[str, str]) -> list[str]:
    """Headers that let a page do more than pages may: WebAssembly and a frame for the scanner, the camera where it opens."""
    policy, camera = headers["Content-Security-Policy"], "camera=(self)" in headers["Permissions-Policy"]
    return [
        *(["camera"] if camera and path not in OPENS_SCANNER else []),
        *(["WebAssembly"] if "wasm-unsafe-eval" in policy and path != SCANNER else []),
        *(["a frame"] if "frame-ancestors 'none'" not in policy and path != SCANNER else []),
        *(["unsafe"] if "'unsafe-" in policy else []),
    ]


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
    """Everyone a page is for; nobody in particular where it is public."""
    roles = roles_of(route.original_route)
    return sorted(roles) or ([None, *Role] if str(declared_policy(route)).startswith("public") else list(Role))


@QUICK_OR_ALL
def test_every_page_opens_for_every_role_and_shows_no_hole(world: World, thorough: bool) -> None:
    """For one of its readers, or for each of them."""
    stage = Stage(world)
    keys = real_keys(stage)
    wrong, opened = [], 0
    for at, route in enumerate(pages(world)):
        roles = readers(route)
        for role in roles if thorough else [roles[at % len(roles)]]:
            client = world.anonymous() if role is None else world.as_(role)
            opened += 1
            try:
                answer = client.get(str(route.path).format_map(keys))
            except UndefinedError as missing:
                wrong.append(f"{route.path} as {role}: {missing}")
                continue
            wrong += [f"{route.path} as {role}: {header}" for header in loosened(str(route.path), answer.headers)]
            if answer.status_code >= 500:
                wrong.append(f"{route.path} as {role}: {answer.status_code} {answer.text[:300]}")
            elif answer.headers.get("Content-Type", "").startswith("text/html"):
                wrong += [f"{route.path} as {role}: {hole}" for hole in holes(answer.text)]
    assert opened > (250 if thorough else 60)
    assert wrong == [], "\n".join(wrong)


def test_a_hole_is_seen() -> None:
    """The box that stood six times on the figures page, and what else the crawl is for."""
    page = '<p>Over: see below, </p><p>. Notice, from until . ,</p><p>Until <b>None</b></p><a href="">All</a><p></p>'
    assert len(holes(page)) == 6
    assert holes("<p>None of them waits.</p><p>None.</p><a href='/x'>All</a>") == []
