"""How long people wait: minutes from received to first released, as a median with other quantiles beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from app.figures.trends import repository
from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown
from app.figures.trends.figures.quantiles import OTHERS, of_unit, with_quantiles
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import Key

Waits = list[tuple[Key, int, int]]
MINUTES = of_unit(("min", ""))


class Turnaround:
    """One part: samples released here, of which both moments are known."""

    def share(self, name: Name) -> bool:
        """No share."""
        return False

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """How many per cell."""
        return {MINUTES: self.behind(asking, columns, held)}

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples of which both moments are known."""
        return asking.once(
            "waited", columns, held,
            lambda: repository.waited(
                asking.session, columns, agency_id=asking.agency_id, holds=asking.holds(held)
            ),
        )  # fmt: skip

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """With the quantiles of the waits behind each row."""
        selection, figures = asking.selection, defaultdict[Key, list[float]](list)
        for key, minutes, n in _waits(asking, selection.columns, selection.held):
            if selection.fits(key):
                figures[selection.row_of(key)] += [float(minutes)] * n
        for name, rows in shown.items():
            for row in rows:
                ordered = sorted(figures.get(tuple(row.key.values()), ()))
                yield with_quantiles(replace(row, more=dict(name)), ordered, OTHERS)


def _waits(asking: Asking, columns: Columns, held: Held) -> Waits:
    return asking.once(
        "waits", columns, held,
        lambda: repository.turnarounds(
            asking.session, columns, agency_id=asking.agency_id, holds=asking.holds(held)
        ),
    )  # fmt: skip
