"""What staff do to a client's page: kept, audited, told to the screens, counted; and what they cannot do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from app.care.consultations.domain import AdjustmentKind
from app.care.consultations.tables import PageAdjustment
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.live import EventRow
from app.results import service as results
from app.results.domain import ChangeReason
from app.results.finding import NewFinding

from .conftest import CHEMIST, LEAD, WORKER, Desk


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def url(sample_id: Any) -> str:
    return f"/api/v1/samples/{sample_id}/adjustments"


def told(lab: Desk) -> Any:
    """A sample with a grave card, a light one, and its page."""
    sample_id = lab.sample(("heroin",))
    lab.found(sample_id, NewFinding("heroin"), NewFinding("caffeine"))
    return sample_id


def cards(lab: Desk, world: Any, sample_id: Any) -> dict[str, str]:
    """Rule → severity of the cards that are on the worker's page."""
    lab.staff(sample_id)
    row = lab.shown(sample_id)[-1]
    got = world.as_(WORKER).get(f"/api/v1/samples/{sample_id}/shown/{row.id}").json()["page"]
    return {m["rule_id"]: m["severity"] for m in (*got["cards"], *got["more"])}


def light_and_grave(lab: Desk, world: Any, sample_id: Any) -> tuple[str, str]:
    found = cards(lab, world, sample_id)
    light = next(rule for rule, severity in found.items() if severity in ("S3", "S4"))
    grave = next(rule for rule, severity in found.items() if severity in ("S0", "S1", "S2"))
    return light, grave


def test_a_message_is_added_and_taken_out_on_the_clients_own_page_too(lab: Desk, world: Any) -> None:
    sample_id = told(lab)
    light, _ = light_and_grave(lab, world, sample_id)
    before = lab.see(sample_id)
    worker = world.as_(WORKER)
    out = worker.post(url(sample_id), json={"kind": "not_relevant", "target": light, "reason": "said_in_person"})
    added = worker.post(url(sample_id), json={"kind": "snippet", "target": "SN-CUT-DOWN"})
    assert (out.status_code, added.status_code) == (201, 201), (out.text, added.text)
    after = lab.see(sample_id)
    gone = {m["id"] for m in before["messages"]} - {m["id"] for m in after["messages"]}
    assert gone == {out.json()["message_id"]}
    assert {m["id"] for m in after["messages"]} - {m["id"] for m in before["messages"]} == {"M-SN-CUT-DOWN"}
    kinds = lab.read(
        lambda s: [(e.topic, e.kind) for e in s.exec(select(EventRow).where(EventRow.sample_id == sample_id))]
    )
    assert kinds.count(("client", "adjusted")) == 2
    entries = lab.read(lambda s: [e.after for e in s.exec(select(AuditEntry).where(AuditEntry.verb == "adjust"))])
    assert [(e["kind"], e["target"], e["reason"]) for e in entries] == [
        ("not_relevant", light, "said_in_person"), ("snippet", "SN-CUT-DOWN", None),
    ]  # fmt: skip
    assert worker.delete(f"{url(sample_id)}/{out.json()['id']}").status_code == 204
    assert gone <= {m["id"] for m in lab.see(sample_id)["messages"]}
    assert worker.delete(f"{url(sample_id)}/{out.json()['id']}").status_code == 409
    assert len(lab.read(lambda s: list(s.exec(select(PageAdjustment))))) == 2, "what was undone stays on record"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "not_relevant", "target": "{grave}", "reason": "wrong"}, "always stays on the page"),
        ({"kind": "not_relevant", "target": "{light}"}, "Say why it is not relevant"),
        ({"kind": "not_relevant", "target": "R-LIMITS-CORE", "reason": "wrong"}, "no such message"),
        ({"kind": "pin", "target": "R-NOWHERE"}, "no such message"),
        ({"kind": "snippet", "target": "SN-URGENT-ILL"}, "Only messages of the pack"),
        ({"kind": "snippet", "target": "You should ask for Dave"}, "Only messages of the pack"),
        ({"kind": "hide_everything", "target": "x"}, "kind"),
        ({"kind": "pin", "target": "{light}", "text": "free text"}, "text"),
    ],
)
def test_what_may_not_be_done_is_refused_in_a_sentence_and_the_page_stays(
    lab: Desk, world: Any, change: dict[str, str], words: str
) -> None:
    sample_id = told(lab)
    light, grave = light_and_grave(lab, world, sample_id)
    before = lab.see(sample_id)
    body = {key: value.format(light=light, grave=grave) for key, value in change.items()}
    got = world.as_(WORKER).post(url(sample_id), json=body)
    assert got.status_code == 422
    assert words in got.text
    assert lab.see(sample_id) == before
    form = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/adjust", data=body)
    if "text" not in change:
        assert form.status_code == 422
        assert "The page stays as it is." in form.text
    assert lab.read(lambda s: [a for a in s.exec(select(PageAdjustment)) if a.kind is not AdjustmentKind.PIN]) == []


