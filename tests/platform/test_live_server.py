"""Live screens against a real server: headers, a quick end on SIGTERM, resuming without a gap, dropping who never reads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port

SCREENS = 200


@dataclass
class Server:
    """The server process, its port, and what it complained about."""

    process: subprocess.Popen[bytes]
    port: int

    def publish(self, size: int = 0) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/publish?size={size}", method="POST")
        with urllib.request.urlopen(request, timeout=10) as response:
            screens: int = json.load(response)["screens"]
            return screens

    def terminate(self) -> tuple[float, str]:
        """SIGTERM; how long it took, and what it wrote."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        _, complaints = self.process.communicate(timeout=20)
        return time.monotonic() - began, complaints.decode()


@contextmanager
def serving(url: str) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "tests.support.live_server", url, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield Server(process, port)
    finally:
        process.kill()
        process.communicate()


class Screen:
    """A browser's EventSource, as far as it matters here: it remembers the last id and whether it must reload."""

    def __init__(self) -> None:
        self.last_id = ""
        self.seen: list[int] = []
        self.headers = ""
        self.events: list[str] = []

    @asynccontextmanager
    async def connected(self, port: int) -> AsyncIterator[asyncio.Task[None]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        writer.write(f"GET /events HTTP/1.1\r\nHost: test\r\n{resume}\r\n".encode())
        self.headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        greeted = asyncio.Event()
        task = asyncio.create_task(self._listen(reader, greeted))
        await asyncio.wait_for(greeted.wait(), 10)
        try:
            yield task
        finally:
            task.cancel()
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader, greeted: asyncio.Event) -> None:
        while line := await reader.readline():
            text = line.decode().strip()
            if text.startswith("id: "):
                self.last_id = text[4:]
                greeted.set()
            elif text.startswith("event: "):
                self.events.append(text[7:])
            elif text.startswith("data: "):
                self.seen.append(json.loads(text[6:])["id"])


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 the condition is another process's
            await asyncio.sleep(0.02)


def test_the_stream_may_not_be_stored_or_buffered_and_a_screen_that_left_is_forgotten(sqlite_url: str) -> None:
    async def scenario(server: Server) -> str:
        screen = Screen()
        async with screen.connected(server.port), Screen().connected(server.port):
            assert await asyncio.to_thread(server.publish) == 2
        for _ in range(100):
            if await asyncio.to_thread(server.publish) == 0:
                return screen.headers
            await asyncio.sleep(0.1)
        raise AssertionError("it is still sent to")

    with serving(sqlite_url) as server:
        headers = asyncio.run(scenario(server))
    assert "content-type: text/event-stream" in headers
    assert "cache-control: no-store" in headers
    assert "x-accel-buffering: no" in headers


@pytest.mark.long
def test_sigterm_ends_two_hundred_screens_within_five_seconds_and_they_resume_without_a_gap(
    database_url: str,
) -> None:
    screens = [Screen() for _ in range(SCREENS)]

    async def first(server: Server) -> tuple[float, str]:
        async with contextlib.AsyncExitStack() as stack:
            tasks = [await stack.enter_async_context(screen.connected(server.port)) for screen in screens]
            for _ in range(3):
                await asyncio.to_thread(server.publish)
            await until(lambda: all(len(screen.seen) == 3 for screen in screens))
            ended = await asyncio.to_thread(server.terminate)
            await asyncio.wait(tasks, timeout=5)
            return ended

    async def second(server: Server) -> None:
        for _ in range(2):
            await asyncio.to_thread(server.publish)  # while nobody is connected
        async with contextlib.AsyncExitStack() as stack:
            for screen in screens:
                await stack.enter_async_context(screen.connected(server.port))
            await asyncio.to_thread(server.publish)
            await until(lambda: all(len(screen.seen) == 6 for screen in screens))

    with serving(database_url) as server:
        seconds, complaints = asyncio.run(first(server))
    with serving(database_url) as server:
        asyncio.run(second(server))
    assert seconds < 5
    assert complaints == ""
    assert {tuple(screen.seen) for screen in screens} == {(1, 2, 3, 4, 5, 6)}
    assert not any(screen.events for screen in screens)


@pytest.mark.long
def test_a_client_that_never_reads_is_dropped_within_fifteen_seconds(sqlite_url: str) -> None:
    with serving(sqlite_url) as server, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n")
        time.sleep(0.3)
        for _ in range(40):  # more than its socket and ours can hold
            server.publish(200_000)
        began = time.monotonic()
        while server.publish() and time.monotonic() - began < 20:
            time.sleep(0.25)
        assert time.monotonic() - began < 15
        seconds, _complaints = server.terminate()
        assert seconds < 5
