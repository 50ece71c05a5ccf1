"""How likely a unit-mass reading is under a sum of library entries: heavy tails on a log scale with a floor.

Why: ions of one compound differ by half between laboratories and small ones vanish; least squares punishes the first
and overrates the second. Imports numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Single = NDArray[np.float32]
IntArray = NDArray[np.int64]
AT_ONCE = 64
"""Sets fitted at once: their arrays fit in a processor's cache."""
LN_LARGEST = 0.3
"""ln of the largest coefficient: a reference may be a third stronger than the reading's base."""


@dataclass(frozen=True)
class Noise:
    """Noise of a reading against a library, intensities on the scale base = 999.

    `floor` b: intensity below which ions come and go; `scatter` s: spread of ln(reading/library) above it;
    `freedom` ν of the Student-t; `mass_power`: weight (m/100)^p; `background`: unit masses of column bleed and air
    that count `background_weight`; `least_share`: smallest coefficient tried.
    """

    floor: float
    scatter: float
    freedom: float
    mass_power: float
    background: tuple[int, ...]
    background_weight: float
    least_share: float

    def weights(self, mass: IntArray) -> Single:
        """Weight of each unit mass (B,): (m/100)^p, less where the column bleeds and where air shows."""
        weight = (mass / 100.0) ** self.mass_power
        return np.where(np.isin(mass, self.background), self.background_weight * weight, weight).astype(np.float32)


def weighed_misfit(model: Single, target: Single, wide: np.float32, weight: Single) -> Single:
    """weight · ln(r² + wide) with r = ln model − target, which `wide` = s²ν makes the loss but for a constant of each bin.

    Works in `model`, the sum of parts and floor, and returns it; `target` and `weight` broadcast against it.
    """
    np.log(model, out=model)
    model -= target
    model *= model
    model += wide
    np.log(model, out=model)
    model *= weight
    return model


@dataclass(frozen=True, eq=False)
class Problem:
    """One reading against K candidates on B unit masses (several energies one after another).

    `bins` (B,) places on the axis and `mass` (B,) their m/z; `y` (B,) reading, base 999; `columns` (K, B) candidates;
    `weight` (B,) of each bin's loss; `entry` (K,) row of the table; `code` (K,) compound number; `quick` (K,)
    prefilter value.
    """

    bins: IntArray
    mass: IntArray
    y: Single
    columns: Single
    weight: Single
    noise: Noise
    entry: IntArray
    code: IntArray
    quick: Single

    def only(self, rows: IntArray) -> Problem:
        """The problem of the same reading with the candidates `rows` only."""
        kept = (self.entry[rows], self.code[rows], self.quick[rows])
        return replace(self, columns=self.columns[rows], entry=kept[0], code=kept[1], quick=kept[2])

    def loss(self, mu: Single) -> Single:
        """Loss per bin of a model `mu` (…, B): w (ν+1)/2 ln(1 + r²/ν), r = [ln(y+b) − ln(mu+b)]/s."""
        b, nu = np.float32(self.noise.floor), np.float32(self.noise.freedom)
        r = (self.target - np.log(mu + b)) / np.float32(self.noise.scatter)
        out: Single = self.weight * ((nu + 1) / 2) * np.log(r * r / nu + 1)  # log1p takes four times as long
        return out

    @cached_property
    def target(self) -> Single:
        """ln(y + b), (B,)."""
        return np.asarray(np.log(self.y + np.float32(self.noise.floor)))

    def model(self, members: IntArray, theta: Single) -> Single:
        """Sum of the parts `members` (k,) with coefficients exp `theta` (k,): (B,)."""
        out: Single = np.exp(theta) @ self.columns[members]
        return out


def fit_sets(problem: Problem, members: IntArray, start: Single, rounds: int) -> tuple[Single, Single]:
    """Fit every set of candidates jointly: `members` (T, k) rows of `columns`, `start` (T, k) ln c → ln c, loss (T,).

    Damped Gauss–Newton in ln c, the weights of the Student-t renewed each round (IRLS); steps at most ±1, ln c within
    [ln least_share, 0.3]; the best round of each set is returned.
    """
    if len(members) > AT_ONCE:
        blocks = [slice(at, at + AT_ONCE) for at in range(0, len(members), AT_ONCE)]
        fitted = [fit_sets(problem, members[block], start[block], rounds) for block in blocks]
        return np.concatenate([one[0] for one in fitted]), np.concatenate([one[1] for one in fitted])
    noise = problem.noise
    b, nu = np.float32(noise.floor), np.float32(noise.freedom)
    inverse = np.float32(1.0 / (noise.scatter**2 * noise.freedom))
    low, high = np.float32(np.log(noise.least_share)), np.float32(LN_LARGEST)
    parts = problem.columns[members]
    theta = np.clip(start.astype(np.float32), low, high)
    best, best_loss = theta.copy(), np.full(members.shape[0], np.inf, dtype=np.float32)
    for turn in range(rounds + 1):
        scaled = parts * np.exp(theta)[:, :, None]
        total = scaled.sum(axis=1)
        total += b
        r = problem.target - np.log(total)
        square = r * r
        square *= inverse
        square += 1
        loss = (np.log(square) @ problem.weight) * ((nu + 1) / 2)
        better = loss < best_loss
        best[better], best_loss[better] = theta[better], loss[better]
        if turn < rounds:
            slope = problem.weight * ((nu + 1) * inverse) / square / total
            theta = np.clip(theta + _step(scaled, slope / total, slope * r), low, high)
    return best, best_loss


def _step(scaled: Single, bend: Single, pull: Single) -> Single:
    """Damped Gauss–Newton step (T, k), at most ±1, from the scaled parts (T, k, B).

    `bend` and `pull` (T, B): weights over the squared model, and weighted residuals over the model.
    """
    hessian = np.einsum("tib,tjb->tij", scaled * bend[:, None], scaled)
    hessian += np.eye(scaled.shape[1], dtype=np.float32) * np.float32(0.5)
    gradient = np.einsum("tib,tb->ti", scaled, pull)
    alone = scaled.shape[1] == 1
    step = gradient / hessian[:, 0] if alone else np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return np.asarray(np.clip(step, -1, 1), dtype=np.float32)


def curvature(problem: Problem, members: IntArray, theta: Single) -> NDArray[np.float64]:
    """Hessian of the loss in ln c at a fitted set, (k, k): Σ ω J Jᵀ with the weights of the Student-t."""
    noise = problem.noise
    scaled = (np.exp(theta)[:, None] * problem.columns[members]).astype(np.float64)
    total = scaled.sum(axis=0) + noise.floor
    square = ((np.log(problem.y + noise.floor) - np.log(total)) / noise.scatter) ** 2
    omega = problem.weight * (noise.freedom + 1) / (noise.freedom + square) / noise.scatter**2
    jacobian = scaled / total
    return np.asarray((jacobian * omega) @ jacobian.T)
