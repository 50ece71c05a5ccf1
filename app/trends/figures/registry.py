"""Which module answers which kind of figure."""

from __future__ import annotations

from app.trends.domain import Count, Kind
from app.trends.figures.agreement import Agreement
from app.trends.figures.counts import Counts
from app.trends.figures.distribution import Distribution
from app.trends.figures.kinds import Figure
from app.trends.figures.outcomes import Outcomes
from app.trends.figures.quantiles import Quantiles
from app.trends.figures.question import Asking, Columns, Held
from app.trends.figures.shares import Shares
from app.trends.figures.together import Together
from app.trends.figures.turnaround import Turnaround

FIGURES: dict[Kind, Figure] = {
    Kind.SHARE: Shares(),
    Kind.COUNT: Counts(),
    Kind.MEDIAN: Quantiles(),
    Kind.QUANTILES: Quantiles(),
    Kind.DISTRIBUTION: Distribution(),
    Kind.AGREEMENT: Agreement(),
    Kind.TOGETHER: Together(),
    Kind.TURNAROUND: Turnaround(),
    Kind.OUTCOMES: Outcomes(),
}


def figure_of(asking: Asking) -> Figure:
    """The figure that is asked for."""
    return FIGURES[asking.measure.kind]


def cells_of(asking: Asking, columns: Columns, held: Held | None = None) -> list[Count]:
    """Samples behind this figure per cell of any columns; `held`: filters asked of each sample, else the question's own."""
    return figure_of(asking).behind(asking, columns, asking.selection.held if held is None else held)
