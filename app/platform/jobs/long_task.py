"""What long jobs that someone waits for on a screen have in common: how far they are, and what ends them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.platform.kernel.errors import MastError

EVERY_S = 1.0
Write = Callable[[str, int, int], None]
"""Writes down what is being done, how much of it, and of how much."""


class Paced:
    """Writes how far a task is at most once a second, but a new step at once where `steps` says so."""

    def __init__(self, write: Write, clock: Callable[[], float] = time.monotonic, *, steps: bool = False) -> None:
        self._write, self._clock, self._steps = write, clock, steps
        self._next, self._step = 0.0, ""

    def __call__(self, what: str, done: int, of: int) -> None:
        """This far."""
        now = self._clock()
        if now >= self._next or (self._steps and what != self._step):
            self._next, self._step = now + EVERY_S, what
            self._write(what, done, of)


@contextmanager
def ended_where_refused(end: Callable[[dict[str, str]], None]) -> Iterator[None]:
    """What a person can do something about ends a task, with what is wrong and what to do; anything else is tried again."""
    try:
        yield
    except MastError as error:
        end({"detail": error.detail, "hint": error.hint})
