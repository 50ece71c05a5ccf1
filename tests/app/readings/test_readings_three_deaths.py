"""attack.md 13: after three workers had died of a file it was refused, and nobody could have it read again on the page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from app.laboratory.readings.reading_job import LazySandbox
from app.platform.jobs import JobRunner
from app.platform.jobs.tables import JobRow
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.app.readings.conftest import Bench
from tests.support.clock import SettableClock
from tests.support.road import infrared_file, ok
from tests.support.small_files import small_ir
from tests.support.writes import OCTETS, Stage


class Killed(BaseException):
    """The worker is gone at once; no handler of errors runs."""


def kill_three_workers(runner: JobRunner, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each dies while it reads the file; the next one takes the job when the lease has run out."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(LazySandbox, "read", die)
        for _ in range(3):
            with pytest.raises(Killed):
                runner.run_one()
            clock.advance(minutes=1)


def attempts(world: World) -> int:
    """Of the newest job."""
    with world.runtime.read() as session:
        return list(session.exec(select(JobRow).order_by(JobRow.id)))[-1].attempts  # type: ignore[arg-type]


def test_a_file_that_killed_three_workers_is_refused_and_can_be_read_again_on_the_page_of_its_sample(
    world: World, bench: Bench, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/api/v1/samples/{bench.sample_id}/uploads?filename=a.dx"
    sent = ok(bench.chemist.post(url, content=small_ir()))
    kill_three_workers(bench.runner, clock, monkeypatch)
    other = bench.upload(small_ir() + b"\n", "b.dx")
    assert other["state"] == "read", "the queue goes on"
    refused = bench.get(f"/api/v1/uploads/{sent['id']}")
    assert (refused["state"], refused["problem"]["code"]) == ("refused", "reading_failed")
    assert "Read it again" in refused["problem"]["hint"]

    page, again = f"/bench/samples/{bench.sample_id}?part=files", f"/bench/samples/{bench.sample_id}/read-again"
    assert again in bench.chemist.get(page).text
    assert again not in world.as_(Role.SESSION_LEAD).get(page).text
    form = {"upload": sent["id"], "version": refused["version"]}
    assert bench.chemist.post(again, data=form).status_code == 303
    waiting = bench.get(f"/api/v1/uploads/{sent['id']}")
    assert (waiting["state"], waiting["problem"]) == ("waiting", None)
    assert bench.chemist.post(again, data=form).status_code == 412, "a second click asks for nothing more"
    bench.runner.run_until_idle()
    assert attempts(world) == 1, "with fresh tries"
    assert bench.get(f"/api/v1/uploads/{sent['id']}")["state"] == "read"
    assert again not in bench.chemist.get(page).text


def test_a_file_that_is_damaged_is_not_read_again(bench: Bench) -> None:
    refused = bench.upload(small_ir()[:300], "a.dx")
    assert refused["state"] == "refused"
    form = {"upload": refused["id"], "version": refused["version"]}
    answer = bench.chemist.post(f"/bench/samples/{bench.sample_id}/read-again", data=form)
    assert answer.status_code == 409
    assert "The server did not fail to read this file" in answer.text


def test_a_waiting_file_from_an_instrument_that_killed_three_workers_can_be_read_again_where_it_waits(
    world: World, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chemist, jobs = Stage(world).client("chemist"), world.runtime.jobs
    sent = ok(chemist.post("/api/v1/incoming?filename=a.jdx", content=infrared_file(), headers=OCTETS))
    kill_three_workers(jobs, clock, monkeypatch)
    other = ok(chemist.post("/api/v1/incoming?filename=b.jdx", content=infrared_file(1), headers=OCTETS))
    jobs.run_until_idle()

    def now(file: dict[str, Any]) -> dict[str, Any]:
        return ok(chemist.get(f"/api/v1/incoming/{file['id']}"))  # type: ignore[no-any-return]

    assert now(other)["summary"]["count"] == 1, "the queue goes on"
    assert now(sent)["problem"]["code"] == "reading_failed"
    again = f"/bench/incoming/{sent['id']}/read-again"
    assert again in chemist.get("/bench/incoming").text
    assert again not in world.as_(Role.SESSION_LEAD).get("/bench/incoming").text
    assert chemist.post(again, data={"version": now(sent)["version"]}).status_code == 303
    assert "Reading file …" in chemist.get("/bench/incoming").text
    jobs.run_until_idle()
    assert attempts(world) == 1, "with fresh tries"
    assert (now(sent)["problem"], now(sent)["summary"]["count"]) == (None, 1)
    assert chemist.post(again, data={"version": now(sent)["version"]}).status_code == 409
