"""Pure ASGI middleware around every response: request number, security headers, HEAD, what is refused at the door, bodies.

Not BaseHTTPMiddleware: that would buffer live event streams.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from anyio import fail_after, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.platform.security.policy import current_actor

_log = structlog.get_logger(__name__)

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
WITH_CAMERA = {"Permissions-Policy": SECURITY_HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")}
"""For a page over which the scanner opens: what stands in a frame may do no more than the page round it."""
SCANNER = WITH_CAMERA | {
    "Content-Security-Policy": CSP.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'").replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""For the scanner alone: it reads codes with WebAssembly, in a frame of a page of ours."""
UPLOAD_PATHS = ("/uploads", "/files", "/incoming")
"""Ends of the addresses that take instrument files; everything else has the small limit."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
STALL_S = 30.0
"""A body of which nothing comes for this long is given up."""
SLOWEST = 1024
"""Bytes a second; a body that comes in drops is given up as well."""


class SecurityHeaders:
    """Adds the headers to every response, errors and static files included, and a request number.

    Notes the newest live event before a page reads anything: its stream starts from there, so nothing is missed.
    """

    def __init__(self, app: ASGIApp, *, secure: bool, newest: Callable[[], int]) -> None:
        self.app = app
        self.newest = newest
        self.headers = dict(SECURITY_HEADERS)
        if secure:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap `send`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex[:12]
        scope.setdefault("state", {}).update(request_id=request_id, live_from=self.newest())
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("X-Request-Id", request_id)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


def live_from(request: Request, path: str) -> str:
    """The address of a stream that begins where this page began to read."""
    return f"{path}?last_event_id={getattr(request.state, 'live_from', 0)}"


class LastResort:
    """Answers an unexpected error inside the other middleware, so that even a 500 carries the security headers.

    Starlette's own handler of `Exception` sits outside all middleware. The error is raised again, as it does there:
    the server logs it and a test client shows it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application's handler of `Exception` answer, unless an answer has begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if not started:
                request = Request(scope, receive)
                response = await scope["app"].exception_handlers[Exception](request, error)
                await response(scope, receive, send)
            raise


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class FromProxy:
    """Believes trusted proxies, and remembers one that passes people on without saying who they are."""

    def __init__(self, app: ASGIApp, *, trusted_hosts: list[str], silent: set[str]) -> None:
        inside: Any = app  # uvicorn has types of its own for the same shapes
        self.app: Any = ProxyHeadersMiddleware(inside, trusted_hosts)
        self.silent = silent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at what the proxy says before it is believed. Who asks by a name of this machine came without a proxy."""
        client = scope.get("client")
        if scope["type"] == "http" and client and client[0] in self.app.trusted_hosts:
            headers = Headers(scope=scope)
            if "x-forwarded-for" in headers:
                self.silent.discard(client[0])
            elif _host(headers) not in LOOPBACK and client[0] not in self.silent:
                self.silent.add(client[0])
                _log.warning("proxy_strips_headers", proxy=client[0], missing="X-Forwarded-For")
        await self.app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD like GET without the body, as monitors ask. A stream of live events ends where it would begin."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let GET answer, and keep its status and headers."""

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})

        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, receive, without_body)
        else:
            await self.app(scope, receive, send)


class Guard:
    """Refuses requests of unclear length, requests for another host, and changes a browser sends from another site.

    Another site is known by Fetch Metadata, then Origin; also without a cookie: a foreign page could otherwise sign a tablet
    in as someone else, or swap a client's ticket. Requests with a bearer token carry no ambient authority and pass; so do
    tools that send neither header, because a browser always sends one of them on an unsafe method.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self.app = app
        self.allowed_hosts = [name.lower() for name in allowed_hosts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass or answer 400 or 403."""
        if scope["type"] == "http" and (refusal := self._refusal(scope["method"], Headers(scope=scope))):
            await _refuse(scope, receive, send, *refusal)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str, str] | None:
        if "content-length" in headers and "transfer-encoding" in headers:
            return 400, "two_lengths", "This request says in two ways how long it is, so nothing was done."
        host = _host(headers)
        if not any(fnmatchcase(host, pattern) for pattern in self.allowed_hosts):
            return 400, "wrong_host", (
                f"This server does not answer to the name “{host[:80]}”, so nothing was done. Open it by the address that "
                "is printed on its labels. An operator can add names with MAST_ALLOWED_HOSTS."
            )  # fmt: skip
        bearer = headers.get("authorization", "").lower().startswith("bearer ")
        if method not in SAFE_METHODS and not bearer and not _same_site(headers):
            return 403, "cross_site", (
                "This request came from another website, so it was not carried out. Nothing was changed."
            )  # fmt: skip
        return None


def _host(headers: Headers) -> str:
    """The name in Host without its port; empty where there is none."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _same_site(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    if origin := headers.get("origin"):
        return urlsplit(origin).netloc == headers.get("host")
    return True


class BodyLimit:
    """Stops reading a body beyond its limit, or one that does not come; uploads have a larger limit and count for themselves."""

    def __init__(self, app: ASGIApp, *, limit: int, upload_limit: int, stall_s: float = STALL_S) -> None:
        self.app = app
        self.limit = limit
        self.upload_limit = upload_limit
        self.stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count bytes as they come."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        limit = self.upload_limit if await _may_upload(scope) else self.limit
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(scope, receive, send, 413, "too_large", _too_large(int(declared), limit))
            return
        await self.app(scope, _Body(receive, limit, self.stall_s).next, send)


class _Body:
    """One body on its way: how much came, and how long it was waited for."""

    def __init__(self, receive: Receive, limit: int, stall_s: float) -> None:
        self.receive = receive
        self.limit = limit
        self.stall_s = stall_s
        self.seen, self.waited, self.ended = 0, 0.0, False

    async def next(self) -> Message:
        """The next part. After the last one follows the end of the connection, which an answer may wait for at leisure."""
        if self.ended:
            return await self.receive()
        began = time.monotonic()
        try:
            with fail_after(self.stall_s + min(0.0, self.seen / SLOWEST - self.waited)):
                message = await self.receive()
        except TimeoutError:
            slow = "This came too slowly, so it was not saved; everything else is unharmed. Send it once more."
            raise _stopped(408, slow) from None
        self.waited += time.monotonic() - began
        self.seen += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        if self.seen > self.limit:
            raise _stopped(413, _too_large(self.seen, self.limit))
        return message


def _stopped(status: int, detail: str) -> HTTPException:
    """Raised while a body is read. An HTTPException, because FastAPI makes a plain 400 of anything else."""
    return HTTPException(status, detail, headers={"Connection": "close"})


async def _may_upload(scope: Scope) -> bool:
    """The large limit is for people who are signed in: a form's body is spooled to disk before its route is asked."""
    if not scope["path"].rstrip("/").endswith(UPLOAD_PATHS):
        return False
    return await to_thread.run_sync(current_actor, Request(scope)) is not None


def _too_large(size: int, limit: int) -> str:
    return (
        f"This is {size / 1048576:.0f} MiB, more than the limit of {limit / 1048576:.0f} MiB. "
        "It was not saved; everything else is unharmed."
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, code: str, detail: str) -> None:
    problem = {
        "type": f"urn:mast:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": scope["path"],
        "request_id": scope.get("state", {}).get("request_id", ""),
    }
    headers = {"Connection": "close"} if status in (400, 413) else None  # what follows on it is not read
    await JSONResponse(problem, status, headers, media_type="application/problem+json")(scope, receive, send)
