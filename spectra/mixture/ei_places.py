"""The places of a mixed EI reading and everybody who competes for one, for answers that weigh more than this reading.

Why apart from the answer: a rival that EI did not name may be the one another method sees. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.mixture.ei_decision import Case, Settled
from spectra.mixture.ei_features import NAMES
from spectra.mixture.ei_inclusion import Place
from spectra.mixture.ei_likelihood import IntArray

_LN_SHARE = NAMES.index("ln_share")


@dataclass(frozen=True, slots=True)
class Competitor:
    """One compound of a place by its library `entry`: probability and share of signal (0–1) it would have there."""

    entry: int
    probability: float
    share: float


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """Compounds that compete for one place, likeliest first; `total` their summed probability, at most 1.

    `named`: the method's own answer names the first of them.
    """

    rivals: tuple[Competitor, ...]
    total: float
    named: bool


@dataclass(frozen=True, slots=True)
class PlacesSeen:
    """The places of one reading, likeliest first, and P(more than one compound)."""

    places: tuple[PlaceSeen, ...] = ()
    several: float = 0.0


def places_seen(case: Case, decided: Settled, entry: IntArray) -> PlacesSeen:
    """Places of a decided reading; `entry` (K,) of the library behind each candidate."""
    fitted = {place.leader: float(s) for place, s in zip(decided.fit.places, decided.fit.shares, strict=True)}
    named = {place.leader for place in decided.named}

    def competitor(place: Place, row: int) -> Competitor:
        alone = float(np.exp(case.evidence.features[row, _LN_SHARE]))
        share = fitted.get(place.leader, alone)
        return Competitor(int(entry[case.evidence.member[row]]), float(case.p[row]), share)

    seen = [
        PlaceSeen(tuple(competitor(place, row) for row in place.rows), place.total, place.leader in named)
        for place in case.found
    ]
    return PlacesSeen(tuple(seen), case.several)
