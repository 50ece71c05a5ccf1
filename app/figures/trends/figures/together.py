"""What else is in samples that hold a substance: a share per other substance, among the samples that hold the first.

Substances in fewer of these samples than the audience may see have no rows: a row of its own would tell that there are
some.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from app.figures.trends import repository
from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import Key


class Together:
    """A part per other substance."""

    def share(self, name: Name) -> bool:
        """The share of samples that hold it too."""
        return True

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """Per cell of samples with the first substance how many hold each other one, none included."""
        whole = self.behind(asking, columns, held)
        target = asking.target(asking.measure.about[0])
        counted = repository.found_with(
            asking.session, target, columns, agency_id=asking.agency_id, holds=asking.holds(held)
        )
        return of_each("with", whole, [(key, other, n) for key, other, n in counted])

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples that hold the first substance."""

        def count() -> list[Count]:
            it = repository.holds_target(asking.session, asking.target(asking.measure.about[0]))
            return asking.samples(columns, held, it)

        return asking.once("whole", columns, held, count)

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """By row, the commonest other substance first."""
        return commonest_first(shown)


def of_each(label: str, whole: list[Count], counted: list[tuple[Key, str, int]]) -> Parts:
    """A part per thing that was counted, each with every cell there is."""
    found: defaultdict[str, Counter[Key]] = defaultdict(Counter)
    for key, name, n in counted:
        found[name][key] += n
    return {
        ((label, name),): [Count(cell.key, inside[cell.key], cell.denominator) for cell in whole]
        for name, inside in sorted(found.items())
    }


def commonest_first(shown: Shown) -> Iterator[Row]:
    """Rows by key; within one the greatest share first, then what is hidden. Hidden ones in the order of their names."""
    rows = [replace(row, more=dict(name)) for name, of_name in shown.items() for row in of_name]
    yield from sorted(
        rows, key=lambda row: (*row.key.values(), -(row.numerator or 0), str(next(iter(row.more.values()))))
    )