def test_the_form_does_what_the_api_does_twice_is_once_and_no_script_is_needed(lab: Desk, world: Any) -> None:
    sample_id = told(lab)
    light, grave = light_and_grave(lab, world, sample_id)
    target = f"/consultations/samples/{sample_id}"
    page = world.as_(WORKER).get(f"{target}/adjust").text
    options = page.split('id="not_relevant-target"')[1].split("</select>")[0]
    assert light in options
    assert grave not in options, "what cannot be taken out is not offered"
    for _ in range(2):
        done = world.as_(WORKER).post(f"{target}/adjust", data={"kind": "pin", "target": light})
        assert (done.status_code, done.headers["location"]) == (303, f"{target}/adjust")
    rows = lab.read(lambda s: list(s.exec(select(PageAdjustment))))
    assert [(r.kind, r.target) for r in rows] == [("pin", light)]
    listed = world.as_(WORKER).get(f"{target}/adjust").text.split('id="adjust"')[1]
    assert "pinned by Health_Worker Own" in listed
    undo = re.search(r'name="adjustment" value="([^"]+)"', listed)
    assert undo is not None
    assert world.as_(WORKER).post(f"{target}/adjust/undo", data={"adjustment": undo.group(1)}).status_code == 303
    assert world.as_(WORKER).post(f"{target}/adjust/undo", data={"adjustment": "nonsense"}).status_code == 404


