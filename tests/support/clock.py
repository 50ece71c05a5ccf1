"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 6, 13, 12, 0, tzinfo=UTC)


class SettableClock:
    """Callable like any clock; `advance` moves it, `set` puts it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> datetime:
        """`clock.advance(minutes=5)`."""
        self.now += timedelta(**parts)
        return self.now

    def set(self, now: datetime) -> None:
        """Put it to `now`, which must be aware."""
        if now.tzinfo is None:
            raise ValueError("a clock shows aware times only")
        self.now = now
