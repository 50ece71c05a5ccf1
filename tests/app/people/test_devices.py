"""The page about devices: what is signed in, lent out or shown on a wall in this agency, and that each can be ended from there."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.writes import Stage, leased, tablet_of, token_of_wall


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


def page(world: World, agency: str = "own") -> str:
    answer = world.as_(Role.ADMIN, agency=agency).get("/devices")
    assert answer.status_code == 200
    return str(answer.text)


def forms(text: str) -> list[tuple[str, dict[str, str]]]:
    """Every form of the page with its fields."""
    found = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', text, re.DOTALL)
    return [(url, dict(re.findall(r'name="(\w+)" value="([^"]*)"', body))) for url, body in found]


def test_a_browser_of_anyone_is_signed_out_from_the_page(world: World) -> None:
    chemist = world.as_(Role.CHEMIST)
    person = world.actors[Role.CHEMIST].person_id
    [(url, fields)] = [one for one in forms(page(world)) if one[0] == f"/people/{person}/end"]
    answer = world.as_(Role.ADMIN).post(url, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/devices?done=end")
    assert "Signed out." in world.as_(Role.ADMIN).get("/devices?done=end").text
    assert chemist.get("/api/v1/me").status_code == 401
    assert f"/people/{person}/end" not in page(world), "who has nothing signed in does not stand there"


def test_the_tickets_of_a_lost_tablet_are_cancelled_from_the_page(world: World, stage: Stage) -> None:
    lent, tablet = leased(stage), tablet_of(stage)
    text = page(world)
    assert f"Tablet {lent['letter']}" in text
    assert re.search(r'data-label="Unused tickets" class="num">60<', text)
    [(url, fields)] = [one for one in forms(text) if one[0].endswith(f"/tablets/{tablet}/void")]
    answer = world.as_(Role.ADMIN).post(url, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/devices?done=void")
    assert f"Tablet {lent['letter']}" not in page(world)


def test_tablets_are_told_apart_by_who_was_signed_in_when_they_got_tickets_last(world: World, stage: Stage) -> None:
    url, first, second = f"/sessions/{stage.road.session_id}/tablets", str(uuid.uuid4()), str(uuid.uuid4())
    for role, device in ((Role.SESSION_LEAD, first), (Role.RECEPTION, second), (Role.RECEPTION, first)):
        assert world.as_(role).post(url, json={"device": device}).status_code == 200
    for text in (page(world), world.as_(Role.SESSION_LEAD).get(url).text):
        assert re.findall(r"(?:data-label=\"Tickets went to\"|Tickets went to</dt><dd)[^>]*>([^<]+)<", text) == [
            "Reception Own", "Reception Own",
        ]  # fmt: skip
    assert world.as_(Role.SESSION_LEAD).post(url, json={"device": second}).status_code == 200
    assert re.findall(r'rowheader" scope="row">Tablet (\w)</th><td[^>]*>([^<]+)<', page(world)) == [
        ("A", "Reception Own"), ("B", "Session_Lead Own"),
    ]  # fmt: skip


def test_a_wall_screen_is_ended_from_the_page(world: World, stage: Stage) -> None:
    token = token_of_wall(stage)
    wall = f"/sessions/{stage.road.session_id}/wall"
    assert world.anonymous().post(wall, data={"token": token}).status_code == 200
    [(url, fields)] = [one for one in forms(page(world)) if one[0].endswith("/wall-link/end")]
    assert world.as_(Role.ADMIN).post(url, data=fields).headers["Location"] == "/devices?done=wall"
    assert world.anonymous().post(wall, data={"token": token}).status_code == 404
    assert "No wall screen is on." in page(world)


def test_a_form_leads_nowhere_else(world: World) -> None:
    world.as_(Role.CHEMIST)
    person = world.actors[Role.CHEMIST].person_id
    [(url, fields)] = [one for one in forms(page(world)) if one[0] == f"/people/{person}/end"]
    answer = world.as_(Role.ADMIN).post(url, data={**fields, "next": "//evil.example"})
    assert answer.headers["Location"] == "/"


def test_another_agency_sees_none_of_it_and_ends_none_of_it(world: World, stage: Stage) -> None:
    world.as_(Role.CHEMIST)
    tablet = tablet_of(stage)
    token_of_wall(stage)
    text = page(world, "other")
    assert "Chemist Own" not in text
    assert "No tablet holds tickets." in text
    assert "No wall screen is on." in text
    foreign: Any = world.as_(Role.ADMIN, agency="other")
    assert foreign.post(f"/sessions/{stage.road.session_id}/tablets/{tablet}/void").status_code == 404
    assert foreign.post(f"/sessions/{stage.road.session_id}/wall-link/end").status_code == 404
