"""Servers of one PostgreSQL database may not differ in some settings: each holds locks that say what it is set to.

A lock ends with its connection, so there is nothing to tidy up after a server that was killed. On SQLite a service has one
server: a second one is refused, also from another container that has the same folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
import structlog

from app.platform.kernel.errors import Conflict
from app.platform.kernel.locks import InUse, OnlyOne

FIRST = 0x4D415300
"""The first of a row of numbers, one for each setting; the second number of a lock is a hash of its value."""
LOCK_NOT_AVAILABLE = "55P03"
_HELD = sa.text(
    "SELECT classid::bigint - :first AS setting, objid::bigint AS value FROM pg_locks WHERE locktype = 'advisory' "
    "AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid::bigint BETWEEN :first AND :first + 255"
)


_HOLDER = sa.text(
    "SELECT a.pid, coalesce(host(a.client_addr), 'this machine') AS address, a.application_name AS name FROM pg_locks l "
    "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.mode = "
    "'ExclusiveLock' AND l.classid::bigint = :place AND l.objid::bigint = :value"
)
WAITS = "5s"
"""How long a start waits for a lock that another session holds alone; servers share theirs."""
LOST = "This server has lost the lock that keeps servers with other settings from starting beside it, and tries to take it again."
LOOKS_EVERY_S = 15.0
_log = structlog.get_logger(__name__)


class SettingsLock:
    """While it lasts, this server runs with these settings. Entering raises Conflict, naming those in which another one differs.

    A connection that was cut has lost its locks, so it is looked at now and then, and made again.
    """

    def __init__(self, url: str, settings: Mapping[str, str], *, every_s: float = LOOKS_EVERY_S) -> None:
        self._names = sorted(settings)
        self._mine = {place: _hash(settings[name]) for place, name in enumerate(self._names)}
        self._every_s = every_s
        self._file = sa.make_url(url).database if url.startswith("sqlite") else None
        self._engine = None if url.startswith("sqlite") else _engine(url)
        self._alone: OnlyOne | None = None
        self._connection: sa.Connection | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look_now_and_then, name="settings_lock", daemon=True)

    def __enter__(self) -> Self:
        if self._engine is not None:
            self._take(self._engine)
            self._thread.start()
        elif self._file:
            self._alone = _alone_on(Path(self._file))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._engine is not None:
            self._thread.join(5.0)
            _unlock(self._connection)
            self._let_go()
        if self._alone is not None:
            self._alone.release()

    def alarms(self) -> list[str]:
        """What an operator has to know."""
        return [] if self._engine is None or self._connection is not None else [LOST]

    def look(self) -> None:
        """Take the locks again where their connection is broken. Never raises: the server goes on, with an alarm."""
        assert self._engine is not None
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return
        except sa.exc.SQLAlchemyError:
            self._let_go()
        try:
            self._take(self._engine)
            _log.warning("settings_lock_taken_again")
        except (sa.exc.SQLAlchemyError, Conflict) as error:
            _log.error("settings_lock_lost", error=type(error).__name__, said=getattr(error, "detail", ""))

    def _look_now_and_then(self) -> None:
        while not self._done.wait(self._every_s):
            self.look()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _take(self, engine: sa.Engine) -> None:
        connection = engine.connect()
        try:
            # First told, then looked: of two that start together both see the other.
            for place, value in self._mine.items():
                _lock(connection, FIRST + place, value, self._names[place])
            held = connection.execute(_HELD, {"first": FIRST}).all()
            mine = self._mine
            differ = sorted({self._names[place] for place, value in held if place in mine and value != mine[place]})
            if differ:
                raise Conflict(
                    f"A server of this database runs with another {' and '.join(differ)}, so this one was not started.",
                    hint="Give all servers the same settings, or stop the others first.",
                )
        except BaseException:
            _unlock(connection)
            connection.invalidate()
            connection.close()
            raise
        self._connection = connection


def _alone_on(database: Path) -> OnlyOne | None:
    """Held until it is released. None where nothing can be written: there no second server does harm either."""
    try:
        return OnlyOne(database.with_name(f"{database.name}.serving"))
    except InUse:
        raise Conflict(
            f"Another server runs on {database}, so this one was not started. Nothing was changed.",
            hint="A SQLite file carries one server. Stop the other one first; several servers need PostgreSQL.",
        ) from None
    except OSError:
        return None


def _engine(url: str) -> sa.Engine:
    options = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "options": f"-c lock_timeout={WAITS}"}
    return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=options)


def _lock(connection: sa.Connection, place: int, value: int, name: str) -> None:
    try:
        connection.execute(sa.select(sa.func.pg_advisory_lock_shared(place, value)))
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        holders = connection.execute(_HOLDER, {"place": place, "value": value}).all()
        who = " and ".join(f"the session with pid {one.pid} from {one.address}" for one in holders) or "another session"
        raise Conflict(
            f"The lock by which servers tell one another their {name} is held by {who} of this database for itself, so this "
            "server was not started. No server of MAST does that. Nothing was changed.",
            hint="Find out what that session is, and end it in PostgreSQL: SELECT pg_terminate_backend(pid).",
        ) from None


def _unlock(connection: sa.Connection | None) -> None:
    """At once, so that a server started next is not refused for a connection whose end PostgreSQL has yet to notice."""
    if connection is not None:
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))


def _hash(value: str) -> int:
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:4]) >> 1
