"""Who may have rows about samples: an approved project's researcher, and nobody else; all of it audited."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.care.counted import service as counted
from app.care.counted.tables import TrendFinding
from app.figures.exports import extract_job
from app.figures.exports.tables import ResearchExtract, ResearchPlacement
from app.intake.samples.tables import Sample
from app.operations.retention import purge
from app.platform.audit import verify
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict
from tests.app.conftest import World, people_of
from tests.app.exports.conftest import Projects
from tests.support.clock import SettableClock
from tests.support.road import ok

APPROVE = (Role.SESSION_LEAD, Role.ADMIN)


def verbs(world: World, kind: str) -> list[str]:
    with world.runtime.read() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.object_type == kind).order_by(AuditEntry.seq))
        return [row.verb for row in rows]


def test_a_project_is_approved_by_a_second_person_and_its_extract_is_numbered_hashed_and_audited(
    projects: Projects,
) -> None:
    projects.samples()
    project = projects.approved()
    assert (project["state"], project["running"]) == ("approved", True)
    extract = projects.make(project)
    assert (extract["number"], extract["rows"]) == (1, 45)
    assert extract["parameters"]["k"] == 10
    got = projects.file(project, 1)
    assert got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert hashlib.sha256(got.content).hexdigest() == extract["sha256"]
    rows = projects.rows(project, 1)
    assert len(rows) == 45
    assert rows[0].keys() == {
        "region", "period", "form", "intent", "colour_group", "found", "amounts", "verdict", "methods",
    }  # fmt: skip
    assert {row["period"] for row in rows} == {"2026-05"}
    assert verbs(projects.world, "research_project") == ["write", "propose", "approve"]
    assert verbs(projects.world, "research_extract") == ["make", "download", "download"]
    with projects.world.runtime.read() as session:
        assert verify(session, projects.world.runtime.db.audit_key).broken_at is None


def test_whoever_wrote_proposed_or_changed_it_does_not_approve_it(projects: Projects) -> None:
    for role, second in (APPROVE, APPROVE[::-1]):
        project = projects.draft(role)
        proposed = projects.step(project, "propose", role)
        assert proposed.headers["ETag"] == f'"{proposed.json()["version"]}"' == '"2"', "the version to go on from"
        assert projects.step(project, "approve", role).status_code == 403
        assert ok(projects.step(project, "approve", second))["state"] == "approved"
    project = projects.draft()
    lead = projects.world.as_(Role.SESSION_LEAD)
    url = f"/api/v1/projects/{project['id']}"
    ok(lead.put(url, json=projects.body(title="Another title"), headers={"If-Match": '"1"'}))
    ok(projects.step(project, "propose", Role.RESEARCHER))
    assert projects.step(project, "approve", Role.SESSION_LEAD).status_code == 403
    assert projects.step(project, "approve", Role.RESEARCHER).status_code == 403
    assert ok(projects.step(project, "approve", Role.ADMIN))["title"] == "Another title"


def test_rows_are_for_the_researcher_and_those_who_approve_see_only_that_they_were_made(projects: Projects) -> None:
    project = projects.published()
    url = f"/api/v1/projects/{project['id']}"
    for role in set(Role) - {Role.RESEARCHER, *APPROVE}:
        client = projects.world.as_(role)
        for got in (
            client.get("/api/v1/projects"), client.get(url), client.get(f"{url}/extracts"), client.post(f"{url}/extracts"),
            client.get(f"{url}/extracts/1/file"), client.post("/api/v1/projects", json=projects.body()),
        ):  # fmt: skip
            assert got.status_code == 403, (role, got.request.url)
    for role in APPROVE:
        assert [e["number"] for e in ok(projects.world.as_(role).get(f"{url}/extracts"))] == [1]
        assert projects.file(project, 1, role).status_code == 403
        assert projects.ask(project, role).status_code == 403
    for role in (Role.RESEARCHER, *APPROVE):
        foreign = projects.world.as_(role, agency="other")
        assert ok(foreign.get("/api/v1/projects"))["rows"] == []
        for path in (url, f"{url}/extracts/1/file"):
            assert foreign.get(path).status_code == (404 if path == url or role is Role.RESEARCHER else 403)


def test_samples_of_another_agency_and_of_the_police_are_not_in_it_and_nothing_names_a_sample_a_site_or_a_day(
    projects: Projects,
) -> None:
    keys = projects.samples(site="Village hall of Nowhere")
    projects.samples(region="Wales", agency=projects.world.other_agency_id)
    projects.samples(region="Scotland", group="other")
    project = projects.approved()
    projects.make(project)
    assert {row["region"] for row in projects.rows(project, 1)} == {"North East"}
    text = projects.file(project, 1).text
    with projects.world.runtime.read() as session:
        days = {f"{at:%Y-%m-%d}" for at in session.exec(select(Sample.received_at))}
    assert not [word for word in ("Nowhere", *map(str, keys), *days) if word in text]


@pytest.mark.parametrize("state", ["draft", "proposed", "withdrawn", "not begun", "over"])
def test_only_a_running_project_has_extracts(projects: Projects, clock: SettableClock, state: str) -> None:
    projects.samples()
    if state in ("draft", "proposed"):
        project = projects.draft()
        if state == "proposed":
            ok(projects.step(project, "propose", Role.RESEARCHER))
    else:
        days = {"starts_on": "2027-01-01"} if state == "not begun" else {}
        project = projects.approved(**days)
        if state == "withdrawn":
            projects.make(project)
            ok(projects.step(project, "withdraw", Role.ADMIN, reason="The agreement ended."))
        if state == "over":
            projects.make(project)
            clock.set(datetime(2028, 1, 1, 12, tzinfo=UTC))
            projects.world.clients.clear()  # signed in again: sessions of browsers ended long ago
    assert projects.ask(project).status_code == 409
    if state in ("withdrawn", "over"):
        assert projects.file(project, 1).status_code == 409
    if state == "withdrawn":
        with projects.world.runtime.read() as session:
            assert session.exec(select(ResearchPlacement)).all() == []


def test_where_samples_stand_is_forgotten_when_the_project_is_over(projects: Projects, clock: SettableClock) -> None:
    projects.samples()
    projects.make(projects.approved(ends_on="2026-12-31"))
    rt = projects.world.runtime

    def purged(day: datetime) -> int:
        clock.set(day)
        purge(rt.db)
        with rt.read() as session:
            return len(session.exec(select(ResearchPlacement)).all())

    assert purged(datetime(2026, 12, 31, 23, tzinfo=UTC)) == 45
    assert purged(datetime(2027, 1, 1, 1, tzinfo=UTC)) == 0
    with rt.read() as session:
        assert len(session.exec(select(ResearchExtract)).all()) == 1


def test_a_withdrawn_sample_is_in_no_later_extract_and_the_difference_is_ten_rows(projects: Projects) -> None:
    keys = projects.samples()
    project = projects.published(keys)
    with projects.world.runtime.db.begin(projects.world.actors[Role.RECEPTION]) as uow:
        counted.forget(uow, keys[0])
    second = projects.make(project)
    assert (second["number"], second["rows"]) == (2, 35)
    with projects.world.runtime.read() as session:
        there = {p.sample_id for p in session.exec(select(ResearchPlacement)) if not p.stays_out}
    assert keys[0] not in there
    assert len(projects.rows(project, 1)) == 45, "what was published stays as it was"
    assert projects.make(project)["number"] == 2, "nothing changed since"


def test_a_result_that_was_amended_leaves_with_its_old_row_in_company(projects: Projects) -> None:
    keys = projects.samples()
    project = projects.published(keys)
    with projects.world.runtime.db.begin() as uow:
        uow.session.connection().execute(
            sa.update(TrendFinding)
            .where(TrendFinding.sample_id == keys[0])
            .values(found="ketamine", found_class="dissociative")
        )
    assert projects.make(project)["rows"] == 35, "one amended, nine in its company; alone it waits for others"


def test_colours_are_groups_and_amounts_are_bands(projects: Projects) -> None:
    keys = projects.samples(form="tablet")
    with projects.world.runtime.db.begin() as uow:
        connection = uow.session.connection()
        connection.execute(sa.update(Sample).where(Sample.id.in_(keys)).values(colours=["pink"]))
        for n, key in enumerate(keys[:30]):
            amount = {"amount": 80.0 + 2 * n, "unit": "mg_per_unit", "basis": "hydrochloride"}
            connection.execute(sa.update(TrendFinding).where(TrendFinding.sample_id == key).values(**amount))
    project = projects.approved()
    projects.make(project)
    rows = projects.rows(project, 1)
    assert {row["colour_group"] for row in rows} == {"pink_red"}
    bands = Counter(row["amounts"] for row in rows if row["amounts"])
    assert bands == {
        "mdma: 0 to under 100 mg/unit, hydrochloride": 10, "mdma: 100 to under 125 mg/unit, hydrochloride": 13,
    } or all(n >= 10 for n in bands.values())  # fmt: skip
    assert sum(bands.values()) == 30


def test_few_late_samples_wait_and_the_extract_is_the_one_before(projects: Projects) -> None:
    projects.samples()
    project = projects.approved()
    first = projects.make(project)
    projects.figures.add(9)
    assert projects.make(project) == first
    projects.samples(mdma=6, caffeine=6)
    assert projects.make(project)["rows"] == 45 + 9 + 12


def test_two_made_at_once_are_one(projects: Projects) -> None:
    projects.samples()
    key = UUID(projects.approved()["id"])
    rt, who = projects.world.runtime, projects.world.actors[Role.RESEARCHER]
    with rt.read() as session:
        gathered = extract_job.gather(session, who, key, rt.now())
    both = [extract_job.prepare(gathered, rt.pack.substances) for _ in range(2)]
    with rt.db.begin(who) as uow:
        extract_job.keep(uow, both[0])
    with pytest.raises(Conflict), rt.db.begin(who) as uow:
        extract_job.keep(uow, both[1])
    with rt.read() as session:
        assert len(session.exec(select(ResearchExtract)).all()) == 1


def test_parquet_holds_the_same_rows(projects: Projects) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    projects.samples()
    project = projects.approved()
    extract = projects.make(project)
    got = projects.file(project, 1, format="parquet")
    table = pq.read_table(io.BytesIO(got.content))
    assert table.to_pylist() == projects.rows(project, 1)
    assert table.schema.metadata[b"sha256_of_csv"].decode() == extract["sha256"]


def test_what_cannot_be_a_project_is_said_by_field(projects: Projects) -> None:
    world = projects.world
    for more, field in (
        ({"title": " "}, "title"),
        ({"purpose": ""}, "purpose"),
        ({"first_month": "2026-13"}, "first_month"),
        ({"first_month": "2026-12", "last_month": "2026-01"}, "last_month"),
        ({"ends_on": "2025-01-01"}, "ends_on"),
        ({"ends_on": "2031-01-01"}, "ends_on"),
        ({"researcher_id": "01900000-0000-7000-8000-000000000000"}, "researcher_id"),
        ({"researcher_id": str(world.actors[Role.CHEMIST].person_id)}, "researcher_id"),
        ({"researcher_id": str(world.other_actors[Role.RESEARCHER].person_id)}, "researcher_id"),
    ):
        got = world.as_(Role.RESEARCHER).post("/api/v1/projects", json=projects.body(**more))
        assert (got.status_code, list(got.json()["fields"])) == (422, [field]), more


def test_a_researcher_sees_own_projects_only(projects: Projects) -> None:
    with projects.world.runtime.db.begin() as uow:
        (second,) = people_of(uow, projects.world.agency_id, {"second.researcher": Role.RESEARCHER})
    project = projects.draft(Role.SESSION_LEAD, researcher_id=str(second.person_id))
    client = projects.world.as_(Role.RESEARCHER)
    assert client.get(f"/api/v1/projects/{project['id']}").status_code == 404
    assert ok(client.get("/api/v1/projects"))["rows"] == []


def test_pages_lead_from_the_form_to_the_file(projects: Projects, clock: SettableClock) -> None:
    projects.samples()
    html = {"Accept": "text/html"}
    researcher, lead = projects.world.as_(Role.RESEARCHER), projects.world.as_(Role.SESSION_LEAD)
    assert "Another session lead or administrator approves it" in researcher.get("/projects/new", headers=html).text
    wrong = researcher.post("/projects", data={**projects.body(), "ends_on": "soon"}, headers=html)
    assert wrong.status_code == 422
    assert "Enter the last day." in wrong.text
    assert "Which adulterants come together." in wrong.text
    assert researcher.post("/projects", data=projects.body(), headers=html).status_code == 303
    project = ok(researcher.get("/api/v1/projects"))["rows"][0]
    url = f"/projects/{project['id']}"
    assert "What is in tablets" in researcher.get("/projects", headers=html).text
    assert "Propose project" in researcher.get(url, headers=html).text
    changed = researcher.post(url, data={**projects.body(), "title": "Tablets", "version": 1}, headers=html)
    assert changed.headers["Location"] == f"{url}?done=saved"
    assert researcher.post(f"{url}/propose", data={"version": 2}, headers=html).status_code == 303
    assert "Approve project" not in researcher.get(url, headers=html).text
    back = lead.post(f"{url}/send-back", data={"version": 3, "reason": ""}, headers=html)
    assert back.status_code == 422
    assert "Say what needs to change." in back.text
    assert "Approve project" in back.text
    assert lead.post(f"{url}/approve", data={"version": 3}, headers=html).headers["Location"] == f"{url}?done=approve"
    assert researcher.post(f"{url}/extracts", headers=html).headers["Location"] == f"{url}#extracts"
    for waiting in (url, f"{url}/extracts/part"):
        seen = researcher.get(waiting, headers=html).text
        assert "An extract is being drawn (waiting). You may leave this page." in seen
        assert f'hx-get="{url}/extracts/part"' in seen
        assert "Make an extract" not in seen
        assert "SHA-256 of the CSV" not in seen
    projects.world.runtime.jobs.run_until_idle()
    for there in (url, f"{url}/extracts/part"):
        seen = researcher.get(there, headers=html).text
        assert "SHA-256 of the CSV" in seen
        assert "hx-get" not in seen
        assert "Make an extract" in seen
        assert "the same one as before" not in seen
    clock.advance(minutes=1)
    researcher.post(f"{url}/extracts", headers=html)
    projects.world.runtime.jobs.run_until_idle()
    assert "the same one as before, because nothing may change yet" in researcher.get(url, headers=html).text
    assert researcher.get(f"{url}/extracts/1/file", headers=html).text.startswith("region,period")
    assert f"{url}/extracts/1/file" not in lead.get(url, headers=html).text
    ended = researcher.post(f"{url}/withdraw", data={"version": 4, "reason": "Done."}, headers=html)
    assert ended.status_code == 303
    assert "withdrawn" in researcher.get(url, headers=html).text
