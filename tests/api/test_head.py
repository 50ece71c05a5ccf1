"""Monitors ask with HEAD: every address that is read with GET answers it alike, without a body (attack 13: 405 everywhere)."""

from __future__ import annotations

from app.platform.kernel.actor import Role
from tests.api.test_every_route import filled, routes_of
from tests.app.conftest import World
from tests.support.budget import share


def test_head_is_answered_like_get_everywhere_also_where_get_is_a_stream(world: World) -> None:
    lead, wrong = world.as_(Role.SESSION_LEAD), []
    addresses = [filled(str(route.path)) for method, route in routes_of(world.app) if method == "GET"]
    for url in [
        *share(addresses, 0, 4),
        "/api/v1/events",
        "/static/common/base.css",
        "/api/v1/openapi.json",
        "/nothing",
    ]:
        head = lead.head(url)
        expected = 200 if url == "/api/v1/events" else lead.get(url).status_code  # a stream has no end
        if (head.status_code, head.content) != (expected, b""):
            wrong.append(f"{url}: {head.status_code} instead of {expected}, {len(head.content)} bytes")
    assert len(addresses) > 100
    assert wrong == []
