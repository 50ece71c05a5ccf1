"""When numba is worth loading, and the second thread of a search.

Why: numba is optional and takes about a second to load: never for a single search, always once numpy has cost as
much. Answers are the same either way. Imports no numba itself.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

LOADING_S = 0.5
"""Processor seconds that loading numba and its cached machine code costs (measured 0.4–0.6)."""
T = TypeVar("T")
U = TypeVar("U")
CHOICES = ("auto", "numpy", "numba")


@cache
def numba_present() -> bool:
    """Whether numba is installed; does not import it."""
    return importlib.util.find_spec("numba") is not None


class Patience:
    """Decides for one kind of work whether numba shall do it, from the time numpy has already spent on it."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    def wants_numba(self, accelerator: str = "auto") -> bool:
        """True when numba shall do the work. Raises ValueError on an unknown choice or when it is not installed.

        >>> Patience().wants_numba("numpy")
        False
        """
        if accelerator not in CHOICES:
            raise ValueError(f"there is no accelerator called {accelerator!r}; use one of {', '.join(CHOICES)}")
        if accelerator == "numba" and not numba_present():
            raise ValueError("numba is not installed; install mast-lims[fast] or use the accelerator 'numpy'")
        if accelerator == "auto":
            return numba_present() and ("numba" in sys.modules or self.spent_s >= LOADING_S)
        return accelerator == "numba"

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Adds the processor time of this thread inside the block to what numpy has spent."""
        start = time.thread_time()
        try:
            yield
        finally:
            self.spent_s += time.thread_time() - start


class Helper:
    """One thread that takes half of a piece of work when it is free; made again after a fork.

    One for the whole process: more would only take the processors from each other.
    """

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._owner: tuple[int, ThreadPoolExecutor] | None = None

    def both(self, helped: Callable[[], T], own: Callable[[], U]) -> tuple[T, U]:
        """Results of `helped` and `own`, run at the same time if the thread is free, else one after the other.

        >>> Helper().both(lambda: 1, lambda: 2)
        (1, 2)
        """
        if not self._free.acquire(blocking=False):
            return helped(), own()
        try:
            if self._owner is None or self._owner[0] != os.getpid():
                self._owner = os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="spectra-search")
            other = self._owner[1].submit(helped)
            try:
                mine = own()
            finally:
                # Both use the caller's working memory: it may be let go only when neither runs.
                wait([other])
            return other.result(), mine
        finally:
            self._free.release()


HELPER = Helper()
