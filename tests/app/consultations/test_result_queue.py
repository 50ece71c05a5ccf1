"""Whom to tell next, and how staff come from a ticket to its sample."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from app.care.consultations.words import ENGLISH
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.domain import ChangeReason
from app.results.finding import NewFinding
from tests.support.clock import SettableClock

from .conftest import CHEMIST, LEAD, WORKER, Desk

FIND = "/find"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def ready(world: Any) -> list[str]:
    """The rows under Result ready, as text."""
    page = world.as_(WORKER).get("/consultations/queue").text
    part = page.split('aria-label="Result ready"')[1].split("</ul>")[0]
    return [re.sub(r"<[^>]+>|\s+", " ", row) for row in part.split("<li>")[1:]]


def test_never_told_stands_first_the_dangerous_before_the_rest_then_what_changed(
    lab: Desk, world: Any, clock: SettableClock
) -> None:
    told, light, grave = lab.sample(), lab.sample(("caffeine",)), lab.sample()
    view = lab.found(told)
    lab.see(told)
    lab.found(light, NewFinding("caffeine"))
    lab.found(grave, NewFinding("metonitazene"))
    rows = ready(world)
    assert ["003" in rows[0], "002" in rows[1], len(rows)] == [True, True, 2]
    assert "Act now" in rows[0]
    assert "Not told yet" in rows[0]
    assert "Danger" not in rows[1]
    assert "Act now" not in rows[1]
    clock.advance(minutes=1)
    lab.finish(lab.act(view, "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS))
    rows = ready(world)
    assert "001" in rows[2]
    assert "Changed since they were told" in rows[2]


def test_a_ticket_leads_to_its_consultation_and_is_written_down_without_the_code(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    typed = lab.codes[sample_id].lower()
    got = world.as_(WORKER).post(FIND, data={"what": f" {typed[:4]}-{typed[4:]} "})
    assert (got.status_code, got.headers["location"]) == (303, f"/consultations/samples/{sample_id}")
    entry = lab.read(lambda s: s.exec(select(AuditEntry).where(AuditEntry.verb == "find")).one())
    assert (entry.object_id, entry.after) == (str(sample_id), {"by": "ticket"})
    assert typed.upper() not in got.headers["location"].upper()


def _answer(lab: Desk, world: Any, code: str, agency: str = "own") -> tuple[int, str]:
    got = world.as_(WORKER, agency=agency).post(FIND, data={"what": code})
    assert code not in got.text, "a code is on no staff screen"
    return got.status_code, got.text.split('id="main"')[1]


def test_wrong_foreign_and_replaced_codes_answer_alike_are_limited_and_written_down(lab: Desk, world: Any) -> None:
    foreign, replaced = lab.sample(), lab.sample()
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        samples.reissue_ticket(uow, lookup.get_sample(uow.session, uow.actor, replaced), lab.runtime.pepper)
    wrong = _answer(lab, world, "3333 3333 3333")
    assert wrong[0] == 422
    assert "There is no sample with this ticket code" in wrong[1]
    assert _answer(lab, world, lab.codes[replaced]) == wrong
    stranger = world.as_(WORKER, agency="other").post(FIND, data={"what": lab.codes[foreign]})
    assert stranger.status_code == 422
    assert str(foreign) not in stranger.text
    for _ in range(7):
        _answer(lab, world, "3333 3333 3334")
    limited = _answer(lab, world, "3333 3333 3333")
    assert limited[0] == 429
    assert "Too many wrong ticket codes" in limited[1]
    assert world.as_(WORKER).post(FIND, data={"what": lab.codes[foreign]}).status_code == 303, "a right one is served"
    refused = lab.read(
        lambda s: [e.after for e in s.exec(select(AuditEntry).where(AuditEntry.object_type == "ticket"))]
    )
    assert refused == [{"why": "invalid"}] * 10 + [{"why": "too_many"}]


# -- how long it takes here ---------------------------------------------------------------------------------------


def released_after(lab: Desk, sample_id: UUID, minutes: int) -> None:
    """As though its result had come so long after it was handed in."""
    with lab.runtime.db.begin(lab.actor(LEAD)) as uow:
        row = lookup.get_sample(uow.session, uow.actor, sample_id)
        row.released_at = row.received_at + timedelta(minutes=minutes)
        uow.session.add(row)


def test_how_long_results_take_is_said_from_ten_results_of_this_session_on(lab: Desk, world: Any) -> None:
    mine = lab.sample()
    waits = (20, 31, 32, 35, 38, 41, 44, 49, 60)
    for minutes in waits:
        released_after(lab, lab.sample(), minutes)
    released_after(lab, lab.sample(session_id=world.session()), 500)
    assert lab.see(mine)["typical_wait"] is None
    assert "Most results here" not in lab.page(mine)
    released_after(lab, lab.sample(), 50)
    assert lab.see(mine)["typical_wait"] == ["PT32M", "PT49M"]
    assert "Most results here take 30–50 min." in lab.page(mine)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(30, 50, "30–50 min"), (31, 31, "30–35 min"), (30, 30, "30–35 min"), (70, 130, "1–3 hours"), (0, 2, "0–5 min")],
)
def test_waits_are_said_in_steps_that_are_known(low: int, high: int, said: str) -> None:
    wait = timedelta(minutes=low), timedelta(minutes=high)
    assert ENGLISH.typical(wait) == f"Most results here take {said}."


# -- what the client saw ------------------------------------------------------------------------------------------


def test_staff_read_what_the_client_saw_and_that_it_changed_since(lab: Desk, clock: SettableClock) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id)
    assert "The client has not opened this page." in lab.staff(sample_id)
    lab.see(sample_id)
    seen = re.search(r"The client opened this page at (\d\d:\d\d)\.", lab.staff(sample_id))
    assert seen is not None
    clock.advance(minutes=11)
    lab.finish(lab.act(view, "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS))
    changed = re.search(r"Changed at (\d\d:\d\d)\. The client saw version 1 at (\d\d:\d\d)\.", lab.staff(sample_id))
    assert changed is not None
    assert changed[2] == seen[1] != changed[1]


def test_a_result_given_stands_under_those_ready_and_the_list_does_not_deny_it(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    lab.see(sample_id)
    lab.sample()
    page = world.as_(WORKER).get("/consultations").text
    assert page.index("Nobody is waiting to be told") < page.index("Result given") < page.index("Awaiting result")


def test_each_person_of_a_group_is_saved_in_turn(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(group_size=2)
    lab.found(sample_id)
    target = f"/consultations/samples/{sample_id}"
    first = world.as_(WORKER).post(target, data={"intention": ["take_less"], "person": "1"})
    assert first.headers["location"] == f"{target}?recorded=1&person=2"
    page = world.as_(WORKER).get(first.headers["location"]).text
    assert "Next is person 2." in page
    assert re.search(r'name="person" value="2" checked', page)
    last = world.as_(WORKER).post(target, data={"intention": ["will_not_take"], "person": "2"})
    assert last.headers["location"] == f"{target}?recorded=2"
    talks = world.as_(WORKER).get(f"/api/v1/samples/{sample_id}/consultations").json()
    assert [[o["person_index"] for o in talk["outcomes"]] for talk in talks] == [[2], [1]]
    assert world.as_(WORKER).post(target, data={"intention": ["take_less"], "person": "3"}).status_code == 422
