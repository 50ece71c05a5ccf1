"""The wall: for everybody in the room, so nothing of a single sample or person is on it; its token opens nothing else and ends."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.app.conftest import World
from tests.support.road import ok
from tests.support.writes import Stage, alert_after

HTML = {"Accept": "text/html"}


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


def link(stage: Stage) -> str:
    page = stage.client("session_lead").post(f"/sessions/{stage.road.session_id}/wall-link", headers=HTML)
    assert page.status_code == 200, page.text
    found = re.search(r"<code>([^<]+)</code>", page.text)
    assert found is not None
    return found[1]


def wall(stage: Stage, token: str, session: str = "") -> Any:
    url = f"/sessions/{session or stage.road.session_id}/wall"
    return stage.world.anonymous().post(url, data={"token": token}, headers=HTML)


def main(page: str) -> str:
    return page.split("<main")[1].split("</main>", maxsplit=1)[0]


def test_the_wall_holds_no_sample_number_ticket_or_name(stage: Stage, world: World) -> None:
    road = stage.road
    for _ in range(3):
        road.register()
    for _ in range(10):
        road.released()
    alert_after(stage, ("submit", "chemist"), ("agree", "clinician"), ("approve", "session_lead"), tier="T3")
    page = wall(stage, link(stage).partition("#")[2])
    assert page.status_code == 200
    shown = re.sub(r"<[^>]+>", " ", main(page.text))
    assert re.search(r"Samples waiting\s+3\b", shown)
    assert re.search(r"Most results here take\s+5 min", shown)
    assert "Updated" in shown
    assert "Active alerts" in shown
    assert not re.search(r"\b0\d\d\b|#\d", shown), "no number of a sample"
    for code in road.codes.values():
        assert code not in page.text
        assert re.sub(r"\W", "", code) not in page.text
    for actor in world.actors.values():
        assert actor.display_name not in page.text
    assert not re.search(r"/(samples|bench|consultations)/", main(page.text)), "no address of a sample"
    assert "set-cookie" not in page.headers


def test_a_typical_wait_is_said_from_ten_results_on(stage: Stage) -> None:
    for _ in range(9):
        stage.road.released()
    assert "We cannot say yet." in wall(stage, link(stage).partition("#")[2]).text


def test_the_token_opens_this_wall_only_and_ends_by_hand_with_a_new_one_and_with_the_session(
    stage: Stage, world: World
) -> None:
    first = link(stage)
    assert first.startswith(f"{world.runtime.settings.public_url}/sessions/{stage.road.session_id}/wall#")
    token = first.partition("#")[2]
    other = str(world.session(name="Sunday"))
    nowhere = "00000000-0000-4000-8000-000000000000"
    for refused in (wall(stage, "x"), wall(stage, ""), wall(stage, token, other), wall(stage, token, nowhere)):
        assert (refused.status_code, "This screen has ended" in refused.text) == (404, True)
    second = link(stage).partition("#")[2]
    assert [wall(stage, one).status_code for one in (token, second)] == [404, 200]
    lead = stage.client("session_lead")
    assert lead.post(f"/sessions/{stage.road.session_id}/wall-link/end").status_code == 303
    assert wall(stage, second).status_code == 404
    third = link(stage).partition("#")[2]
    version = ok(lead.get(f"/api/v1/sessions/{stage.road.session_id}"))["version"]
    assert lead.post(f"/sessions/{stage.road.session_id}/close", data={"version": version}).status_code == 303
    assert wall(stage, third).status_code == 404
    assert lead.post(f"/sessions/{stage.road.session_id}/wall-link").status_code == 409


def test_the_empty_wall_says_nothing_of_a_session(stage: Stage) -> None:
    page = stage.world.anonymous().get(f"/sessions/{stage.road.session_id}/wall", headers=HTML)
    nowhere = stage.world.anonymous().get("/sessions/00000000-0000-4000-8000-000000000000/wall", headers=HTML)
    assert page.status_code == nowhere.status_code == 200
    assert "waiting" not in main(page.text).lower().replace("waiting for results", "")
