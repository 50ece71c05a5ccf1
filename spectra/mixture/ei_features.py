"""From fitted sets to evidence for each compound: the figures behind a printed probability.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.ei_beam import Sets
from spectra.mixture.ei_left import match_factors
from spectra.mixture.ei_likelihood import IntArray, Problem, Single, fit_sets
from spectra.types import FloatArray

PRICES = ((1.0, 1.0), (4.0, 2.0), (8.0, 2.0), (8.0, 4.0))
"""λ per part and temperature T of the posteriors p(S) ∝ exp(−(L + λ|S|)/T) whose inclusions are evidence."""
PRICE = 4.0
"""λ by which the best set with and without a compound are chosen."""
LEAST_INCLUSION = 0.02
SCORES = ((0.5, 0.5), (1.3, 0.53), (3.0, 0.6), (0.0, 0.5))
"""m^a I^b of the weighted cosines that are evidence beside the likelihood."""

BASIC = (
    *(f"odds_{price:g}_{heat:g}" for price, heat in PRICES),
    *("gain", "swap", "drop", "ln_share", "parts", "larger_parts", "quick", "own_misfit", "own_ions", "misfit"),
    *("high_ion_error", "high_ion", "pair_gain", "absent", "rivals", "behind"),
)
NAMES = (
    *BASIC,
    *("gain_scaled", "swap_scaled", "drop_scaled", "ln_scale"),
    *(f"{name}_ln_scale" for name in BASIC[:4]),
    *(f"{name}_largest" for name in BASIC[:7]),
    *(f"{name}_alone" for name in BASIC[:7]),
    *("largest", "alone", "ln_total", "ln_total_largest", "left_match", "left_reverse"),
    *("cosine_1_1", "cosine_13_053", "cosine_3_06", "cosine_0_05", "entropy", "entropy_root"),
)
"""Names of the features, in the order of the columns."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One row per compound that may be there: `member` (R,) its candidate, `features` (R, len(NAMES)).

    `best` (k,) and `theta` (k,): the best set of all and its ln c.
    """

    member: IntArray
    features: FloatArray
    best: IntArray
    theta: Single


def cost(problem: Problem, evidence: Evidence) -> float:
    """Loss of the best set of all, and `PRICE` for each of its parts."""
    return float(problem.loss(problem.model(evidence.best, evidence.theta)).sum()) + PRICE * evidence.best.size


def explained(problem: Problem, evidence: Evidence) -> float:
    """Share of the signal (0–1) that the best set of all explains."""
    return float(np.minimum(problem.y, problem.model(evidence.best, evidence.theta)).sum() / problem.y.sum())


def shares_alone(evidence: Evidence) -> FloatArray:
    """Share of signal (0–1) of every compound in its own best set, (R,)."""
    return np.asarray(np.exp(evidence.features[:, NAMES.index("ln_share")]))


class _Table:
    """All fitted sets of all sizes as one table; which compound is in which."""

    def __init__(self, problem: Problem, levels: list[Sets]) -> None:
        self.problem = problem
        self.codes, self.local = np.unique(problem.code, return_inverse=True)
        width = max(s.members.shape[1] for s in levels)
        self.size = np.concatenate([np.full(s.loss.size, s.members.shape[1]) for s in levels])
        self.loss = np.concatenate([s.loss for s in levels]).astype(np.float64)
        self.member = np.concatenate([_padded(s.members, width, -1) for s in levels])
        self.theta = np.concatenate([_padded(s.theta, width, 0) for s in levels])
        self.has = np.zeros((self.loss.size, self.codes.size), dtype=bool)
        at, slot = np.nonzero(self.member >= 0)
        self.has[at, self.local[self.member[at, slot]]] = True
        self.priced = self.loss + PRICE * self.size
        self.top = int(np.argmin(self.priced))
        pairs = float(self.loss[self.size == 2].min(initial=inf))
        self.pair_gain = _root(float(self.loss[self.size == 1].min()) - pairs, 8) if pairs < inf else 0.0
        self.weight_seen = max(float(problem.weight[problem.y > 0].sum()), 1e-9)

    def inclusion(self, price: float, heat: float) -> FloatArray:
        value = self.loss + price * self.size
        p = np.exp(-(value - value.min()) / heat)
        return np.asarray((p / p.sum()) @ self.has)

    def group(self, row: int) -> tuple[IntArray, Single]:
        k = int(self.size[row])
        return self.member[row, :k], self.theta[row, :k]

    def model(self, row: int) -> Single:
        return self.problem.model(*self.group(row))


def gather(problem: Problem, levels: list[Sets]) -> Evidence:
    """Evidence for every compound with an inclusion of at least 0.02 under one of the posteriors."""
    table = _Table(problem, levels)
    inclusions = np.array([table.inclusion(price, heat) for price, heat in PRICES])
    rows = np.flatnonzero((inclusions >= LEAST_INCLUSION).any(axis=0))
    odds = _odds(inclusions)[:, rows].T
    rivals = float(np.log1p((inclusions[-1] > 0.05).sum()))
    parts = [_Part.of(table, int(j)) for j in rows]
    drop = _drop_gains(table, parts)
    inside = np.array([part.mu for part in parts])
    described = np.array([part.described(table, loss) for part, loss in zip(parts, problem.loss(inside), strict=True)])
    basic = np.column_stack(
        [odds, described[:, :2], drop, described[:, 2:-1], np.full(rows.size, rivals), described[:, -1]]
    )
    empty = np.zeros_like(problem.y)
    outside = np.array([table.model(part.other) if part.other >= 0 else empty for part in parts])
    scores = _scores(problem, inside) - _scores(problem, outside)
    members = np.array([part.member for part in parts])
    own = np.array([part.own for part in parts])
    left = match_factors(problem, inside - own, members)
    features = _joined(basic, np.log(unit_total(problem, members)), left, scores)
    return Evidence(members, features, *table.group(table.top))


def unit_total(problem: Problem, members: IntArray) -> FloatArray:
    """Summed ions of candidates in units of their base peak, (R,): large for entries of many even ions (steroids)."""
    columns = problem.columns[members].astype(np.float64)
    return np.asarray(columns.sum(axis=1) / np.maximum(columns.max(axis=1), 1e-9))


def _joined(basic: FloatArray, ln_total: FloatArray, left: FloatArray, scores: FloatArray) -> FloatArray:
    """All columns of NAMES from the basic ones (R, 20), the summed ions (R,), the match with what the others leave (R, 2)
    and the gains in other scores (R, 6)."""
    scale = np.sqrt(np.clip(basic[:, [BASIC.index("misfit")]], 0.02, 3.0))
    largest = (basic[:, [BASIC.index("larger_parts")]] == 0).astype(np.float64)
    alone = (basic[:, [BASIC.index("parts")]] == 1).astype(np.float64)
    gains, odds = basic[:, 4:7], basic[:, :4]
    extra = [gains / scale, np.log(scale), odds * np.log(scale), basic[:, :7] * largest, basic[:, :7] * alone]
    total = ln_total[:, None]
    return np.hstack([basic, *extra, largest, alone, total, total * largest, left, scores])


@dataclass(frozen=True, eq=False)
class _Part:
    """One compound `local` in its best set `row`, as candidate `member`; `other` the best set without it (−1: none)."""

    local: int
    row: int
    slot: int
    member: int
    other: int
    shares: FloatArray
    own: Single
    mu: Single

    @classmethod
    def of(cls, table: _Table, local: int) -> _Part:
        with_it = table.has[:, local]
        row = int(np.argmin(np.where(with_it, table.priced, np.inf)))
        other = -1 if with_it.all() else int(np.argmin(np.where(with_it, np.inf, table.priced)))
        group, theta = table.group(row)
        slot = int(np.flatnonzero(table.local[group] == local)[0])
        scaled = np.exp(theta)[:, None] * table.problem.columns[group]
        totals = scaled.sum(axis=1).astype(np.float64)
        return cls(local, row, slot, int(group[slot]), other, totals / totals.sum(), scaled[slot], scaled.sum(axis=0))

    def described(self, table: _Table, loss: Single) -> list[float]:
        """Basic features without the odds, the drop gain and the rivals, in the order of BASIC; the last is `behind`.

        `loss` (B,) of the best set.
        """
        problem, b = table.problem, table.problem.noise.floor
        here = float(table.priced[self.row])
        out = float(table.priced[self.other]) if self.other >= 0 else np.inf
        dominated = (self.own > 0.5 * self.mu) & (self.own > b)
        own_weight = float(problem.weight[dominated].sum())
        column = problem.columns[self.member]
        high = int(np.flatnonzero(column >= min(30.0, float(column.max())))[-1])
        share = float(self.shares[self.slot])
        return [
            _root(out - here, 8),
            _root(self._swapped(table) - float(table.loss[self.row]), 8),
            float(np.log(max(share, 1e-6))),
            float(table.size[self.row]),
            float((self.shares > share).sum()),
            float(np.sqrt(problem.quick[self.member])),
            float(loss[dominated].sum()) / own_weight if own_weight else 1.0,
            float(np.log1p(dominated.sum())),
            float(table.loss[self.row]) / table.weight_seen,
            float(abs(np.log((problem.y[high] + b) / (self.mu[high] + b)))),
            float(np.log((self.own[high] + b) / b)),
            table.pair_gain,
            float(np.log1p((loss * (problem.y == 0) * (self.own > 0.5 * self.mu)).sum())),
            _root(here - float(table.priced[table.top]), 8),
        ]

    def rest(self, table: _Table) -> tuple[IntArray, Single, float]:
        """The other parts of the best set, their ln c, and the loss of the whole set."""
        group, theta = table.group(self.row)
        return np.delete(group, self.slot), np.delete(theta, self.slot), float(table.loss[self.row])

    def _swapped(self, table: _Table) -> float:
        """Loss of the best set of the same size with this compound replaced; infinite when none was fitted."""
        group, _ = table.group(self.row)
        rest = table.local[np.delete(group, self.slot)]
        swap = ~table.has[:, self.local] & (table.size == group.size)
        if rest.size:
            swap &= table.has[:, rest].all(axis=1)
        return float(np.where(swap, table.loss, np.inf).min(initial=np.inf))


def _odds(inclusion: FloatArray) -> FloatArray:
    """ln(p/(1−p)), within ±8."""
    return np.asarray(np.clip(np.log(inclusion + 1e-9) - np.log(np.maximum(1 - inclusion, 1e-9)), -8, 8))


def _padded(array: NDArray[np.generic], width: int, value: int) -> NDArray[np.generic]:
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=value)


def _drop_gains(table: _Table, parts: list[_Part]) -> FloatArray:
    """Root of what the loss rises by when the compound leaves its best set and the others are refitted, (R,)."""
    problem = table.problem
    rests = [part.rest(table) for part in parts]
    out = np.zeros(len(parts))
    for k in {rest[0].size for rest in rests}:
        which = [i for i, rest in enumerate(rests) if rest[0].size == k]
        if k == 0:
            losses = np.full(len(which), problem.loss(np.zeros_like(problem.y)).sum())
        else:
            members, start = np.array([rests[i][0] for i in which]), np.array([rests[i][1] for i in which])
            _, losses = fit_sets(problem, members, start, 3)
        for i, value in zip(which, losses, strict=True):
            out[i] = _root(float(value) - rests[i][2], 12)
    return out


def _root(value: float, most: float) -> float:
    """Signed square root, within ±most."""
    return min(max(copysign(sqrt(abs(value)), value), -most), most)


def _scores(problem: Problem, mu: Single) -> FloatArray:
    """Weighted cosines and entropy similarities (plain and of the roots) of models (R, B) with the reading: (R, 6)."""
    y, m = problem.y.astype(np.float64)[None], (problem.mass / 100.0)[None]
    models = mu.astype(np.float64)
    out = []
    for a, c in SCORES:
        p, q = m**a * y**c, m**a * models**c
        out.append((p * q).sum(axis=1) / np.sqrt((p * p).sum() * (q * q).sum(axis=1) + 1e-9))
    for one, many in ((y, models), (np.sqrt(y), np.sqrt(models))):
        p, q = one / one.sum(), many / np.maximum(many.sum(axis=1, keepdims=True), 1e-9)
        out.append(1 - (2 * _entropy((p + q) / 2) - _entropy(p) - _entropy(q)) / np.log(4))
    return np.array(out).T


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log(np.maximum(p, 1e-12))).sum(axis=1))
