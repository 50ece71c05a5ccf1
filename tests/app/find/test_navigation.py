"""Which words the header has for whom, and what follows from the tables alone."""

from __future__ import annotations

from typing import Any

import pytest

from app.platform.kernel.actor import Role
from app.screens.navigation import OFFERS, PLACES, nearest, offered
from tests.support.road import Road

HTML = {"Accept": "text/html"}


def test_areas_of_several_roles_stand_in_the_order_of_the_table_and_the_fifth_under_more() -> None:
    areas, more = offered([Role.SESSION_LEAD, Role.CHEMIST])
    assert [place.label for place in areas] == ["Bench", "Files", "Alerts", "Instruments"]
    assert [place.label for place in more][:3] == ["Board", "To release", "Tasks"]
    assert len({place.label for place in areas + more}) == len(areas + more)


@pytest.mark.parametrize("role", [role for role, _, _ in OFFERS], ids=str)
def test_no_place_is_offered_that_answers_forbidden(world: Any, role: Role) -> None:
    session_id, browser = world.session(), world.as_(role)
    areas, more = offered([role])
    for place in (*areas, *more):
        answer = browser.get(place.href.replace("{session}", str(session_id)), headers=HTML)
        assert answer.status_code in (200, 303), place.label


def test_a_page_belongs_to_the_nearest_place() -> None:
    hrefs = [place.href.replace("{session}", "1") for place in PLACES]
    assert nearest("/bench/incoming/part", hrefs) == "/bench/incoming"
    assert nearest("/bench/samples/7", hrefs) == "/bench"
    assert nearest("/sessions/1/report", hrefs) == "/sessions/1/report"
    assert nearest("/sessions/2/reception", hrefs) == "/reception"
    assert nearest("/sessions/2/hand-over", ["/sessions/2", "/sessions/2/samples"]) == "/sessions/2/samples"
    assert nearest("/account", hrefs) == ""


def test_areas_say_what_waits_there(world: Any) -> None:
    road = Road(lambda role: world.as_(Role(role)), str(world.session()))
    assert 'class="count"' not in nav(world, Role.CHEMIST)
    road.register()
    road.register()
    assert 'Bench</span> <span class="count">2</span>' in nav(world, Role.CHEMIST)
    assert 'Queue</span> <span class="count">2</span>' in nav(world, Role.RECEPTION)
    theirs = world.as_(Role.CHEMIST, agency="other").get("/account", headers=HTML).text
    assert 'class="count"' not in theirs


def nav(world: Any, role: Role) -> str:
    page = world.as_(role).get("/account", headers=HTML).text
    return str(page.split('<nav class="nav"')[1].split("</nav>")[0])
