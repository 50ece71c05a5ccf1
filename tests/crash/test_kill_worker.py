"""R2: `mast worker` is killed again and again while it reads files; every job ends, and no file is read twice.

One kill in `make test`, two in `make test-all`, twenty among two hundred files and on both kinds of database by `make nightly`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from app.laboratory.readings.tables import Match, Reading, Upload, UploadState
from app.platform.db import Database
from app.platform.jobs import JobRow, JobState, count_by_state
from tests.conftest import BOTH
from tests.support.budget import QUICK_OR_ALL, long_run, size
from tests.support.serving import Service
from tests.support.small_files import small_ms


@pytest.fixture(params=BOTH if long_run() else BOTH[:1])
def database_url(request: pytest.FixtureRequest) -> str:
    """On both kinds in the long run only: it takes a while for a worker to start."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


def send_files(service: Service, files: int) -> list[str]:
    """Files that wait to be read, each with a job."""
    server = service.forked()
    server.start()
    try:
        road = server.road()
        analysis = road.analysis(road.register(), method="gc_ms")
        peaks = (f"58 999; 91 120; 77 80; 135 60; {140 + number} 40;" for number in range(files))
        return [road.upload(analysis, small_ms(peaks=one), "a.msp") for one in peaks]
    finally:
        server.stop()
        server.hang_up()


def jobs(database: Database, *states: JobState) -> int:
    with database.read() as session:
        counts = count_by_state(session)
    return sum(counts[state] for state in states)


def wait_until_ended(database: Database, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while jobs(database, JobState.DONE, JobState.DEAD) < count:
        assert time.monotonic() < deadline, f"{jobs(database, *JobState)} jobs, not {count} ended"
        time.sleep(0.01)


def half_a_minute_later(database: Database) -> int:
    """Whoever was killed holds no job any more; how many it held."""
    with database.begin() as uow:
        held = sa.update(JobRow).where(col(JobRow.state) == JobState.RUNNING)
        over = held.values(lease_until=uow.now - timedelta(seconds=1))
        return int(uow.session.connection().execute(over).rowcount)


@QUICK_OR_ALL
def test_files_read_by_a_worker_that_is_killed_again_and_again_are_each_read_once(
    database_url: str, tmp_path: Path, thorough: bool
) -> None:
    files, kills = (size(20, 200), size(2, 20)) if thorough else (10, 1)
    (tmp_path / "work").mkdir()
    service = Service.prepare(tmp_path / "data", database_url, TMPDIR=str(tmp_path / "work"), MAST_WORKERS="0")
    uploads, database, chance, met = send_files(service, files), Database(database_url), random.Random(7), 0
    for kill in range(kills):
        worker = service.worker()
        wait_until_ended(database, kill * files // (kills + 1) + 1, 60)
        time.sleep(chance.uniform(0, 0.1))
        worker.kill()
        worker.wait()
        met += half_a_minute_later(database)
    worker = service.worker()
    try:
        wait_until_ended(database, files, 300)
    finally:
        worker.kill()
        worker.wait()
    with database.read() as session:
        states = {str(row.id): row.state for row in session.exec(select(Upload))}
        readings = Counter(str(key) for key in session.exec(select(Reading.upload_id)))
        matches = Counter(session.exec(select(Match.reading_id)))
    dead = jobs(database, JobState.DEAD)
    database.close()
    assert met, "no kill met a job: the test shows nothing"
    assert set(states) == set(uploads)
    assert Counter(states.values()) == Counter({UploadState.READ: files - dead, UploadState.REFUSED: dead})
    assert readings == {key: 1 for key, state in states.items() if state is UploadState.READ}
    assert set(matches.values()) == {1}
