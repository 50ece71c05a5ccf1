"""A browser without a window, as Starlette's TestClient is one, that asks on the event loop the application already runs on.

TestClient starts a thread and an event loop for each request it makes outside its own `with`, and hands every piece of the answer
from thread to thread: two thirds of the processor time of a small request.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httpx2
from anyio.from_thread import BlockingPortal
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message


class Visitor(TestClient):
    """Sends whole requests and gets whole answers; for a stream that stays open a test starts a server."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal, **more: Any) -> None:
        super().__init__(app, **{"base_url": "https://testserver", "follow_redirects": False, **more})
        self._transport = _Whole(app, portal, more.get("client", ("testclient", 50000)))


class _Whole(httpx2.BaseTransport):
    def __init__(self, app: ASGIApp, portal: BlockingPortal, peer: tuple[str, int]) -> None:
        self.app, self.portal, self.peer = app, portal, peer
        self.raise_server_exceptions = True

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        sent: list[Message] = []
        try:
            self.portal.call(self._ask, self._scope(request), request.read(), sent)
        except Exception:
            if self.raise_server_exceptions or not sent:
                raise
        start = next(one for one in sent if one["type"] == "http.response.start")
        pieces = [one.get("body", b"") for one in sent if one["type"] == "http.response.body"]
        body = b"" if request.method == "HEAD" else b"".join(pieces)
        return httpx2.Response(
            start["status"], headers=start.get("headers", []), stream=httpx2.ByteStream(body), request=request
        )

    async def _ask(self, scope: dict[str, Any], body: bytes, sent: list[Message]) -> None:
        waiting: list[Message] = [{"type": "http.request", "body": body}]
        answered = asyncio.Event()

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self.app(scope, receive, send)

    def _scope(self, request: httpx2.Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "scheme": url.scheme,
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self.peer,
            "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
            "extensions": {},
            "state": {},
        }
