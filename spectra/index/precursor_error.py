"""How far the precursor of a reading lies from that of an entry, and what that costs the entry in an order.

Why: entries of another formula stand in the window of an identity search too; the error of the precursor tells them
apart where the fragments do not. Search and identification use the same rule. Imports numpy and `spectra.types` only.
"""

from __future__ import annotations

import numpy as np

from spectra.types import FloatArray

FORGIVEN_PPM = 2.0
"""An error that good instruments and rounded masses of public entries have; it costs nothing."""
COST_PER_PPM = 0.1
"""Share of a full score that each further ppm costs: the weight of the shipped ranking, .25 beside figures of 2.5 in all."""


def error_ppm(precursor: FloatArray, reading: float) -> FloatArray:
    """Error (K,) in ppm of a reading's precursor against those of K entries (Da): above 0 where the reading lies higher.

    >>> error_ppm(np.array([200.0, 200.001]), 200.0).round(3).tolist()
    [0.0, -5.0]
    """
    return np.asarray((reading - precursor) / reading * 1e6)


def beyond_forgiven(error: FloatArray) -> FloatArray:
    """By how many ppm each error (K,) exceeds what is forgiven, never below 0.

    >>> beyond_forgiven(np.array([1.5, -5.0])).tolist()
    [0.0, 3.0]
    """
    return np.maximum(0.0, np.abs(error) - FORGIVEN_PPM)


def cost(error: FloatArray | float) -> FloatArray:
    """Share of a full score that errors in ppm cost an entry of an identity search.

    >>> cost(np.array([1.5, -5.0])).round(3).tolist()
    [0.0, 0.3]
    """
    return COST_PER_PPM * beyond_forgiven(np.asarray(error))
