"""PostgreSQL goes away and comes back: the hub recovers by itself and no event is missed."""

from __future__ import annotations

import asyncio
import time

import pytest
import sqlalchemy.exc

from app.platform.db import Database
from app.platform.db.migrate import upgrade
from app.platform.live import publish
from tests.support.live import Message, running_hub, screen, write
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.postgres


def write_until_it_works(database: Database, seconds: float) -> float:
    """Try one event until the database answers; how long that took."""
    began = time.monotonic()
    while True:
        try:
            write(database, 1)
            return time.monotonic() - began
        except sqlalchemy.exc.OperationalError:
            assert time.monotonic() - began < seconds
            time.sleep(0.1)


def test_a_hub_outlives_its_database(private_postgres: PostgresServer) -> None:
    database = Database(private_postgres.url())
    upgrade(database)

    async def scenario() -> tuple[list[Message], float, float]:
        # a poll of ten minutes: what arrives, arrives through the reconnected listener
        async with running_hub(database, poll=600) as hub, screen(hub) as take:
            await asyncio.to_thread(write, database, 3)
            before = await take(3)
            private_postgres.stop()
            refused_after = await asyncio.to_thread(time_of_a_refused_write, database)
            await asyncio.sleep(1)
            private_postgres.start()
            other = Database(private_postgres.url())  # its commits do not wake this hub: only NOTIFY can
            back = time.monotonic()
            await asyncio.to_thread(write_until_it_works, other, 5)
            messages = before + await take(1)
            recovered_after = time.monotonic() - back
            await asyncio.to_thread(write, other, 2)
            messages += await take(2)
            other.close()
            return messages, refused_after, recovered_after

    messages, refused_after, recovered_after = asyncio.run(scenario())
    database.close()
    numbers = [message.id for message in messages]
    assert numbers == sorted(set(numbers))  # type: ignore[type-var]
    assert len(numbers) == 6
    assert refused_after < 2
    assert recovered_after < 5


def time_of_a_refused_write(database: Database) -> float:
    began = time.monotonic()
    with pytest.raises(sqlalchemy.exc.OperationalError), database.begin() as uow:
        publish(uow, "queue", "registered")
    return time.monotonic() - began


def test_a_hub_that_starts_before_its_database_tells_early_screens_to_reload(
    private_postgres: PostgresServer,
) -> None:
    database = Database(private_postgres.url())
    upgrade(database)
    write(database, 2)
    private_postgres.stop()

    async def scenario() -> list[Message]:
        async with running_hub(database, poll=600) as hub, screen(hub) as take:
            private_postgres.start()
            messages = await take(1)
            await asyncio.to_thread(write, database, 1)
            return messages + await take(1)

    resync, message = asyncio.run(scenario())
    database.close()
    assert (resync.event, message.event) == ("resync", "message")
    assert message.id is not None
    assert resync.id is not None
    assert message.id > resync.id
