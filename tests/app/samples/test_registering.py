"""Registering through the API: what is recorded, what is refused, and what a retry is answered."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import uuid6
from sqlmodel import select

from app.intake.samples import lookup as sample_lookup
from app.intake.samples import schemas, service, tickets
from app.intake.samples.tables import Sample
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.live.tables import EventRow
from app.platform.web.tables import IdempotencyRow

CONSENTS = {"analysis": "yes", "age_18_attested": "yes", "understands_not_safe": "yes", "aggregate_data": "yes"}


def body(**more: Any) -> dict[str, Any]:
    return {"form": "powder", "words_spoken": "mandy", "consents": CONSENTS, **more}


def post(world: Any, session_id: uuid.UUID, sent: dict[str, Any], role: Role = Role.RECEPTION, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return world.as_(role).post(f"/api/v1/sessions/{session_id}/samples", json=sent, headers=headers)


def by_ticket(world: Any, code: str) -> Sample | None:
    with world.runtime.read() as session:
        return sample_lookup.sample_by_ticket(session, code, world.runtime.pepper, world.runtime.now())


def test_the_code_is_stored_nowhere_in_clear(world: Any) -> None:
    code = post(world, world.session(), body(), key="one").json()["ticket"]["code"]
    assert tickets.is_valid(code)
    with world.runtime.db.read() as session:
        for table in sa.inspect(session.get_bind()).get_table_names():
            for row in session.execute(sa.text(f'SELECT * FROM "{table}"')):
                assert code not in " ".join(
                    bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in row
                )


def test_words_are_a_mixture_a_class_or_where_they_mean_several_things_an_offer(world: Any) -> None:
    session_id = world.session()
    assert post(world, session_id, body(words_spoken="tusi")).json()["sample"]["intent"] == "mixture"
    sample = post(world, session_id, body(words_spoken="G")).json()["sample"]
    assert (sample["expected"], sample["intent"]) == (["g-type"], "known")
    answer = post(world, session_id, body(words_spoken="spice")).json()
    assert (answer["sample"]["expected"], answer["sample"]["words_spoken"]) == ([], "spice")
    assert [(one["id"], one["kind"]) for one in answer["offers"]] == [("cannabinoid.synthetic", "ambiguous")]


def test_without_the_consents_it_needs_nothing_is_registered(world: Any) -> None:
    session_id = world.session()
    for answers, missing in (
        ({}, {"analysis", "age_18_attested", "understands_not_safe"}),
        (CONSENTS | {"analysis": "no"}, {"analysis"}),
        (CONSENTS | {"age_18_attested": "no"}, {"age_18_attested"}),
        (CONSENTS | {"understands_not_safe": "not_asked"}, {"understands_not_safe"}),
    ):
        answer = post(world, session_id, body(consents=answers))
        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {f"consents.{m}" for m in missing}
        assert "was not registered" in answer.json()["detail"]
    assert post(world, session_id, body()).json()["sample"]["number"] == 1
    bin_ = body(submitter_type="security_amnesty", consents={"analysis": "yes"})
    assert post(world, session_id, bin_).status_code == 201, "nobody is there to attest an age"
    assert post(world, session_id, bin_ | {"consents": {}}).status_code == 422


def test_registering_is_audited_without_words_and_told_to_the_queue(world: Any) -> None:
    sample_id = post(world, world.session(), body(words_spoken="mandy", staff_note="sentinel")).json()["sample"]["id"]
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "register")).one()
        queue = select(EventRow).where(EventRow.topic == "queue", EventRow.kind == "sample.received")
        event = session.exec(queue).one()
    assert entry.object_id == sample_id
    assert entry.after["expected"] == ["mdma"]
    assert "sentinel" not in str(entry.after)
    assert "mandy" not in str(entry.after)
    assert str(event.sample_id) == sample_id


def test_the_same_key_is_answered_with_the_same_ticket(world: Any) -> None:
    session_id = world.session()
    first, again = (post(world, session_id, body(), key="tablet-1") for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert post(world, session_id, body(form="tablet"), key="tablet-1").status_code == 409
    assert post(world, session_id, body()).json()["sample"]["number"] == 2


def test_a_kept_answer_that_was_altered_is_refused_and_nothing_is_done_twice(world: Any) -> None:
    session_id = world.session()
    code = post(world, session_id, body(), key="tablet-1").json()["ticket"]["code"]
    with world.runtime.db.begin() as uow:
        row = uow.session.exec(select(IdempotencyRow)).one()
        assert code.encode() not in row.sealed, "a ticket code is kept nowhere in clear"
        row.sealed = row.sealed[:-20] + bytes([row.sealed[-20] ^ 1]) + row.sealed[-19:]
        uow.session.add(row)
    again = post(world, session_id, body(), key="tablet-1")
    assert again.status_code == 409
    assert "can no longer be opened" in again.text
    assert post(world, session_id, body()).json()["sample"]["number"] == 2


def test_a_form_sent_twice_at_the_same_instant_gives_one_sample(world: Any) -> None:
    session_id = world.session()
    client = world.as_(Role.RECEPTION)
    gate = threading.Barrier(4)

    def send(_: int) -> Any:
        gate.wait()
        headers = {"Idempotency-Key": "double"}
        return client.post(f"/api/v1/sessions/{session_id}/samples", json=body(), headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["ticket"]["code"] for a in answers}) == 1
    with world.runtime.read() as session:
        assert len(session.exec(select(Sample.id)).all()) == 1


def test_twenty_desks_at_once_get_twenty_numbers_without_a_gap(world: Any) -> None:
    session_id = world.session()
    actor = world.actors[Role.RECEPTION]
    register = world.runtime.pack.register
    new = schemas.NewSample.model_validate(body())
    gate = threading.Barrier(20)

    def desk(_: int) -> int:
        gate.wait()
        with world.runtime.db.begin(actor) as uow:
            return service.register(uow, session_id, new, world.runtime.pepper, substances=register).sample.number

    with ThreadPoolExecutor(20) as pool:
        numbers = list(pool.map(desk, range(20)))
    assert sorted(numbers) == list(range(1, 21))


def test_a_tablet_may_mint_the_id_once(world: Any) -> None:
    session_id, minted = world.session(), str(uuid.UUID(int=uuid6.uuid7().int))
    assert post(world, session_id, body(id=minted)).json()["sample"]["id"] == minted
    again = post(world, session_id, body(id=minted))
    assert again.status_code == 409
    assert "already registered" in again.json()["detail"]
    assert post(world, session_id, body(id=str(uuid.uuid4()))).status_code == 422


def test_a_value_that_cannot_be_recorded_is_refused_with_its_field(world: Any) -> None:
    session_id = world.session()
    for field, wrong in (
        ("words_spoken", "a\x00b"), ("logo", "\x00"), ("weight_mg", -1), ("weight_mg", "NaN"), ("weight_mg", 1e300),
        ("group_size", 10**30), ("form", "rocket"), ("form", None), ("words_spoken", "x" * 121), ("name", "Jo Bloggs"),
        ("date_of_birth", "1990-01-01"), ("colours", ["mauve"]), ("expected", ["mdma\x00"]),
        ("expected", ["unobtainium"]), ("id", "not-a-uuid"),
    ):  # fmt: skip
        answer = post(world, session_id, body(**{field: wrong}))
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (field, wrong)
        assert all(named.startswith(field) for named in answer.json()["fields"]), (field, wrong)
    assert post(world, session_id, body(intent="unknown", expected=["mdma"])).status_code == 422


def test_wrong_unknown_and_expired_tickets_answer_alike(world: Any, clock: Any) -> None:
    session_id = world.session()
    code = post(world, session_id, body()).json()["ticket"]["code"]
    assert by_ticket(world, code) is not None
    assert by_ticket(world, tickets.mint()) is None
    assert by_ticket(world, "nonsense") is None
    assert by_ticket(world, "") is None
    clock.advance(hours=6, days=13, minutes=59)
    assert by_ticket(world, code) is not None
    clock.advance(days=1)
    assert by_ticket(world, code) is None


def test_garbage_does_the_same_work_as_a_code(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    original = sample_lookup.ticket_hash
    monkeypatch.setattr(
        sample_lookup, "ticket_hash", lambda pepper, code: (asked.append(code), original(pepper, code))[1]
    )
    for typed in (tickets.mint(), "nonsense", "", "0" * 12):
        assert by_ticket(world, typed) is None
    assert len(asked) == 4


def test_a_ticket_session_lives_no_longer_than_its_ticket(world: Any, clock: Any) -> None:
    code = post(world, world.session(), body()).json()["ticket"]["code"]
    pepper = world.runtime.pepper
    with world.runtime.db.begin() as uow:
        sample = sample_lookup.sample_by_ticket(uow.session, code, pepper, uow.now)
        assert sample is not None
        opened = sample_lookup.open_ticket_session(uow, sample, pepper)
    assert opened is not None
    secret, until = opened
    with world.runtime.read() as session:
        assert until == clock() + timedelta(hours=24)
        assert sample_lookup.sample_by_ticket_session(session, secret, pepper, clock()) is not None
        assert sample_lookup.sample_by_ticket_session(session, "other", pepper, clock()) is None
        assert sample_lookup.sample_by_ticket_session(session, secret, pepper, until) is None


def test_registering_asks_the_database_little(world: Any) -> None:
    """Who calls, the session, its number, the sample with what was said, the end of the log, log and event (on PostgreSQL together): each once."""
    session_id, asked = world.session(), list[str]()
    post(world, session_id, body(expected=["mdma"]))
    database = world.runtime.db

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    for engine in {database.reader, database.writer}:
        sa.event.listen(engine, "before_cursor_execute", heard)
    assert post(world, session_id, body(expected=["mdma"])).status_code == 201
    of_its_own = [one for one in asked if not one.startswith(("BEGIN", "SELECT pg_advisory", "SELECT event."))]
    assert len(of_its_own) == (9 if database.is_sqlite else 8), "\n".join(of_its_own)
