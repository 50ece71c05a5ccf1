"""The SSE response of a live screen: subscribes, pings, ends on shutdown, drops who does not read.

Takes no database session: an open tab must not pin a connection. Imports no feature.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator

import anyio
import structlog
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.platform.live.hub import Accepts, EventHub, Subscription

PING_S = 15
UNREAD_S = 10.0  # a client that takes nothing for this long is dropped
GRACE_S = 1.0  # for the stream to end by itself on shutdown

_log = structlog.get_logger(__name__)


class _LiveResponse(EventSourceResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("live_screen_dropped", reason="it did not read")


def close_unread(listener: socket.socket) -> None:
    """Let the kernel cut connections whose peer takes nothing (Linux), inherited from the listening socket.

    Without it a dropped screen costs nothing in the hub, but its socket stays until the peer goes away.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_S * 1000))


def event_stream(
    hub: EventHub, accepts: Accepts, request: Request, *, contents: bool = True, lasts_s: float | None = None
) -> EventSourceResponse:
    """The answer of an SSE route. `accepts` decides, per event, whether this person may see it.

    Without `contents` only that something happened is said: a client's screen looks again by itself, and learns
    no id or number of anybody else's sample. After `lasts_s` it ends: the browser comes back by itself and is looked at again.
    """
    subscription = hub.subscribe(accepts, _last_event_id(request), contents=contents)
    shutdown = anyio.Event()
    return _LiveResponse(
        _until_shutdown(subscription, shutdown, lasts_s),
        ping=PING_S,
        ping_message_factory=lambda: ServerSentEvent(comment="ping", id=str(subscription.position), sep="\n"),
        sep="\n",
        send_timeout=UNREAD_S,
        shutdown_event=shutdown,
        shutdown_grace_period=GRACE_S,
        headers={"Cache-Control": "no-store"},  # X-Accel-Buffering: no is set by sse-starlette
    )


async def _until_shutdown(
    subscription: Subscription, shutdown: anyio.Event, lasts_s: float | None
) -> AsyncGenerator[bytes]:
    async def close_on_shutdown() -> None:
        with anyio.move_on_after(lasts_s):
            await shutdown.wait()
        subscription.close()

    watcher = asyncio.create_task(close_on_shutdown())
    chunks = aiter(subscription)
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        watcher.cancel()
        await chunks.aclose()


def _last_event_id(request: Request) -> int | None:
    """The header of a browser that comes back, or what the page was rendered with (`?last_event_id=`)."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
