"""Pure ASGI middleware around every response: request number, security headers, CSRF, body size.

Not BaseHTTPMiddleware: that would buffer live event streams.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.platform.security.policy import current_actor

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
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), interest-cohort=()",
}
UPLOAD_PATHS = ("/uploads", "/files", "/incoming")
"""Ends of the addresses that take instrument files; everything else has the small limit."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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


class CrossSiteGuard:
    """Refuses state-changing requests a browser sends from another site (Fetch Metadata, then Origin).

    Also those without a cookie: a foreign page could otherwise sign a tablet in as somebody else, or swap a client's
    ticket. Requests with a bearer token carry no ambient authority and pass; so do tools that send neither header,
    because a browser always sends one of them on an unsafe method.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass or answer 403."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            bearer = headers.get("authorization", "").lower().startswith("bearer ")
            if not bearer and not _same_site(headers):
                detail = "This request came from another website, so it was not carried out. Nothing was changed."
                await _refuse(scope, receive, send, 403, "cross_site", detail)
                return
        await self.app(scope, receive, send)


def _same_site(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    if origin := headers.get("origin"):
        return urlsplit(origin).netloc == headers.get("host")
    return True


class BodyLimit:
    """Stops reading a body beyond its limit; uploads have their own, larger one and count for themselves."""

    def __init__(self, app: ASGIApp, *, limit: int, upload_limit: int) -> None:
        self.app = app
        self.limit = limit
        self.upload_limit = upload_limit

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
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge(_too_large(seen, limit))
            return message

        await self.app(scope, counted, send)


async def _may_upload(scope: Scope) -> bool:
    """The large limit is for people who are signed in: a form's body is spooled to disk before its route is asked."""
    if not scope["path"].rstrip("/").endswith(UPLOAD_PATHS):
        return False
    return await to_thread.run_sync(current_actor, Request(scope)) is not None


class BodyTooLarge(HTTPException):
    """Raised while a body is read. An HTTPException, because FastAPI makes a plain 400 of anything else."""

    def __init__(self, detail: str) -> None:
        super().__init__(413, detail, headers={"Connection": "close"})


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
    headers = {"Connection": "close"} if status == 413 else None
    await JSONResponse(problem, status, headers, media_type="application/problem+json")(scope, receive, send)
