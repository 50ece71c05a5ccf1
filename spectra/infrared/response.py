"""From shares of signal to shares of weight: response factors of substances, measured with weighed mixtures.

Two substances weighed together show how much more one absorbs than the other; a chain of such pairs gives factors for
all of them. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.types import FloatArray, SpectrumError


@dataclass(frozen=True, slots=True)
class Weighed:
    """One mixture of two substances: weights (same unit, above 0) and the share of signal (0–1) of the first.

    `share_u` and `weight_u` are standard uncertainties, of the share and of each weighing.
    """

    first: Hashable
    second: Hashable
    first_weight: float
    second_weight: float
    share: float
    share_u: float = 0.0
    weight_u: float = 0.0


@dataclass(frozen=True, slots=True)
class PairFactor:
    """How many times the signal per weight of `first` is that of `second`, with its relative standard uncertainty."""

    first: Hashable
    second: Hashable
    factor: float
    relative_u: float
    mixtures: int


@dataclass(frozen=True, slots=True)
class WeightShare:
    """Share of the weight of what was seen, 0–1, with its interval (coverage 2)."""

    value: float
    low: float
    high: float


def pair_factors(mixtures: Iterable[Weighed]) -> list[PairFactor]:
    """Factors of every pair with enough mixtures (three), in the order of their first mixture.

    ln f = mean of ln[(s/(1−s)) / (w₁/w₂)]. Its variance is the larger of the scatter over n and of what the shares'
    and the balance's uncertainties give, and never below the least in the data file: three mixtures that happen to
    agree prove nothing. Pairs with fewer mixtures are left out.

    >>> rows = [Weighed("a", "b", w, 100 - w, 2 * w / (2 * w + 100 - w)) for w in (20.0, 50.0, 80.0)]
    >>> found = pair_factors(rows)[0]
    >>> round(found.factor, 3), found.mixtures
    (2.0, 3)
    """
    rows: dict[tuple[Hashable, Hashable], list[tuple[float, float]]] = {}
    for one in mixtures:
        _check(one)
        turned = (one.second, one.first) in rows
        value = float(np.log(one.share / (1 - one.share)) - np.log(one.first_weight / one.second_weight))
        spread = (one.share_u / (one.share * (1 - one.share))) ** 2
        spread += (one.weight_u / one.first_weight) ** 2 + (one.weight_u / one.second_weight) ** 2
        key = (one.second, one.first) if turned else (one.first, one.second)
        rows.setdefault(key, []).append((-value if turned else value, spread))
    least, floor = int(_number("least_mixtures")), _number("least_relative_u")
    out = []
    for (first, second), values in rows.items():
        if len(values) < least:
            continue
        logs = np.array([v for v, _ in values])
        scatter = float(logs.var(ddof=1)) / logs.size
        known = float(np.mean([s for _, s in values])) / logs.size
        relative = max(float(np.sqrt(max(scatter, known))), floor)
        out.append(PairFactor(first, second, float(np.exp(logs.mean())), relative, logs.size))
    return out


def weight_shares(
    compounds: Sequence[Hashable],
    shares: Sequence[float],
    share_u: Sequence[float],
    factors: Sequence[PairFactor],
) -> list[WeightShare] | None:
    """Weight shares of the parts of a mixture; None unless the factors connect all of them.

    w_j = (s_j / f_j) / Σ (s_i / f_i), with ln f by least squares over all pairs, weighted by their uncertainties.
    Uncertainties of shares and factors are propagated to first order, those of the factors with their covariances.
    Misleads: what was not seen is not in the sum; the share of a part that absorbs so strongly that its bands are
    saturated is too small; factors hold for one instrument, one technique and powders ground alike.

    >>> known = [PairFactor("a", "b", 2.0, 0.02, 3)]
    >>> [round(w.value, 3) for w in weight_shares(["a", "b"], [0.5, 0.5], [0.0, 0.0], known)]
    [0.333, 0.667]
    >>> weight_shares(["a", "c"], [0.5, 0.5], [0.0, 0.0], known) is None
    True
    """
    if len(set(compounds)) != len(compounds) or not compounds:
        return None
    if len(compounds) == 1:
        return [WeightShare(1.0, 1.0, 1.0)]
    found = _logs(compounds, factors)
    if found is None:
        return None
    logs, covariance = found
    s = np.maximum(np.asarray(shares, dtype=np.float64), 1e-9)
    parts = s * np.exp(-logs)
    w = parts / parts.sum()
    relative = covariance + np.diag((np.asarray(share_u, dtype=np.float64) / s) ** 2)
    turn = np.diag(w) - np.outer(w, w)  # ∂w/∂ln(part)
    sd = np.sqrt(np.maximum(np.diag(turn @ relative @ turn), 0.0))
    k = _number("coverage")
    return [
        WeightShare(float(v), float(max(v - k * u, 0.0)), float(min(v + k * u, 1.0)))
        for v, u in zip(w, sd, strict=True)
    ]


def _logs(compounds: Sequence[Hashable], factors: Sequence[PairFactor]) -> tuple[FloatArray, FloatArray] | None:
    """ln f of the compounds against the first of them with covariances (C, C); None when they are not connected."""
    reached = _reached(compounds[0], factors)
    if any(compound not in reached for compound in compounds):
        return None
    names = [compounds[0], *sorted(reached - {compounds[0]}, key=repr)]
    place = {name: k for k, name in enumerate(names)}
    used = [f for f in factors if f.first in reached]
    design = np.zeros((len(used), len(names)))
    for row, one in enumerate(used):
        design[row, place[one.first]], design[row, place[one.second]] = 1.0, -1.0
    weight = np.array([1.0 / one.relative_u**2 for one in used])
    wanted = np.array([np.log(one.factor) for one in used])
    free = design[:, 1:]  # the first compound is the reference: its factor is 1
    covariance = np.linalg.inv(free.T @ (weight[:, None] * free))
    solved = covariance @ (free.T @ (weight * wanted))
    rest = wanted - free @ solved
    if len(used) > free.shape[1]:  # pairs that contradict each other: the uncertainty grows (Birge ratio)
        covariance = covariance * max(1.0, float(weight @ rest**2) / (len(used) - free.shape[1]))
    logs = np.concatenate([[0.0], solved])
    full = np.zeros((len(names), len(names)))
    full[1:, 1:] = covariance
    index = [place[compound] for compound in compounds]
    return logs[index], full[np.ix_(index, index)]


def _reached(start: Hashable, factors: Sequence[PairFactor]) -> set[Hashable]:
    reached, grew = {start}, True
    while grew:
        grew = False
        for one in factors:
            if (one.first in reached) != (one.second in reached):
                reached |= {one.first, one.second}
                grew = True
    return reached


def _check(one: Weighed) -> None:
    if not (one.first_weight > 0 and one.second_weight > 0 and 0 < one.share < 1):
        raise SpectrumError(
            f"a weighed mixture needs two weights above zero and a share between 0 and 1, this one has "
            f"{one.first_weight:g}, {one.second_weight:g} and {one.share:g}"
        )


def _number(name: str) -> float:
    return float(load("infrared_instrument")["response"][name])
