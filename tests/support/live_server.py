"""A small server with one SSE route and one that publishes: `python -m tests.support.live_server URL PORT`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.platform.db import Database
from app.platform.live import publish
from app.platform.live.hub import EventHub
from app.platform.live.sse import close_unread, event_stream


def create(url: str) -> FastAPI:
    """The application, wired as app.main does it."""
    database = Database(url)
    hub = EventHub(database, poll_seconds=5, queue_size=100)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        yield
        await hub.stop()
        database.close()

    application = FastAPI(lifespan=lifespan)

    @application.get("/events")
    async def events(request: Request) -> Response:
        return event_stream(hub, lambda event: True, request)

    @application.post("/publish")
    def write(size: int = 0) -> dict[str, int]:
        with database.begin() as uow:
            publish(uow, "queue", "registered", payload={"filler": "x" * size})
        return {"screens": hub.screens}

    return application


if __name__ == "__main__":
    config = uvicorn.Config(
        create(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=3
    )
    listener = config.bind_socket()
    close_unread(listener)
    uvicorn.Server(config).run(sockets=[listener])
