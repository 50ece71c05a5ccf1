"""Shares of samples: how the result compares with what was expected, and whether something was found."""

from __future__ import annotations

from collections.abc import Iterator

from app.figures.trends import repository
from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown, named
from app.figures.trends.figures.question import Asking, Columns, Held


class Shares:
    """Numerator and denominator as the measure says."""

    def share(self, name: Name) -> bool:
        """Every row is a share."""
        return True

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """One part."""
        return {(): self.behind(asking, columns, held)}

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """The samples of the denominator."""
        target = asking.target(asking.found) if asking.found else None
        return asking.once(
            "shares", columns, held,
            lambda: repository.cells(
                asking.session, asking.measure, columns, target=target, agency_id=asking.agency_id,
                holds=asking.holds(held),
            ),
        )  # fmt: skip

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """The rows as they were counted: nothing is to be added."""
        return named(shown)
