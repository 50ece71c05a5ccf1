"""The report of a session: every number by an independent count, and who may read it."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest

from app.intake.custody.tables import CustodyEvent
from app.platform.kernel.actor import Role
from tests.support.road import Road, ok
from tests.support.writes import Stage

BROWSER = {"Accept": "text/html"}
LEAD = Role.SESSION_LEAD

Cells = dict[tuple[str, str, str], str]


@pytest.fixture
def road(world: Any) -> Road:
    return Stage(world).road


def read(world: Any, session_id: str, **params: str) -> Cells:
    """The CSV of the report as (table, row, column) → value, or the words why it is withheld."""
    answer = world.as_(LEAD).get(f"/sessions/{session_id}/report.csv", params=params)
    assert answer.status_code == 200, answer.text
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    return {(r["table"], r["row"], r["column"]): r["value"] or r["withheld"] for r in lines}


def table(cells: Cells, title: str) -> dict[tuple[str, str], str]:
    return {(row, column): value for (name, row, column), value in cells.items() if name == title}


def released(road: Road, expected: list[str], *found: str, **more: Any) -> str:
    """A released sample in which these were found."""
    sample = road.register(expected=expected, **more)
    runs = [road.analysis(sample, method="gc_ms")]
    result = road.post("chemist", f"/api/v1/samples/{sample}/results")
    findings = [{"substance": one, "abundance": "major", "analyses": runs} for one in found]
    put = road.as_("chemist").request(
        "PUT", f"/api/v1/results/{result['id']}/findings", json={"findings": findings},
        headers={"If-Match": f'"{result["version"]}"'},
    )  # fmt: skip
    ok(put)
    road.finish(result["id"], put.headers["ETag"])
    return sample


def talk(road: Road, sample: str, *ticks: tuple[int, str, str], **more: Any) -> None:
    outcomes = [{"person_index": p, "moment": m, "intention": i} for p, m, i in ticks]
    road.post("health_worker", f"/api/v1/samples/{sample}/consultations", {"outcomes": outcomes, **more})


EXPECTED = "What was expected, and how the result compares"
INTEND = "What people plan to do"
HELP = "Consultations, naloxone, referrals, disposals"


def test_a_session_counted_by_hand(world: Any, road: Road) -> None:
    as_said = [released(road, ["mdma"], "mdma") for _ in range(2)]
    other = released(road, ["mdma"], "eutylone")
    released(road, ["cocaine"], "cocaine", "levamisole")
    released(road, ["ketamine", "cocaine"], "ketamine", "cocaine")
    road.register(expected=[], intent="unknown")
    gone = road.register(expected=["mdma"], received_mg=30)
    road.post("reception", f"/api/v1/samples/{gone}/withdraw", {})
    talk(road, as_said[0], (1, "before", "take_as_planned"), (1, "after", "take_less"), (2, "after", "take_less"),
         group_size=2, minutes=9, naloxone_given=True, referral="drug_service")  # fmt: skip
    talk(road, other, (1, "after", "disposed_here_verified"), (1, "after", "will_not_take"), naloxone_given=False)

    cells = read(world, road.session_id)
    samples = {row: value for (row, _), value in table(cells, "Samples").items()}
    assert list(samples.values()) == ["7", "1", "5", "5", "2", "0"]
    expected = table(cells, EXPECTED)
    assert [expected["MDMA", c] for c in ("Samples", "As expected", "Partly or not as expected")] == ["3", "2", "1"]
    assert expected["not known", "No result, or nothing to compare it with"] == "1"
    assert expected["Cocaine", "Samples"] == expected["a mixture, or several things", "Samples"] == "1"
    assert [expected["All", c] for c in ("Samples", "As expected")] == ["6", "3"]
    unexpected = table(cells, "Found though not expected")
    assert (unexpected["Eutylone", "How"], unexpected["Eutylone", "Expected to be"]) == ("instead of it", "MDMA")
    assert unexpected["Levamisole", "Samples"] == "1"
    intend = table(cells, INTEND)
    assert [intend["Will take less", c] for c in ("Before the result", "After the result")] == ["0", "2"]
    assert [intend["People asked", c] for c in ("Before the result", "After the result")] == ["1", "3"]
    said = {row: value for (row, _), value in table(cells, HELP).items()}
    assert (said["Consultations"], said["People in them"], said["Naloxone given"]) == ("2", "3", "1")
    assert said["Consultations with an answer about naloxone"] == "2"
    assert said["Referred to: Drug and alcohol service"] == said["People who handed the rest in to be destroyed"] == "1"
    staff = {row: value for (row, _), value in table(cells, "Staff on duty").items()}
    assert staff == dict.fromkeys(("Reception", "Chemist", "Verifier", "Health worker", "Session lead"), "1") | {
        "All": "5"
    }


def test_a_retracted_result_counts_as_none_and_an_amended_one_by_the_version_that_stands(
    world: Any, road: Road
) -> None:
    sample, result, etag = road.released()
    road.step("session_lead", result, "retract", etag, reason="mixed up", change_reason="mix_up")
    cells = table(read(world, road.session_id), "Samples")
    assert cells["Retracted", "Samples"] == "1"
    assert table(read(world, road.session_id), EXPECTED)["MDMA", "No result, or nothing to compare it with"] == "1"

    other, result, etag = road.released()
    road.step("chemist", result, "amend", etag, reason="more tests", change_reason="more_tests")
    assert sample != other
    assert table(read(world, road.session_id), EXPECTED)["MDMA", "As expected"] == "1", "the old one is still shown"


def test_back_of_house_the_verified_version_counts(world: Any) -> None:
    road = Road(Stage(world).client, str(world.session(licence="boh_no_individual_results", client_lookup=False)))
    road.verified()
    cells = read(world, road.session_id)
    assert table(cells, EXPECTED)["MDMA", "As expected"] == "1"
    assert table(cells, "Samples")["Released", "Samples"] == "0"


def test_every_milligram_is_somewhere_and_what_is_open_is_named(world: Any, road: Road) -> None:
    whole = road.register(received_mg=40)
    half = road.register(received_mg=10.5)
    road.register()
    witness = str(world.actors[Role.VERIFIER].person_id)
    for line in ({"kind": "consumed", "mg": 12.5}, {"kind": "destroyed", "mg": 27.5, "witness_id": witness}):
        road.post("chemist", f"/api/v1/samples/{whole}/custody", line)
    with world.runtime.db.begin() as uow:  # as an older version wrote it: nobody watched
        uow.session.add(
            CustodyEvent(
                sample_id=uuid.UUID(half), kind="destroyed", mg=4.5, at=uow.now, by_id=world.actors[LEAD].person_id
            )
        )
    cells = read(world, road.session_id)
    assert list(table(cells, "Custody balance").values()) == ["50.5", "12.5", "32.0", "0.0", "0.0", "0.0", "6.0"]
    gaps = table(cells, "Gaps in the ledgers")
    assert sorted(gaps) == [("002 (1)", "What is open"), ("002 (2)", "What is open")]
    assert set(gaps.values()) == {
        "4.5 mg destroyed without a witness", "6 mg still here, or not written down where it went"
    }  # fmt: skip


def test_alerts_pages_instruments_and_batches_are_named(world: Any, road: Road) -> None:
    stage = Stage(world)
    stage.road.session_id = road.session_id
    sample, _, _ = road.released()
    notice = {"tier": "T1", "session_id": road.session_id, "words": "Red hearts.", "classes": ["opioid.nitazene"]}
    for words in ("Red hearts.", "Blue stars."):
        raised = road.post("chemist", "/api/v1/alerts", {**notice, "words": words})
    headers = {"If-Match": f'"{raised["version"]}"'}
    road.post("session_lead", f"/api/v1/alerts/{raised['id']}/retract", {"reason": "A mistake."}, headers=headers)
    machine = road.post(
        "chemist",
        "/api/v1/instruments",
        {"name": "Old one", "method": "gc_ms", "certificate_due": "2020-01-01T00:00:00Z"},
    )
    road.analysis(sample, method="gc_ms", instrument_id=machine["id"], batch="B7", qc_failed=True)

    cells = read(world, road.session_id)
    title = "Alerts: 2 raised, 1 retracted, 0 not yet in force"
    assert set(table(cells, title).values()) == {
        "Red hearts.", "Blue stars.", "Retracted: A mistake.", "Not retracted"
    }  # fmt: skip
    assert table(cells, "Instruments used while not in tolerance") == {
        ("Old one", "State"): "certificate expired", ("Old one", "Analyses"): "1"
    }  # fmt: skip
    assert table(cells, "Batches on hold")["B7", "Samples held back"] == "1"


def test_messages_taken_off_pages_are_counted_until_that_is_undone(world: Any, road: Road) -> None:
    sample, _, _ = road.released()
    worker = world.as_(Role.HEALTH_WORKER)
    body = {"kind": "snippet", "target": "SN-NALOXONE"}
    made = road.post("health_worker", f"/api/v1/samples/{sample}/adjustments", body)
    row = ("Messages added on pages", "Times")
    assert table(read(world, road.session_id), "Messages that staff changed")[row] == "1"
    ok(worker.delete(f"/api/v1/samples/{sample}/adjustments/{made['id']}"))
    assert table(read(world, road.session_id), "Messages that staff changed")[row] == "0"


def test_only_the_own_lead_reads_it(world: Any, road: Road) -> None:
    for url in (f"/sessions/{road.session_id}/report", f"/sessions/{road.session_id}/report.csv"):
        for role in set(Role) - {LEAD}:
            assert world.as_(role).get(url).status_code == 403, role
        assert world.as_(LEAD, agency="other").get(url).status_code == 404
        assert world.anonymous().get(url).status_code == 401
        assert world.as_(LEAD).get(url).status_code == 200
        assert world.as_(LEAD).get(url, params={"version": "everything"}).status_code == 422


def test_the_page_says_what_it_is_and_the_board_leads_to_it_for_a_lead_only(world: Any, road: Road) -> None:
    road.released()
    page = world.as_(LEAD).get(f"/sessions/{road.session_id}/report", headers=BROWSER).text
    assert "For this service only" in page
    assert "true counts" in page
    link = f'href="/sessions/{road.session_id}/report"'
    assert link in world.as_(LEAD).get(f"/sessions/{road.session_id}", headers=BROWSER).text
    assert link not in world.as_(Role.RECEPTION).get(f"/sessions/{road.session_id}", headers=BROWSER).text
