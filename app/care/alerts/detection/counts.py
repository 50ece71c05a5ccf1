"""What every detector reads: positive samples among tested ones, period by period. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_POSITIVE = 2
"""One positive sample is a detection, never a rise."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`x` positive ones among `n`. Raises ValueError for what cannot be counts."""

    x: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.x <= self.n:
            raise ValueError(f"{self.x} of {self.n} cannot be counts")


def total(periods: Sequence[Counted]) -> Counted:
    """All periods in one."""
    return Counted(sum(p.x for p in periods), sum(p.n for p in periods))
