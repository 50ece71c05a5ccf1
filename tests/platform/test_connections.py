"""The edge of HTTP: what comes slowly, in two lengths or for another host, and what is asked with HEAD."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from app.platform.web import middleware
from app.platform.web.connections import Connection
from app.platform.web.middleware import BodyLimit, Guard, HeadAsGet


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


class Impatient(Connection):
    request_s = 0.05


async def _talk(sent: bytes, *more: bytes, app: Any = hello) -> bytes:
    """What a server answers until it closes the connection; `more` is sent a byte at a time, for as long as it takes it."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", proxy_headers=False, timeout_keep_alive=60)
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, ServerState(), {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(sent)

    async def dribble() -> None:
        while more and not writer.is_closing():
            writer.write(more[0])
            await asyncio.sleep(0.01)

    slowly = asyncio.create_task(dribble())
    got = b""
    async with asyncio.timeout(20):
        with suppress(ConnectionResetError):  # closed while a byte was on its way
            while part := await reader.read(65536):
                got += part
    slowly.cancel()
    writer.close()
    server.close()
    return got


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_a_connection_whose_request_does_not_come_is_closed(sent: bytes) -> None:
    """Attack 13: connections that said nothing, or a letter now and then, were kept for ever."""
    assert asyncio.run(_talk(sent, b"x")) == b""


def test_a_second_request_that_does_not_come_closes_the_connection_after_the_first_was_answered() -> None:
    got = asyncio.run(_talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /", b"x"))
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert got.endswith(b"hello")


def test_an_answer_that_takes_its_time_is_not_cut_off() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await hello(scope, receive, send)

    got = asyncio.run(_talk(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", app=slow))
    assert got.endswith(b"hello")


def test_two_lengths_are_refused_and_nothing_after_them_is_read() -> None:
    """Attack 13: a proxy and the server could have disagreed about where the next request begins."""
    sent = (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    got = asyncio.run(_talk(sent, app=Guard(hello, allowed_hosts=["x"])))
    assert got.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in got
    assert b"two ways" in got
    assert got.count(b"HTTP/1.1") == 1


# -- bodies -----------------------------------------------------------------------------------------------------


async def _sent(app: Any, parts: list[bytes], *, headers: dict[str, str] | None = None, method: str = "POST") -> Any:
    """Status and body of an answer to a body that stops coming after these parts."""
    answers: list[Message] = []
    coming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> Message:
        if coming:
            return coming.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Message) -> None:
        answers.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": raw, "query_string": b"", "client": ("x", 1)}
    async with asyncio.timeout(20):
        await app(scope, receive, send)
    return answers


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await hello(scope, receive, send)


def test_a_body_that_stops_coming_is_given_up() -> None:
    """Attack 13: fifty uploads that never went on held fifty connections."""
    with pytest.raises(Exception, match="too slowly") as caught:
        asyncio.run(_sent(BodyLimit(reading, limit=1000, upload_limit=1000, stall_s=0.05), [b"a", b"b"]))
    assert (caught.value.status_code, caught.value.headers) == (408, {"Connection": "close"})  # type: ignore[attr-defined]


def test_a_body_that_comes_in_drops_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    now = itertools.count(0, 10)  # each look at the clock is ten seconds later
    monkeypatch.setattr(middleware, "time", SimpleNamespace(monotonic=lambda: next(now)))
    with pytest.raises(Exception, match="too slowly"):
        asyncio.run(_sent(BodyLimit(reading, limit=1000, upload_limit=1000, stall_s=30), [b"a"] * 100))


def test_what_waits_for_the_end_of_the_connection_after_the_body_is_not_hurried() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"whole"
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        waiting.cancel()

    async def receive_whole(scope: Scope, receive: Receive, send: Send) -> None:
        told = [False]

        async def whole() -> Message:
            if told[0]:
                await asyncio.sleep(3600)
            told[0] = True
            return {"type": "http.request", "body": b"whole", "more_body": False}

        await BodyLimit(stream, limit=1000, upload_limit=1000, stall_s=0.05)(scope, whole, send)

    assert asyncio.run(_sent(receive_whole, [])) == []


# -- hosts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mast.example.org", 200),
        ("MAST.example.org:8443", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("a.tents.example", 200),
        ("tents.example", 400),
        ("evil.example", 400),
        ("mast.example.org.evil.example", 400),
        ("mast.example.org@evil.example", 400),
        ("[", 400),
        ("", 400),
    ],
)
def test_another_host_is_answered_with_a_sentence(host: str, status: int) -> None:
    """Attack 13: any Host was accepted, so that a page elsewhere could give its name to this server (DNS rebinding)."""
    guard = Guard(hello, allowed_hosts=["Mast.example.org", "127.0.0.1", "::1", "*.tents.example"])
    start, body, *_ = asyncio.run(_sent(guard, [], headers={"Host": host}, method="GET"))
    assert start["status"] == status
    assert (b"does not answer to the name" in body["body"]) == (status == 400)


# -- HEAD -------------------------------------------------------------------------------------------------------


def test_head_has_the_headers_of_get_and_no_body() -> None:
    start, *bodies = asyncio.run(_sent(HeadAsGet(hello), [], method="HEAD"))
    assert (b"content-length", b"5") in start["headers"]
    assert b"".join(message.get("body", b"") for message in bodies) == b""
