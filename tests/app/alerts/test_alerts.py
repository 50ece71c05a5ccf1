"""Alerts: who writes and who sees them, how they end, and what they are to the message rules."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.care.alerts import service
from app.care.alerts.domain import NO_GREEN_LIGHT, PARTNERS, Tier, visible
from app.care.alerts.tables import Alert
from app.intake.sessions.tables import CheckingSession
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.live import EventRow
from app.platform.security.policy import SERVICE_STAFF
from app.results.finding import NewFinding
from tests.app.consultations.conftest import Desk

CHEMIST, LEAD, WORKER, RECEPTION = Role.CHEMIST, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RECEPTION
URL = "/api/v1/alerts"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())


def body(lab: Desk, **more: Any) -> dict[str, Any]:
    return {
        "tier": "T1", "session_id": str(lab.session_id), "words": "Red pills with a heart made two people ill.",
        "substances": ["pma"], "forms": ["tablet"], **more,
    }  # fmt: skip


def raised(lab: Desk, world: Any, role: Role = CHEMIST, **more: Any) -> dict[str, Any]:
    answer = world.as_(role).post(URL, json=body(lab, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def etag(row: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{row["version"]}"'}


# -- who sees what ------------------------------------------------------------------------------------------


# -- raising and reading ----------------------------------------------------------------------------------------


def test_a_session_notice_is_on_every_staff_screen_at_once_and_ends_by_itself(
    lab: Desk, world: Any, clock: Any
) -> None:
    raised(lab, world, until=(lab.runtime.now() + timedelta(minutes=10)).isoformat())
    event = lab.read(lambda s: s.exec(select(EventRow).where(EventRow.topic == "alert")).one())
    assert (event.kind, event.session_id, event.agency_id) == ("alert.raised", lab.session_id, world.agency_id)
    assert "heart" not in str(event.payload)
    sample_id = lab.sample()
    pages = {
        RECEPTION: f"/sessions/{lab.session_id}/reception",
        CHEMIST: f"/bench/samples/{sample_id}",
        WORKER: f"/consultations/samples/{sample_id}",
        LEAD: f"/sessions/{lab.session_id}",
    }
    for role, path in pages.items():
        text = world.as_(role).get(path).text
        banner = text.split('id="alert-banner"')[1].split("</section>")[0]
        assert "Red pills with a heart" in banner, role
        assert NO_GREEN_LIGHT in banner
        assert "load delay:" in banner, "it goes when its end comes, without anybody doing anything"
    clock.advance(minutes=10)
    gone = world.as_(LEAD).get(pages[LEAD])
    assert gone.status_code == 200
    assert "Red pills" not in gone.text
    assert world.as_(LEAD).get(f"{URL}/now").json() == []


@pytest.mark.parametrize("role", sorted(set(Role)))
def test_who_may_read_and_write(lab: Desk, world: Any, role: Role) -> None:
    made = raised(lab, world, tier="T0")
    client = world.as_(role)
    reads = SERVICE_STAFF | {Role.CLINICIAN}
    sees = Tier.T0 in visible({role}) and role in reads
    got = client.get(f"{URL}/{made['id']}").status_code
    assert got == (200 if sees else 404 if role in reads else 403)
    assert client.post(URL, json=body(lab)).status_code == (
        201 if role in (Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD) else 403
    )
    if role in reads:
        assert (made["id"] in {row["id"] for row in client.get(URL).json()["rows"]}) == sees
    else:
        for path in (URL, f"{URL}/now", f"{URL}/runs", "/alerts/banner", f"/alerts/{made['id']}"):
            assert client.get(path).status_code == 403
        page = client.get("/alerts")
        assert page.status_code == (200 if role in PARTNERS else 403)
        assert made["words"] not in page.text


def test_another_agency_sees_nothing_of_it(lab: Desk, world: Any) -> None:
    made = raised(lab, world, tier="T0", reach="everywhere", session_id=None)
    stranger = world.as_(LEAD, agency="other")
    for key in (made["id"], str(uuid.uuid4())):
        assert stranger.get(f"{URL}/{key}").status_code == 404
        assert stranger.post(f"{URL}/{key}/retract", json={"reason": "x"}, headers=etag(made)).status_code == 404
    assert stranger.get(f"{URL}/now").json() == []


def test_from_t2_on_it_is_a_draft_that_warns_nobody(lab: Desk, world: Any) -> None:
    made = raised(lab, world, LEAD, tier="T2", reach="region")
    assert (made["state"], made["warns"], made["region"]) == ("draft", False, "North East")
    assert world.as_(LEAD).get(f"{URL}/now").json() == []
    assert facts_now(lab) == ()
    page = world.as_(LEAD).get(f"/alerts/{made['id']}").text
    assert "Nobody has been told yet" in page
    dropped = world.as_(LEAD).post(f"{URL}/{made['id']}/discard", json={"reason": "a typo"}, headers=etag(made))
    assert dropped.json()["state"] == "discarded"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"words": " "}, "words"),
        ({"substances": [], "forms": []}, "substances"),
        ({"substances": ["unicorn"]}, "substances"),
        ({"classes": ["unicorn.horn"]}, "classes"),
        ({"session_id": None}, "session_id"),
        ({"reach": "region"}, "reach"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2099-01-01T00:00:00Z"}, "until"),
    ],
)
def test_what_cannot_be_an_alert_is_refused_by_field(lab: Desk, world: Any, more: dict[str, Any], field: str) -> None:
    got = world.as_(CHEMIST).post(URL, json=body(lab, **more))
    assert got.status_code == 422
    assert field in got.json()["fields"]
    assert lab.read(lambda s: list(s.exec(select(Alert)))) == []


def test_a_retraction_stands_where_the_alert_stood_with_its_reason(lab: Desk, world: Any, clock: Any) -> None:
    made = raised(lab, world)
    url = f"{URL}/{made['id']}/retract"
    stood = world.as_(RECEPTION).get("/alerts/banner").text
    assert world.as_(LEAD).post(url, json={"reason": ""}, headers=etag(made)).status_code == 422
    assert world.as_(LEAD).post(url, json={"reason": "x"}, headers={"If-Match": '"9"'}).status_code == 412
    done = world.as_(LEAD).post(url, json={"reason": "It was caffeine."}, headers=etag(made))
    assert done.json()["state"] == "retracted"
    banner = world.as_(RECEPTION).get("/alerts/banner").text
    assert stood.count("notice--problem") == banner.count("notice--problem") == 1, "the same box, as large"
    assert "It was about" in banner
    assert "Retracted" in banner
    assert "It was caffeine." in banner
    assert facts_now(lab) == ()
    assert world.as_(LEAD).post(url, json={"reason": "again"}, headers=etag(done.json())).status_code == 409
    clock.advance(hours=25)
    assert "caffeine" not in world.as_(RECEPTION).get("/alerts/banner").text
    verbs = lab.read(lambda s: [e.verb for e in s.exec(select(AuditEntry).where(AuditEntry.object_type == "alert"))])
    assert verbs == ["raise", "retract"]


def test_the_form_is_filled_in_from_the_result_and_closes_the_task(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("heroin",), form="powder", colours=["brown"], logo="AB")
    lab.found(sample_id, NewFinding("metonitazene"))
    asked = world.as_(CHEMIST).get(f"/api/v1/samples/{sample_id}/tasks").json()
    tasks = {t["detail"]["tier"]: t for t in asked if t["kind"] == "propose_alert"}
    assert set(tasks) == {"T1", "T2"}
    page = world.as_(CHEMIST).get(f"/alerts/new?sample={sample_id}&task={tasks['T2']['id']}").text
    assert '<option value="T2" selected>' in page
    assert "It looks like Metonitazene, not confirmed, North East" in page, "for partners"
    task = tasks["T1"]
    page = world.as_(CHEMIST).get(f"/alerts/new?sample={sample_id}&task={task['id']}").text
    assert 'value="metonitazene"' in page
    assert '<option value="T1" selected>' in page
    assert "It looks like metonitazene. Not confirmed. Lacking: A second, independent method." in page
    assert 'value="powder" checked' in page.replace('" id="', '"~id="').replace("  ", " ") or "powder" in page
    form = {
        "tier": "T1", "reach": "session", "session_id": str(lab.session_id), "words": "A nitazene in brown powder.",
        "about": ["metonitazene"], "forms": ["powder"], "hours": "12", "sample": str(sample_id), "task": task["id"],
        "task_version": str(task["version"]), "idempotency_key": "k",
    }  # fmt: skip
    for _ in range(2):
        answer = world.as_(CHEMIST).post("/alerts", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?done=raised")
    assert len(lab.read(lambda s: list(s.exec(select(Alert))))) == 1
    now = {t["id"]: t for t in world.as_(CHEMIST).get(f"/api/v1/samples/{sample_id}/tasks").json()}
    assert now[task["id"]]["closed_words"] == "A session notice was raised."


def test_a_form_that_is_wrong_keeps_what_was_typed(lab: Desk, world: Any) -> None:
    form = {"tier": "T1", "reach": "session", "words": "Something pink", "about_words": "unicorn dust", "hours": "soon"}
    answer = world.as_(CHEMIST).post("/alerts", data=form)
    assert answer.status_code == 422
    for words in ("Something pink", "“unicorn dust” is not in the substance list", "is not a number"):
        assert words in answer.text


# -- facts for rules --------------------------------------------------------------------------------------------


def facts_now(lab: Desk) -> tuple[Any, ...]:
    def ask(session: Any) -> tuple[Any, ...]:
        return service.facts_for(session, session.get(CheckingSession, lab.session_id), lab.runtime.now())

    return lab.read(ask)


def test_facts_are_those_of_the_place_and_the_moment(lab: Desk, world: Any, clock: Any) -> None:
    until = (lab.runtime.now() + timedelta(hours=2)).isoformat()
    made = raised(lab, world, until=until)
    assert [f.id for f in facts_now(lab)] == [made["id"]]
    other = world.session(name="Sunday")
    assert lab.read(lambda s: service.facts_for(s, s.get(CheckingSession, other), lab.runtime.now())) == ()
    clock.advance(hours=2)
    assert facts_now(lab) == (), "its end is the first moment without it"
