"""LISTEN on PostgreSQL: one dedicated autocommit connection that only says "look now". Imports no feature."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog

from app.platform.live.publish import CHANNEL

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 2.0

_log = structlog.get_logger(__name__)


async def listen_forever(engine: sa.Engine, wake: Callable[[], None]) -> None:
    """Call `wake` on every notification, and after every (re)connection: some may have passed meanwhile."""
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
    settings: dict[str, Any] = {  # a server that vanished without a word is noticed within half a minute
        "autocommit": True,
        "connect_timeout": 2,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    return await psycopg.AsyncConnection.connect(**{**arguments, **settings})
