"""After registration: reading, correcting, withdrawing, a new ticket, the queue and the board."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlmodel import select

from app.care.counted.tables import TrendSample
from app.intake.samples import lookup, queue, service
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.tables import TicketSession
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.live.tables import EventRow
from tests.app.conftest import PASSWORD

AGAIN = {"password": PASSWORD}
CONSENTS = {"analysis": "yes", "age_18_attested": "yes", "understands_not_safe": "yes", "aggregate_data": "yes"}


def registered(world: Any, session_id: uuid.UUID | None = None, **more: Any) -> dict[str, Any]:
    sent = {"form": "powder", "words_spoken": "mandy", "consents": CONSENTS, **more}
    answer = world.as_(Role.RECEPTION).post(f"/api/v1/sessions/{session_id or world.session()}/samples", json=sent)
    assert answer.status_code == 201, answer.text
    out: dict[str, Any] = answer.json()
    return out


def patch(world: Any, sample_id: str, sent: dict[str, Any], version: int | None, role: Role = Role.RECEPTION) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return world.as_(role).patch(f"/api/v1/samples/{sample_id}", json=sent, headers=headers)


def stamp(world: Any, sample_id: str, *fields: str) -> None:
    with world.runtime.db.begin(world.actors[Role.SESSION_LEAD]) as uow:
        for field in fields:
            service.stamp(uow, lookup.lock_sample(uow, uuid.UUID(sample_id)), field)


def counted(world: Any, sample: dict[str, Any]) -> uuid.UUID:
    """As if the result had been released into the figures."""
    sample_id = uuid.UUID(sample["id"])
    with world.runtime.db.begin() as uow:
        uow.session.add(
            TrendSample(
                sample_id=sample_id, own_sample_id=sample_id, agency_id=world.agency_id, session_id=uuid.UUID(sample["session_id"]),
                month="2026-06", region="North East", site="Church hall", service_type="city_clinic",
                submitter_group="client", form="powder", expected="mdma", expected_class="entactogen",
                verdict="as_expected", outcome="identified", released_at=uow.now,
            )
        )  # fmt: skip
    return sample_id


def in_figures(world: Any, sample_id: uuid.UUID) -> bool:
    with world.runtime.read() as session:
        return session.get(TrendSample, sample_id) is not None


def test_the_bench_reads_a_sample_and_finds_no_ticket_anywhere(world: Any) -> None:
    done = registered(world)
    code, client = done["ticket"]["code"], world.as_(Role.CHEMIST)
    sample_id, session_id = done["sample"]["id"], done["sample"]["session_id"]
    paths = [
        f"/api/v1/samples/{sample_id}", f"/api/v1/sessions/{session_id}/samples", f"/api/v1/sessions/{session_id}/queue",
        f"/samples/{sample_id}", f"/sessions/{session_id}", f"/sessions/{session_id}/queue",
    ]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "ticket_hmac" not in answer.text
        assert code not in answer.text.replace(" ", "").replace("-", "")


def test_a_correction_needs_the_version_it_starts_from(world: Any) -> None:
    sample = registered(world)["sample"]
    assert patch(world, sample["id"], {"form": "tablet"}, None).status_code == 428
    answer = patch(world, sample["id"], {"form": "tablet", "logo": "Tesla"}, 1)
    assert (answer.status_code, answer.json()["form"], answer.headers["ETag"]) == (200, "tablet", '"2"')
    stale = patch(world, sample["id"], {"form": "crystal"}, 1, Role.HEALTH_WORKER)
    assert stale.status_code == 412
    assert "Someone else changed this sample" in stale.json()["detail"]
    now = world.as_(Role.CHEMIST).get(f"/api/v1/samples/{sample['id']}").json()
    assert (now["form"], now["logo"], now["words_spoken"], now["colours"]) == ("tablet", "Tesla", "mandy", [])


def test_what_is_expected_can_be_corrected_and_emptied(world: Any) -> None:
    sample = registered(world)["sample"]
    answer = patch(world, sample["id"], {"expected": ["ketamine", "cocaine"]}, 1).json()
    assert (answer["expected"], answer["intent"], answer["words_spoken"]) == (["ketamine", "cocaine"], "known", "mandy")
    emptied = patch(world, sample["id"], {"expected": [], "words_spoken": ""}, 2).json()
    assert (emptied["expected"], emptied["intent"]) == ([], "unknown")
    assert patch(world, sample["id"], {"expected": ["nonsense"]}, 3).status_code == 422
    assert patch(world, sample["id"], {"form": None}, 3).status_code == 422


def test_consent_to_figures_can_be_taken_back_and_the_sample_leaves_them(world: Any) -> None:
    sample = registered(world)["sample"]
    sample_id = counted(world, sample)
    assert patch(world, sample["id"], {"consents": {"followup": "yes"}}, 1).status_code == 200
    assert in_figures(world, sample_id)
    answer = patch(world, sample["id"], {"consents": {"aggregate_data": "no"}}, 2).json()
    assert (answer["consents"]["aggregate_data"], answer["consents"]["analysis"]) == ("no", "yes")
    assert not in_figures(world, sample_id)
    assert patch(world, sample["id"], {"consents": {"analysis": "no"}}, 3).status_code == 422


def test_withdrawal_takes_the_sample_out_of_queue_and_figures(world: Any) -> None:
    sample = registered(world)["sample"]
    sample_id = counted(world, sample)
    answer = world.as_(Role.HEALTH_WORKER).post(f"/api/v1/samples/{sample['id']}/withdraw", json={})
    assert (answer.status_code, answer.json()["stage"]) == (200, "withdrawn")
    assert not in_figures(world, sample_id)
    assert world.as_(Role.RECEPTION).get(f"/api/v1/sessions/{sample['session_id']}/queue").json() == []
    assert world.as_(Role.HEALTH_WORKER).post(f"/api/v1/samples/{sample['id']}/withdraw", json={}).status_code == 409
    assert patch(world, sample["id"], {"form": "tablet"}, 2).status_code == 409
    assert world.as_(Role.RECEPTION).post(f"/api/v1/samples/{sample['id']}/ticket", json=AGAIN).status_code == 409
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "withdraw")).one()
        assert entry.reason == "client_asked"
        assert session.exec(select(EventRow).where(EventRow.topic == "client")).one().kind == "sample.withdrawn"


def test_attack_a_code_that_was_read_before_the_ticket_was_replaced_opens_no_browser(world: Any) -> None:
    done = registered(world)
    sample_id, pepper = done["sample"]["id"], world.runtime.pepper
    with world.runtime.read() as session:
        before = lookup.sample_by_ticket(session, done["ticket"]["code"], pepper, world.runtime.now())
        session.expunge_all()
    assert before is not None
    assert world.as_(Role.SESSION_LEAD).post(f"/api/v1/samples/{sample_id}/ticket", json=AGAIN).status_code == 201
    with world.runtime.db.begin() as uow:
        assert lookup.open_ticket_session(uow, before, pepper) is None
    with world.runtime.read() as session:
        assert session.exec(select(TicketSession)).all() == []


def test_attack_opening_a_ticket_again_and_again_keeps_the_newest_browsers(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(lookup, "BROWSERS_OF_A_TICKET", 3)
    sample_id, pepper = registered(world)["sample"]["id"], world.runtime.pepper
    secrets = []
    for _ in range(5):
        with world.runtime.db.begin() as uow:
            uow.now += timedelta(seconds=len(secrets))
            sample = lookup.sample_for_system(uow.session, uuid.UUID(sample_id))
            opened = lookup.open_ticket_session(uow, sample, pepper)
            assert opened is not None
            secrets.append(opened[0])
    with world.runtime.read() as session:
        now = world.runtime.now()
        works = [lookup.sample_by_ticket_session(session, one, pepper, now) is not None for one in secrets]
    assert works == [False, False, True, True, True]


def test_a_new_ticket_kills_the_old_one_and_the_browsers_it_opened(world: Any) -> None:
    done = registered(world)
    sample_id, pepper = done["sample"]["id"], world.runtime.pepper
    with world.runtime.db.begin() as uow:
        lookup.open_ticket_session(uow, lookup.sample_for_system(uow.session, uuid.UUID(sample_id)), pepper)
    url = f"/api/v1/samples/{sample_id}/ticket"
    lead, lost = world.as_(Role.SESSION_LEAD), {"Idempotency-Key": "lost"}
    answers = [lead.post(url, json=AGAIN, headers=lost) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    fresh = answers[0].json()["code"]
    with world.runtime.read() as session:
        now = world.runtime.now()
        assert lookup.sample_by_ticket(session, done["ticket"]["code"], pepper, now) is None
        assert lookup.sample_by_ticket(session, fresh, pepper, now) is not None
        assert session.exec(select(TicketSession)).all() == []
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "reissue_ticket")).one()
        assert fresh not in str(entry.model_dump())


def test_a_ticket_that_ran_out_is_not_renewed(world: Any, clock: Any) -> None:
    sample = registered(world)["sample"]
    clock.advance(days=15)
    world.clients.clear()  # those sign-ins have ended
    answer = world.as_(Role.RECEPTION).post(f"/api/v1/samples/{sample['id']}/ticket", json=AGAIN)
    assert answer.status_code == 409
    assert "No new one was made" in answer.json()["detail"]


def test_the_queue_is_oldest_first_says_the_state_in_words_and_marks_who_waits_long(world: Any, clock: Any) -> None:
    session_id = world.session()
    first = registered(world, session_id)["sample"]
    clock.advance(minutes=20)
    second = registered(world, session_id, form="tablet", words_spoken="nobody knows this")["sample"]
    clock.advance(minutes=11)
    stamp(world, first["id"], "analysed_at")
    rows = world.as_(Role.CHEMIST).get(f"/api/v1/sessions/{session_id}/queue").json()
    assert [(r["number"], r["waited_s"], r["late"]) for r in rows] == [(1, 31 * 60, True), (2, 11 * 60, False)]
    assert [r["state"] for r in rows] == ["awaiting verification", "awaiting analysis"]
    stamp(world, first["id"], "verified_at", "released_at", "told_at")
    rows = world.as_(Role.CHEMIST).get(f"/api/v1/sessions/{session_id}/queue").json()
    assert [r["id"] for r in rows] == [second["id"]]


def test_a_stage_is_stamped_once_and_never_before_the_one_before_it(world: Any, clock: Any) -> None:
    sample = registered(world)["sample"]
    clock.advance(minutes=5)
    stamp(world, sample["id"], "analysed_at")
    clock.advance(minutes=-3)  # a clock that was put back
    stamp(world, sample["id"], "verified_at")
    clock.advance(minutes=30)
    stamp(world, sample["id"], "analysed_at")
    read = world.as_(Role.CHEMIST).get(f"/api/v1/samples/{sample['id']}").json()
    assert read["received_at"] < read["analysed_at"] == read["verified_at"]


def test_how_many_are_before_counts_only_those_that_still_wait(world: Any) -> None:
    session_id = world.session()
    ids = [registered(world, session_id)["sample"]["id"] for _ in range(4)]
    stamp(world, ids[0], "analysed_at", "verified_at", "released_at")
    world.as_(Role.RECEPTION).post(f"/api/v1/samples/{ids[1]}/withdraw", json={})
    with world.runtime.read() as session:
        last = lookup.sample_for_system(session, uuid.UUID(ids[3]))
        assert last is not None
        assert queue.before_in_queue(session, last) == 1


def test_the_board_counts_throughput_and_waits(world: Any, clock: Any) -> None:
    session_id = world.session()
    ids = [registered(world, session_id)["sample"]["id"] for _ in range(10)]
    for sample_id in ids[:9]:
        clock.advance(minutes=10)
        stamp(world, sample_id, "analysed_at", "verified_at", "released_at")
    board = world.as_(Role.SESSION_LEAD).get(f"/api/v1/sessions/{session_id}/board").json()
    assert (board["received"], board["queue"], board["released"]) == (10, 1, 9)
    assert (board["wait_p50_s"], board["wait_p90_s"]) == (50 * 60, 90 * 60)
    assert (board["received_last_hour"], board["released_last_hour"]) == (0, 6)
    assert board["oldest_wait_s"] == 90 * 60
    assert board["states"] == {
        "received": 1, "analysed": 0, "verified": 0, "released": 9, "told": 0, "withdrawn": 0,
    }  # fmt: skip


def test_the_list_goes_on_where_its_cursor_says(world: Any) -> None:
    session_id = world.session()
    numbers = [registered(world, session_id)["sample"]["number"] for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        url = f"/api/v1/sessions/{session_id}/samples"
        page = world.as_(Role.CHEMIST).get(url, params={"limit": 2, "cursor": cursor}).json()
        seen += [row["number"] for row in page["rows"]]
        cursor = page["next"]
    assert seen == numbers
    assert world.as_(Role.CHEMIST).get(url, params={"cursor": "§"}).status_code == 422


def test_the_register_tells_an_ambiguous_word_from_a_name(world: Any) -> None:
    ask = world.as_(Role.RECEPTION).get
    spice = ask("/api/v1/substances", params={"q": "spice"}).json()
    assert (spice[0]["id"], spice[0]["kind"]) == ("cannabinoid.synthetic", "ambiguous")
    mda = ask("/api/v1/substances", params={"q": "MDA"}).json()
    assert [(m["id"], m["kind"]) for m in mda[:2]] == [("mda", "name"), ("4-4-methylenedianiline", "clash")]
    assert ask("/api/v1/substances", params={"q": "\x00"}).json() == []
    assert world.anonymous().get("/api/v1/substances", params={"q": "mand"}).status_code == 401


def test_the_newest_consent_stands_also_after_the_clock_was_set_back(world: Any) -> None:
    sample_id = uuid.UUID(registered(world)["sample"]["id"])
    kind, yes, no = ConsentKind.SHARE_IN_ALERT, ConsentAnswer.YES, ConsentAnswer.NO
    for answer, back in ((yes, 0), (no, 3600), (yes, 7200), (no, 0)):
        with world.runtime.db.begin(world.actors[Role.RECEPTION]) as uow:
            uow.now -= timedelta(seconds=back)
            service.add_consents(uow, sample_id, {kind: answer}, earlier=lookup.consent_rows(uow.session, sample_id))
        with world.runtime.read() as session:
            assert lookup.consents_of(session, sample_id)[kind] is answer
