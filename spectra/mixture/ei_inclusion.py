"""From evidence to calibrated probabilities, and from probabilities to the names that are reported. Imports numpy only.

Why: one rule must serve single-component readings and mixtures: a lone name has to be clear, a part beside others may
be weaker, and compounds that look alike compete for one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.mixture.ei_features import NAMES
from spectra.mixture.ei_likelihood import IntArray, Problem
from spectra.types import FloatArray

SEVERAL = (
    *("place_1", "place_2", "place_3", "leader_1", "leader_2"),
    *("pair_gain", "misfit", "ln_misfit", "drop_1", "drop_2", "gain_2"),
    *("ln_share_2", "own_ions_2", "own_misfit_2", "drop_scaled_2", "pair_gain_scaled"),
    *(f"{name}_2" for name in NAMES[-6:]),
    *("left_match_1", "left_reverse_1", "left_match_2", "left_reverse_2"),
)
"""Names of the features that say whether there is more than one compound."""
_AT = {name: k for k, name in enumerate(NAMES)}
LEAST_LISTED = 0.03
"""Compounds below this probability take no place and are not listed as alternatives."""


@dataclass(frozen=True, eq=False)
class Logistic:
    """P = 1/(1 + exp(−(a + x·w))), features clipped to the range they were fitted on: `low`, `high`, `weight` (F,)."""

    intercept: float
    weight: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, table: Mapping[str, Any], names: tuple[str, ...]) -> Logistic:
        """Read from the data file: `intercept` and per feature name [weight, low, high]."""
        columns = np.array([table["features"][name] for name in names], dtype=np.float64)
        return cls(float(table["intercept"]), columns[:, 0], columns[:, 1], columns[:, 2])

    def __call__(self, features: FloatArray) -> FloatArray:
        """Probability of every row, (R,)."""
        value = self.intercept + np.clip(features, self.low, self.high) @ self.weight
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -30, 30))))


@dataclass(frozen=True)
class Rule:
    """When a name is reported. `twin`: weighted cos² from which two compounds compete for one place; `several`: least
    probability that the reading holds more than one compound, for a second name; `alone`: least probability of a lone
    name, and `lone_explains` the least share of the signal it must explain; `among`: least probability of a name among
    others, `minor` that of one whose share of signal is below `minor_share`; `place`: summed probability of a place that is said to be taken though nothing is named; `incomplete`: least
    probability of a further name when the reading is not explained."""

    twin: float
    several: float
    alone: float
    lone_explains: float
    among: float
    minor: float
    minor_share: float
    place: float
    incomplete: float


@dataclass(frozen=True, eq=False)
class Place:
    """Compounds competing for one place in the mixture: evidence rows by falling probability, and their sum."""

    rows: tuple[int, ...]
    total: float

    @property
    def leader(self) -> int:
        """The likeliest compound of the place."""
        return self.rows[0]


@dataclass(frozen=True)
class Layers:
    """The two fitted layers: probability of a compound, and of more than one compound."""

    compound: Logistic
    several: Logistic


@lru_cache(maxsize=1)
def shipped_layers() -> Layers:
    """The fitted layers of `data/mixtures.toml`."""
    data = load("mixtures")
    return Layers(Logistic.of(data["ei_probability"], NAMES), Logistic.of(data["ei_several"], SEVERAL))


@lru_cache(maxsize=1)
def rule() -> Rule:
    """The reporting rule of `data/mixtures.toml`."""
    return Rule(**{key: float(value) for key, value in load("mixtures")["ei_report"].items()})


def printed(p: FloatArray, compounds: int) -> FloatArray:
    """Probabilities as they are said, (R,): less sure in a library of many compounds, where more look like any of them.

    >>> printed(np.array([0.9, 0.0]), 2500).tolist(), printed(np.array([0.9, 0.0]), 11000).round(3).tolist()
    ([0.9, 0.0], [0.858, 0.0])
    """
    limits = load("mixtures")["ei_printed"]
    lowered = min(limits["slope"] * float(np.log(compounds / limits["compounds"])), limits["most"])
    return p if lowered <= 0 else np.asarray(p / (p + (1.0 - p) * np.exp(lowered)))


@dataclass(frozen=True)
class BaseRate:
    """What compounds that only a library of general chemicals holds count where such a library is declared. `general`: their weight
    beforehand. They are weighed at all where they gain `least_gain` on the drugs alone, in loss and price, or less and `least_signal`
    of the signal (0–1)."""

    general: float
    least_gain: float
    least_signal: float


@lru_cache(maxsize=1)
def base_rate() -> BaseRate:
    """The base rate of `data/mixtures.toml`."""
    return BaseRate(**{key: float(value) for key, value in load("mixtures")["ei_base_rate"].items()})


def by_base_rate(
    p: FloatArray, found: Sequence[Place], general: NDArray[np.bool_], main: NDArray[np.bool_], weight: float
) -> FloatArray:
    """Probabilities (R,) when rows that only a library of `general` chemicals holds count `weight` of others beforehand.

    Compounds of a place exclude each other. The place of the largest part (`main` of its leader) is taken whatever the base rate, so
    that its compounds share out its probability; any other place may also be none at all, which keeps its weight. Places without
    such a compound, and a main place of such compounds alone, stay as they are. Nobody else is lowered.

    >>> two = by_base_rate(np.array([0.6, 0.3]), [Place((0, 1), 0.9)], np.array([True, False]), np.array([True, True]), 0.1)
    >>> two.round(2).tolist()
    [0.15, 0.75]
    """
    out = np.where(general, p * weight / (1.0 - p + p * weight), p)
    for place in found:
        rows = np.array(place.rows)
        if not general[rows].any():
            continue
        share = p[rows] / max(float(p[rows].sum()), 1.0)
        odds = share * np.where(general[rows], weight, 1.0)
        if main[place.leader]:
            now = p[rows] if general[rows].all() else odds * share.sum() / odds.sum()
        else:
            now = odds / (1.0 - share.sum() + odds.sum())
        out[rows] = np.where(general[rows], now, np.maximum(now, p[rows]))
    return out


def alike(problem: Problem, members: IntArray) -> NDArray[np.float64]:
    """Weighted cos² (m^½ I^½) between candidates, (R, R)."""
    root = np.sqrt(problem.columns[members] * problem.mass.astype(np.float32))
    root /= np.maximum(np.linalg.norm(root, axis=1, keepdims=True), 1e-9)
    return np.asarray((root @ root.T) ** 2, dtype=np.float64)


def places(
    p: FloatArray,
    cosines: FloatArray,
    twin: float,
    before: FloatArray | None = None,
    follows: NDArray[np.bool_] | None = None,
) -> list[Place]:
    """Rows grouped by the compound they resemble, likeliest first; rows below 0.03, now and `before` a base rate, are left out, and
    rows that only `follows` (R,) where they resemble no other; those of them that are listed add nothing to the sum."""
    taken: list[list[int]] = []
    listed = p if before is None else np.maximum(p, before)
    last = np.zeros(p.size, dtype=np.bool_) if follows is None else follows
    for row in np.lexsort((-p, last)):
        if listed[row] < LEAST_LISTED:
            continue
        home = next((place for place in taken if cosines[row, place[0]] >= twin), None)
        if home is not None:
            home.append(int(row))
        elif not last[row]:
            taken.append([int(row)])
    return [Place(tuple(rows), total(p, tuple(row for row in rows if not last[row]))) for rows in taken]


def total(p: FloatArray, rows: tuple[int, ...]) -> float:
    """Probability that one of these rows is there, at most 1."""
    return float(min(1.0, p[list(rows)].sum()))


def several_features(features: FloatArray, p: FloatArray, found: list[Place]) -> FloatArray:
    """What speaks for more than one compound in the reading, (len(SEVERAL),): the first three places and the second."""
    totals = [_odds(place.total) for place in found[:3]] + [_odds(0.0)] * 3
    leaders = [_odds(float(p[place.leader])) for place in found[:2]] + [_odds(0.0)] * 2
    first = features[found[0].leader] if found else np.zeros(len(NAMES))
    second = features[found[1].leader] if len(found) > 1 else np.zeros(len(NAMES))
    misfit, pair = first[_AT["misfit"]], first[_AT["pair_gain"]]
    ln_share = second[_AT["ln_share"]] if len(found) > 1 else -5.0
    left = [_AT["left_match"], _AT["left_reverse"]]
    return np.array(
        [
            *totals[:3],
            *leaders[:2],
            *(pair, misfit, np.log(max(misfit, 0.02)), first[_AT["drop"]], second[_AT["drop"]], second[_AT["gain"]]),
            *(ln_share, second[_AT["own_ions"]], second[_AT["own_misfit"]], second[_AT["drop_scaled"]]),
            pair / np.sqrt(max(misfit, 0.02)),
            *second[-6:],
            *first[left],
            *second[left],
        ]
    )


def _odds(p: float) -> float:
    kept = min(max(p, 1e-3), 1 - 1e-3)
    return float(np.log(kept / (1 - kept)))


def reported(
    p: FloatArray, shares: FloatArray, found: list[Place], several: float, rule: Rule, most: int
) -> list[Place]:
    """The places whose leader is named, at most `most`, likeliest first; `several` = P(more than one compound)."""
    if several < rule.several or most == 1:
        return [place for place in found[:1] if p[place.leader] >= rule.alone]
    least = np.where(shares < rule.minor_share, rule.minor, rule.among)
    return [place for place in found[:most] if p[place.leader] >= least[place.leader]]
