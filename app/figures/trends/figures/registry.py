"""Which module answers which kind of figure."""

from __future__ import annotations

from app.figures.trends.domain import Kind
from app.figures.trends.figures.agreement import Agreement
from app.figures.trends.figures.counts import Counts
from app.figures.trends.figures.distribution import Distribution
from app.figures.trends.figures.kinds import Figure
from app.figures.trends.figures.outcomes import Outcomes
from app.figures.trends.figures.quantiles import Quantiles
from app.figures.trends.figures.question import Asking
from app.figures.trends.figures.shares import Shares
from app.figures.trends.figures.together import Together
from app.figures.trends.figures.turnaround import Turnaround

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
