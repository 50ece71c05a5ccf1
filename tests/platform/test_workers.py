"""The processes a server starts for long work: woken through a pipe, watched, started again, ended with their server."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.platform.db import Database
from app.platform.jobs import JobRow, JobState, Workers, enqueue, processes, queue
from app.platform.live.publish import WAKE

# Notes its name and number, woken once, and woken back at every ring.
WORKER = """
import os, sys
with open(sys.argv[1], "a") as notes:
    notes.write(f"{os.getpid()} {sys.argv[2]}\\n")
os.write(1, b".")
while os.read(0, 100):
    os.write(1, b".")
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(processes, "LONGEST_WAIT_S", 0.05)


class Watched:
    """Workers of a database, the woken that came back, and who has run."""

    def __init__(self, database: Database, folder: Path, script: str = WORKER, count: int = 1) -> None:
        self.notes = folder / "notes"
        self.woken = threading.Semaphore(0)
        database.listen(WAKE, self.woken.release)
        self.workers = Workers(count, [sys.executable, "-c", script, str(self.notes)], os.environ, database)

    def ran(self) -> list[tuple[int, str]]:
        lines = [line.split(" ", 1) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []
        return [(int(number), name) for number, name in lines]


@contextmanager
def started(watched: Watched) -> Iterator[Watched]:
    watched.workers.start()
    try:
        assert watched.woken.acquire(timeout=20), "it says when it is ready"
        yield watched
    finally:
        watched.workers.stop()


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def gone(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_wakes_the_worker_and_the_worker_wakes_the_screens(sqlite_database: Database, tmp_path: Path) -> None:
    with started(Watched(sqlite_database, tmp_path)) as watched:
        with sqlite_database.begin() as uow:
            enqueue(uow, "k", {})
        assert watched.woken.acquire(timeout=20)
    assert gone(watched.ran()[0][0])


def test_a_killed_worker_is_named_started_again_and_its_job_is_free_at_once(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with started(Watched(sqlite_database, tmp_path)) as watched:
        number, name = watched.ran()[0]
        with sqlite_database.begin() as uow:
            job_id = enqueue(uow, "k", {})
        with sqlite_database.begin() as uow:
            far = uow.now.replace(year=uow.now.year + 1)
            assert queue.claim(uow, ["k"], name, uow.now, far) is not None
        os.kill(number, signal.SIGKILL)
        soon(lambda: len(watched.ran()) == 2)
        assert watched.ran()[1][1] != name
        with sqlite_database.begin() as uow:
            again = queue.claim(uow, ["k"], "another", uow.now, far)
        assert again is not None
        assert (again.job_id, again.attempt) == (job_id, 2), "the death counted as a try"


def test_while_a_worker_does_not_run_it_is_said_and_no_longer_when_it_does(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """It dies at once until a file is there."""
    there = tmp_path / "mended"
    script = f"import os, sys\nif not os.path.exists({str(there)!r}): sys.exit(3)\n" + WORKER
    watched = Watched(sqlite_database, tmp_path, script)
    watched.workers.start()
    try:
        soon(lambda: bool(watched.workers.alarms()))
        assert watched.workers.alarms() == [
            "A worker process ended (exit code 3). It is being restarted. Files wait until then."
        ]
        there.touch()
        soon(lambda: not watched.workers.alarms())
        assert len(watched.ran()) == 1
    finally:
        watched.workers.stop()


def test_a_worker_that_reads_nothing_keeps_no_commit_waiting(sqlite_database: Database, tmp_path: Path) -> None:
    """A pipe holds some 64 KiB; many more calls than that go by."""
    script = "import os, sys, time\nos.write(1, b'.')\ntime.sleep(600)"
    with started(Watched(sqlite_database, tmp_path, script)) as watched:
        for _ in range(100_000):
            watched.workers.wake()
        assert len(watched.workers._running) == 1, "it runs, reads nothing, and nobody waited for it"


def test_stopping_ends_one_that_will_not(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOPPING_S", 0.2)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WORKER
    with started(Watched(sqlite_database, tmp_path, script, count=2)) as watched:
        assert watched.woken.acquire(timeout=20)
        soon(lambda: len(watched.ran()) == 2)
    assert all(gone(number) for number, _ in watched.ran())


def test_what_a_living_worker_holds_is_not_handed_on(sqlite_database: Database) -> None:
    with sqlite_database.begin() as uow:
        enqueue(uow, "k", {})
    with sqlite_database.begin() as uow:
        far = uow.now.replace(year=uow.now.year + 1)
        claim = queue.claim(uow, ["k"], "worker 0 a", uow.now, far)
        queue.abandon(uow, "worker 0 b")
    assert claim is not None
    with sqlite_database.read() as session:
        row = session.get_one(JobRow, claim.job_id)
        assert row.state is JobState.RUNNING
        assert row.lease_until == far
