"""From fitted sets to the probability that a compound is there. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.mixture.accurate_beam import FittedSet, Search
from spectra.mixture.accurate_candidates import Shortlist
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
TEMPERED = ((4.0, 1.0), (8.0, 2.0), (12.0, 4.0))
"""(λ per component, temperature T) of the posteriors p(S) ∝ exp(−(loss + λ|S|)/T) that serve as features."""
PER_COMPONENT = 8.0
"""λ of the gain and of the best set: what one more component must save."""
FEATURES = ("posterior_4_1", "posterior_8_2", "posterior_12_4", "gain", "log_share", "size", "likeness")


@dataclass(frozen=True, eq=False)
class Evidence:
    """C compounds that stand in some fitted set, by rising code.

    `compound` (C,) codes, `candidate` (C,) place in the shortlist, `features` (C, F) in the order of FEATURES,
    `column` (C,) the compound's column in `best`, the best set that holds it; `precursor` (C,) Da.
    """

    compound: IntArray
    candidate: IntArray
    features: FloatArray
    column: IntArray
    best: tuple[FittedSet, ...]


@dataclass(frozen=True, eq=False)
class Inclusion:
    """Logistic layer: features are centred by `mean`, divided by `spread`, weighted, summed, with `intercept`."""

    mean: FloatArray
    spread: FloatArray
    weight: FloatArray
    intercept: float

    def probability(self, features: FloatArray) -> FloatArray:
        """Probability that each compound is in the sample, (C,)."""
        score = (features - self.mean) / self.spread @ self.weight + self.intercept
        out: FloatArray = 1.0 / (1.0 + np.exp(-np.clip(score, -40.0, 40.0)))
        return out


@lru_cache(maxsize=1)
def default_inclusion() -> Inclusion:
    """The layer fitted to the development mixtures: `data/mixtures_accurate.toml`, section inclusion."""
    data = load("mixtures_accurate")["inclusion"]
    mean, spread, weight = (np.array([data[kind][name] for name in FEATURES]) for kind in ("mean", "spread", "weight"))
    return Inclusion(mean, spread, weight, float(data["intercept"]))


def evidence(found: Search, compound: IntArray, short: Shortlist) -> Evidence:
    """Features of every compound in a fitted set; `compound` (K,) codes of the shortlist."""
    codes = compound[found.data.candidate]
    size = np.array([0, *(len(s.columns) for s in found.sets)])
    loss = np.array([found.empty, *(s.loss for s in found.sets)])
    known, holds = _membership(found, codes)
    total = loss + PER_COMPONENT * size
    with_it = np.where(holds, total, np.inf)
    best = tuple(found.sets[k - 1] for k in with_it.argmin(axis=1))
    column = np.array([next(j for j in s.columns if codes[j] == c) for c, s in zip(known, best, strict=True)])
    share = np.array([s.shares[s.columns.index(j)] / s.shares.sum() for s, j in zip(best, column, strict=True)])
    gain = np.where(holds, np.inf, total).min(axis=1) - with_it.min(axis=1)
    candidate = found.data.candidate[column]
    features = [_log_odds(loss, size, holds, *pair) for pair in TEMPERED] + [
        np.clip(gain, -30.0, 60.0) / 10.0,
        np.log(np.maximum(share, 1e-3)),
        np.array([float(len(s.columns)) for s in best]),
        short.value[candidate],
    ]
    return Evidence(known, candidate, np.stack(features, axis=1), column, best)


def _membership(found: Search, codes: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    """Compounds in any fitted set (C,), and which sets hold each (C, 1 + sets); the first is the empty set."""
    known = np.unique(codes)
    holds = np.zeros((known.size, len(found.sets) + 1), dtype=bool)
    for k, one in enumerate(found.sets, start=1):
        holds[np.searchsorted(known, codes[list(one.columns)]), k] = True
    held = holds.any(axis=1)
    return known[held], holds[held]


def _log_odds(
    loss: FloatArray, size: IntArray, holds: NDArray[np.bool_], penalty: float, temperature: float
) -> FloatArray:
    """Log-odds of inclusion per compound, clipped to ±12."""
    score = -(loss + penalty * size) / temperature
    weight = np.exp(score - score.max())
    inside = np.maximum((holds * weight).sum(axis=1), 1e-12)
    outside = np.maximum((~holds * weight).sum(axis=1), 1e-12)
    return np.asarray(np.clip(np.log(inside) - np.log(outside), -12.0, 12.0))
