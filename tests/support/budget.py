"""How much of a search is done: a part of it in every run, each value somewhere; all of it in the long run (`make nightly`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def long_run() -> bool:
    """Whether MAST_TEST_LONG asks for everything."""
    return os.environ.get("MAST_TEST_LONG") == "1"


def size(short: int, full: int) -> int:
    """How many kills, screens, rows: `short` in every run, `full`, as promised, in the long run."""
    return full if long_run() else short


def share(values: Sequence[T], turn: int, of: int) -> Sequence[T]:
    """Every `of`-th value, beginning at `turn`, so that successive turns meet them all; in the long run every value."""
    return values if long_run() else values[turn % of :: of]