def test_a_new_version_of_the_result_begins_without(lab: Desk, world: Any) -> None:
    sample_id = told(lab)
    light, _ = light_and_grave(lab, world, sample_id)
    world.as_(WORKER).post(url(sample_id), json={"kind": "not_relevant", "target": light, "reason": "confuses"})
    view = lab.read(lambda s: results.latest(s, sample_id))
    lab.finish(lab.act(view, "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS))
    assert light in cards(lab, world, sample_id)
    assert world.as_(WORKER).get(url(sample_id)).json() == []


def test_with_a_self_report_on_the_screen_its_cards_are_offered_nowhere(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("ketamine",))
    lab.found(sample_id, NewFinding("ketamine"))
    page = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/with", data={"also": ["alcohol"]}).text

    def offered(text: str) -> set[str]:
        return set(re.findall(r'<option value="(R-[A-Z0-9-]+)"', text))

    assert 'data-origin="self_reported"' in page
    assert not offered(page), "the answer is the client's page alone"
    adjusting = offered(world.as_(WORKER).get(f"/consultations/samples/{sample_id}/adjust").text)
    assert adjusting
    assert not [rule for rule in adjusting if rule.startswith("R-PAIR")]


def test_without_a_page_there_is_nothing_to_adjust(lab: Desk, world: Any) -> None:
    got = world.as_(WORKER).post(url(lab.sample()), json={"kind": "snippet", "target": "SN-NALOXONE"})
    assert got.status_code == 409
    stranger = world.as_(WORKER, agency="other")
    assert stranger.post(url(told(lab)), json={"kind": "snippet", "target": "SN-NALOXONE"}).status_code == 404


# -- figures ----------------------------------------------------------------------------------------------------


def test_rates_count_results_and_not_looks(lab: Desk, world: Any, clock: Any) -> None:
    ids = [told(lab) for _ in range(3)]
    light, grave = light_and_grave(lab, world, ids[0])
    worker = world.as_(WORKER)
    for sample_id in ids:
        for _ in range(2):
            lab.staff(sample_id)
            lab.see(sample_id)
    for sample_id, reason in zip(ids, ("confuses", "wrong"), strict=False):
        worker.post(url(sample_id), json={"kind": "not_relevant", "target": light, "reason": reason})
        lab.see(sample_id)
    undone = worker.post(url(ids[2]), json={"kind": "not_relevant", "target": light, "reason": "wrong"}).json()
    worker.delete(f"{url(ids[2])}/{undone['id']}")
    answer = world.as_(LEAD).get("/api/v1/override-rates").json()
    rates = {row["rule"]: row for row in answer["rows"]}
    assert (rates[light]["taken_out"], rates[light]["shown"]) == (2, 3)
    assert grave not in rates, "of what can never be taken out a rate says nothing"
    assert rates[light]["reasons"] == {"confuses": 1, "wrong": 1}
    assert rates[light]["share"] is None, "of three results no share is printed"
    assert "counts once" in answer["definition"]
    page = world.as_(Role.CLINICIAN).get("/consultations/overrides").text
    assert "2 of 3" in page
    assert "fewer than 20 results" in page
    clock.advance(days=8)
    world.clients.clear()
    assert world.as_(LEAD).get("/api/v1/override-rates?days=7").json()["rows"] == []
    assert world.as_(LEAD, agency="other").get("/api/v1/override-rates").json()["rows"] == []


def test_a_share_comes_with_its_interval_once_there_are_enough() -> None:
    from app.care.consultations.adjusting import RuleRate

    rate = RuleRate("R-X", "X", "S4", 40, 10, 0, {})
    assert rate.share == 0.25
    low, high = rate.interval or (0, 0)
    assert 0.14 < low < 0.25 < high < 0.41  # Wilson: 14.2 % to 40.2 %
    assert RuleRate("R-X", "X", "S4", 19, 10, 0, {}).interval is None


@pytest.mark.parametrize("take", ["theirs", "yours"])
def test_of_two_who_change_one_message_the_second_sees_both_and_chooses(lab: Desk, world: Any, take: str) -> None:
    sample_id = told(lab)
    light, _ = light_and_grave(lab, world, sample_id)
    page, worker, lead = f"/consultations/samples/{sample_id}/adjust", world.as_(WORKER), world.as_(LEAD)
    seen = re.findall(r'name="seen" value="([^"]*)"', worker.get(page).text)[0]
    form = {"kind": "not_relevant", "target": light, "seen": seen}
    assert lead.post(page, data={**form, "reason": "known_already"}).status_code == 303
    clash = worker.post(page, data={**form, "reason": "wrong"})
    assert clash.status_code == 409
    assert "Someone else changed the same message first." in clash.text
    sides = clash.text.split('<dl class="sides">')[1].split("</dl>")[0]
    assert re.search(r"Theirs.*Marked not relevant: they know it already, by Session_Lead Own at \d\d:\d\d", sides)
    assert "Marked not relevant: it seems wrong." in sides.split("Yours")[1]
    chosen = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"',
            clash.text.split('id="clash"')[1].partition("</form>")[0],
        )
    )
    assert worker.post(page, data={**chosen, "take": ""}).status_code == 409, "nothing is chosen yet"
    assert worker.post(page, data={**chosen, "take": take}).status_code == 303
    rows = lab.read(lambda s: list(s.exec(select(PageAdjustment).where(PageAdjustment.undone_at.is_(None)))))  # type: ignore[union-attr]
    assert [row.reason.value for row in rows if row.reason] == ["known_already" if take == "theirs" else "wrong"]


def test_what_someone_else_undid_first_is_told_on_the_page(lab: Desk, world: Any) -> None:
    sample_id = told(lab)
    page, worker = f"/consultations/samples/{sample_id}/adjust", world.as_(WORKER)
    worker.post(page, data={"kind": "snippet", "target": "SN-CUT-DOWN", "seen": "- "})
    key = re.findall(r'name="adjustment" value="([^"]+)"', worker.get(page).text)[0]
    assert world.as_(LEAD).post(f"{page}/undo", data={"adjustment": key}).status_code == 303
    late = worker.post(f"{page}/undo", data={"adjustment": key})
    assert late.status_code == 409
    assert "This was undone already." in late.text
    assert "Add a message" in late.text, "the page itself, to go on"
