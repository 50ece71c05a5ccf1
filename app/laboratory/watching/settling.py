"""When a file counts as finished: it looked the same for long enough, by a clock that never jumps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class _Seen:
    signature: str
    since: float


class Settling:
    """How long each path has looked the same. `settle_s` in seconds; `clock` is monotonic, so setting the computer's
    clock makes nothing look older or younger.

    A path must have been seen at least twice. Nothing of this is kept over a restart: then everything settles anew.
    """

    def __init__(self, settle_s: float, clock: Callable[[], float]) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def has_settled(self, key: str, signature: str) -> bool:
        """Note how a path looks now; whether it has looked so for the settle time."""
        now = self._clock()
        seen = self._seen.get(key)
        if seen is None or seen.signature != signature:
            self._seen[key] = _Seen(signature, now)
            return False
        return now - seen.since >= self._settle_s

    def begin_again(self, key: str) -> None:
        """It was in use or changed under our hands: it has to settle once more."""
        self._seen.pop(key, None)

    def keep_only(self, keys: Iterable[str]) -> None:
        """Forget every other path."""
        kept = set(keys)
        self._seen = {key: seen for key, seen in self._seen.items() if key in kept}
