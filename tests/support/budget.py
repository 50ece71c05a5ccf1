"""How much of a search is done: a part of it in every run, each value somewhere; all of it in the long run (`make nightly`)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest

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


QUICK_OR_ALL = pytest.mark.parametrize(
    "thorough", [False, pytest.param(True, marks=pytest.mark.long)], ids=["quick", "all"]
)
"""Twice: a part of a search that notices the same kind of fault, and all of it where there is time."""


def one_of_each_area(requests: Iterable[tuple[str, str]]) -> list[Any]:
    """Method and address of each route as parameters of a test: of each area one is quick, the others are long."""
    seen, found = set(), []
    for method, url in sorted(requests):
        area = url.removeprefix("/api/v1").split("/")[1]
        found.append(pytest.param(method, url, marks=[pytest.mark.long] if area in seen else []))
        seen.add(area)
    return found
