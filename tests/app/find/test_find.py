"""Find: numbers, substances and tickets, each for who may see what it leads to."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from sqlmodel import select

from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.screens.find.looking import Kind, kind_of
from tests.support.road import Road

HTML = {"Accept": "text/html"}


@pytest.fixture
def road(world: Any) -> Road:
    return Road(lambda role: world.as_(Role(role)), str(world.session()))


def find(world: Any, role: Role, what: str, **more: str) -> Any:
    return world.as_(role).post("/find", data={"what": what, **more}, headers=HTML, follow_redirects=False)


def audited(world: Any, verb: str) -> int:
    with world.runtime.read() as session:
        return len(session.exec(select(AuditEntry).where(AuditEntry.verb == verb)).all())


def test_a_number_and_a_label_open_the_sample_where_the_work_of_the_role_is(world: Any, road: Road) -> None:
    sample = road.register()
    labels = (f"https://mast.example/samples/{sample}", f"http://10.0.0.2:8000/samples/{sample.upper()}/")
    for role, address in (
        (Role.RECEPTION, f"/samples/{sample}"),
        (Role.CHEMIST, f"/bench/samples/{sample}"),
        (Role.HEALTH_WORKER, f"/consultations/samples/{sample}"),
        (Role.SESSION_LEAD, f"/samples/{sample}"),
    ):
        for typed in ("001", "#001", "1", " # 1 ", *labels):
            assert find(world, role, typed).headers["Location"] == address, typed


def test_a_number_of_two_open_sessions_is_chosen_from_a_list(world: Any, road: Road) -> None:
    other = Road(road.as_, str(world.session(name="Sunday")))
    here, there = road.register(), other.register()
    page = find(world, Role.CHEMIST, "1")
    assert page.status_code == 200
    assert f"/bench/samples/{here}" in page.text
    assert f"/bench/samples/{there}" in page.text
    assert find(world, Role.CHEMIST, "1", session=other.session_id).headers["Location"] == f"/bench/samples/{there}"


def test_a_foreign_sample_is_not_found_and_answers_like_an_absent_one(world: Any) -> None:
    theirs = Road(lambda role: world.as_(Role(role), agency="other"), str(world.session(agency="other")))
    sample = theirs.register()
    for session in ("", theirs.session_id):
        page = find(world, Role.SESSION_LEAD, "1", session=session)
        assert page.status_code == 200
        assert "Nothing found" in page.text
        assert sample not in page.text
    ticket = find(world, Role.HEALTH_WORKER, theirs.codes[sample])
    absent = find(world, Role.HEALTH_WORKER, "9Q7D N7CW MRWR")
    assert ticket.status_code == absent.status_code == 422
    assert "no sample with this ticket code" in ticket.text


def test_a_street_name_finds_the_samples_expected_to_be_it_and_the_library_entry(world: Any, road: Road) -> None:
    sample = road.register(expected=["mdma"])
    page = find(world, Role.CHEMIST, "mandy")
    assert f"/bench/samples/{sample}" in page.text
    assert re.search(r"awaiting analysis · powder · \d\d:\d\d · ", page.text), "known without its ticket"
    assert "/libraries/" in page.text
    assert f"/bench/samples/{sample}" not in find(world, Role.CHEMIST, "ketamine").text
    reader = find(world, Role.RESEARCHER, "mandy").text
    assert "/libraries/" in reader
    assert sample not in reader, "a researcher sees no sample"


def test_a_ticket_leads_a_health_worker_to_the_consultation_and_is_written_down(world: Any, road: Road) -> None:
    sample = road.register()
    code = road.codes[sample]
    for typed in (code, code.lower(), f"{code[:4]} {code[4:8]}-{code[8:]}", f"https://mast.example/t#{code}"):
        answer = find(world, Role.HEALTH_WORKER, typed)
        assert answer.headers["Location"] == f"/consultations/samples/{sample}", typed
        assert code not in answer.text
    assert audited(world, "find") == 4


def test_a_ticket_opens_nothing_for_others_and_is_not_shown_again(world: Any, road: Road) -> None:
    code = road.codes[road.register()]
    for role in (Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.RESEARCHER, Role.ADMIN):
        page = find(world, role, code)
        assert page.status_code == 422
        assert code not in page.text
        assert "Only a health worker or a session lead" in page.text
    for role in (Role.POLICE, Role.PUBLIC_HEALTH, Role.CLINICIAN):
        assert find(world, role, code).status_code == 403


def test_a_foreign_label_answers_like_an_absent_one(world: Any, road: Road) -> None:
    theirs = Road(lambda role: world.as_(Role(role), agency="other"), str(world.session(agency="other")))
    foreign, own = theirs.register(), road.register()
    asked = [(Role.SESSION_LEAD, foreign), (Role.SESSION_LEAD, str(uuid.uuid4())), (Role.RESEARCHER, own)]
    for role, sample in asked:
        page = find(world, role, f"https://mast.example/samples/{sample}")
        assert page.status_code == 422
        assert "No sample with this label was found" in page.text
        assert sample not in page.text


def test_wrong_tickets_are_counted_with_those_of_clients(world: Any, road: Road) -> None:
    road.register()
    answers = [find(world, Role.HEALTH_WORKER, "9Q7D N7CW MRWR") for _ in range(11)]
    assert [a.status_code for a in answers] == [422] * 10 + [429]
    assert answers[-1].headers["Retry-After"]
    assert audited(world, "refuse") == 11


def test_what_was_typed_is_told_apart(world: Any) -> None:
    register = world.runtime.pack.register
    for typed, kind in (
        ("", Kind.NOTHING), ("  ", Kind.NOTHING), ("10", Kind.NUMBER), ("#010", Kind.NUMBER), ("ketamine", Kind.WORDS),
        ("2C-B", Kind.WORDS), ("bromazolam", Kind.WORDS), ("9Q7DN7CWMRW1", Kind.TICKET), ("9Q7D N7CW MRW", Kind.TICKET),
        ("https://mast.example/t#9Q7DN7CWMRWR", Kind.TICKET),
        ("https://mast.example/samples/0190a5c0-0000-7000-8000-000000000001", Kind.LABEL),
        ("https://mast.example/samples/0190a5c0", Kind.WORDS), ("https://example.org/menu", Kind.WORDS),
    ):  # fmt: skip
        assert kind_of(typed, register) is kind, typed
