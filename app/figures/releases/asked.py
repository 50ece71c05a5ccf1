"""What somebody looks up in a cube: a figure, a width of time, a split, at most one region and one expectation. Pure.

Nothing here computes: every choice is a table of the release.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from app.figures.trends.domain import Dimension


class Width(StrEnum):
    """How wide a step in time is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"


class Split(StrEnum):
    """What a table is split by besides time."""

    NONE = "none"
    REGION = "region"
    EXPECTED = "expected"
    BOTH = "both"


WIDTH_WORDS = {Width.MONTH: "month", Width.QUARTER: "quarter", Width.YEAR: "year", Width.ALL: "all of it at once"}
SPLIT_WORDS = {
    Split.NONE: "nothing else",
    Split.REGION: "region",
    Split.EXPECTED: "what was expected",
    Split.BOTH: "region and what was expected",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One look-up. `found`: a class, expected_found, or nothing for how many samples there are."""

    found: str = ""
    width: Width = Width.MONTH
    split: Split = Split.NONE
    region: str = ""
    expected: str = ""

    @property
    def by(self) -> tuple[Dimension, ...]:
        """Dimensions of the table; what is chosen is no split any more."""
        time = [] if self.width is Width.ALL else [Dimension(self.width.value)]
        split = [d for d in (Dimension.REGION, Dimension.EXPECTED) if self.split.value in (d.value, Split.BOTH.value)]
        return (*time, *(d for d in split if d not in self.where))

    @property
    def where(self) -> dict[Dimension, str]:
        """What is chosen."""
        chosen = {Dimension.REGION: self.region, Dimension.EXPECTED: self.expected}
        return {d: value for d, value in chosen.items() if value}

    def address(self, path: str) -> str:
        """As a link that opens the same again."""
        pairs = {
            "found": self.found, "width": self.width.value, "split": self.split.value, "region": self.region,
            "expected": self.expected,
        }  # fmt: skip
        return f"{path}?{urlencode({k: v for k, v in pairs.items() if v})}"
