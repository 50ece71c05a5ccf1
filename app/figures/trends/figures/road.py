"""The road from counts to the rows of a part of a figure."""

from __future__ import annotations

from collections.abc import Mapping

from app.figures.trends import domain
from app.figures.trends.domain import Row
from app.figures.trends.figures.kinds import Figure, Name, true_rows
from app.figures.trends.figures.question import Asking
from app.figures.trends.selection import Key


def shown(figure: Figure, asking: Asking, name: Name, incomplete: Mapping[Key, bool]) -> list[Row]:
    """Rows of one part of the figure. `incomplete`: by row, whether its period is not whole."""
    by, share = asking.selection.by, figure.share(name)
    counts = true_rows(figure, asking, name)
    return [domain.unprotected(c, by, incomplete=incomplete.get(c.key, False), share=share) for c in counts]
