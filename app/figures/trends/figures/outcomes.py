"""What people did or intended before or after they knew the result: of the samples anybody said anything about, the share
of which somebody said just this. Samples are counted, not people: what may be seen is decided on samples."""

from __future__ import annotations

from collections.abc import Iterator

from app.figures.trends import repository
from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.figures.together import commonest_first, of_each


class Outcomes:
    """A part per outcome. They overlap: people say several things."""

    def share(self, name: Name) -> bool:
        """The share of samples."""
        return True

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """Per cell how many samples."""
        counted = repository.outcomes(
            asking.session, asking.measure.about[0], columns, agency_id=asking.agency_id, holds=asking.holds(held)
        )
        said = [(key, intention, samples) for key, intention, samples, _ in counted]
        return of_each("outcome", self.behind(asking, columns, held), said)

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples anybody said anything about at that moment."""
        return asking.once(
            "asked", columns, held,
            lambda: repository.outcome_cells(
                asking.session, asking.measure.about[0], columns, agency_id=asking.agency_id, holds=asking.holds(held)
            ),
        )  # fmt: skip

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """By row, the commonest first."""
        return commonest_first(shown)
