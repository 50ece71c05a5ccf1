"""The promises of app.platform.db: real locks, real pragmas, aware times, nothing kept of a failed commit."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
import sqlalchemy as sa
import sqlalchemy.exc
from sqlmodel import select

from app.platform.db import Database
from app.platform.jobs import JobRow, enqueue
from tests.support.clock import NOON, SettableClock


def count_jobs(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(sa.func.count()).select_from(JobRow)).one()


def pragma(engine: sa.Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_sqlite_connections_are_durable_and_checked(sqlite_database: Database, name: str, value: object) -> None:
    assert pragma(sqlite_database.writer, name) == value
    assert pragma(sqlite_database.reader, name) == value


def test_the_sqlite_reader_cannot_write(sqlite_database: Database) -> None:
    assert pragma(sqlite_database.writer, "query_only") == 0
    with sqlite_database.read() as session:
        session.add(JobRow(kind="k", run_after=NOON, created_at=NOON))
        with pytest.raises(sqlalchemy.exc.OperationalError, match="readonly"):
            session.commit()


def test_a_single_statement_is_read_without_beginning_a_transaction(database: Database) -> None:
    asked: list[str] = []
    sa.event.listen(
        database.reader, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement)
    )
    with database.begin() as uow:
        enqueue(uow, "k", {})
    asked.clear()
    with database.read_once() as session:
        assert session.exec(select(JobRow.kind)).all() == ["k"]
    assert len(asked) == 1
    with database.read() as session:  # the same connection, which begins one again
        session.exec(select(JobRow.kind)).all()
        if database.is_sqlite:
            assert asked[1:2] == ["BEGIN"]


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(sqlalchemy.exc.StatementError, match="without a zone"), database.begin() as uow:
        uow.session.add(JobRow(kind="k", run_after=datetime(2026, 6, 13), created_at=NOON))
    assert count_jobs(database) == 0


def test_a_time_comes_back_aware_and_in_utc(database: Database) -> None:
    with database.begin() as uow:
        job_id = enqueue(uow, "k", {})
    with database.read() as session:
        job = session.get_one(JobRow, job_id)
        assert job.created_at == NOON
        assert str(job.created_at.tzinfo) == "UTC"


def test_a_failing_commit_keeps_nothing_and_calls_nobody(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    database.listen("jobs", lambda: called.append("woken"))

    def fail_at_commit() -> None:
        with database.begin() as uow:
            enqueue(uow, "k", {})
            monkeypatch.setattr(uow.session, "commit", fail)

    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_at_commit()
    assert count_jobs(database) == 0
    assert called == []


def test_a_listener_that_fails_does_not_fail_the_commit(database: Database) -> None:
    called: list[str] = []

    def broken() -> None:
        raise RuntimeError("a listener's own trouble")

    database.listen("jobs", broken)
    off = database.listen("jobs", lambda: called.append("woken"))
    with database.begin() as uow:
        enqueue(uow, "k", {})
    off()
    with database.begin() as uow:
        enqueue(uow, "k", {})
    assert called == ["woken"]
    assert count_jobs(database) == 2


def test_sixty_threads_writing_at_once_all_finish(database: Database, clock: SettableClock) -> None:
    failures: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(5):
                with database.read() as session:
                    session.exec(select(JobRow).limit(1)).first()
                with database.begin() as uow:
                    enqueue(uow, "k", {})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    assert count_jobs(database) == 300
