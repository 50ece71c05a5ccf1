"""Sessions: planning, licence words, closing, and who may."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sqlmodel import select

from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from harm_messages.vocabulary import LicenceMode

SATURDAY = {"name": "Saturday", "service_type": "city_clinic", "licence_mode": "foh_general"}
PLAN = SATURDAY | {
    "site": {"name": "St Nicholas", "region": "North East", "aliases": ["the church"]},
    "opens_at": "2026-06-13T12:00:00+01:00", "closes_at": "2026-06-13T20:00:00+01:00",
}  # fmt: skip
FORM = SATURDAY | {
    "site_id": "new", "site_name": "St Nicholas", "site_region": "North East", "site_aliases": "the church; St Nick",
    "opens_at": "2026-06-13T12:00", "closes_at": "2026-06-13T20:00", "client_lookup": "yes",
}  # fmt: skip


def plan(world: Any, role: Role = Role.SESSION_LEAD, *, key: str = "", **more: Any) -> Any:
    sent = {k: v for k, v in {**PLAN, **more}.items() if v is not None}
    return world.as_(role).post("/api/v1/sessions", json=sent, headers={"Idempotency-Key": key} if key else {})


def test_a_lead_plans_a_session_and_the_service_sees_it(world: Any) -> None:
    made = plan(world)
    assert made.status_code == 201, made.text
    assert made.json()["licence_words"] == LICENCE_WORDS[LicenceMode.FOH_GENERAL]
    for role in (Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD):
        rows = world.as_(role).get("/api/v1/sessions").json()["rows"]
        assert [r["id"] for r in rows] == [made.json()["id"]]
    assert world.as_(Role.SESSION_LEAD, agency="other").get("/api/v1/sessions").json()["rows"] == []
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "create")).one()
    assert entry.after["licence_mode"] == "foh_general"


def test_the_same_place_is_not_written_down_twice_but_another_service_has_its_own(world: Any) -> None:
    first, again = plan(world).json(), plan(world, site={"name": "The  CHURCH", "region": "North East"}).json()
    assert again["site"]["id"] == first["site"]["id"]
    foreign = world.as_(Role.SESSION_LEAD, agency="other").post("/api/v1/sessions", json=PLAN).json()
    assert foreign["site"]["name"] == first["site"]["name"]
    assert foreign["site"]["id"] != first["site"]["id"]
    answers = [plan(world, site=None, site_id=i) for i in (foreign["site"]["id"], str(uuid.uuid4()))]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


def test_back_of_house_clients_never_look_up_whatever_was_ticked(world: Any) -> None:
    assert plan(world).json()["client_lookup"] is True
    made = plan(world, licence_mode="boh_no_individual_results", client_lookup=True).json()
    assert made["client_lookup"] is False


def test_an_impossible_session_is_refused_with_its_fields(world: Any) -> None:
    for field, wrong in (
        ("closes_at", "2026-06-13T11:00:00+01:00"), ("closes_at", "2026-08-13T11:00:00+01:00"),
        ("opens_at", "2026-06-13T12:00:00"), ("opens_at", "0001-01-01T00:00:00+14:00"),
        ("closes_at", "9999-12-31T23:59:59-12:00"), ("name", ""), ("name", "a\x00b"),
        ("site", {"name": "x\x00", "region": "y"}), ("site", None), ("site_id", str(uuid.uuid4())),
        ("licence_mode", "anything_goes"), ("secret", 1),
    ):  # fmt: skip
        answer = plan(world, **{field: wrong})
        assert answer.status_code == 422, (field, wrong)
        assert answer.json()["fields"], (field, wrong)


def test_closing_needs_the_version_and_happens_once(world: Any) -> None:
    session_id, lead = world.session(), world.as_(Role.SESSION_LEAD)
    url = f"/api/v1/sessions/{session_id}/close"
    assert lead.post(url).status_code == 428
    assert lead.post(url, headers={"If-Match": '"7"'}).status_code == 412
    closed = lead.post(url, headers={"If-Match": '"1"'})
    assert (closed.status_code, closed.json()["phase"], closed.headers["ETag"]) == (200, "closed", '"2"')
    assert lead.post(url, headers={"If-Match": '"2"'}).status_code == 409
    assert lead.get("/api/v1/sessions", params={"open": True}).json()["rows"] == []


def test_pages_of_sessions_by_cursor(world: Any) -> None:
    made = [plan(world, name=f"Day {n}").json()["id"] for n in range(3)]
    first = world.as_(Role.CHEMIST).get("/api/v1/sessions", params={"limit": 2}).json()
    rest = world.as_(Role.CHEMIST).get("/api/v1/sessions", params={"limit": 2, "cursor": first["next"]}).json()
    assert [r["id"] for r in first["rows"] + rest["rows"]] == made[::-1]
    assert rest["next"] is None


def test_the_form_plans_a_session_in_the_time_of_the_place(world: Any) -> None:
    lead = world.as_(Role.SESSION_LEAD)
    form = lead.get("/sessions/new").text
    key = re.search(r'name="idempotency_key" value="([^"]+)"', form).group(1)  # type: ignore[union-attr]
    for mode in LicenceMode:
        assert LICENCE_MEANING[mode] in form
    answers = [lead.post("/sessions", data=FORM | {"idempotency_key": key}) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    made = lead.get("/api/v1" + answers[0].headers["location"]).json()
    assert made["opens_at"] == "2026-06-13T11:00:00Z"
    assert made["site"]["aliases"] == ["the church", "St Nick"]


def test_a_wrong_form_keeps_what_was_typed_and_says_what_is_wrong(world: Any) -> None:
    wrong = FORM | {"closes_at": "2026-06-13T10:00", "name": "A <b>day</b>"}
    answer = world.as_(Role.SESSION_LEAD).post("/sessions", data=wrong)
    assert answer.status_code == 422
    assert "Enter a closing time after the opening time." in answer.text
    assert "A &lt;b&gt;day&lt;/b&gt;" in answer.text
    assert 'value="St Nicholas"' in answer.text
    empty = world.as_(Role.SESSION_LEAD).post("/sessions", data={})
    assert empty.status_code == 422
    for sentence in ("Enter a name people will know", "Choose what the licence allows", "Choose a place"):
        assert sentence in empty.text


def test_board_and_reception_say_what_the_licence_allows(world: Any) -> None:
    for mode in LicenceMode:
        session_id = world.session(licence=mode.value)
        for path in (f"/sessions/{session_id}", f"/sessions/{session_id}/reception"):
            text = world.as_(Role.SESSION_LEAD).get(path).text
            assert LICENCE_WORDS[mode] in text
            assert LICENCE_MEANING[mode] in text
