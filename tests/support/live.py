"""Reading a hub's stream in a test, and a second process that writes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.platform.db import Database
from app.platform.live import publish
from app.platform.live.hub import EventHub

WRITER = """
import sys
from app.platform.db import Database
from app.platform.live import publish
database = Database(sys.argv[1])
for number in range(int(sys.argv[2])):
    with database.begin() as uow:
        publish(uow, "queue", "registered", payload={"number": number, "writer": "other process"})
database.close()
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event as a browser would see it."""

    event: str
    id: int | None
    data: dict[str, Any]


def messages(chunk: bytes) -> list[Message]:
    """All of a piece: events of one moment come together."""
    return [parse(text) for text in chunk.split(b"\n\n") if text]


def parse(chunk: bytes) -> Message:
    """Read one finished SSE message."""
    fields = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
    data = json.loads(fields["data"]) if "data" in fields else {}
    return Message(fields.get("event", "message"), int(fields["id"]) if "id" in fields else None, data)


@asynccontextmanager
async def running_hub(database: Database, *, poll: float = 5.0, queue: int = 10_000) -> AsyncIterator[EventHub]:
    """A started hub, stopped at the end."""
    hub = EventHub(database, poll_seconds=poll, queue_size=queue)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


@asynccontextmanager
async def screen(
    hub: EventHub, last_event_id: int | None = None, accepts: Callable[[Any], bool] = lambda _event: True
) -> AsyncIterator[Callable[[int], Awaitable[list[Message]]]]:
    """A connected screen: `await take(n)` gives its next n messages, the greeting left out."""
    stream = aiter(hub.subscribe(accepts, last_event_id))
    await anext(stream)

    read: list[Message] = []

    async def take(count: int) -> list[Message]:
        async with asyncio.timeout(20):
            while len(read) < count:
                read.extend(messages(await anext(stream)))
        taken = read[:count]
        del read[:count]
        return taken

    try:
        yield take
    finally:
        await stream.aclose()


def write(database: Database, count: int, **ids: Any) -> None:
    """`count` transactions with one event each."""
    for number in range(count):
        with database.begin() as uow:
            publish(uow, "queue", "registered", payload={"number": number}, **ids)


def write_from_another_process(url: str, count: int) -> subprocess.Popen[bytes]:
    """The same from a process of its own."""
    checkout = Path(__file__).resolve().parents[2]
    return subprocess.Popen([sys.executable, "-c", WRITER, url, str(count)], cwd=checkout)
