"""The hub of one process: reads new events by id and hands each, encoded once, to screens that may see it.

It remembers the newest events, so screens that reconnect together cost no query. Imports no feature.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from pydantic import JsonValue
from sqlmodel import col, select

from app.platform.audit.log import CHANNEL
from app.platform.db import Database
from app.platform.live.publish import WAKE
from app.platform.live.tables import EventRow

REPLAY = 1000  # a screen that missed more is told to reload
RETRY_MS = 2000
_BATCH = 500
_SQLITE_POLL_S = 1.0  # another process cannot wake us there
FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 2.0

_BARE = b"id: %d\ndata: {}\n\n"
PAUSE_PER_SCREEN_S, LONGEST_PAUSE_S = 0.0002, 0.1
"""After a delivery, events of the next moment are gathered and sent together: sending to each of many screens costs more
than all else. One that comes after a quiet moment is delivered at once."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event as the hub hands it out. `encoded` is the finished SSE message."""

    id: int
    at: datetime
    topic: str
    kind: str
    agency_id: UUID | None
    session_id: UUID | None
    sample_id: UUID | None
    payload: Mapping[str, JsonValue]
    encoded: bytes


Accepts = Callable[[LiveEvent], bool]


class EventHub:
    """One per process. `await start()` and `await stop()` in the lifespan; `subscribe` from an SSE route."""

    def __init__(self, database: Database, *, poll_seconds: float, queue_size: int) -> None:
        self._database = database
        self._poll = min(poll_seconds, _SQLITE_POLL_S) if database.is_sqlite else poll_seconds
        self.queue_size = queue_size
        self._recent: deque[LiveEvent] = deque(maxlen=REPLAY)
        self._complete_from = 0  # every event above this id is either in `_recent` or still to come
        self._last: int | None = None
        self._subscriptions: set[Subscription] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def last_id(self) -> int:
        """Newest event handed out. A page takes it *before* it reads, and subscribes from there: no gap."""
        return self._last or 0

    @property
    def screens(self) -> int:
        """How many screens are connected here."""
        return len(self._subscriptions)

    async def start(self) -> None:
        """Begin to follow the table. A database that is away is waited for in the background."""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-events")
        self._stop_listening = self._database.listen(WAKE, self._wake_from_any_thread)
        await self.try_catch_up()
        self._tasks = [asyncio.create_task(self._follow(), name="live-follow")]
        if not self._database.is_sqlite:
            listener = _listen_forever(self._database.writer, self._wake.set)
            self._tasks.append(asyncio.create_task(listener, name="live-listen"))

    async def stop(self) -> None:
        """End every screen's stream and stop following."""
        self._stop_listening()
        self.close_screens()
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.5)  # and again, should a library swallow the first
        self._tasks = []
        await asyncio.to_thread(self._thread.shutdown)

    def close_screens(self) -> None:
        """End the streams; each browser comes back by itself with the id it saw last."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def subscribe(self, accepts: Accepts, last_event_id: int | None = None, *, contents: bool = True) -> Subscription:
        """Events that `accepts` lets through, as SSE bytes, from `last_event_id` on. Holds no session.

        Without `contents` only that something happened is told.
        """
        return Subscription(self, accepts, last_event_id, contents)

    def attach(self, subscription: Subscription) -> Sequence[LiveEvent] | None:
        """Register and return what it missed, in one step; None when that is no longer known."""
        self._subscriptions.add(subscription)
        seen = subscription.seen
        if seen is None:
            return ()
        if seen < self._complete_from or seen > self.last_id:
            return None
        missed = [event for event in self._recent if event.id > seen and subscription.accepts(event)]
        return None if len(missed) > self.queue_size else missed

    def detach(self, subscription: Subscription) -> None:
        """Forget a screen."""
        self._subscriptions.discard(subscription)

    async def catch_up(self) -> None:
        """Read and hand out what is new."""
        async with self._reading:
            while True:
                events = await self._loop.run_in_executor(self._thread, self._read, self._last)
                if self._last is None:
                    self._begin_at(events)
                    return
                for event in events:
                    self._deliver(event)
                if len(events) < _BATCH:
                    return

    def _begin_at(self, events: list[LiveEvent]) -> None:
        self._recent.extend(events)
        self._last = events[-1].id if events else 0
        self._complete_from = events[0].id - 1 if events else 0
        for subscription in tuple(self._subscriptions):  # came while the database was away
            subscription.overflow(self._last)

    def _deliver(self, event: LiveEvent) -> None:
        if len(self._recent) == REPLAY:
            self._complete_from = self._recent[0].id
        self._recent.append(event)
        self._last = event.id
        for subscription in tuple(self._subscriptions):
            try:
                subscription.offer(event)
            except Exception:  # one screen's filter must not silence the others
                _log.exception("live_filter_failed", topic=event.topic, kind=event.kind)
                subscription.close()

    def _read(self, last: int | None) -> list[LiveEvent]:
        with self._database.read_once() as session:
            newest = select(EventRow).order_by(col(EventRow.id).desc()).limit(REPLAY)
            if last is None:
                return [_live(row) for row in reversed(session.exec(newest).all())]
            query = select(EventRow).where(col(EventRow.id) > last).order_by(col(EventRow.id)).limit(_BATCH)
            return [_live(row) for row in session.exec(query)]

    def _wake_from_any_thread(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to wake
            self._loop.call_soon_threadsafe(self._wake.set)

    async def try_catch_up(self) -> None:
        """Catch up, unless the database is away."""
        try:
            await self.catch_up()
        except Exception as error:  # the database is away: the next wake or poll tries again
            _log.warning("live_catch_up_failed", error=type(error).__name__)

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll):  # not wait_for: on 3.11 it can swallow a cancellation
                    await self._wake.wait()
            self._wake.clear()
            await self.try_catch_up()
            await asyncio.sleep(min(self.screens * PAUSE_PER_SCREEN_S, LONGEST_PAUSE_S))


class Subscription:
    """One screen: iterate for SSE bytes. A bounded queue; a screen too slow for it is told to reload."""

    def __init__(self, hub: EventHub, accepts: Accepts, last_event_id: int | None, contents: bool) -> None:
        self._hub = hub
        self.accepts = accepts
        self._contents = contents
        self.seen = last_event_id
        self._queue: deque[LiveEvent] = deque()
        self._resync: int | None = None
        self._ready = asyncio.Event()
        self._closed = False

    @property
    def position(self) -> int:
        """Everything up to this id was given out or was not for this screen."""
        if not self._queue and self._resync is None:
            return self._hub.last_id
        return self.seen or 0

    def offer(self, event: LiveEvent) -> None:
        """Queue an event; when full, drop the backlog and remember to say `resync`."""
        if not self.accepts(event):
            return
        if len(self._queue) >= self._hub.queue_size:
            self.overflow(event.id)
            return
        self._queue.append(event)
        self._ready.set()

    def overflow(self, up_to: int) -> None:
        """Drop what waits: the screen reloads, and so sees everything up to this id."""
        self._queue.clear()
        self._resync = up_to
        self._ready.set()

    def close(self) -> None:
        """End the stream after what is queued."""
        self._closed = True
        self._ready.set()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        if self.seen is not None and self.seen > self._hub.last_id:
            await self._hub.try_catch_up()  # it saw the event through a faster process
        missed = self._hub.attach(self)
        try:
            if missed is None:
                self.overflow(self._hub.last_id)
            else:
                self._queue.extend(missed)
            if self.seen is None:
                self.seen = self._hub.last_id
            # An id from the start: a screen cut off before its first event still resumes without a gap.
            yield b"id: %d\nretry: %d\n\n" % (self.seen, RETRY_MS)
            while (chunk := await self._next()) is not None:
                yield chunk
        finally:
            self._hub.detach(self)

    async def _next(self) -> bytes | None:
        while True:
            if self._resync is not None:
                self.seen, self._resync = self._resync, None
                return b"event: resync\nid: %d\ndata: {}\n\n" % self.seen
            if self._queue:
                waiting = tuple(self._queue)
                self._queue.clear()
                self.seen = waiting[-1].id
                return b"".join(event.encoded for event in waiting) if self._contents else _BARE % self.seen
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()


def _live(row: EventRow) -> LiveEvent:
    assert row.id is not None
    fields = {
        **row.payload,
        "id": row.id,
        "topic": row.topic,
        "kind": row.kind,
        "sample_id": row.sample_id and str(row.sample_id),
        "session_id": row.session_id and str(row.session_id),
    }
    text = json.dumps(fields, separators=(",", ":"), default=str)
    return LiveEvent(**row.model_dump(), encoded=b"id: %d\ndata: %s\n\n" % (row.id, text.encode()))


async def _listen_forever(engine: sa.Engine, wake: Callable[[], None]) -> None:
    """LISTEN on PostgreSQL: call `wake` on every notification, and after every (re)connection: some may have passed in the meantime."""
    backoff = FIRST_BACKOFF_S
    while True:
        try:
            async with await _connect(engine) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                backoff = FIRST_BACKOFF_S
                wake()
                async for _notification in connection.notifies():
                    wake()
        except (psycopg.Error, OSError) as error:
            _log.warning("live_listener_lost", error=type(error).__name__, retry_s=backoff)
        await asyncio.sleep(backoff)
        backoff = min(backoff * 2, LONGEST_BACKOFF_S)


async def _connect(engine: sa.Engine) -> psycopg.AsyncConnection:
    _positional, arguments = engine.dialect.create_connect_args(engine.url)
    arguments.update(  # a server that vanished without a word is noticed within half a minute
        autocommit=True, connect_timeout=2, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
    )
    return await psycopg.AsyncConnection.connect(**arguments)
