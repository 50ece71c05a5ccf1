"""Whether a file seems to hold counts of samples, such as sums by month, where the map takes each row for a sample. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from app.figures.history.domain import Level, Problem
from app.figures.history.source_files import SourceRow

_NAMES = re.compile(
    r"n|(n|no\.?|#|number|count|total|sum)( of)? (samples|cases|checks|drugs|visits)"
    r"|count|counts|total|totals|sum|sums|samples|tested|checked|analysed|analyzed|positives?|frequency"
    r"|(samples|drugs) (tested|checked|analysed|analyzed|submitted)",
    re.IGNORECASE,
)
FEWEST_ROWS = 3
LARGE = 10
"""A sum of samples passes this somewhere; what people count of one sample hardly does."""


class CountWatch:
    """Looks at the rows as they pass. `known`: columns of which the map says that they are something else."""

    def __init__(self, known: Collection[str]) -> None:
        self.known, self.file = frozenset(known), ""
        self._seen: dict[str, list[int]] = {}
        self._other: set[str] = set()

    def look(self, file: str, row: SourceRow) -> None:
        """One row."""
        self.file = file
        for column, cell in row.cells.items():
            if column in self.known or column in self._other or not _NAMES.fullmatch(column):
                continue
            text = cell.strip().removesuffix(".0")
            if text.isdecimal():
                self._seen.setdefault(column, []).append(int(text))
            elif text:
                self._other.add(column)

    def told(self) -> Iterator[Problem]:
        """A note for each column of whole numbers that are mostly more than one."""
        for column, numbers in self._seen.items():
            several = sum(number > 1 for number in numbers)
            if (
                column not in self._other
                and len(numbers) >= FEWEST_ROWS
                and 2 * several > len(numbers)
                and max(numbers) >= LARGE
            ):
                why = (
                    f"these look like counts, not samples: whole numbers up to {max(numbers):,}. Each row is taken for one "
                    "sample. If a row is a sum, such as one of a month, these figures would be wrong: do not import it."
                )
                yield Problem(Level.NOTE, self.file, 0, column, "", why)
