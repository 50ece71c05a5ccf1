"""attack.md 12: what someone sees who took a tablet that was signed in. Four roles read 143 samples of five sessions with age,
gender and harm; reception made a new ticket and opened the client's page with it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlmodel import select

from app.intake.people import service as people
from app.intake.sessions.tables import CheckingSession
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from tests.app.conftest import PASSWORD, World
from tests.app.samples.test_sample_lifecycle import AGAIN, patch, registered

PERSON = {"age_band": "25_34", "gender": "woman", "harm_event": "overdose"}
SHOWN = ("25 to 34", "Woman", "Overdose")
SEES = (Role.RECEPTION, Role.HEALTH_WORKER)
SEES_NOT = (Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)


def test_what_is_known_of_the_person_is_shown_to_who_talks_with_them(world: World) -> None:
    sample = registered(world, **PERSON)["sample"]
    for role in (*SEES, *SEES_NOT):
        answer = world.as_(role).get(f"/api/v1/samples/{sample['id']}").json()
        page = world.as_(role).get(f"/samples/{sample['id']}").text
        sees = role in SEES
        assert {name: answer[name] for name in PERSON} == (PERSON if sees else dict.fromkeys(PERSON))
        assert [words in page for words in SHOWN] == [sees] * 3, role


def test_a_session_lead_corrects_a_sample_without_seeing_or_changing_what_is_known_of_the_person(world: World) -> None:
    sample, lead = registered(world, **PERSON)["sample"], world.as_(Role.SESSION_LEAD)
    url = f"/samples/{sample['id']}/correct"
    form = lead.get(url).text
    for name in PERSON:
        assert f'name="{name}"' not in form
        assert f'name="{name}"' in world.as_(Role.HEALTH_WORKER).get(url).text
    sent = {"form": "tablet", "version": "1", "expected_words": "mandy", "submitter_type": "public"}
    consents = {f"consent_{kind}": "yes" for kind in ("analysis", "age_18_attested", "understands_not_safe")}
    for more in ({}, dict.fromkeys(PERSON, "")):
        version = world.as_(Role.RECEPTION).get(f"/api/v1/samples/{sample['id']}").json()["version"]
        answer = lead.post(url, data={**sent, **consents, **more, "version": str(version)})
        assert answer.status_code == 303, answer.text
    after = world.as_(Role.RECEPTION).get(f"/api/v1/samples/{sample['id']}").json()
    assert {name: after[name] for name in (*PERSON, "form")} == {**PERSON, "form": "tablet"}
    changed = patch(world, sample["id"], {"logo": "Tesla"}, after["version"], Role.SESSION_LEAD).json()
    assert [changed[name] for name in PERSON] == [None] * 3


def test_the_log_says_that_what_a_person_said_or_is_known_of_them_changed_and_not_what_it_is(world: World) -> None:
    sample = registered(world, **PERSON)["sample"]
    other = {"age_band": "45_54", "gender": "man", "harm_event": "fatal", "words_spoken": "other words"}
    assert patch(world, sample["id"], other, 1).status_code == 200
    (entry,) = [e for e in world.as_(Role.ADMIN).get("/api/v1/audit").json() if e["verb"] == "correct"]
    hidden = dict.fromkeys(PERSON, "…") | {"words_spoken": "…"}
    assert {name: entry["before"][name] for name in hidden} == {name: entry["after"][name] for name in hidden} == hidden
    assert "other words" not in str(entry)


def closed(world: World, **ago: float) -> dict[str, Any]:
    """A sample of a session that was closed so long ago."""
    sample: dict[str, Any] = registered(world)["sample"]
    with world.runtime.db.begin() as uow:
        row = uow.session.get_one(CheckingSession, uuid.UUID(sample["session_id"]))
        row.closed_at = uow.now - timedelta(**ago)
    return sample


def urls_of(sample: dict[str, Any]) -> list[str]:
    one, all_ = f"/samples/{sample['id']}", f"/sessions/{sample['session_id']}"
    pages = [one, f"{one}/state", f"{one}/correct", all_, f"{all_}/board", f"{all_}/queue", f"{all_}/reception"]
    api = [one, f"{one}/custody", all_, f"{all_}/samples", f"{all_}/queue", f"{all_}/board"]
    return [*pages, *(f"/api/v1{url}" for url in api)]


def test_reception_sees_a_session_and_its_samples_until_a_day_after_it_was_closed(world: World) -> None:
    recent, old, reception = closed(world, hours=23), closed(world, hours=25), world.as_(Role.RECEPTION)
    absent = {"id": str(uuid.uuid4()), "session_id": str(uuid.uuid4())}
    for seen, over, nothing in zip(*map(urls_of, (recent, old, absent)), strict=True):
        assert reception.get(seen).status_code == 200, seen
        assert [reception.get(url).status_code for url in (over, nothing)] == [404, 404], over
        if "reception" not in over:
            assert world.as_(Role.SESSION_LEAD).get(over).status_code == 200, "others see it as before"
    listed = {row["id"] for row in reception.get("/api/v1/sessions").json()["rows"]}
    assert listed == {recent["session_id"]}
    assert f"/sessions/{old['session_id']}" not in reception.get("/sessions").text
    changes = [patch(world, sample["id"], {"logo": "x"}, 1).status_code for sample in (recent, old, absent)]
    assert changes == [200, 404, 404]
    for act, sent in (("withdraw", {}), ("ticket", AGAIN), ("custody", {"kind": "received", "mg": 1})):
        answers = [reception.post(f"/api/v1/samples/{s['id']}/{act}", json=sent) for s in (old, absent)]
        assert [(a.status_code, a.json()["detail"]) for a in answers] == [(404, "There is no such sample here.")] * 2


def test_who_works_at_reception_and_elsewhere_sees_older_sessions_but_no_token_for_reception_does(world: World) -> None:
    old, actor = closed(world, hours=25), world.actors[Role.RECEPTION]
    with world.runtime.db.begin(actor) as uow:
        uow.session.add(people.PersonRole(person_id=actor.person_id, role=Role.HEALTH_WORKER))
        _, secret = people.issue_token(
            uow, "door", [Role.RECEPTION], 1, world.runtime.pepper, person_id=actor.person_id
        )  # fmt: skip
    assert world.as_(Role.RECEPTION).get(f"/api/v1/samples/{old['id']}").status_code == 200
    token = world.anonymous().get(f"/api/v1/samples/{old['id']}", headers={"Authorization": f"Bearer {secret}"})
    assert token.status_code == 404


def test_a_new_ticket_asks_for_the_password_of_who_is_signed_in(world: World) -> None:
    sample, reception = registered(world)["sample"], world.as_(Role.RECEPTION)
    page = reception.get(f"/samples/{sample['id']}").text
    assert "This stops anyone making a ticket on a lost tablet." in page
    wrong = reception.post(f"/samples/{sample['id']}/ticket", data={"password": "wrong wrong wrong"})
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    for body in ({}, {"password": ""}, {"password": "wrong wrong wrong"}):
        assert reception.post(f"/api/v1/samples/{sample['id']}/ticket", json=body).status_code == 422
    with world.runtime.read() as session:
        assert not session.exec(select(AuditEntry).where(AuditEntry.verb == "reissue_ticket")).all()
    assert reception.post(f"/api/v1/samples/{sample['id']}/ticket", json={"password": PASSWORD}).status_code == 201
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "reissue_ticket")).one()
        assert entry.actor_id == str(world.actors[Role.RECEPTION].person_id)


def test_a_token_makes_no_new_ticket_even_with_the_password(world: World) -> None:
    sample, actor = registered(world)["sample"], world.actors[Role.RECEPTION]
    with world.runtime.db.begin(actor) as uow:
        _, secret = people.issue_token(uow, "door", [], 1, world.runtime.pepper, person_id=actor.person_id)
    bearer = {"Authorization": f"Bearer {secret}"}
    url = f"/samples/{sample['id']}/ticket"
    assert world.anonymous().post(url, headers=bearer, data=AGAIN).status_code == 403
    answer = world.anonymous().post(f"/api/v1{url}", headers=bearer, json=AGAIN)
    assert (answer.status_code, "A token has no password" in answer.json()["detail"]) == (403, True)
