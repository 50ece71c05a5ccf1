"""The consultation: recorded once, by the right people, with what was shown; the display log behind it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlmodel import select

from app.care.consultations.tables import Consultation, ConsultationOutcome
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.kernel.actor import Role
from app.results.domain import ChangeReason

from .conftest import CHEMIST, WORKER, Desk

JSON = {"outcomes": [{"intention": "take_less"}], "minutes": 8}


def url(sample_id: Any) -> str:
    return f"/api/v1/samples/{sample_id}/consultations"


def count(lab: Desk, table: Any = Consultation) -> int:
    return len(lab.read(lambda s: list(s.exec(select(table)))))


def test_what_people_intend_is_recorded_with_who_held_the_talk_and_what_was_shown(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(group_size=2)
    view = lab.found(sample_id)
    lab.staff(sample_id)
    body = {
        "outcomes": [
            {"intention": "take_as_planned", "moment": "before", "person_index": 1},
            {"intention": "will_not_take", "person_index": 1},
            {"intention": "take_less", "person_index": 2},
            {"intention": "take_less", "person_index": 2},
        ],
        "minutes": 12,
        "naloxone_given": True,
        "referral": "drug_service",
    }
    made = world.as_(WORKER).post(url(sample_id), json=body)
    assert made.status_code == 201, made.text
    got = world.as_(WORKER).get(url(sample_id)).json()
    assert got == [made.json() | {"outcomes": got[0]["outcomes"]}]
    assert (got[0]["by"], got[0]["minutes"], got[0]["referral"]) == ("Health_Worker Own", 12, "drug_service")
    ticked = {(o["person_index"], o["moment"], o["intention"]) for o in got[0]["outcomes"]}
    assert ticked == {(1, "before", "take_as_planned"), (1, "after", "will_not_take"), (2, "after", "take_less")}
    row = lab.read(lambda s: s.exec(select(Consultation)).one())
    assert row.result_id == view.result.id
    assert row.advice_shown == lab.shown(sample_id)[-1].messages
    assert row.advice_shown


def test_a_talk_is_recorded_once_on_a_double_press(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    page = lab.staff(sample_id)
    key = page.split('name="idempotency_key" value="')[1].split('"')[0]
    form = {"idempotency_key": key, "intention": ["take_less", "not_alone"], "minutes": "5"}
    target = f"/consultations/samples/{sample_id}"
    first, second = (world.as_(WORKER).post(target, data=form) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"] == f"{target}?recorded=1"
    assert (count(lab), count(lab, ConsultationOutcome)) == (1, 2)
    assert "Saved at" in world.as_(WORKER).get(first.headers["location"]).text
    listed = lab.staff(sample_id)
    assert "will take less" in listed
    assert "5 min" in listed


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"outcomes": [{"intention": "take_less", "person_index": 3}], "group_size": 2}, "Person 3 is not in this"),
        ({"outcomes": [{"intention": "take_less", "person_index": 2}]}, "group of 1"),
        ({}, "Tick at least one"),
        ({"dependent_adult_confirmed": True}, "licence does not ask"),
        ({"outcomes": [{"intention": "dance"}]}, "outcomes"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": 601}, "minutes"),
        ({"minutes": 5, "referral": "Dr Smith, 07700 900123"}, "referral"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_written(
    lab: Desk, world: Any, body: dict[str, Any], words: str
) -> None:
    got = world.as_(WORKER).post(url(lab.sample()), json=body)
    assert got.status_code == 422
    assert words in got.json()["detail"]
    assert count(lab) == 0


@pytest.mark.parametrize("minutes", ["ten", "-3", "²", "601", "5.5"])
def test_a_form_keeps_what_was_ticked_when_the_minutes_are_wrong(lab: Desk, world: Any, minutes: str) -> None:
    sample_id = lab.sample()
    form = {"intention": ["take_less"], "naloxone": "yes", "minutes": minutes, "referral": "gp"}
    got = world.as_(WORKER).post(f"/consultations/samples/{sample_id}", data=form)
    assert got.status_code == 422
    assert "Minutes are a whole number" in got.text
    checked = [line for line in got.text.split("<input") if " checked" in line]
    assert [c.split('value="')[1].split('"')[0] for c in checked] == ["take_less", "yes"]
    assert '<option value="gp" selected>' in got.text
    assert count(lab) == 0


def test_a_withdrawn_sample_takes_no_more_talks(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        samples.withdraw(uow, lookup.get_sample(uow.session, uow.actor, sample_id), "asked")
    got = world.as_(WORKER).post(url(sample_id), json=JSON)
    assert (got.status_code, count(lab)) == (409, 0)
    page = world.as_(WORKER).post(f"/consultations/samples/{sample_id}", data={"minutes": "5"})
    assert page.status_code == 409
    assert "was withdrawn" in page.text


ROUTES = (
    ("GET", "/consultations"),
    ("GET", "/consultations/queue"),
    ("GET", "/consultations/samples/{}"),
    ("GET", "/consultations/samples/{}/adjust"),
    ("GET", "/consultations/samples/{}/part"),
    ("GET", "/consultations/samples/{}/print"),
    ("GET", "/consultations/samples/{}/shown"),
    ("POST", "/consultations/samples/{}"),
    ("POST", "/consultations/samples/{}/with"),
    ("GET", "/api/v1/samples/{}/consultations"),
    ("POST", "/api/v1/samples/{}/consultations"),
    ("GET", "/api/v1/samples/{}/shown"),
    ("POST", "/api/v1/samples/{}/adjustments"),
)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.HEALTH_WORKER, Role.SESSION_LEAD}))
def test_only_health_workers_and_leads_tell(lab: Desk, world: Any, role: Role) -> None:
    sample_id = lab.sample()
    for method, path in ROUTES:
        got = world.as_(role).request(method, path.format(sample_id), **({"json": JSON} if "api" in path else {}))
        assert got.status_code == 403, (method, path)
    assert count(lab) == 0


def test_a_foreign_sample_answers_like_one_that_does_not_exist(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    stranger = world.as_(WORKER, agency="other")
    for method, path in ROUTES[2:-1]:
        more: dict[str, Any] = (
            {"json": JSON} if "api" in path else {"data": {"minutes": "5"}} if method == "POST" else {}
        )
        answers = []
        for key in (str(sample_id), str(uuid.uuid4())):
            got = stranger.request(method, path.format(key), **more)
            body = {k: v for k, v in got.json().items() if k not in ("request_id", "instance")}
            answers.append((got.status_code, body))
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404
    assert str(sample_id) not in stranger.get("/consultations").text
    assert count(lab) == 0


def test_the_list_moves_a_sample_from_waiting_to_ready_to_told(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()

    def part(heading: str) -> str:
        page = world.as_(WORKER).get("/consultations/queue").text
        return str(page.split(f"{heading} ")[1].split("<h2")[0]) if f"{heading} " in page else ""

    assert str(sample_id) in part("Awaiting result")
    lab.found(sample_id)
    assert str(sample_id) in part("Result ready")
    lab.staff(sample_id)
    lab.staff(sample_id, Role.SESSION_LEAD)
    assert str(sample_id) in part("Result ready"), "a look by staff has told nobody"
    world.as_(WORKER).post(url(sample_id), json=JSON)
    assert str(sample_id) in part("Result given")


def test_no_open_session_says_what_to_do(world: Any) -> None:
    assert "No session is open" in world.as_(WORKER).get("/consultations").text


# -- the display log --------------------------------------------------------------------------------------------


def test_each_distinct_page_is_logged_once_per_audience(lab: Desk) -> None:
    sample_id = lab.sample()
    lab.see(sample_id)
    assert not lab.shown(sample_id), "a waiting page shows no message"
    view = lab.found(sample_id)
    for _ in range(3):
        lab.see(sample_id)
        lab.page(sample_id)
    assert [row.shown_to for row in lab.shown(sample_id)] == ["client"]
    for _ in range(2):
        lab.staff(sample_id)
    assert [row.shown_to for row in lab.shown(sample_id)] == ["client", "staff"]
    draft = lab.act(view, "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS)
    for _ in range(2):
        lab.see(sample_id)
    assert lab.shown(sample_id)[-1].frame["under_review"], "that it is looked at again is part of what was read"
    new = lab.finish(draft)
    lab.see(sample_id)
    lab.see(sample_id)
    assert [row.result_id for row in lab.shown(sample_id)] == [view.result.id] * 3 + [new.result.id]


def test_when_the_client_was_told_is_stamped_once(lab: Desk, clock: Any, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    assert lab.row(sample_id).told_at is None
    clock.advance(minutes=5)
    lab.see(sample_id)
    told = lab.row(sample_id).told_at
    assert told == clock()
    clock.advance(minutes=5)
    lab.see(sample_id)
    world.as_(WORKER).post(url(sample_id), json=JSON)
    assert lab.row(sample_id).told_at == told
