"""A body that stops coming is answered like every other problem, and its connection is closed (attack 13)."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.types import Message

from app.platform.web.middleware import BodyLimit
from tests.app.conftest import World


@pytest.mark.parametrize(
    ("url", "kind", "begun"),
    [("/api/v1/tickets/view", b"application/json", b'{"co'), ("/t", b"application/x-www-form-urlencoded", b"code=")],
)
def test_a_body_that_stops_coming_is_a_408_and_the_connection_is_closed(
    world: World, url: str, kind: bytes, begun: bytes
) -> None:
    answers: list[Message] = []
    coming = [{"type": "http.request", "body": begun, "more_body": True}]

    async def receive() -> Message:
        if not coming:
            await asyncio.sleep(3600)
        return coming.pop()

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": url, "raw_path": url.encode(), "query_string": b"",
        "root_path": "", "scheme": "https", "client": ("192.0.2.7", 1), "server": ("testserver", 443),
        "headers": [(b"host", b"testserver"), (b"content-type", kind), (b"content-length", b"100")],
    }  # fmt: skip
    impatient = BodyLimit(world.app, limit=1000, upload_limit=1000, stall_s=0.05)

    async def ask() -> None:
        async with asyncio.timeout(20):
            await impatient(scope, receive, send)

    asyncio.run(ask())
    start, *rest = answers
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    body = json.loads(b"".join(message.get("body", b"") for message in rest))
    assert body["status"] == 408
    assert "Send it once more" in body["detail"]
