"""Sign-off: the whole product of states, acts, tiers, roles and same persons, then the road of an alert over HTTP."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from app.care.alerts import certainty
from app.care.alerts.domain import NO_GREEN_LIGHT, Act, AlertState, Reach, Tier, decide
from app.care.alerts.tables import Alert
from app.intake.people.tables import PersonRole
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from tests.app.consultations.conftest import Desk
from tests.app.results.conftest import YES

CHEMIST, VERIFIER, LEAD, WORKER, CLINICIAN = (
    Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.CLINICIAN,
)  # fmt: skip
URL = "/api/v1/alerts"
TOLD = "It looks like metonitazene, not confirmed, North East, November 2026. Form: powders or crystals."

# state | act | tiers | roles | who may not be the same person | where it leads. What is not written is not allowed.
TABLE = """
draft         | raise     | T0 T1          | chemist verifier session_lead                         |                                    | active
draft         | edit      | T0 T1 T2 T3 T4 | chemist verifier session_lead                         |                                    | draft
draft         | discard   | T0 T1 T2 T3 T4 | chemist verifier session_lead                         |                                    | discarded
draft         | submit    | T2 T3 T4       | chemist verifier                                      |                                    | in_review
in_review     | agree     | T2             | health_worker clinician                               | author submitted                   | agreed
in_review     | agree     | T3 T4          | clinician                                             | author submitted                   | agreed
in_review     | send_back | T2 T3 T4       | health_worker clinician session_lead                  |                                    | draft
agreed        | approve   | T2             | session_lead                                          | submitted agreed                   | active
agreed        | approve   | T3             | session_lead                                          | author submitted agreed            | active
agreed        | approve   | T4             | session_lead                                          | author submitted agreed            | approved_once
agreed        | send_back | T2 T3 T4       | health_worker clinician session_lead                  |                                    | draft
approved_once | approve   | T4             | session_lead clinician                                | author submitted agreed approved   | active
approved_once | send_back | T2 T3 T4       | health_worker clinician session_lead                  |                                    | draft
active        | retract   | T0 T1          | chemist verifier session_lead                         |                                    | retracted
active        | retract   | T2 T3 T4       | chemist verifier session_lead clinician               |                                    | retracted
"""
SAME = ("nobody", "author", "submitted", "agreed", "approved")


def written() -> dict[tuple[str, str, str, str, str], str]:
    rows = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
    return {
        (state, act, tier, role, same): target
        for state, act, tiers, roles, barred, target in rows
        for tier in tiers.split()
        for role in roles.split()
        for same in SAME
        if same not in barred.split()
    }


def test_every_state_act_tier_role_and_same_person_is_as_written() -> None:
    table, tried = written(), 0
    me = uuid4()
    others = {act: {uuid4()} for act in (Act.EDIT, Act.SUBMIT, Act.AGREE, Act.APPROVE)}
    signed = {
        "nobody": others,
        "author": {**others, Act.EDIT: {me}},
        "submitted": {**others, Act.SUBMIT: {me}},
        "agreed": {**others, Act.AGREE: {me}},
        "approved": {**others, Act.APPROVE: {me}},
    }
    for state, act, tier, role, same in itertools.product(AlertState, Act, Tier, Role, SAME):
        target, reasons = decide(state, act, tier, frozenset({role}), me, signed[same])
        assert target == table.get((state, act, tier, role, same)), (state, act, tier, role, same)
        assert (target is None) == bool(reasons), "what is refused says why"
        tried += 1
    assert tried == len(AlertState) * len(Act) * len(Tier) * len(Role) * len(SAME)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Found in sample #041.", "number of a sample"),
        ("Found on Saturday.", "names a day"),
        ("Found on 12 November.", "names a day"),
        ("Found at 22:15.", "time of day"),
        ("Found in three tablets.", "count under 10"),
        ("Two people fell ill.", "count under 10"),
        ("9 red hearts pills were found.", "count under 10"),
        ("Found in 3 of 8 that were tested.", "count under 10"),
        ("Three out of seven held it.", "count under 10"),
        ("Eutylone (n = 3) in the North East.", "count under 10"),
        ("Two blotters held it.", "count under 10"),
        ("Call 07700 900123 now.", "phone number"),
        ("Write to a@b.org.", "e-mail address"),
        ("Ask her friend Sarah.", "holds a name"),
        ("See www.example.org.", "address"),
        ("Found at Church hall.", "Church hall"),
        ("White powder is safe.", "safe, pure or clean"),
    ],
)
def test_words_that_point_to_one_sample_or_promise_do_not_leave(text: str, why: str) -> None:
    assert any(why in said for said in certainty.wrong_in(text, Tier.T3, ["Church hall"]))


@pytest.mark.parametrize(
    "text",
    [
        TOLD,
        "In 40 samples since May 2026.",
        "In 12 of 40 samples.",
        "One of the strongest.",
        "Take less, not alone. Call 999.",
    ],
)
def test_words_about_a_substance_a_region_and_a_month_may_leave(text: str) -> None:
    assert certainty.wrong_in(text, Tier.T3, ["Church hall"]) == []


def test_partners_are_told_counts_from_five_the_public_from_ten() -> None:
    text = "Seven samples held it."
    assert certainty.wrong_in(text, Tier.T2) == []
    assert certainty.wrong_in(text, Tier.T3)


# -- over HTTP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())


def body(lab: Desk, tier: str = "T2", **more: Any) -> dict[str, Any]:
    return {
        "tier": tier, "reach": "region", "session_id": str(lab.session_id), "words": "A nitazene in brown powder.",
        "told_words": TOLD, "substances": ["metonitazene"], "forms": ["powder"], **more,
    }  # fmt: skip


def drafted(lab: Desk, world: Any, tier: str = "T2", role: Role = CHEMIST, **more: Any) -> dict[str, Any]:
    answer = world.as_(role).post(URL, json=body(lab, tier, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def step(world: Any, row: dict[str, Any], act: str, role: Role, **said: Any) -> Any:
    """Take a step from how the alert stands now."""
    version = world.as_(LEAD).get(f"{URL}/{row['id']}").json()["version"]
    more = {"json": said} if said else {}
    return world.as_(role).post(f"{URL}/{row['id']}/{act}", headers={"If-Match": f'"{version}"'}, **more)


def through(world: Any, row: dict[str, Any], *steps: tuple[str, Role]) -> dict[str, Any]:
    made: dict[str, Any] = row
    for act, role in steps:
        answer = step(world, row, act, role)
        assert answer.status_code == 200, (act, answer.text)
        made = dict(answer.json())
    return made


def give(world: Any, role: Role, also: Role) -> None:
    """The person of one role gets another one, too."""
    with world.runtime.db.begin() as uow:
        uow.session.add(PersonRole(person_id=world.actors[role].person_id, role=also))


def test_a_t2_is_in_force_after_chemist_health_side_and_session_lead(lab: Desk, world: Any, clock: Any) -> None:
    row = drafted(lab, world)
    assert world.as_(LEAD).get(f"{URL}/now").json() == []
    through(world, row, ("submit", CHEMIST), ("agree", WORKER))
    assert world.as_(LEAD).get(f"{URL}/now").json() == []
    clock.advance(minutes=20)
    made = through(world, row, ("approve", LEAD))
    assert (made["state"], made["warns"]) == ("active", True)
    started = lab.read(lambda s: s.get(Alert, UUID(row["id"])))
    assert started.from_at == lab.runtime.now(), "it runs from its approval, not from its drafting"
    assert started.until - started.from_at == timedelta(days=30)
    whole = world.as_(LEAD).get(f"{URL}/{row['id']}").json()
    assert [(s["act"], s["by"]) for s in whole["steps"]] == [
        ("submit", "Chemist Own"), ("agree", "Health_Worker Own"), ("approve", "Session_Lead Own"),
    ]  # fmt: skip
    assert [c["channel"] for c in whole["channels"]] == ["partners", "staff"]
    assert whole["note"] == NO_GREEN_LIGHT
    banner = world.as_(Role.CHEMIST).get("/alerts/banner").text
    assert "A nitazene in brown powder." in banner
    verbs = lab.read(lambda s: [e.verb for e in s.exec(select(AuditEntry).where(AuditEntry.object_type == "alert"))])
    assert verbs == ["draft", "submit", "agree", "approve"]


def test_a_t3_needs_a_clinician_and_a_lead_who_did_not_write_it(lab: Desk, world: Any) -> None:
    row = drafted(lab, world, "T3", LEAD)
    through(world, row, ("submit", CHEMIST))
    assert step(world, row, "agree", WORKER).status_code == 409
    through(world, row, ("agree", CLINICIAN))
    refused = step(world, row, "approve", LEAD)
    assert refused.status_code == 409
    assert "You wrote this alert" in refused.json()["detail"]
    shown = world.as_(LEAD).get(f"/alerts/{row['id']}").text
    assert "You wrote this alert" in shown
    assert ">Approve<" not in shown
    give(world, VERIFIER, LEAD)
    assert through(world, row, ("approve", VERIFIER))["state"] == "active"


def test_what_is_sent_back_is_signed_anew(lab: Desk, world: Any) -> None:
    row = drafted(lab, world)
    through(world, row, ("submit", CHEMIST), ("agree", WORKER))
    assert step(world, row, "send-back", LEAD, reason="").status_code == 422
    back = step(world, row, "send-back", LEAD, reason="Say which powder.")
    assert back.json()["state"] == "draft"
    assert step(world, row, "agree", WORKER).status_code == 409
    version = back.json()["version"]
    changed = world.as_(VERIFIER).put(
        f"{URL}/{row['id']}", json=body(lab, words="Brown powder."), headers={"If-Match": f'"{version}"'}
    )
    assert (changed.status_code, changed.json()["words"]) == (200, "Brown powder.")
    through(world, row, ("submit", CHEMIST))
    assert step(world, row, "approve", LEAD).status_code == 409, "the old agreement does not count"
    give(world, VERIFIER, CLINICIAN)
    refused = step(world, row, "agree", VERIFIER)
    assert "You wrote this alert" in refused.json()["detail"], "who changed it is an author"
    assert through(world, row, ("agree", WORKER), ("approve", LEAD))["state"] == "active"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"told_words": ""}, "text for partners is missing"),
        ({"told_words": "Two tablets held it."}, "count under 5"),
        ({"told_words": "Found at Saturday in the hall."}, "names a day"),
        ({"reach": "session"}, "covers one session"),
    ],
)
def test_what_must_not_leave_does_not_get_past_the_first_step(
    lab: Desk, world: Any, more: dict[str, Any], why: str
) -> None:
    row = drafted(lab, world, **more)
    refused = step(world, row, "submit", CHEMIST)
    assert refused.status_code == 409
    assert why in " ".join(refused.json()["reasons"])
    page = world.as_(CHEMIST).get(f"/alerts/{row['id']}").text
    assert "Still missing" in page
    assert "Submit for sign-off" not in page


def test_a_sample_is_described_only_where_its_client_agreed_and_as_long(lab: Desk, world: Any) -> None:
    no = YES | {ConsentKind.SHARE_IN_ALERT: ConsentAnswer.NO}
    silent = lab.sample(("heroin",), form="tablet", colours=["red"], logo="Heart", consents=no)
    lab.found(silent, NewFinding("metonitazene"))
    refused = world.as_(CHEMIST).post(URL, json=body(lab, sample_id=str(silent), logos=["Heart"]))
    assert refused.status_code == 422
    assert "did not agree" in refused.json()["fields"]["logos"]
    form = world.as_(CHEMIST).get(f"/alerts/new?sample={silent}").text
    assert "Heart" not in form.split("Logo or letters")[1].split("</div>")[0]

    agreed = lab.sample(("heroin",), form="tablet", colours=["red"], logo="Heart")
    row = drafted(lab, world, sample_id=str(agreed), logos=["Heart"])
    through(world, row, ("submit", CHEMIST), ("agree", WORKER))
    withdrawn = world.as_(Role.RECEPTION).post(f"/api/v1/samples/{agreed}/withdraw", json={})
    assert withdrawn.status_code == 200, withdrawn.text
    refused = step(world, row, "approve", LEAD)
    assert refused.status_code == 409
    assert "Remove logo and colour" in refused.json()["detail"]


def test_a_draft_is_for_those_who_sign_and_is_not_read_by_reception(lab: Desk, world: Any) -> None:
    row = drafted(lab, world, "T3")
    for role in (CHEMIST, WORKER, CLINICIAN, LEAD):
        assert world.as_(role).get(f"{URL}/{row['id']}").status_code == 200, role
        assert row["words"] in world.as_(role).get("/alerts").text
    assert world.as_(Role.RECEPTION).get(f"{URL}/{row['id']}").status_code == 404
    assert world.as_(Role.RECEPTION).get(URL).json()["rows"] == []


def test_a_clinician_is_sent_to_an_alert_once_the_next_step_is_theirs(lab: Desk, world: Any) -> None:
    row = drafted(lab, world)
    clinician = world.as_(Role.CLINICIAN)
    there = f"/alerts/{row['id']}"
    assert "You cannot submit this alert. Only a chemist" in clinician.get(there).text
    assert clinician.get("/to-sign", follow_redirects=False).headers["location"] == "/messages?done=nothing_to_sign"
    through(world, row, ("submit", CHEMIST))
    assert clinician.get("/to-sign", follow_redirects=False).headers["location"] == there


def test_the_page_shows_the_steps_with_who_and_when_and_takes_them(lab: Desk, world: Any) -> None:
    row = drafted(lab, world)
    page = world.as_(CHEMIST).get(f"/alerts/{row['id']}").text
    assert "Submit for sign-off" in page
    assert "You cannot" not in page
    for act, role in (("submit", CHEMIST), ("agree", WORKER), ("approve", LEAD)):
        version = world.as_(LEAD).get(f"{URL}/{row['id']}").json()["version"]
        taken = world.as_(role).post(f"/alerts/{row['id']}/{act}", data={"version": version})
        assert (taken.status_code, taken.headers["location"]) == (303, f"/alerts/{row['id']}")
    page = world.as_(LEAD).get(f"/alerts/{row['id']}").text
    for words in (
        "✓ Laboratory submits",
        "Health_Worker Own (health worker)",
        "Open print sheet",
        "Public health and police",
    ):
        assert words in page
    stale = world.as_(LEAD).post(f"/alerts/{row['id']}/retract", data={"version": 1, "reason": "x"})
    assert stale.status_code == 412
    version = world.as_(LEAD).get(f"{URL}/{row['id']}").json()["version"]
    pointing = {"version": version, "reason": "Sample #041 was mixed up."}
    refused = world.as_(LEAD).post(f"/alerts/{row['id']}/retract", data=pointing)
    assert refused.status_code == 422
    assert "number of a sample" in refused.text
    sheet = world.as_(LEAD).get(f"/alerts/{row['id']}/sheet").text
    assert TOLD in sheet
    assert NO_GREEN_LIGHT in sheet
    assert "A nitazene in brown powder." not in sheet, "the words for staff stay with staff"


def test_writing_a_draft_anew_by_the_form(lab: Desk, world: Any) -> None:
    row = drafted(lab, world)
    page = world.as_(CHEMIST).get(f"/alerts/{row['id']}/edit").text
    assert TOLD in page
    form = {
        "tier": "T3", "reach": "region", "words": "Now public.", "told_words": TOLD, "about": ["metonitazene"],
        "version": row["version"], "hours": "48",
    }  # fmt: skip
    wrong = world.as_(CHEMIST).post(f"/alerts/{row['id']}/edit", data={**form, "hours": "soon"})
    assert wrong.status_code == 422
    assert "Now public." in wrong.text
    kept = world.as_(CHEMIST).post(f"/alerts/{row['id']}/edit", data=form)
    assert kept.status_code == 303, kept.text
    now = lab.read(lambda s: s.get(Alert, UUID(row["id"])))
    assert (now.tier, now.reach, now.region, now.words) == (Tier.T3, Reach.REGION, "North East", "Now public.")
    through(world, row, ("submit", CHEMIST))
    late = world.as_(CHEMIST).post(f"/alerts/{row['id']}/edit", data={**form, "version": now.version + 1})
    assert late.status_code == 409
