"""Live events: none lost, none twice, in order, and none of a change that did not happen."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import select
from starlette.requests import Request

from app.platform.db import Database
from app.platform.live import EventRow, publish, purge_events
from app.platform.live.hub import LiveEvent
from app.platform.live.sse import event_stream
from tests.support.clock import SettableClock
from tests.support.live import Message, running_hub, screen, write, write_from_another_process

Take = Callable[[int], Awaitable[list[Message]]]


def ids(messages: list[Message]) -> list[int | None]:
    return [message.id for message in messages]


def stored_ids(database: Database) -> list[int | None]:
    with database.read() as session:
        return list(session.exec(select(EventRow.id).order_by(EventRow.id)))  # type: ignore[arg-type]


def test_eight_writers_lose_and_repeat_nothing_and_order_is_kept(database: Database) -> None:
    async def scenario() -> list[Message]:
        async with running_hub(database, poll=60) as hub, screen(hub) as take:
            writers = [asyncio.to_thread(write, database, 30) for _ in range(8)]
            _, messages = await asyncio.gather(asyncio.gather(*writers), take(240))
            return messages

    messages = asyncio.run(scenario())
    assert ids(messages) == stored_ids(database)
    assert len(set(ids(messages))) == 240


def test_an_event_names_what_it_is_about_and_its_payload(database: Database) -> None:
    sample, session = uuid.uuid4(), uuid.uuid4()

    async def scenario() -> list[Message]:
        async with running_hub(database) as hub, screen(hub) as take:
            with database.begin() as uow:
                publish(
                    uow, "result", "released", sample_id=sample, session_id=session,
                    payload={"number": 41, "result_id": sample, "topic": "forged"},
                )  # fmt: skip
            return await take(1)

    (message,) = asyncio.run(scenario())
    assert message.event == "message"
    assert message.data == {
        "id": message.id,
        "topic": "result",
        "kind": "released",
        "sample_id": str(sample),
        "session_id": str(session),
        "number": 41,
        "result_id": str(sample),
    }


def test_a_screen_gets_only_what_it_may_see(sqlite_database: Database) -> None:
    ours, theirs = uuid.uuid4(), uuid.uuid4()

    def accepts(event: LiveEvent) -> bool:
        return event.agency_id == ours

    async def scenario() -> list[Message]:
        async with running_hub(sqlite_database) as hub, screen(hub, accepts=accepts) as take:
            write(sqlite_database, 2, agency_id=theirs)
            write(sqlite_database, 1, agency_id=ours)
            return await take(1)

    assert ids(asyncio.run(scenario())) == [3]


def test_events_of_one_moment_are_sent_together_and_told_without_contents_as_one(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.platform.live.hub.PAUSE_PER_SCREEN_S", 10)  # as if there were many screens

    async def scenario() -> tuple[bytes, bytes, bytes]:
        async with running_hub(sqlite_database) as hub:
            streams = [aiter(hub.subscribe(lambda _: True, contents=contents)) for contents in (True, False)]
            for stream in streams:
                await anext(stream)
            write(sqlite_database, 1)
            first = await anext(streams[0])
            write(sqlite_database, 3)
            together, told = await anext(streams[0]), [await anext(streams[1])]
            while b"id: 4" not in told[-1]:
                told.append(await anext(streams[1]))
            for stream in streams:
                await stream.aclose()
            return first, together, told[-1]

    first, together, told = asyncio.run(scenario())
    assert first.count(b"data:") == 1, "what comes after a quiet moment waits for nothing"
    assert [line for line in together.split(b"\n") if line.startswith(b"id")] == [b"id: 2", b"id: 3", b"id: 4"]
    assert told == b"id: 4\ndata: {}\n\n"


def test_a_filter_that_fails_ends_its_own_screen_only(sqlite_database: Database) -> None:
    def broken(_event: LiveEvent) -> bool:
        raise KeyError("a filter's own trouble")

    async def scenario() -> list[Message]:
        async with (
            running_hub(sqlite_database) as hub,
            screen(hub) as take,
            screen(hub, accepts=broken) as broken_take,
        ):
            write(sqlite_database, 2)
            messages = await take(2)
            with pytest.raises(StopAsyncIteration):
                await broken_take(1)
            assert hub.screens == 1
            return messages

    assert ids(asyncio.run(scenario())) == [1, 2]


def test_a_slow_screen_is_told_to_reload_and_gets_only_what_came_later(sqlite_database: Database) -> None:
    async def scenario() -> list[Message]:
        async with running_hub(sqlite_database, queue=5) as hub, screen(hub) as take:
            write(sqlite_database, 8)
            await hub.catch_up()
            first = await take(3)
            write(sqlite_database, 1)
            return first + await take(1)

    messages = asyncio.run(scenario())
    assert [message.event for message in messages] == ["resync", "message", "message", "message"]
    assert ids(messages) == [6, 7, 8, 9]


@pytest.mark.parametrize(
    ("last", "queue", "told"),
    [
        (7, 100, [("message", 8), ("message", 9), ("message", 10), ("message", 11)]),
        (2, 5, [("resync", 10), ("message", 11)]),  # it missed more than is kept for a screen
        (500, 100, [("resync", 10), ("message", 11)]),  # of no event that there was
    ],
)
def test_a_screen_that_comes_back_gets_what_it_missed_or_is_told_to_reload(
    database: Database, last: int, queue: int, told: list[tuple[str, int]]
) -> None:
    write(database, 10)

    async def scenario() -> list[Message]:
        async with running_hub(database, queue=queue) as hub, screen(hub, last_event_id=last) as take:
            write(database, 1)
            return await take(len(told))

    assert [(message.event, message.id) for message in asyncio.run(scenario())] == told


def test_a_screen_whose_events_were_purged_is_told_to_reload(database: Database, clock: SettableClock) -> None:
    write(database, 5)
    clock.advance(days=2)
    write(database, 2)
    with database.begin() as uow:
        assert purge_events(uow, older_than=clock.advance(days=-1)) == 5

    async def scenario() -> list[Message]:
        async with running_hub(database) as hub, screen(hub, 3) as old, screen(hub, 6) as recent:
            return await old(1) + await recent(1)

    old, recent = asyncio.run(scenario())
    assert old.event == "resync"
    assert (recent.event, recent.id) == ("message", 7)


def test_ids_are_not_used_again_after_a_purge(database: Database, clock: SettableClock) -> None:
    write(database, 3)
    with database.begin() as uow:
        purge_events(uow, older_than=clock.advance(days=1))
    write(database, 1)
    assert stored_ids(database) == [4]


def test_the_greeting_carries_an_id_so_that_the_first_reconnection_has_no_gap(
    sqlite_database: Database,
) -> None:
    write(sqlite_database, 3)

    async def scenario() -> bytes:
        async with running_hub(sqlite_database) as hub:
            stream = aiter(hub.subscribe(lambda _event: True))
            greeting = await anext(stream)
            await stream.aclose()
            return greeting

    assert asyncio.run(scenario()) == b"id: 3\nretry: 2000\n\n"


def test_two_hubs_see_what_a_second_process_writes(database: Database) -> None:
    async def scenario() -> tuple[list[Message], list[Message]]:
        other = Database(database.url)
        async with (
            running_hub(database) as one,
            running_hub(other) as two,
            screen(one) as left,
            screen(two) as right,
        ):
            writer = write_from_another_process(database.url, 20)
            seen = await asyncio.gather(left(20), right(20))
            writer.wait(20)
        other.close()
        return seen[0], seen[1]

    left, right = asyncio.run(scenario())
    assert ids(left) == ids(right) == stored_ids(database)


def test_a_stopped_hub_ends_every_stream(sqlite_database: Database) -> None:
    async def scenario() -> list[bytes]:
        async with running_hub(sqlite_database) as hub:
            stream = aiter(hub.subscribe(lambda _event: True))
            chunks = [await anext(stream)]
            reading = asyncio.create_task(_rest(stream))
            await asyncio.sleep(0)
            assert hub.screens == 1
        return chunks + await asyncio.wait_for(reading, 2)

    assert len(asyncio.run(scenario())) == 1


def test_a_stream_that_lasts_so_long_ends_by_itself_and_forgets_its_screen(sqlite_database: Database) -> None:
    async def scenario() -> tuple[int, int]:
        async with running_hub(sqlite_database) as hub:
            response = event_stream(
                hub, lambda _event: True, Request({"type": "http", "headers": [], "query_string": b""}), lasts_s=0.01
            )
            chunks = await asyncio.wait_for(_rest(response.body_iterator), 5)
            return len(chunks), hub.screens

    assert asyncio.run(scenario()) == (1, 0)


async def _rest(stream: object) -> list[bytes]:
    return [chunk async for chunk in stream]  # type: ignore[attr-defined]
