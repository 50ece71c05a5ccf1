"""How many samples there are."""

from __future__ import annotations

from collections.abc import Iterator

from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown, named
from app.figures.trends.figures.question import Asking, Columns, Held


class Counts:
    """n alone."""

    def share(self, name: Name) -> bool:
        """No share."""
        return False

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """One part."""
        return {(): self.behind(asking, columns, held)}

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """All of them."""
        return asking.samples(columns, held)

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """The rows as they were counted: nothing is to be added."""
        return named(shown)
