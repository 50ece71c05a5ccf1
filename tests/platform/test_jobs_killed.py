"""R2 in small: a worker process is killed again and again; every job ends, and none leaves two results."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from app.platform.db import Database
from app.platform.jobs import JobState, count_by_state, enqueue
from app.platform.live import EventRow
from tests.support.jobs import KIND

pytestmark = pytest.mark.long

JOBS = 200
KILLS = 5


def start_worker(url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.jobs", url]
    return subprocess.Popen(
        command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )


def finished(database: Database) -> int:
    with database.read() as session:
        counts = count_by_state(session)
    return counts[JobState.DONE] + counts[JobState.DEAD]


def test_a_worker_killed_again_and_again_ends_every_job_and_repeats_no_result(database_url: str) -> None:
    database = Database(database_url)
    with database.begin() as uow:
        for number in range(JOBS):
            enqueue(uow, KIND, {"number": number}, max_attempts=5)
    chance = random.Random(7)
    kills_in_work = 0
    for kill in range(KILLS):
        worker = start_worker(database_url)
        target = (kill + 1) * JOBS // (KILLS + 2)
        deadline = time.monotonic() + 20
        while finished(database) < target and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.05))
        worker.kill()
        worker.wait()
        kills_in_work += finished(database) < JOBS
    worker = start_worker(database_url)
    deadline = time.monotonic() + 30
    while finished(database) < JOBS and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    with database.read() as session:
        counts = count_by_state(session)
        effects = Counter(
            row.payload["number"] for row in session.exec(select(EventRow).where(EventRow.topic == "test"))
        )
    database.close()
    assert kills_in_work >= KILLS - 1
    assert counts[JobState.DONE] + counts[JobState.DEAD] == JOBS
    assert set(effects.values()) == {1}
    assert len(effects) == counts[JobState.DONE]
