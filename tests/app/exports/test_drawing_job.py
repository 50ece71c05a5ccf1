"""An extract is drawn by a job: asked for, looked after, there in the end or with the reason why not."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.care.counted import service as counted
from app.figures.exports import extract_job
from app.figures.exports.domain import K
from app.figures.exports.tables import ResearchDrawing, ResearchExtract
from app.figures.trends import sample_level
from app.platform.audit.tables import AuditEntry
from app.platform.jobs import JobRow, JobRunner, JobState
from app.platform.kernel.actor import Role
from tests.app.exports.conftest import Projects
from tests.support.clock import SettableClock
from tests.support.road import ok


def extracts(projects: Projects) -> list[ResearchExtract]:
    with projects.world.runtime.read() as session:
        return list(session.exec(select(ResearchExtract)))


def jobs(projects: Projects) -> list[JobRow]:
    with projects.world.runtime.read() as session:
        return list(session.exec(select(JobRow).where(JobRow.kind == extract_job.JOB)))


def runner(projects: Projects) -> JobRunner:
    """A worker of its own."""
    rt = projects.world.runtime
    parts = extract_job.JobParts(rt.db, rt.pack.substances)
    return JobRunner(rt.db, extract_job.handlers(parts), rt.clock, on_dead=extract_job.on_failed())


def while_it_is_drawn(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], times: int = 1) -> None:
    """Do something after the samples were read and before the extract is kept, the first so many times."""
    left, prepare = [times], extract_job.prepare

    def prepared(*args: Any, **more: Any) -> extract_job.Prepared:
        made = prepare(*args, **more)
        if left[0]:
            left[0] -= 1
            act()
        return made

    monkeypatch.setattr(extract_job, "prepare", prepared)


def test_asking_is_answered_at_once_and_says_where_to_look(projects: Projects) -> None:
    projects.samples()
    project = projects.approved()
    answer = projects.ask(project)
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["state"], asked["number"], asked["ended_at"]) == ("waiting", None, None)
    assert extracts(projects) == [], "nothing is drawn within the request"
    researcher = projects.world.as_(Role.RESEARCHER)
    assert ok(researcher.get(answer.headers["Location"])) == asked
    assert ok(projects.ask(project)) == asked
    assert len(jobs(projects)) == 1, "asked for twice it is drawn once"
    done = projects.drawn(asked)
    assert (done["state"], done["number"], done["detail"], done["hint"]) == ("made", 1, "", "")
    assert done["ended_at"]
    assert projects.file(project, 1).status_code == 200
    with projects.world.runtime.read() as session:
        lines = session.exec(select(AuditEntry).where(AuditEntry.object_type == "research_extract")).all()
    assert [(e.verb, e.actor_id, e.agency_id) for e in lines] == [
        ("make", str(projects.world.actors[Role.RESEARCHER].person_id), str(projects.world.agency_id)),
        ("download", str(projects.world.actors[Role.RESEARCHER].person_id), str(projects.world.agency_id)),
    ]


def test_whoever_does_not_see_the_project_does_not_see_how_far_its_extract_is(projects: Projects) -> None:
    projects.samples()
    asked, other = ok(projects.ask(projects.approved())), projects.approved(title="Another")
    url = f"/api/v1/projects/{asked['project_id']}/drawings/{asked['id']}"
    for role in (Role.RESEARCHER, Role.SESSION_LEAD, Role.ADMIN):
        assert projects.world.as_(role).get(url).status_code == 200
        assert projects.world.as_(role, agency="other").get(url).status_code == 404
    assert projects.world.as_(Role.POLICE).get(url).status_code == 403
    elsewhere = f"/api/v1/projects/{other['id']}/drawings/{asked['id']}"
    assert projects.world.as_(Role.RESEARCHER).get(elsewhere).status_code == 404


def test_the_samples_are_read_in_one_moment(projects: Projects, monkeypatch: pytest.MonkeyPatch) -> None:
    projects.samples()
    project, rt, who = projects.approved(), projects.world.runtime, projects.world.actors[Role.RESEARCHER]
    tests = sample_level._tests

    def one_comes(*args: Any) -> Any:
        projects.figures.add(1)
        return tests(*args)

    monkeypatch.setattr(sample_level, "_tests", one_comes)
    with rt.read() as session:
        gathered = extract_job.gather(session, who, uuid.UUID(project["id"]), rt.now())
    assert len(gathered.records) == 45
    assert all(record.found for record in gathered.records), "one that came after its findings were read has none"


def test_a_project_that_ends_meanwhile_has_no_extract_and_the_reason_is_said(
    projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.samples()
    project = projects.approved()
    asked = ok(projects.ask(project))

    def ends() -> None:
        url = f"/api/v1/projects/{project['id']}/drawings/{asked['id']}"
        assert ok(projects.world.as_(Role.RESEARCHER).get(url))["state"] == "drawing"
        ok(projects.step(project, "withdraw", Role.ADMIN, reason="It ended."))

    while_it_is_drawn(monkeypatch, ends)
    done = projects.drawn(asked)
    assert (done["state"], done["number"]) == ("refused", None)
    assert done["detail"] == "This project does not run today, so there is no extract."
    assert done["hint"]
    assert extracts(projects) == []
    page = projects.world.as_(Role.RESEARCHER).get(f"/projects/{project['id']}", headers={"Accept": "text/html"}).text
    assert done["detail"] in page
    assert [job.state for job in jobs(projects)] == [JobState.DONE], "nobody tries in vain"


def test_samples_withdrawn_while_it_is_drawn_are_not_in_it_and_again_and_again_they_end_it(
    projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = projects.samples()
    project = projects.approved()

    def withdraw() -> None:
        with projects.world.runtime.db.begin() as uow:
            counted.forget(uow, keys.pop())

    while_it_is_drawn(monkeypatch, withdraw, times=extract_job.TRIES)
    refused = projects.drawn(ok(projects.ask(project)))
    assert refused["state"] == "refused"
    assert "taken out of the figures while" in refused["detail"]
    there = 45 - extract_job.TRIES - 1
    while_it_is_drawn(monkeypatch, withdraw)
    assert projects.make(project)["rows"] == there
    while_it_is_drawn(monkeypatch, withdraw)
    assert projects.make(project)["rows"] == there - K, "it left in company, as from any later extract"


def test_a_worker_that_was_given_up_keeps_nothing_when_it_comes_back(
    projects: Projects, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.samples()
    asked = ok(projects.ask(projects.approved()))

    def another_takes_over() -> None:
        clock.advance(minutes=1)
        thread = threading.Thread(target=runner(projects).run_one)
        thread.start()
        thread.join()

    while_it_is_drawn(monkeypatch, another_takes_over)
    done = projects.drawn(asked)
    assert (done["state"], done["number"]) == ("made", 1)
    assert len(extracts(projects)) == 1


def test_given_up_it_says_so_and_may_be_asked_for_again(
    projects: Projects, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.samples()
    project = projects.approved()
    asked = ok(projects.ask(project))

    def breaks() -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        while_it_is_drawn(patch, breaks, times=3)
        for _ in range(2):
            assert projects.drawn(asked)["state"] == "drawing", "it is tried again"
            assert ok(projects.ask(project))["id"] == asked["id"]
            clock.advance(minutes=10)
        assert projects.drawn(asked)["state"] == "failed"
    with projects.world.runtime.read() as session:
        row = session.get(ResearchDrawing, uuid.UUID(asked["id"]))
    assert row is not None
    assert "Ask the operator" in (row.problem or {})["hint"]
    assert "a fault of ours" not in str(row.problem)
    assert projects.make(project)["number"] == 1
