"""The database: one writer and a pool of readers on SQLite, one pool on PostgreSQL. Measured, see ADR 0002.

SQLite: WAL, one connection that writes with BEGIN IMMEDIATE, readers that cannot write. WAL with
busy_timeout alone gives SQLITE_BUSY_SNAPSHOT at once when a reader upgrades; a larger IMMEDIATE pool starves.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from app.platform.kernel.actor import SYSTEM, Actor
from app.platform.kernel.place import Clock, system_clock
from app.platform.storage.reserve import Reserve, is_full, is_read_only

_NO_BEGIN = "mast_no_begin"
READERS = 16
TRIED_EVERY_S = 60.0
Hook = Callable[["UnitOfWork"], None]


class UnitOfWork:
    """Everything a use case changes, its audit entries, events and jobs, in one transaction: `with database.begin(actor) as
    uow: …`. An exception rolls everything back, nothing is published.

    The commit happens when the `with` block ends, in the same thread and before any response is built (a commit in a
    FastAPI `yield` dependency can fail after a 200 went out). Rows of the logs are written last, because on PostgreSQL one
    transaction after the other does so (platform.audit.log).
    """

    def __init__(self, database: Database, actor: Actor, request_id: str = "") -> None:
        self.session = Session(database.writer, expire_on_commit=False)
        self.actor = actor
        self.request_id = request_id
        self.now = database.clock()
        self.audit_key = database.audit_key
        self._reserve = database.reserve
        self.wake = database.wake  # after the commit, tells who listens to a topic in this process
        self._before_commit: list[Hook] = []
        self._after_commit: list[Callable[[], None]] = []

    def before_commit(self, hook: Hook) -> None:
        """Run `hook` inside the transaction, after the use case and just before the commit."""
        self._before_commit.append(hook)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the transaction is durable; never when it failed."""
        self._after_commit.append(callback)

    def one_at_a_time(self, what: bytes) -> None:
        """Of two units of work that name the same thing at the same instant the second waits until the first has ended.

        SQLite has one writer anyway; PostgreSQL is asked for a lock until the transaction ends.
        """
        if self.session.get_bind().dialect.name == "postgresql":
            number = int.from_bytes(hashlib.sha256(what).digest()[:8], signed=True)
            self.session.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        except Exception as failed:
            error = failed
            raise
        finally:
            self.session.close()  # rolls back whatever was not committed
            if is_full(error):
                self._reserve.give_up()

    def commit(self) -> None:
        """Write audit and events, commit, then tell those who wait."""
        self.session.flush()
        for hook in self._before_commit:
            hook(self)
        self.session.commit()
        for callback in self._after_commit:
            callback()


class Database:
    """Hands out read sessions and units of work. Both are short: nothing may hold one while it waits."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = system_clock,
        audit_key: bytes | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        self.url = url
        self.clock = clock
        self.audit_key = audit_key
        self.damage = ""  # what the database said when it could not read its own file
        self.reserve = reserve or Reserve()
        self._tried_at, self._writable = -TRIED_EVERY_S, True
        self.is_sqlite = url.startswith("sqlite")
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        if self.is_sqlite:
            path = sa.engine.make_url(url).database or ""
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.writer = _sqlite(url, pool_size=1, begin="BEGIN IMMEDIATE", query_only=False)
            self.reader = _sqlite(url, pool_size=READERS, begin="BEGIN", query_only=True)
            self._reader_once = self.reader.execution_options(**{_NO_BEGIN: True})
        else:
            self.writer = sa.create_engine(
                url,
                pool_size=READERS,
                max_overflow=8,
                pool_pre_ping=True,
                pool_timeout=5,
                hide_parameters=True,  # they hold notes and words spoken: not for a log
                connect_args={"connect_timeout": 2, "options": "-c statement_timeout=30000 -c lock_timeout=10000"},
            )
            self.reader = self.writer
            self._reader_once = self.reader.execution_options(isolation_level="AUTOCOMMIT")
        for engine in {self.writer, self.reader}:
            event.listen(engine, "handle_error", self._note_damage)

    def begin(self, actor: Actor = SYSTEM, *, request_id: str = "", vital: bool = False) -> UnitOfWork:
        """A unit of work for `actor`, to be used as a context manager. Raises StorageFull, unless it is `vital`, while the
        disk is full: signing in, reading a result, deleting what is due."""
        if not vital:
            self.reserve.ask()
        elif self.is_sqlite:  # else the disk that is full is another's, and only it can tell
            self.reserve.make_way()
        return UnitOfWork(self, actor, request_id)

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
                import structlog

                structlog.get_logger(__name__).exception("wake_failed", topic=topic)

    def read(self) -> Session:
        """A session that sees one consistent state and cannot write, to be used as a context manager."""
        return Session(self.reader, expire_on_commit=False, autoflush=False)

    def read_once(self) -> Session:
        """A session that cannot write, for one statement, which sees one state by itself: no transaction is begun for it."""
        return Session(self._reader_once, expire_on_commit=False, autoflush=False)

    def _note_damage(self, context: sa.engine.ExceptionContext) -> None:
        said = str(context.original_exception)
        damaged = any(words in said for words in ("malformed", "not a database"))
        if damaged or getattr(context.original_exception, "sqlstate", None) in ("XX001", "XX002"):
            self.damage = said
            import structlog

            structlog.get_logger(__name__).error("database_damaged", said=said)

    def can_write(self) -> bool:
        """Whether a row could be written a minute ago or later; tried now where nobody has tried since."""
        now = time.monotonic()
        if now - self._tried_at >= TRIED_EVERY_S and not (self.is_sqlite and self._busy()):
            self._tried_at = now
            try:
                with self.begin(vital=True) as uow:
                    uow.session.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
                self._writable = True
            except sa.exc.SQLAlchemyError as error:
                self._writable = not (is_full(error) or is_read_only(error))
        return self._writable

    def _busy(self) -> bool:
        """Whether the one writer of SQLite is at work: a look at it is not worth the wait."""
        return isinstance(self.writer.pool, QueuePool) and self.writer.pool.checkedout() > 0

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
