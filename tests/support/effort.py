"""How dear some work is beside sound work of the same kind, in one process and one run: a machine that is slow or busy makes both
dear, and what a bomb expands to costs a thousand times as much.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from harm_messages import load_pack, pack_files
from tests.support import read_once

LEAST_S = 0.05
"""Below it a clock says nothing."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector, which looks at all that a long run of tests has left behind and is no part of the work."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@cache
def cost(sound: Callable[[], object]) -> float:
    """Seconds of a processor that this takes, measured once in a process."""
    with _uncollected():
        began = time.process_time()
        sound()
        return max(time.process_time() - began, LEAST_S)


@contextmanager
def within(times: float, sound: Callable[[], object]) -> Iterator[None]:
    """What is done inside costs this process at most so many times what the sound work costs."""
    with _uncollected():
        began = time.process_time()
        yield
        spent = time.process_time() - began
    assert spent < times * cost(sound), f"{spent:.2f} s of a processor, {spent / cost(sound):.0f} times the sound work"


def a_sound_pack() -> None:
    """Reads the shipped pack's files, which is what a hostile one among them is to cost; to check them as a whole costs far more."""
    read_once.forget()
    load_pack(pack_files())
