"""Waiting for what another process does, without taking the processor from it."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 0.05


def while_it_holds(condition: Callable[[], object]) -> None:
    """Ask again and again; a test that waits for ever is ended by its timeout."""
    while condition():
        time.sleep(STEP_S)
