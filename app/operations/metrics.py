"""Figures for a monitor (Prometheus): sums over everybody, by route and by kind of job. No id, no name and no number of a sample.

How many requests and jobs there are says how busy a service is, so nothing of it is told without a token of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from hmac import compare_digest

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.platform.db import Database
from app.platform.jobs import count_by_kind
from app.platform.live.hub import EventHub

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "none"
"""Of a request that no route took: its path may hold anything, a ticket code too."""


class Metrics(Collector):
    """What one server counts, and what its database says when it is asked."""

    def __init__(self, database: Database, hub: EventHub) -> None:
        self._database = database
        self._hub = hub
        self._registry = CollectorRegistry()
        names = ["route", "method"]
        self._requests = Counter("mast_requests", "Requests answered", [*names, "status"], registry=self._registry)
        self._seconds = Histogram(
            "mast_request_seconds", "Until an answer began", names, buckets=BUCKETS, registry=self._registry
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """An answer has begun."""
        method = method if method in METHODS else "other"
        self._requests.labels(route, method, f"{status // 100}xx").inc()
        self._seconds.labels(route, method).observe(seconds)

    def describe(self) -> list[Metric]:
        """Nothing, so that nothing is read before a monitor asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What is read when a monitor asks: screens of this server, jobs of the whole service."""
        yield GaugeMetricFamily("mast_live_screens", "Connected for live events", self._hub.screens)
        jobs = GaugeMetricFamily("mast_jobs", "Jobs there are; done ones are kept 30 days", labels=["kind", "state"])
        with self._database.read() as session:
            for (kind, state), count in count_by_kind(session).items():
                jobs.add_metric([kind, state.value], count)
        yield jobs

    def text(self) -> bytes:
        """All of it, in the words of Prometheus."""
        return generate_latest(self._registry)


def opens(token: str, authorization: str) -> bool:
    """Whether this header holds the token. An empty token opens for nobody."""
    scheme, _, given = authorization.partition(" ")
    same = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and same


class Measured:
    """Counts every answer under the template of its route, and the time until it began: live events last for hours."""

    def __init__(self, app: ASGIApp, *, metrics: Callable[[], Metrics]) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap `send`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics().count(_template(scope), scope["method"], message["status"], time.monotonic() - began)
            await send(message)

        await self.app(scope, receive, counted)


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path_format", getattr(route, "path", UNMATCHED)))
