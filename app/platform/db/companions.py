"""Servers of one PostgreSQL database tell one another their settings by locks, which end with their connection.

There is nothing to tidy up after a server that was killed, and no clock in it. On SQLite a service has one server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from app.platform.kernel.errors import Conflict

FIRST = 0x4D415300
"""The first of a row of numbers, one for each setting; the second number of a lock is a hash of its value."""
_HELD = sa.text(
    "SELECT classid::bigint - :first AS setting, objid::bigint AS value FROM pg_locks WHERE locktype = 'advisory' "
    "AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid::bigint BETWEEN :first AND :first + 255"
)


@contextmanager
def beside(url: str, settings: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, this server runs with these settings. Raises Conflict, naming those in which another one differs."""
    if url.startswith("sqlite"):
        yield
        return
    names = sorted(settings)
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        mine = {place: _hash(settings[name]) for place, name in enumerate(names)}
        for place, value in mine.items():  # first told, then looked: of two that start together both see the other
            connection.execute(sa.select(sa.func.pg_advisory_lock_shared(FIRST + place, value)))
        held = connection.execute(_HELD, {"first": FIRST}).all()
        differ = sorted({names[place] for place, value in held if place in mine and value != mine[place]})
        if differ:
            raise Conflict(
                f"A server of this database runs with another {' and '.join(differ)}, so this one was not started.",
                hint="Give all servers the same settings, or stop the others first.",
            )
        yield


def _hash(value: str) -> int:
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:4]) >> 1
