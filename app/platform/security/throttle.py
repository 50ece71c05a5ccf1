"""Counts tries per key in a sliding minute, in memory: one process is one door.

With several processes each has its own count, so the limit is per process; the operator guide says so.
"""

from __future__ import annotations

import threading
from collections import deque

from app.platform.kernel.clock import Clock
from app.platform.kernel.errors import TooMany

MAX_KEYS = 10_000


class Throttle:
    """At most `limit` tries per key in `seconds`."""

    def __init__(self, limit: int, seconds: int, clock: Clock) -> None:
        self.limit = limit
        self.seconds = seconds
        self.clock = clock
        self._tries: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, key: str) -> None:
        """Raise TooMany when the key has used up its tries."""
        with self._lock:
            if len(self._recent(key)) >= self.limit:
                raise TooMany("Too many tries in a short time.", retry_after_s=self.seconds)

    def count(self, key: str) -> None:
        """Remember one failed try."""
        with self._lock:
            self._recent(key).append(self.clock().timestamp())

    def forget(self, key: str) -> None:
        """A success clears the count."""
        with self._lock:
            self._tries.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        now = self.clock().timestamp()
        if len(self._tries) >= MAX_KEYS and key not in self._tries:
            self._tries = {k: t for k, t in self._tries.items() if t and t[-1] > now - self.seconds}
            while len(self._tries) >= MAX_KEYS:
                self._tries.pop(next(iter(self._tries)))
        tries = self._tries.setdefault(key, deque())
        while tries and tries[0] <= now - self.seconds:
            tries.popleft()
        return tries
