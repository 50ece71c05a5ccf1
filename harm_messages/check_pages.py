"""The pages that one check asks for: each made once while it is remembered, and how far the check has come.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from harm_messages.evaluate import evaluate
from harm_messages.pack import Pack
from harm_messages.page import Page
from harm_messages.types import Context, Facts

KEPT = 512
"""So many pages are remembered: what rules are tried on is asked for again when words are counted."""
Far = Callable[[int, int], object]
"""Told how many rules, classes, substances and bands were looked at, and of how many."""
Row = TypeVar("Row")


class Pages:
    """Pages of one pack in its own first language, for as long as one check runs."""

    def __init__(self, pack: Pack, now: datetime, far: Far = lambda done, of: None) -> None:
        self.of = lru_cache(maxsize=KEPT)(self._made)
        self._pack, self._now, self._far = pack, now, far
        self._done = 0
        # rules are looked at twice: whether they can speak, and how long their pages are
        self._all = 2 * len(pack.rules) + len(pack.substances.classes) + len(pack.substances) + len(pack.bands)

    def _made(self, facts: Facts, context: Context) -> Page:
        return evaluate(self._pack, facts, context, self._pack.manifest.default_locale, self._now, counted=True)

    def each(self, rows: Iterable[Row]) -> Iterator[Row]:
        """These rows, telling after each that it was looked at."""
        for row in rows:
            yield row
            self._done += 1
            self._far(self._done, self._all)
