"""How long to wait after a failure: longer each time, never quite the same, so that many watchers do not come at once."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Counts failures in a row. Seconds; `clock` is monotonic; `chance` gives numbers from 0 to 1."""

    def __init__(
        self, clock: Callable[[], float], *, first_s: float = 1.0, most_s: float = 300.0,
        chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._failures = 0
        self._until = 0.0

    @property
    def remaining(self) -> float:
        """Seconds still to wait; 0 when the next try is due."""
        return max(0.0, self._until - self._clock()) if self._failures else 0.0

    @property
    def has_failed(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def failed(self, at_least_s: float = 0.0) -> float:
        """After a failure: how long to wait. `at_least_s` is what the server asked for, believed up to an hour."""
        full = min(self._most_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        wait = max(full * (0.5 + 0.5 * self._chance()), min(at_least_s, 3600.0))
        self._until = self._clock() + wait
        return wait

    def worked(self) -> None:
        """After a success."""
        self._failures = 0
