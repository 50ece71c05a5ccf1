"""The places of a mixed EI reading and everybody who competes for one, for answers that weigh more than this reading.

Why apart from the answer: a rival that EI did not name may be the one another method sees. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from spectra.mixture.ei_decision import Case, Settled
from spectra.mixture.ei_features import shares_alone
from spectra.mixture.ei_inclusion import Place
from spectra.mixture.ei_likelihood import IntArray
from spectra.types import FloatArray


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


def places_seen(case: Case, entries: IntArray, decided: Settled, said: FloatArray) -> PlacesSeen:
    """Places of a decided reading; `entries` (N,) of the library behind each row of the table, `said` (R,) the printed probabilities."""
    fitted = {place.leader: float(s) for place, s in zip(decided.fit.places, decided.fit.shares, strict=True)}
    named = {place.leader for place in decided.named}
    alone = shares_alone(case.evidence)

    def competitor(place: Place, row: int) -> Competitor:
        share = fitted.get(place.leader, float(alone[row]))
        return Competitor(int(entries[case.problem.entry[case.evidence.member[row]]]), float(said[row]), share)

    seen = [
        PlaceSeen(tuple(competitor(place, row) for row in place.rows), case.sum_of(place, said), place.leader in named)
        for place in case.found
    ]
    return PlacesSeen(tuple(seen), case.several)
