"""Tasks: what rules ask of staff, a danger added by an amendment, the tick, and who sees what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.laboratory.readings.domain import AnalysisStatus
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.live import EventRow
from app.results import service
from app.results.domain import Action, ChangeReason
from app.results.finding import NewFinding
from app.results.view import ResultView
from harm_messages.content import Effective
from harm_messages.vocabulary import StripReading
from tests.app.consultations.conftest import Desk

CHEMIST, VERIFIER, LEAD, WORKER = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())


def tasks(world: Any, sample_id: Any, role: Role = LEAD) -> list[dict[str, Any]]:
    answer = world.as_(role).get(f"/api/v1/samples/{sample_id}/tasks")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def close(world: Any, task: dict[str, Any], role: Role = LEAD, words: str = "") -> Any:
    url = f"/api/v1/tasks/{task['id']}/close"
    return world.as_(role).post(url, json={"words": words}, headers={"If-Match": f'"{task["version"]}"'})


def amended(lab: Desk, view: ResultView, *found: str) -> ResultView:
    """Amended to these findings and released again."""
    draft = lab.act(view, "amend", CHEMIST, reason="GC-MS came back", change_reason=ChangeReason.MORE_TESTS)
    ran = lab.analysis(view.result.sample_id, "gc_ms")
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        named = [NewFinding(one, analysis_ids=(ran,)) for one in found]
        draft = service.set_findings(uow, draft.result.id, named, draft.result.version, pack=lab.runtime.pack)
    return lab.finish(draft)


# -- what rules ask of staff ------------------------------------------------------------------------------------


def test_the_lead_is_told_as_soon_as_it_is_submitted_and_once(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("heroin",))
    ran = lab.analysis(sample_id, "gc_ms")
    view = lab.draft(sample_id, NewFinding("metonitazene", analysis_ids=(ran,)))
    assert tasks(world, sample_id) == []
    view = lab.act(view, "submit", CHEMIST)
    asked = tasks(world, sample_id)
    assert [t["kind"] for t in asked] == ["tell_lead", "propose_alert", "propose_alert", "confirm"], "urgent first"
    assert "not verified yet" in asked[0]["words"]
    assert [t["detail"]["tier"] for t in asked[1:3]] == ["T1", "T2"], "T1 is proposed whenever T2 is"
    assert all("It looks like metonitazene. Not confirmed." in t["words"] for t in asked[1:3])
    assert all("Lacking: A second, independent method." in t["words"] for t in asked[1:3])
    assert "found" not in asked[1]["words"]
    for action, by in (("verify", VERIFIER), ("release", LEAD)):
        view = lab.act(view, action, by)
    assert len(tasks(world, sample_id)) == 4, "the same cause asks once"
    assert not [t for t in tasks(world, sample_id) if "not verified" in t["words"]], "it says how it stands now"
    events = lab.read(lambda s: list(s.exec(select(EventRow).where(EventRow.topic == "task"))))
    kinds = ["task.opened"] * 4 + ["task.reworded"] * 3
    assert [(e.kind, e.session_id) for e in events] == [(kind, lab.session_id) for kind in kinds]
    assert "nitazene" not in str([e.payload for e in events]).lower()


def test_the_tick_says_by_whom_and_when_and_stands_everywhere(lab: Desk, world: Any, clock: Any) -> None:
    sample_id = lab.sample(("heroin",))
    lab.found(sample_id, NewFinding("metonitazene"))
    places = {
        CHEMIST: f"/bench/samples/{sample_id}", WORKER: f"/consultations/samples/{sample_id}",
        LEAD: f"/sessions/{lab.session_id}",
    }  # fmt: skip
    for role, path in places.items():
        told = world.as_(role).get(path).text
        assert ("Tell the session lead now" in told) is (role is not LEAD), role
        assert ("Urgent finding" in told) is (role is LEAD), "nobody is asked to tell themselves"
    assert '<span class="count">4</span>' in world.as_(LEAD).get(places[LEAD]).text
    clock.advance(minutes=4)
    task = next(t for t in tasks(world, sample_id) if t["kind"] == "tell_lead")
    form = {"version": task["version"], "back": "bench"}
    done = world.as_(CHEMIST).post(f"/tasks/{task['id']}/close", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/bench/samples/{sample_id}#tasks")
    for role, path in places.items():
        assert "done by Chemist Own, " in world.as_(role).get(path).text, role
    assert '<span class="count">3</span>' in world.as_(LEAD).get(places[LEAD]).text
    again = world.as_(CHEMIST).post(f"/tasks/{task['id']}/close", data=form)
    assert again.status_code == 409
    assert "Someone has done this already" in again.text
    entry = lab.read(lambda s: s.exec(select(AuditEntry).where(AuditEntry.verb == "close")).one())
    assert (entry.object_type, entry.object_id) == ("task", task["id"])


def test_an_alert_that_is_not_needed_says_why(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("heroin",))
    lab.found(sample_id, NewFinding("metonitazene"))
    task = next(t for t in tasks(world, sample_id) if t["kind"] == "propose_alert")
    assert close(world, task, CHEMIST).status_code == 422
    assert close(world, task, WORKER, "no").status_code == 422, "for the bench and the lead"
    assert close(world, task, CHEMIST, "Raised this morning already.").json()["closed_by"] == "Chemist Own"


def test_reception_sees_that_something_is_to_be_done_and_not_what_was_found(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("heroin",))
    lab.found(sample_id, NewFinding("metonitazene"))
    board = world.as_(Role.RECEPTION).get(f"/sessions/{lab.session_id}").text
    part = board.split('id="tasks"')[1].split("</section>")[0]
    assert "Tell the session lead now" in part
    assert "nitazene" not in part.lower()
    assert world.as_(Role.RECEPTION).get(f"/api/v1/samples/{sample_id}/tasks").status_code == 403


# -- a danger added by an amendment -----------------------------------------------------------------------------


def test_a_danger_added_later_is_a_task_for_the_lead_with_all_they_need(lab: Desk, world: Any, clock: Any) -> None:
    sample_id = lab.sample(("mdma",))
    first = lab.found(sample_id, NewFinding("mdma"))
    lab.see(sample_id)
    clock.advance(minutes=7)
    lab.staff(sample_id)
    clock.advance(minutes=1)
    talked = {"outcomes": [{"intention": "take_less"}]}
    world.as_(WORKER).post(f"/api/v1/samples/{sample_id}/consultations", json=talked)
    clock.advance(hours=1)
    world.clients.clear()  # who was signed in is not any more
    second = amended(lab, first, "mdma", "pma")
    task = next(t for t in tasks(world, sample_id) if t["kind"] == "amended")
    detail = task["detail"]
    number = lab.row(sample_id).number
    assert (detail["number"], f"sample {number:03d} was amended" in task["words"]) == (number, True)
    assert "MDMA, as you expected" in detail["before"]
    assert "PMA" in detail["after"]
    assert any("always warned of" in why for why in detail["why"])
    assert [line.rpartition(", ")[0] for line in detail["shown"]] == [
        "the client, on their own screen", "Health_Worker Own (staff)",
        "the client, told in person by Health_Worker Own",
    ]  # fmt: skip
    assert second.result.number == 2
    page = lab.page(sample_id)
    assert "We did more tests." in page, "the client reads why"
    for role in (CHEMIST, VERIFIER, WORKER):
        assert close(world, task, role, "phoned").status_code == 422, "for the session lead"
    assert close(world, task).status_code == 422, "what was done is said"
    done = close(world, task, LEAD, "Found them at the bar and told them.").json()
    assert (done["closed_words"], done["closed_by"]) == ("Found them at the bar and told them.", "Session_Lead Own")
    board = world.as_(LEAD).get(f"/sessions/{lab.session_id}").text
    assert "Found them at the bar" in board


def test_a_page_nobody_saw_says_so(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("mdma",))
    amended(lab, lab.found(sample_id, NewFinding("mdma")), "mdma", "pma")
    task = next(t for t in tasks(world, sample_id) if t["kind"] == "amended")
    assert "Nobody had seen its page before." in task["words"]
    assert task["detail"]["shown"] == []
    assert "nobody" in world.as_(LEAD).get(f"/sessions/{lab.session_id}").text


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        (("mdma",), ("mdma", "caffeine"), False),
        (("mdma", "pma"), ("mdma",), False),
        (("caffeine",), ("heroin",), True),
        (("heroin", "metonitazene"), ("heroin", "metonitazene", "pma"), True),
    ],
)
def test_only_an_added_danger_opens_it(
    lab: Desk, world: Any, before: tuple[str, ...], after: tuple[str, ...], opens: bool
) -> None:
    sample_id = lab.sample(("mdma",))
    first = lab.found(sample_id, *(NewFinding(one) for one in before))
    amended(lab, first, *after)
    assert any(t["kind"] == "amended" for t in tasks(world, sample_id)) == opens


def test_a_second_danger_in_a_third_version_asks_again(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("mdma",))
    view = amended(lab, lab.found(sample_id, NewFinding("mdma")), "mdma", "pma")
    amended(lab, view, "mdma", "pma", "metonitazene")
    kinds = [t["kind"] for t in tasks(world, sample_id)]
    assert kinds.count("amended") == 2
    assert kinds.count("tell_lead") == 2, "another rule asks it"


# -- what strips and tests ask of the bench ---------------------------------------------------------------------


def strip(lab: Desk, sample_id: Any, reading: StripReading, target: str = "opioid.nitazene", **more: Any) -> Any:
    return lab.analysis(sample_id, "strip", strip_target=target, strip_reading=reading, **more)


def words_of(world: Any, sample_id: Any, kind: str) -> list[str]:
    return [t["words"] for t in tasks(world, sample_id) if t["kind"] == kind]


def test_a_test_that_gave_nothing_is_work_for_the_bench_and_one_that_still_runs_is_none(lab: Desk, world: Any) -> None:
    for how, kind, words in (
        ({"status": AnalysisStatus.REPEAT}, "test_again", "GC-MS gave nothing to rely on. Run it again."),
        ({"status": AnalysisStatus.INSTRUMENT_FAULT}, "test_again", "GC-MS gave nothing to rely on. Run it again."),
        ({"status": AnalysisStatus.INSUFFICIENT_SAMPLE}, "more_sample", "There was too little for GC-MS."),
        ({"read_by_hand": False}, "", ""),
    ):
        sample_id = lab.sample(("mdma",))
        ran = lab.analysis(sample_id, "ftir")
        lab.analysis(sample_id, "gc_ms", **how)
        lab.act(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))), "submit", CHEMIST)
        asked = [t["kind"] for t in tasks(world, sample_id) if "GC-MS" in t["words"] and words in t["words"]]
        assert asked == ([kind] if kind else [])
        assert words in world.as_(LEAD).get(f"/sessions/{lab.session_id}").text


@pytest.mark.parametrize("reading", [StripReading.INVALID, StripReading.FAINT])
def test_a_strip_that_cannot_be_read_is_repeated_and_is_not_tested_on_the_page(
    lab: Desk, world: Any, reading: StripReading
) -> None:
    sample_id = lab.sample(("mdma",))
    ran = lab.analysis(sample_id, "ftir")
    strip(lab, sample_id, reading)
    lab.finish(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))))
    assert "Repeat the strip for nitazenes" in words_of(world, sample_id, "strip_again")[0]


@pytest.mark.parametrize("status", ["repeat", "contaminated", "instrument_fault"])
def test_a_strip_whose_run_failed_reaches_the_page_as_not_tested_whatever_it_showed(
    lab: Desk, world: Any, status: str
) -> None:
    sample_id = lab.sample(("mdma",))
    ran = lab.analysis(sample_id, "ftir")
    strip(lab, sample_id, StripReading.NEGATIVE, status=AnalysisStatus(status))
    lab.finish(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))))
    page = " ".join(re.sub(r"<[^>]+>", " ", lab.page(sample_id)).split())
    assert "Not tested here: nitazenes." in page
    assert "did not react" not in page
    assert "Repeat the strip for nitazenes" in words_of(world, sample_id, "strip_again")[0]


def test_better_evidence_rewords_the_open_task_and_asks_again_once_it_was_closed(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("heroin",))
    read = strip(lab, sample_id, StripReading.POSITIVE)
    view = lab.finish(lab.draft(sample_id, NewFinding(None, "opioid.nitazene", analysis_ids=(read,))))
    first = {t["detail"]["tier"]: t for t in tasks(world, sample_id) if t["kind"] == "propose_alert"}
    assert (first["T1"]["detail"]["held"], first["T2"]["detail"]["held"]) == (False, True)
    close(world, first["T1"], LEAD, "Only a strip.")
    amended(lab, view, "metonitazene")
    now = [t for t in tasks(world, sample_id) if t["kind"] == "propose_alert"]
    assert [(t["detail"]["tier"], t["closed_at"] is None) for t in now if t["detail"]["tier"] == "T1"] == [
        ("T1", True), ("T1", False),
    ]  # fmt: skip
    (second,) = [t for t in now if t["detail"]["tier"] == "T2"]
    assert (second["id"], second["detail"]["held"]) == (first["T2"]["id"], False)
    assert "It looks like metonitazene" in second["words"]


def test_harm_and_a_second_sample_propose_the_second_tier_and_hold_the_third(lab: Desk, world: Any) -> None:
    def tiers(**more: Any) -> dict[str, bool]:
        sample_id = lab.sample(("mdma",), **more)
        by = (lab.analysis(sample_id, "gc_ms"), lab.analysis(sample_id, "ftir"))
        lab.finish(lab.draft(sample_id, NewFinding("pma", analysis_ids=by)))
        asked = [t["detail"] for t in tasks(world, sample_id) if t["kind"] == "propose_alert"]
        return {one["tier"]: one["held"] for one in asked}

    assert tiers() == {"T1": False, "T2": False}
    assert tiers() == {"T1": False, "T2": False, "T3": True}, "the second sample with it"
    assert tiers(harm_event="overdose", form="tablet") == {"T1": False, "T2": False, "T3": True}


def test_a_pack_that_is_not_in_force_shuts_every_page_and_still_asks_staff(lab: Desk, world: Any) -> None:
    pack = lab.runtime.pack
    over = Effective.model_validate({"to": lab.runtime.now() - timedelta(days=1)})
    shut = replace(pack, manifest=pack.manifest.model_copy(update={"effective": over}))
    sample_id = lab.sample(("heroin",))
    ran = lab.analysis(sample_id, "gc_ms")
    view = lab.draft(sample_id, NewFinding("metonitazene", analysis_ids=(ran,)))
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        service.act(uow, view.result.id, Action.SUBMIT, pack=shut, if_match=view.result.version)
    asked = tasks(world, sample_id)
    assert [(t["kind"], t["detail"].get("tier")) for t in asked[:3]] == [
        ("tell_lead", None), ("propose_alert", "T1"), ("propose_alert", "T2"),
    ]  # fmt: skip
    assert "No message can be shown for this result now." in asked[0]["words"]
    assert "It looks like metonitazene. Not confirmed." in asked[1]["words"]
