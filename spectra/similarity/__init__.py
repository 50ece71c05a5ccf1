"""One similarity, one class, one file; `SCORES` names them for search. Imports `spectra` only."""

from __future__ import annotations

from spectra.similarity.base import Score
from spectra.similarity.composite import Composite
from spectra.similarity.cosine import Cosine
from spectra.similarity.entropy import Entropy, UnweightedEntropy
from spectra.similarity.hybrid import Hybrid
from spectra.similarity.modified_cosine import ModifiedCosine
from spectra.similarity.weighted_cosine import WeightedCosine

__all__ = [
    "SCORES",
    "Composite",
    "Cosine",
    "Entropy",
    "Hybrid",
    "ModifiedCosine",
    "Score",
    "UnweightedEntropy",
    "WeightedCosine",
    "score_named",
]

SCORES = (
    "composite",
    "cosine",
    "weighted_cosine",
    "entropy",
    "entropy_unweighted",
    "modified_cosine",
    "hybrid",
)


def score_named(name: str, tolerance: float | None = None) -> Score:
    """The score called `name`; `tolerance` in Da for accurate masses. Raises ValueError on an unknown name.

    >>> score_named("entropy", 0.01).name
    'entropy'
    """
    match name:
        case "composite":
            return Composite(tolerance)
        case "cosine":
            return Cosine(tolerance)
        case "weighted_cosine":
            return WeightedCosine(tolerance=tolerance)
        case "entropy":
            return Entropy(tolerance)
        case "entropy_unweighted":
            return UnweightedEntropy(tolerance)
        case "modified_cosine":
            return ModifiedCosine(tolerance)
        case "hybrid":
            return Hybrid(tolerance)
    raise ValueError(f"there is no score called {name!r}; use one of {', '.join(SCORES)}")
