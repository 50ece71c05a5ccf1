"""Guessing ticket codes (S4), and addresses that are made up on the way."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.app.conftest import World, application_with
from tests.support.budget import long_run
from tests.support.visitor import Visitor
from tests.support.writes import Stage

VIEW = "/api/v1/tickets/view"
UNKNOWN = {"code": "3333 3333 3333"}
PROXY = ("10.9.9.9", 4000)


@pytest.fixture
def behind(world: World) -> World:
    """The same world behind a proxy that is trusted."""
    settings = world.runtime.settings.model_copy(update={"trusted_proxies": [ip_network("10.9.9.0/24")]})
    return replace(world, app=application_with(replace(world.runtime, settings=settings)))


def caller(world: World, peer: tuple[str, int], *forwarded: str) -> TestClient:
    client = Visitor(world.app, world.portal, client=peer)
    client.headers.update({"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {})
    return client


def misses(world: World, peer: tuple[str, int], forwarded: list[tuple[str, ...]]) -> int:
    """How many of these wrong codes were looked at, not turned away."""
    return sum(caller(world, peer, *one).post(VIEW, json=UNKNOWN).status_code == 404 for one in forwarded)


def test_made_up_addresses_count_as_one_where_no_proxy_is_trusted(world: World) -> None:
    """Attack 8: X-Forwarded-For was believed from loopback, so that twelve made-up addresses knew no limit."""
    assert misses(world, ("127.0.0.1", 1), [(f"192.0.2.{n}",) for n in range(12)]) == 10


@pytest.mark.parametrize(
    ("peer", "after", "looked_at"),
    [
        (PROXY, (), 12),  # attack 8: behind a proxy on another host everybody was one address
        (("::ffff:10.9.9.9", 4000), (), 12),  # as a server on `::` sees it
        (("::ffff:198.51.100.9", 1), (), 10),
        (("198.51.100.9", 1), (), 10),
        (PROXY, ("198.51.100.7",), 10),
        (PROXY, ("198.51.100.8", "10.9.9.8"), 10),  # two proxies, both trusted
    ],
)
def test_behind_a_trusted_proxy_everybody_has_the_address_that_it_saw(
    behind: World, peer: tuple[str, int], after: tuple[str, ...], looked_at: int
) -> None:
    """The right-hand end is what the trusted proxy saw; further left anybody may write what they like."""
    assert misses(behind, peer, [(f"192.0.2.{n}", *after) for n in range(12)]) == looked_at


def test_guessing_from_many_addresses_is_bounded_for_the_site_and_holders_do_not_notice(
    behind: World, clock: Any
) -> None:
    """S4: at most 60 wrong codes a minute are looked at, however many addresses they come from."""
    stage = Stage(behind)
    code = stage.road.codes[stage.road.register()]
    tries, minute, looked_at = 10_000 if long_run() else 300, 150, []
    for begun in range(0, tries, minute):
        looked_at.append(misses(behind, PROXY, [(f"203.0.113.{n % 50}",) for n in range(begun, begun + minute)]))
        holder = caller(behind, PROXY, "203.0.113.1").post(VIEW, json={"code": code})
        assert holder.status_code == 200
        clock.advance(seconds=60)
    assert looked_at == [60] * len(looked_at)
