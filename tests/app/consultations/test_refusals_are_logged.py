"""H1: every refused attempt to change a client's page is one entry with a code, and nothing anybody typed is anywhere."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from app.care.consultations.domain import Tried, WhyRefused
from app.platform.audit import AuditEntry, verify
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from tests.support import logs, traces
from tests.support.staged import either_database

from .conftest import CHEMIST, LEAD, WORKER, Desk
from .test_adjusting_pages import light_and_grave
from .test_urgent import another

database = either_database  # both kinds matter here

SENTINEL = "quillwort-mallow-31"
MARK = traces.spellings(SENTINEL)


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    with logs.captured() as text:
        yield text


def refusals(lab: Desk) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.verb == "refuse").order_by(col(AuditEntry.seq))
    return lab.read(lambda s: list(s.exec(query)))


class Attempts:
    """Attempts that are refused, and the entry each is to leave: (tried, rule or snippet, code)."""

    def __init__(self, lab: Desk, world: Any) -> None:
        self.lab, self.world = lab, world
        self.sample = lab.sample(("heroin",))
        lab.found(self.sample, NewFinding("heroin"), NewFinding("caffeine"))
        self.light, self.grave = light_and_grave(lab, world, self.sample)
        self.expected: list[tuple[str, str, str]] = []

    def leaves(self, answer: Any, status: int, tried: Tried, rule: str, why: WhyRefused) -> None:
        assert answer.status_code == status, answer.text
        self.expected.append((tried.value, rule, why.value))
        found = [(e.after["tried"], e.after["rule"], e.after["why"]) for e in refusals(self.lab) if e.after]
        assert found == self.expected, "exactly one entry for each"

    def of_kind(self, kind: str) -> list[str]:
        """Rules of what stands on the page beside its cards."""
        row = self.lab.shown(self.sample)[-1]
        page = self.world.as_(WORKER).get(f"/api/v1/samples/{self.sample}/shown/{row.id}").json()["page"]
        parts = page[kind] if kind != "emergency" else [m for line in page[kind] for m in line["parts"]]
        return [m["rule_id"] or m["id"] for m in parts]

    def adjust(self, role: Role, status: int, why: WhyRefused, rule: str | None = None, **body: Any) -> None:
        """Over the API and by the form."""
        tried = Tried(body["kind"]) if body["kind"] in set(Tried) else Tried.ADJUST
        kept = body["target"] if rule is None else rule
        client = self.world.as_(role)
        over_api = client.post(f"/api/v1/samples/{self.sample}/adjustments", json=body)
        self.leaves(over_api, status, tried, kept, why)
        by_form = client.post(f"/consultations/samples/{self.sample}/adjust", data=body)
        self.leaves(by_form, status, tried, kept, why)


def test_every_refused_adjustment_leaves_one_entry(
    lab: Desk, world: Any, tmp_path: Path, logged: Callable[[], str]
) -> None:
    at = Attempts(lab, world)
    out: dict[str, Any] = {"kind": "not_relevant", "reason": "wrong"}
    at.adjust(WORKER, 422, WhyRefused.TOO_GRAVE, target=at.grave, **out)
    at.adjust(WORKER, 422, WhyRefused.ALWAYS_STAYS, target=at.of_kind("limits")[0], **out)
    at.adjust(WORKER, 422, WhyRefused.ALWAYS_STAYS, target=at.of_kind("emergency")[0], **out)
    at.adjust(WORKER, 422, WhyRefused.UNKNOWN_RULE, rule="", target=f"R-{SENTINEL}", **out)
    elsewhere = next(r.id for r in lab.runtime.pack.rules if "LSD" in r.id)
    at.adjust(WORKER, 422, WhyRefused.NOT_ON_PAGE, target=elsewhere, **out)
    at.adjust(WORKER, 422, WhyRefused.AT_THE_TOP, kind="pin", target=at.grave)
    at.adjust(WORKER, 422, WhyRefused.UNKNOWN_SNIPPET, rule="", kind="snippet", target=SENTINEL)
    at.adjust(CHEMIST, 403, WhyRefused.NOT_ALLOWED, target=at.light, **out)
    api = f"/api/v1/samples/{at.sample}/adjustments"
    worker = world.as_(WORKER)
    typed = {"kind": "not_relevant", "target": at.light, "reason": SENTINEL}
    at.leaves(worker.post(api, json=typed), 422, Tried.NOT_RELEVANT, at.light, WhyRefused.NOT_UNDERSTOOD)
    form = f"/consultations/samples/{at.sample}/adjust"
    at.leaves(worker.post(form, data=typed), 422, Tried.NOT_RELEVANT, at.light, WhyRefused.NO_REASON)
    other = {"kind": SENTINEL, "target": SENTINEL}
    at.leaves(worker.post(api, json=other), 422, Tried.ADJUST, "", WhyRefused.NOT_UNDERSTOOD)
    at.leaves(worker.post(form, data=other), 422, Tried.ADJUST, "", WhyRefused.UNKNOWN_KIND)
    at.leaves(worker.post(api, content=b"{", headers={"Content-Type": "application/json"}), 422, Tried.ADJUST, "",
              WhyRefused.NOT_UNDERSTOOD)  # fmt: skip
    made = worker.post(api, json={"kind": "snippet", "target": "SN-NALOXONE"}).json()
    assert worker.delete(f"{api}/{made['id']}").status_code == 204
    at.leaves(worker.delete(f"{api}/{made['id']}"), 409, Tried.UNDO, "", WhyRefused.UNDONE_ALREADY)
    undo = worker.post(f"{form}/undo", data={"adjustment": SENTINEL})
    at.leaves(undo, 404, Tried.UNDO, "", WhyRefused.NOT_FOUND)
    for entry in refusals(lab):
        assert entry.object_type == "page"
        assert entry.object_id == str(lab.shown(at.sample)[-1].result_id), "the version it was about"
        assert entry.after is not None
        assert entry.after["version"] == 1
        assert entry.actor_id in {str(world.actors[role].person_id) for role in (WORKER, CHEMIST)}
    at.sample = lab.sample()
    at.adjust(WORKER, 409, WhyRefused.NO_PAGE, kind="snippet", target="SN-NALOXONE")
    foreign = world.as_(WORKER, agency="other").post(api, json={"kind": "snippet", "target": "SN-NALOXONE"})
    at.leaves(foreign, 404, Tried.SNIPPET, "SN-NALOXONE", WhyRefused.NOT_FOUND)
    assert refusals(lab)[-1].object_id == "", "nothing of another agency stands in the entry"
    nothing_typed_is_anywhere(lab, tmp_path, logged)


def test_every_refused_urgent_message_leaves_one_entry(
    lab: Desk, world: Any, clock: Any, tmp_path: Path, logged: Callable[[], str]
) -> None:
    at = Attempts(lab, world)
    api, page, why = "/api/v1/urgent-messages", "/consultations/urgent", {"why": f"Because {SENTINEL}."}
    good = {"session_id": str(lab.session_id), "snippet": "SN-URGENT-ILL", "hours": 12}
    worker, lead = world.as_(WORKER), world.as_(LEAD)

    def asking(status: int, code: WhyRefused, body: dict[str, Any], form_code: WhyRefused | None = None) -> None:
        kept = str(body.get("snippet", "")) if body.get("snippet") == good["snippet"] else ""
        at.leaves(worker.post(api, json=body), status, Tried.ASK_URGENT, kept, code)
        at.leaves(worker.post(page, data=body), 422, Tried.ASK_URGENT, kept, form_code or code)

    asking(422, WhyRefused.UNKNOWN_SNIPPET, {**good, **why, "snippet": SENTINEL})
    asking(422, WhyRefused.UNKNOWN_LENGTH, {**good, **why, "hours": 13})
    asking(422, WhyRefused.NO_REASON, {**good, "why": " "})
    asking(422, WhyRefused.NOT_UNDERSTOOD, {**good, **why, "session_id": SENTINEL}, WhyRefused.NO_SESSION)
    asked = {**good, **why, "session_id": str(uuid.uuid4())}
    at.leaves(worker.post(api, json=asked), 404, Tried.ASK_URGENT, "SN-URGENT-ILL", WhyRefused.NOT_FOUND)
    chemist = world.as_(CHEMIST).post(api, json={**good, **why})
    at.leaves(chemist, 403, Tried.ASK_URGENT, "SN-URGENT-ILL", WhyRefused.NOT_ALLOWED)

    def step(client: Any, row: dict[str, Any], status: int, tried: Tried, code: WhyRefused, **body: Any) -> None:
        verb = "stop" if tried is Tried.STOP_URGENT else "approve"
        url = f"{api}/{row['id']}/{verb}"
        over_api = client.post(url, headers={"If-Match": f'"{row["version"]}"'}, **({"json": body} if body else {}))
        at.leaves(over_api, status, tried, "SN-URGENT-ILL", code)
        by_form = client.post(f"{page}/{row['id']}/{verb}", data={"version": row["version"], **body})
        at.leaves(by_form, status, tried, "SN-URGENT-ILL", code)

    def requested(text: str = "Two people collapsed.") -> dict[str, Any]:
        got = worker.post(api, json={**good, "why": text})
        assert got.status_code == 201, got.text
        return dict(got.json())

    row, approving = requested(), Tried.APPROVE_URGENT
    step(worker, row, 409, approving, WhyRefused.OWN_REQUEST)
    step(lead, {**row, "version": 99}, 412, approving, WhyRefused.STALE)
    at.leaves(lead.post(f"{api}/{row['id']}/approve"), 428, approving, "SN-URGENT-ILL", WhyRefused.NOT_UNDERSTOOD)
    at.leaves(
        world.as_(CHEMIST).post(f"{api}/{row['id']}/approve"), 403, approving, "SN-URGENT-ILL", WhyRefused.NOT_ALLOWED
    )
    colleague = another(world, WORKER)
    assert colleague.post(f"{api}/{row['id']}/approve", headers={"If-Match": '"1"'}).status_code == 200
    row["version"] = 2
    step(colleague, row, 409, approving, WhyRefused.APPROVED_ALREADY)
    step(another(world, WORKER), row, 409, approving, WhyRefused.NEEDS_SENIOR)
    step(lead, row, 422, Tried.STOP_URGENT, WhyRefused.NO_REASON, why=" ")
    lead.post(f"{api}/{row['id']}/approve", headers={"If-Match": '"2"'})
    row["version"] = 3
    step(another(world, LEAD), row, 409, approving, WhyRefused.NOT_WAITING)
    nobodys = {"id": str(uuid.uuid4()), "version": 1}
    missing = lead.post(f"{api}/{nobodys['id']}/approve", headers={"If-Match": '"1"'})
    at.leaves(missing, 404, approving, "", WhyRefused.NOT_FOUND)
    late = requested()
    clock.advance(hours=25)
    world.clients.clear()
    worker, lead = world.as_(WORKER), world.as_(LEAD)
    step(lead, late, 409, approving, WhyRefused.LAPSED)
    step(lead, row, 409, Tried.STOP_URGENT, WhyRefused.OVER, why=SENTINEL)
    assert refusals(lab)[-1].object_id == row["id"]
    nothing_typed_is_anywhere(lab, tmp_path, logged)


def nothing_typed_is_anywhere(lab: Desk, folder: Path, logged: Callable[[], str]) -> None:
    text = logged()
    assert "audit_entry" in text, "the log was really captured"
    assert not MARK.search(text)
    for where, content in (*traces.in_files(folder), *traces.in_rows(lab.runtime.db)):
        assert not MARK.search(content), where
    with lab.runtime.db.read() as session:
        assert verify(session, lab.runtime.db.audit_key).broken_at is None


def test_the_rates_count_what_was_refused_beside_what_was_granted(lab: Desk, world: Any, clock: Any) -> None:
    at = Attempts(lab, world)
    out: dict[str, Any] = {"kind": "not_relevant", "reason": "wrong"}
    at.adjust(WORKER, 422, WhyRefused.TOO_GRAVE, target=at.grave, **out)
    at.adjust(WORKER, 422, WhyRefused.UNKNOWN_RULE, rule="", target="R-NOTHING", **out)
    api = f"/api/v1/samples/{at.sample}/adjustments"
    assert world.as_(WORKER).post(api, json={"target": at.light, **out}).status_code == 201
    assert len(refusals(lab)) == 4, "what was granted leaves no refusal"
    rates = {row["rule"]: row for row in world.as_(LEAD).get("/api/v1/override-rates").json()["rows"]}
    grave, light, nameless = rates[at.grave], rates[at.light], rates[""]
    assert (grave["refused"], grave["refused_why"]) == (2, {"too_grave": 2})
    assert (grave["shown"], grave["taken_out"], grave["share"]) == (1, 0, None)
    assert (light["refused"], light["refused_why"], light["taken_out"]) == (0, {}, 1)
    assert nameless["refused_why"] == {"unknown_rule": 2}
    page = world.as_(Role.CLINICIAN).get("/consultations/overrides").text
    assert "of a weight that always stays: 2" in page
    assert "No message of the pack" in page
    assert not world.as_(LEAD, agency="other").get("/api/v1/override-rates").json()["rows"]
    clock.advance(days=8)
    world.clients.clear()
    assert world.as_(LEAD).get("/api/v1/override-rates?days=7").json()["rows"] == []
