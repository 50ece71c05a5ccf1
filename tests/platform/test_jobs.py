"""Jobs: claimed once, retried with patience, dead out loud, reclaimed from the silent, done exactly once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlmodel import select

from app.platform.db import Database, UnitOfWork
from app.platform.jobs import (
    DeadJob,
    JobContext,
    JobRefused,
    JobRow,
    JobRunner,
    JobState,
    LeaseLost,
    count_by_state,
    enqueue,
    purge_finished,
)
from app.platform.live import EventRow, publish
from tests.support.clock import SettableClock


def put(database: Database, kind: str = "k", count: int = 1, max_attempts: int = 3) -> list[UUID]:
    with database.begin() as uow:
        return [enqueue(uow, kind, {"number": n}, max_attempts=max_attempts) for n in range(count)]


def job(database: Database, job_id: UUID) -> JobRow:
    with database.read() as session:
        return session.get_one(JobRow, job_id)


def events(database: Database) -> list[EventRow]:
    with database.read() as session:
        return list(session.exec(select(EventRow)))


def effect(ctx: JobContext) -> None:
    with ctx.begin() as uow:
        publish(uow, "test", "effect", payload=dict(ctx.payload))
        ctx.complete(uow)


def failing(ctx: JobContext) -> None:
    raise ValueError("the parser stumbled")


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_four_threads_claim_each_of_two_hundred_jobs_once(database: Database) -> None:
    runs: Counter[int] = Counter()
    lock = threading.Lock()

    def handler(ctx: JobContext) -> None:
        with lock:
            runs[ctx.payload["number"]] += 1
        effect(ctx)

    runner = JobRunner(database, {"k": handler}, threads=4)
    runner.start()
    put(database, count=200)
    wait_for(lambda: len(events(database)) == 200)
    runner.stop()
    assert set(runs.values()) == {1}
    assert len(runs) == 200
    with database.read() as session:
        assert count_by_state(session)[JobState.DONE] == 200


def test_a_failing_job_is_retried_later_and_then_dead_out_loud(database: Database, clock: SettableClock) -> None:
    (job_id,) = put(database)
    runner = JobRunner(database, {"k": failing})
    waits = []
    for _ in range(2):
        assert runner.run_until_idle() == 1
        waiting = job(database, job_id)
        assert waiting.state == JobState.QUEUED
        waits.append((waiting.run_after - clock()).total_seconds())
        clock.set(waiting.run_after)
    assert runner.run_until_idle() == 1
    dead = job(database, job_id)
    assert waits == [2, 8]
    assert (dead.state, dead.attempts, dead.error) == (JobState.DEAD, 3, "ValueError: the parser stumbled")
    assert dead.finished_at == clock()
    (event,) = events(database)
    assert (event.topic, event.kind) == ("jobs", "dead")
    assert event.payload == {"job_id": str(job_id), "job_kind": "k"}


def test_a_refused_job_is_dead_at_once(database: Database) -> None:
    def handler(ctx: JobContext) -> None:
        raise JobRefused("This file is not a spectrum.")

    (job_id,) = put(database)
    assert JobRunner(database, {"k": handler}).run_until_idle() == 1
    assert (job(database, job_id).state, job(database, job_id).attempts) == (JobState.DEAD, 1)
    assert job(database, job_id).error == "This file is not a spectrum."


def test_a_feature_can_note_the_death_in_the_same_transaction(database: Database) -> None:
    def note(uow: UnitOfWork, dead: DeadJob) -> None:
        publish(uow, "test", "noted", payload={"error": dead.error, "number": dead.payload["number"]})

    put(database, max_attempts=1)
    JobRunner(database, {"k": failing}, on_dead={"k": note}).run_until_idle()
    noted, dead = events(database)
    assert noted.payload == {"error": "ValueError: the parser stumbled", "number": 0}
    assert dead.kind == "dead"


def test_a_note_that_fails_does_not_keep_the_job_alive(database: Database) -> None:
    def note(uow: UnitOfWork, dead: DeadJob) -> None:
        raise KeyError("the note's own trouble")

    (job_id,) = put(database, max_attempts=1)
    JobRunner(database, {"k": failing}, on_dead={"k": note}).run_until_idle()
    assert job(database, job_id).state == JobState.DEAD


def test_a_runner_leaves_kinds_it_does_not_know(database: Database) -> None:
    (job_id,) = put(database, kind="of a newer version")
    assert JobRunner(database, {"k": effect}).run_until_idle() == 0
    assert job(database, job_id).state == JobState.QUEUED


def test_a_kind_that_gives_way_is_done_when_nothing_else_is_due_but_is_not_passed_for_good(
    database: Database, clock: SettableClock
) -> None:
    done: list[str] = []
    note = {kind: lambda ctx: done.append(ctx.kind) for kind in ("a whole sample", "a file")}
    runner = JobRunner(database, note, giving_way=("a whole sample",))
    for kind in ("a whole sample", "a file", "a whole sample", "a file"):
        put(database, kind)
    runner.run_until_idle()
    assert done == ["a file", "a file", "a whole sample", "a whole sample"]
    put(database, kind="a whole sample")
    clock.advance(seconds=31)
    put(database, kind="a file")
    runner.run_until_idle()
    assert done[4:] == ["a whole sample", "a file"]


def test_a_silent_worker_loses_its_job_and_its_late_result_is_refused(database: Database, clock: SettableClock) -> None:
    late: list[bool] = []

    def slow(ctx: JobContext) -> None:
        clock.advance(seconds=31)  # its lease ran out unnoticed
        assert JobRunner(database, {"k": effect}).run_until_idle() == 1
        try:
            effect(ctx)
        except LeaseLost:
            late.append(True)
            raise

    (job_id,) = put(database)
    JobRunner(database, {"k": slow}).run_until_idle()
    assert late == [True]
    assert len(events(database)) == 1
    assert (job(database, job_id).state, job(database, job_id).attempts) == (JobState.DONE, 2)


def test_a_job_that_silences_every_worker_is_dead(database: Database, clock: SettableClock) -> None:
    (job_id,) = put(database, max_attempts=2)

    class Crash(BaseException):
        pass

    def crash(ctx: JobContext) -> None:
        raise Crash

    for _ in range(2):
        with pytest.raises(Crash):
            JobRunner(database, {"k": crash}).run_until_idle()
        clock.advance(seconds=31)
    JobRunner(database, {"k": crash}).run_until_idle()
    dead = job(database, job_id)
    assert (dead.state, dead.attempts) == (JobState.DEAD, 2)
    assert "silent" in dead.error


def test_a_lease_is_renewed_while_the_handler_works(database_url: str) -> None:
    database = Database(database_url)
    runs: list[int] = []

    def long_work(ctx: JobContext) -> None:
        runs.append(ctx.attempt)
        time.sleep(1.2)
        effect(ctx)

    (job_id,) = put(database)
    runner = JobRunner(database, {"k": long_work}, threads=2, poll_seconds=0.05, lease_seconds=0.8)
    runner.start()
    wait_for(lambda: job(database, job_id).state == JobState.DONE)
    runner.stop()
    database.close()
    assert runs == [1]


def test_stopping_waits_for_the_running_job(database: Database) -> None:
    started = threading.Event()

    def handler(ctx: JobContext) -> None:
        started.set()
        time.sleep(0.3)
        effect(ctx)

    runner = JobRunner(database, {"k": handler}, threads=1)
    runner.start()
    first, second = put(database, count=2)
    assert started.wait(10)
    runner.stop()
    assert job(database, first).state == JobState.DONE
    assert job(database, second).state == JobState.QUEUED


def test_a_job_that_does_not_end_in_time_is_handed_on_and_cannot_write_later(database: Database) -> None:
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def stubborn(ctx: JobContext) -> None:
        started.set()
        go_on.wait(10)
        try:
            effect(ctx)
        finally:
            ended.set()

    runner = JobRunner(database, {"k": stubborn}, threads=1)
    runner.start()
    (job_id,) = put(database)
    assert started.wait(10)
    runner.stop(timeout=0.1)
    handed_on = job(database, job_id)
    assert (handed_on.state, handed_on.attempts) == (JobState.QUEUED, 0)
    assert JobRunner(database, {"k": effect}).run_until_idle() == 1
    go_on.set()
    assert ended.wait(10)
    assert len(events(database)) == 1


def test_a_new_job_starts_without_waiting_for_the_poll(database: Database) -> None:
    runner = JobRunner(database, {"k": effect}, threads=1, poll_seconds=600)
    runner.start()
    time.sleep(0.2)
    put(database)
    wait_for(lambda: len(events(database)) == 1, 60)
    runner.stop()


def test_finished_jobs_are_purged_by_age_and_dead_ones_stay(database: Database, clock: SettableClock) -> None:
    put(database, count=2)
    (dead,) = put(database, kind="bad", max_attempts=1)
    JobRunner(database, {"k": effect, "bad": failing}).run_until_idle()
    clock.advance(days=8)
    with database.begin() as uow:
        assert purge_finished(uow, older_than=clock()) == 2
    assert job(database, dead).state == JobState.DEAD
