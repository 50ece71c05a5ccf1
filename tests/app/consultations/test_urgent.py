"""Urgent messages: asked for by one, approved by two others, on the pages of their place, for three days at most."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.intake.people import service as people
from app.platform.db import Database
from app.platform.kernel.actor import Role

from .conftest import LEAD, WORKER, Desk

URL = "/api/v1/urgent-messages"
_NAMES = itertools.count(1)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def another(world: Any, role: Role) -> TestClient:
    """A further person of this role, signed in."""
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        name = f"more.{next(_NAMES)}"
        person = people.add_person(uow, world.agency_id, name, name.title(), "correct horse battery", [role])
        secret = people.sign_in(uow, person, world.runtime.session_policy)
    client: TestClient = world.anonymous()
    client.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
    return client


def asked(lab: Desk, client: Any, **more: Any) -> dict[str, Any]:
    body = {
        "session_id": str(lab.session_id),
        "snippet": "SN-URGENT-ILL",
        "hours": 12,
        "why": "Two people collapsed.",
        **more,
    }
    got = client.post(URL, json=body)
    assert got.status_code == 201, got.text
    return dict(got.json())


def act(client: Any, row: dict[str, Any], step: str = "approve", **body: Any) -> Any:
    more = {"json": body} if body else {}
    return client.post(f"{URL}/{row['id']}/{step}", headers={"If-Match": f'"{row["version"]}"'}, **more)


def ids(lab: Desk, sample_id: Any) -> set[str]:
    return {m["id"] for m in lab.see(sample_id)["messages"]}


def test_it_is_on_every_page_of_the_place_once_two_others_approved_and_goes_by_itself(
    lab: Desk, world: Any, clock: Any
) -> None:
    here, there = lab.sample(), lab.sample(session_id=world.session(name="Sunday"))
    for sample_id in (here, there):
        lab.found(sample_id)
    row = asked(lab, world.as_(WORKER))
    assert row["state"] == "asked"
    assert "M-SN-URGENT-ILL" not in ids(lab, here)
    own = act(world.as_(WORKER), row)
    assert own.status_code == 409
    assert "Two other people" in own.text
    once = act(world.as_(LEAD), row).json()
    assert (once["state"], once["approved_by"]) == ("asked", ["Session_Lead Own"])
    assert "M-SN-URGENT-ILL" not in ids(lab, here)
    assert "A second person" in act(world.as_(LEAD), once).text
    twice = act(another(world, WORKER), once).json()
    assert (twice["state"], len(twice["approved_by"])) == ("shown", 2)
    assert "M-SN-URGENT-ILL" in ids(lab, here)
    assert "M-SN-URGENT-ILL" not in ids(lab, there), "another session in another region"
    assert "People are getting very ill here" in lab.staff(here)
    assert lab.shown(here)[-1].made_of["adjustments"]["urgent"] == ["SN-URGENT-ILL"]
    clock.advance(hours=12)
    world.clients.clear()  # who was signed in is not any more
    assert "M-SN-URGENT-ILL" not in ids(lab, here)
    assert world.as_(LEAD).get(URL).json()[0]["state"] == "over"


def test_a_region_is_every_session_in_it(lab: Desk, world: Any) -> None:
    other = lab.sample(session_id=world.session(name="Sunday"))  # the fixture's sites lie in one region
    lab.found(other)
    row = asked(lab, world.as_(WORKER), reach="region", snippet="SN-URGENT-STRONG")
    act(another(world, Role.CLINICIAN), act(world.as_(LEAD), row).json())
    assert "M-SN-URGENT-STRONG" in ids(lab, other)


def test_one_person_stops_it_at_once_and_a_late_request_lapses(lab: Desk, world: Any, clock: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    row = act(another(world, WORKER), act(world.as_(LEAD), asked(lab, world.as_(WORKER))).json()).json()
    assert act(world.as_(WORKER), row, "stop", why="").status_code == 422
    stopped = act(world.as_(WORKER), row, "stop", why="It was heat.").json()
    assert (stopped["state"], stopped["stopped_why"]) == ("stopped", "It was heat.")
    assert "M-SN-URGENT-ILL" not in ids(lab, sample_id)
    assert act(world.as_(WORKER), stopped, "stop", why="again").status_code == 409
    late = asked(lab, world.as_(WORKER))
    clock.advance(hours=24)
    world.clients.clear()
    assert act(another(world, LEAD), late).status_code == 409
    assert world.as_(WORKER).get(URL).json()[0]["state"] == "lapsed"


def on_pages(lab: Desk, world: Any, **more: Any) -> dict[str, Any]:
    """An urgent message that two approved."""
    row = asked(lab, world.as_(WORKER), **more)
    return dict(act(another(world, Role.CLINICIAN), act(world.as_(LEAD), row).json()).json())


def test_a_page_that_showed_it_says_in_one_sentence_when_it_is_stopped(lab: Desk, world: Any, clock: Any) -> None:
    read, unread = lab.sample(), lab.sample()
    for sample_id in (read, unread):
        lab.found(sample_id)
    row = on_pages(lab, world)
    assert "M-SN-URGENT-ILL" in ids(lab, read)
    clock.advance(minutes=5)
    said = "We withdrew the urgent message “People are getting very ill here” that was on this page."
    assert said not in lab.page(read)
    act(world.as_(WORKER), row, "stop", why="Dave saw it was heat.")
    for _ in range(2):  # open, and opened again
        page = lab.page(read)
        assert page.count(said) == 1
        assert page.index(said) < page.index("result__headline"), "before everything else"
        assert "No warning does not mean no risk." in page
        assert "Dave saw" not in page, "what staff typed is not for the client"
    assert "We withdrew a warning" not in page, "no alert was withdrawn"
    told = lab.see(read)["withdrawn"]
    assert [(one["message"], one["about"]) for one in told] == [("People are getting very ill here", "")]
    assert "We withdrew" not in lab.page(unread), "who never read it is told nothing"
    newest = lab.shown(read)[-1]
    replayed = world.as_(WORKER).get(f"/consultations/samples/{read}/shown/{newest.id}").text
    assert said in replayed, "the log keeps it"
    on_pages(lab, world)
    assert "We withdrew" not in lab.page(read), "another one says it again"


def test_the_screen_asks_approves_and_stops_without_scripts(lab: Desk, world: Any) -> None:
    form = {
        "session_id": str(lab.session_id),
        "snippet": "SN-URGENT-ILL",
        "reach": "session",
        "hours": "6",
        "why": "Ill.",
    }
    bad = world.as_(WORKER).post("/consultations/urgent", data={**form, "hours": "5", "session_id": ""})
    assert bad.status_code == 422
    assert "Choose the session." in bad.text
    assert world.as_(WORKER).post("/consultations/urgent", data=form).headers["location"].endswith("done=asked")
    row = world.as_(WORKER).get(URL).json()[0]
    shown = world.as_(WORKER).get("/consultations/urgent").text
    assert "Two other people must approve it" in shown
    assert "<span>Some here hold far too much<span class=" in shown, "title and text are two lines"
    assert shown.index('<div class="actionbar') < shown.index('form="request"')
    where = f"/consultations/urgent/{row['id']}"
    assert world.as_(WORKER).post(f"{where}/approve", data={"version": "1"}).status_code == 409
    assert world.as_(LEAD).post(f"{where}/approve", data={"version": "1"}).headers["location"].endswith("done=approved")
    second = another(world, Role.CLINICIAN)
    assert second.post(f"{where}/approve", data={"version": "2"}).headers["location"].endswith("done=shown")
    assert world.as_(WORKER).post(f"{where}/stop", data={"version": "3"}).status_code == 422
    done = world.as_(WORKER).post(f"{where}/stop", data={"version": "3", "why": "over"})
    assert done.headers["location"].endswith("done=stopped")
    assert "because “over”" in world.as_(WORKER).get("/consultations/urgent").text


def test_nobody_else_and_no_other_agency(lab: Desk, world: Any) -> None:
    row = asked(lab, world.as_(WORKER))
    for role in set(Role) - {WORKER, LEAD, Role.CLINICIAN}:
        assert act(world.as_(role), row).status_code == 403
        assert world.as_(role).get(URL).status_code == 403
    assert act(world.as_(LEAD, agency="other"), row).status_code == 404


def test_a_clients_page_looks_again_when_its_place_is_warned_and_for_no_other(lab: Desk, world: Any) -> None:
    from app.care.consultations.web import concerns
    from app.platform.live.hub import LiveEvent

    row = lab.row(lab.sample())
    accepts = concerns(row)

    def heard(topic: str, agency: Any, session: Any) -> bool:
        return accepts(LiveEvent(1, lab.runtime.now(), topic, "alert.raised", agency, session, None, {}, b""))

    assert heard("alert", row.agency_id, row.session_id)
    assert heard("alert", row.agency_id, None), "a region"
    assert not heard("alert", row.agency_id, uuid.uuid4())
    assert not heard("alert", uuid.uuid4(), None)
    assert not heard("task", row.agency_id, row.session_id)


def test_who_may_approve_it_is_told_on_every_page_and_sent_there_first(lab: Desk, world: Any) -> None:
    """Otherwise a request waits for whoever happens to look."""

    def told(client: Any, path: str) -> bool:
        page = client.get(path).text
        seen = "Urgent" in page.partition('id="areas-trouble"')[2].partition("</summary>")[0]
        assert seen is ("1 to approve" in page)
        return seen

    lead, clinician = world.as_(LEAD), another(world, Role.CLINICIAN)
    assert not told(lead, "/sessions")
    row = asked(lab, world.as_(WORKER))
    assert not told(world.as_(WORKER), "/consultations")  # who asked cannot
    assert told(lead, "/sessions")
    assert clinician.get("/to-sign", follow_redirects=False).headers["location"] == "/consultations/urgent"
    once = act(lead, row).json()
    assert "waits for one more person" in lead.get("/consultations/urgent").text
    assert not told(lead, "/sessions")
    act(clinician, once)
    assert "Nothing waits for your signature." in clinician.get("/to-sign", follow_redirects=True).text
