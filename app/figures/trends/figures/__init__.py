"""True figures, for the operator of this machine: one module per kind.

Everybody else reads perturbed ones from what was struck (protection/). Imports no web and no other feature.
"""

from app.figures.trends.figures.answer import rows_of
from app.figures.trends.figures.question import Asking

__all__ = ["Asking", "rows_of"]
