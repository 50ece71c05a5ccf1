"""Samples registered without the server: what a tablet is lent, what it sends, and what happens when either goes wrong."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import segno
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.intake.samples import lookup
from app.intake.samples.tables import Consent, LeasedCode, OfflineRegistration, Sample, Tablet
from app.laboratory.incoming.domain import OpenSample, suggest
from app.operations.retention import purge
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.ids import new_id
from app.platform.kernel.sample_numbers import BLOCK, letters, number_written, of_tablet, sample_number
from app.screens.find import looking
from harm_messages import load_pack
from tests.app.conftest import World
from tests.support.budget import size
from tests.support.road import ok
from tests.support.writes import DEVICE, from_tablet

LEAD, RECEPTION, HEALTH = Role.SESSION_LEAD, Role.RECEPTION, Role.HEALTH_WORKER


def lease(world: World, session_id: uuid.UUID, device: str = DEVICE, **held: list[int]) -> dict[str, Any]:
    body = {"device": device, **held}
    answer: dict[str, Any] = ok(world.as_(RECEPTION).post(f"/sessions/{session_id}/tablets", json=body))
    return answer


def send(
    world: World, session_id: uuid.UUID, form: dict[str, str], key: uuid.UUID | None = None, role: Role = RECEPTION
) -> Any:
    headers = {"Idempotency-Key": str(key or new_id())}
    return world.as_(role).post(f"/sessions/{session_id}/offline-samples", data=form, headers=headers)


def rows(world: World) -> list[Sample]:
    with world.runtime.db.read() as session:
        return list(session.exec(select(Sample).order_by(Sample.number)))


def void(world: World, session_id: uuid.UUID) -> Any:
    with world.runtime.db.read() as session:
        tablet = session.exec(select(Tablet)).one()
    return world.as_(LEAD).post(f"/sessions/{session_id}/tablets/{tablet.id}/void")


@settings(max_examples=size(30, 300))
@given(tablet=st.integers(1, 900), count=st.integers(1, 9999), server=st.integers(1, 99_999))
def test_numbers_of_tablets_and_of_the_server_are_never_the_same_and_read_back(
    tablet: int, count: int, server: int
) -> None:
    number = of_tablet(tablet, count)
    assert number > BLOCK > server
    if tablet < 500:  # two letters
        assert number_written(sample_number(number).lower()) == number
    assert number_written(sample_number(server)) == server


def test_letters_leave_out_what_is_read_as_something_else() -> None:
    assert [letters(n) for n in (1, 2, 6, 7, 22, 23)] == ["A", "B", "F", "H", "Z", "AA"]
    assert not {"G", "I", "O", "S"} & {letters(n) for n in range(1, 23)}
    assert [sample_number(n) for n in (7, 123, of_tablet(2, 7), of_tablet(1, 120))] == ["007", "123", "B07", "A120"]
    assert number_written("MS1") is None


def test_a_file_and_a_search_that_name_a_tablets_number_find_its_sample() -> None:
    session_id, kinds = uuid.uuid4(), looking.Kind
    first, second = (OpenSample(uuid.uuid4(), number, session_id, "Saturday") for number in (7, of_tablet(2, 7)))
    for name, meant in (("B07_ketamine.jdx", second), ("b07.dx", second), ("007.jdx", first), ("MS01_007.jdx", first)):
        found = suggest(name, [first, second])
        assert found is not None, name
        assert (found.sample, found.certain) == (meant, True), name
    register = load_pack().register
    found = [looking.kind_of(typed, register) for typed in ("b07", "#B07", "DF118")]
    assert found == [kinds.NUMBER, kinds.NUMBER, kinds.WORDS]
    assert looking.number_in("#b07") == second.number


def test_two_tablets_never_share_a_code_or_a_number(world: World) -> None:
    session_id, devices = world.session(), [str(uuid.uuid4()) for _ in range(4)]
    world.as_(RECEPTION)  # signed in before several threads use it
    with ThreadPoolExecutor(4) as pool:  # at the same moment, each asking twice because its first answer got lost
        given_ = list(pool.map(lambda device: lease(world, session_id, device), devices * 2))
    codes = [code["code"] for one in given_ for code in one["codes"]]
    numbers = [code["number"] for one in given_ for code in one["codes"]]
    assert len(set(codes)) == len(set(numbers)) == len(codes) == 8 * 60
    assert len({one["letter"] for one in given_}) == 4


def test_a_tablet_is_filled_up_and_what_never_reached_it_is_voided(world: World) -> None:
    session_id = world.session()
    first = lease(world, session_id)
    assert [code["label"] for code in first["codes"][:2]] == ["A01", "A02"]
    held = [code["number"] for code in first["codes"][10:50]]  # ten were used, ten got lost on the way
    ten_used = [code["number"] for code in first["codes"][:10]]
    second = lease(world, session_id, unused=held, waiting=ten_used)
    assert second["kept"] == held
    assert [code["label"] for code in second["codes"]] == [f"A{n}" for n in range(61, 81)]
    assert send(world, session_id, from_tablet(first, 55)).status_code == 409
    assert send(world, session_id, from_tablet(first, 5)).status_code == 201


def test_codes_are_stored_as_hashes_and_their_squares_are_those_of_the_ticket(world: World) -> None:
    given_ = lease(world, world.session())
    one = given_["codes"][0]
    matrix = segno.make(one["url"], error="m", micro=False).matrix
    bits = "".join(f"{int(digit, 16):04b}" for digit in one["qr"])
    assert one["size"] == len(matrix)
    assert bits[: one["size"] ** 2] == "".join(str(module & 1) for row in matrix for module in row)
    with world.runtime.db.read() as session:
        for table in sa.inspect(session.get_bind()).get_table_names():
            for row in session.execute(sa.text(f'SELECT * FROM "{table}"')):
                assert one["code"] not in " ".join(map(str, row))


def test_a_sample_keeps_the_number_the_ticket_and_the_time_it_was_given_without_the_server(world: World) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    form = from_tablet(given_, offline_wording="2025-09", expected_words="spice", offline_offset_s="-3.5")
    answer = ok(send(world, session_id, form), 201)
    assert (answer["label"], answer["late"], answer["clock_off"]) == ("A01", False, False)
    (row,) = rows(world)
    assert (row.number, row.group_ref, row.words_spoken) == (of_tablet(1, 1), "GA01", "spice")
    with world.runtime.db.read() as session:
        code = given_["codes"][0]["code"]
        found = lookup.sample_by_ticket(session, code, world.runtime.pepper, world.runtime.now())
        assert found is not None
        assert found.id == row.id
        assert {one.wording_version for one in session.exec(select(Consent))} == {"2025-09"}
    # the server goes on counting by itself
    body = {"form": "powder", "consents": {"analysis": "yes", "age_18_attested": "yes", "understands_not_safe": "yes"}}
    online = ok(world.as_(RECEPTION).post(f"/api/v1/sessions/{session_id}/samples", json=body))["sample"]
    assert (online["number"], online["label"]) == (1, "001")
    assert "A01" in world.as_(Role.CHEMIST).get("/bench").text


def test_sent_twice_is_one_row_and_one_answer_whoever_sends_it_again(world: World) -> None:
    session_id, key = world.session(), new_id()
    form = from_tablet(lease(world, session_id))
    answers = [send(world, session_id, form, key, role) for role in (RECEPTION, RECEPTION, HEALTH)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(world)) == 1
    other = send(world, session_id, {**form, "form": "tablet"}, key)
    assert other.status_code == 409
    assert "already sent" in other.json()["detail"]
    assert rows(world)[0].form == "powder"


def test_a_code_is_used_once(world: World) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    form = from_tablet(given_)
    assert send(world, session_id, form).status_code == 201
    assert send(world, session_id, form).status_code == 409  # another sample, the same ticket
    swapped = {**from_tablet(given_, 1), "offline_code": given_["codes"][2]["code"]}  # the number of another ticket
    foreign = from_tablet(given_, 1, offline_device=str(uuid.uuid4()))
    for wrong in (swapped, foreign):
        assert send(world, session_id, wrong).status_code == 409
    assert len(rows(world)) == 1


def test_voided_codes_are_refused_until_somebody_takes_the_sample_without_its_ticket(world: World) -> None:
    session_id, key = world.session(), new_id()
    given_ = lease(world, session_id)
    ok(send(world, session_id, from_tablet(given_)), 201)
    assert void(world, session_id).status_code == 303
    assert void(world, session_id).status_code == 409
    refused = send(world, session_id, from_tablet(given_, 1), key)
    assert (refused.status_code, refused.json()["reason_code"]) == (409, "ticket_voided")
    taken = send(world, session_id, from_tablet(given_, 1, offline_without_ticket="true"), key)
    assert (taken.status_code, taken.json()["label"]) == (201, "A02")
    with world.runtime.db.read() as session:
        pepper, now = world.runtime.pepper, world.runtime.now()
        assert lookup.sample_by_ticket(session, given_["codes"][0]["code"], pepper, now) is not None
        assert lookup.sample_by_ticket(session, given_["codes"][1]["code"], pepper, now) is None
        entries = select(AuditEntry).where(AuditEntry.object_type == "ticket_codes")
        assert {entry.verb for entry in session.exec(entries)} == {"lend", "void"}
    page = world.as_(LEAD).get(f"/sessions/{session_id}/tablets").text
    assert "Tablet A" in page
    assert "This tablet is lost" not in page  # nothing is left to cancel


def test_a_session_closed_meanwhile_takes_what_was_registered_before(world: World, clock: Any) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    began = datetime.fromisoformat(given_["now"])
    clock.advance(minutes=20)
    ok(world.as_(LEAD).post(f"/sessions/{session_id}/close", data={"version": "1"}), 303)
    clock.advance(minutes=20)
    before = from_tablet(given_, 0, offline_time=(began + timedelta(minutes=10)).isoformat())
    after = from_tablet(given_, 1, offline_time=(began + timedelta(minutes=30)).isoformat())
    answer = send(world, session_id, before)
    assert (answer.status_code, answer.json()["late"]) == (201, True)
    refused = send(world, session_id, after)
    assert (refused.status_code, refused.json()["reason_code"]) == (409, "session_closed")
    assert [row.received_at for row in rows(world)] == [began + timedelta(minutes=10)]
    assert world.as_(RECEPTION).post(f"/sessions/{session_id}/tablets", json={"device": DEVICE}).status_code == 409
    assert "after the session was closed" in world.as_(LEAD).get(f"/samples/{answer.json()['id']}").text


@pytest.mark.parametrize(("slow_s", "off"), [(240, False), (720, True), (-720, True)], ids=["4 min", "slow", "fast"])
def test_a_clock_that_is_off_is_set_right_and_both_times_are_kept_and_said(
    world: World, clock: Any, slow_s: int, off: bool
) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    began = datetime.fromisoformat(given_["now"])
    clock.advance(minutes=40)
    at = began + timedelta(minutes=25)
    told = (at - timedelta(seconds=slow_s)).isoformat()
    answer = ok(send(world, session_id, from_tablet(given_, offline_time=told, offline_offset_s=str(slow_s))), 201)
    assert answer["clock_off"] is off
    (row,) = rows(world)
    with world.runtime.db.read() as session:
        came = session.exec(select(OfflineRegistration)).one()
    assert (row.received_at, came.device_time) == (at, at - timedelta(seconds=slow_s))
    assert ("clock" in world.as_(LEAD).get(f"/samples/{row.id}").text) is off


def test_a_time_before_the_code_was_lent_or_after_now_is_not_believed(world: World, clock: Any) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    began = datetime.fromisoformat(given_["now"])
    clock.advance(minutes=40)
    for nth, hours in enumerate((-48, 48)):
        told = (began + timedelta(hours=hours)).isoformat()
        assert ok(send(world, session_id, from_tablet(given_, nth, offline_time=told)), 201)["clock_off"]
    assert [row.received_at for row in rows(world)] == [began, began + timedelta(minutes=40)]


def test_who_came_earlier_is_before_you_whatever_the_number(world: World, clock: Any) -> None:
    session_id = world.session()
    given_ = lease(world, session_id)
    body = {"form": "powder", "consents": {"analysis": "yes", "age_18_attested": "yes", "understands_not_safe": "yes"}}
    clock.advance(minutes=10)
    ok(world.as_(RECEPTION).post(f"/api/v1/sessions/{session_id}/samples", json=body))
    ok(send(world, session_id, from_tablet(given_)), 201)  # registered ten minutes before
    queue = ok(world.as_(Role.CHEMIST).get(f"/api/v1/sessions/{session_id}/queue"))
    assert [row["label"] for row in queue] == ["A01", "001"]


def test_the_form_a_tablet_keeps_holds_nothing_of_any_sample_or_person(world: World) -> None:
    session_id = world.session()
    form = from_tablet(lease(world, session_id), expected_words="unmistakable words", logo="Batman")
    ok(send(world, session_id, form), 201)
    online = world.as_(RECEPTION).get(f"/sessions/{session_id}/reception").text
    kept = world.as_(RECEPTION).get(f"/sessions/{session_id}/reception/kept").text
    name = world.actors[RECEPTION].display_name
    assert name in online
    for secret in (name, "A01", "unmistakable", "Batman", "data-live-url", str(rows(world)[0].id)):
        assert secret not in kept
    assert "data-intake" in kept
    assert 'name="idempotency_key" value=""' in kept


def test_the_worker_script_may_look_after_reception_and_lists_what_is_served(world: World) -> None:
    answer = world.anonymous().get("/reception/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    listed = answer.text.split('"files": ')[1].split("]")[0].strip("[").replace('"', "").split(", ")
    assert "/static/joined/staff.js" in listed
    assert not [path for path in listed if "zxing" in path], "what reads codes is fetched at the first scan"
    assert all(world.anonymous().get(path).status_code == 200 for path in listed)
    assert "\nimport " not in answer.text, "a browser without Background Sync takes a plain script"
    syncing = world.anonymous().get("/reception/sw.js?sync=1").text
    assert '\nimport { sendAll } from "/static/reception/outbox.js"' in syncing
    words = ok(world.as_(RECEPTION).get("/reception/words"))
    assert any(word["typed"] == "mandy" and word["suggestion"]["id"] == "mdma" for word in words)


def test_unused_codes_are_deleted_when_their_tickets_would_expire(world: World, clock: Any) -> None:
    lease(world, world.session())
    clock.advance(days=16)
    assert purge(world.runtime.db)["leased_code"] == 60
    with world.runtime.db.read() as session:
        assert session.exec(select(LeasedCode)).all() == []
