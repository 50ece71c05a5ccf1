"""The database: one writer and a pool of readers on SQLite, one pool on PostgreSQL. Measured, see ADR 0002.

SQLite: WAL, one connection that writes with BEGIN IMMEDIATE, readers that cannot write. WAL with
busy_timeout alone gives SQLITE_BUSY_SNAPSHOT at once when a reader upgrades; a larger IMMEDIATE pool starves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import event
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from app.platform.db.uow import UnitOfWork
from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.clock import Clock, system_clock

_NO_BEGIN = "mast_no_begin"


class Database:
    """Hands out read sessions and units of work. Both are short: nothing may hold one while it waits."""

    def __init__(self, url: str, *, clock: Clock = system_clock, readers: int = 16) -> None:
        self.url = url
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        if self.is_sqlite:
            path = sa.engine.make_url(url).database or ""
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.writer = _sqlite(url, pool_size=1, begin="BEGIN IMMEDIATE", query_only=False)
            self.reader = _sqlite(url, pool_size=readers, begin="BEGIN", query_only=True)
            self._reader_once = self.reader.execution_options(**{_NO_BEGIN: True})
        else:
            self.writer = sa.create_engine(
                url,
                pool_size=readers,
                max_overflow=8,
                pool_pre_ping=True,
                pool_timeout=5,
                hide_parameters=True,  # they hold notes and words spoken: not for a log
                connect_args={"connect_timeout": 2, "options": "-c statement_timeout=30000 -c lock_timeout=10000"},
            )
            self.reader = self.writer
            self._reader_once = self.reader.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self, actor: Actor = SYSTEM, *, request_id: str = "") -> UnitOfWork:
        """A unit of work for `actor`, to be used as a context manager."""
        return UnitOfWork(self.writer, actor=actor, clock=self.clock, request_id=request_id, wake=self.wake)

    def listen(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` (quick, any thread) after each commit that woke `topic`; returns the off switch."""
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(callback)
        return lambda: listeners.remove(callback) if callback in listeners else None

    def wake(self, topic: str) -> None:
        """Tell this process's listeners of `topic` of a commit. Never raises: the commit stands."""
        for callback in tuple(self._listeners.get(topic, ())):
            try:
                callback()
            except Exception:
                structlog.get_logger(__name__).exception("wake_failed", topic=topic)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and cannot write."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def read_once(self) -> Iterator[Session]:
        """A session that cannot write, for one statement, which sees one state by itself: no transaction is begun for it."""
        with Session(self._reader_once, expire_on_commit=False, autoflush=False) as session:
            yield session

    def close(self) -> None:
        """Give every connection back."""
        self.writer.dispose()
        self.reader.dispose()


def _sqlite(url: str, *, pool_size: int, begin: str, query_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=20,
        hide_parameters=True,  # they hold notes and words spoken: not for a log
        connect_args={"check_same_thread": False, "timeout": 5},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver's own begin is deferred and late
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "temp_store=MEMORY",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if _NO_BEGIN not in connection.get_execution_options():
            connection.exec_driver_sql(begin)

    return engine
