"""Search for the sets of library entries that explain a unit-mass reading best. Imports numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.mixture.ei_likelihood import IntArray, Problem, Single, fit_sets

LEAST_ION = 3.0
"""Library ions (base 999) below this do not count in a trial; the joint fit uses all."""
SHRUNK = np.float32(0.8)
"""Parts already found usually shrink when another joins: each trial is made at 1 and at this factor."""


@dataclass(frozen=True)
class Beam:
    """How wide to search: sets kept per level, candidates tried per set, sets refitted per level, singles added by the
    prefilter's order; the search ends when a level gains less than `give_up` or the loss is below `enough`."""

    width: int = 10
    tried: int = 30
    refitted: int = 120
    first: int = 8
    give_up: float = 2.0
    enough: float = 4.0


@dataclass(frozen=True, eq=False)
class Sets:
    """Fitted sets of one size: `members` (T, k) candidate rows, `theta` (T, k) ln c, `loss` (T,)."""

    members: IntArray
    theta: Single
    loss: Single

    def take(self, rows: IntArray) -> Sets:
        """These sets only."""
        return Sets(self.members[rows], self.theta[rows], self.loss[rows])


def distinct(bins: IntArray, height: Single) -> tuple[IntArray, IntArray]:
    """Where each ion that differs from all others is met first, and which of these every ion is, (P,).

    References have many ions in common to the height, and what an ion changes is worked out once for all that have it.

    >>> distinct(np.array([43, 58, 43, 43]), np.array([9, 9, 9, 5], dtype=np.float32))[1].tolist()
    [1, 2, 1, 0]
    """
    key = bins.astype(np.int64) << 32 | height.view(np.int32)  # heights are not below zero
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first, place.reshape(-1)


class _Trials:
    """The ions of every candidate end to end: what one more candidate changes, without touching the other bins.

    `bin`, `a` and what follows from them: of distinct ions; `place` (P,): which of these each ion is.
    """

    def __init__(self, problem: Problem) -> None:
        noise = problem.noise
        self.problem, self.k = problem, problem.columns.shape[0]
        row, bins = np.nonzero(problem.columns >= LEAST_ION)
        height = problem.columns[row, bins]
        first, self.place = distinct(bins, height)
        self.bin, self.a = bins[first], height[first]
        self.filled, self.start = np.unique(row, return_index=True)
        self.floor = np.float32(noise.floor)
        self.target = np.log(problem.y + self.floor)[self.bin]
        self.wide = np.float32(noise.scatter**2 * noise.freedom)
        self.weight = problem.weight[self.bin] * np.float32((noise.freedom + 1) / 2)
        self.level = np.log(self.wide) * self.weight

    def change(self, mu: Single, grid: Single) -> Single:
        """Change of loss when candidate k with coefficient g joins the model `mu` (B,): (G, K)."""
        r = grid[:, None] * self.a
        r += np.take(mu + self.floor, self.bin)
        np.log(r, out=r)
        r -= self.target
        r *= r
        r += self.wide
        np.log(r, out=r)  # chooses only, so that log1p and its three times longer wait are left to the joint fit
        r *= self.weight
        r -= np.take(self.problem.loss(mu), self.bin) + self.level
        out = np.full((grid.size, self.k), np.inf, dtype=np.float32)
        if self.filled.size:
            out[:, self.filled] = np.add.reduceat(np.take(r, self.place, axis=1), self.start, axis=1)
        return out


def search(problem: Problem, most: int, beam: Beam) -> list[Sets]:
    """Fitted sets of 1 … `most` parts, one item per size; fewer sizes when a larger one stops paying."""
    k = problem.columns.shape[0]
    if k == 0:
        return []
    trials = _Trials(problem)
    grid = np.exp(np.linspace(np.log(0.02), 0, 12)).astype(np.float32)
    change = trials.change(np.zeros(problem.y.size, dtype=np.float32), grid)
    singles = np.arange(k)[:, None]
    theta, loss = fit_sets(problem, singles, np.log(grid)[np.argmin(change, axis=0)][:, None], 3)
    levels = [Sets(singles, theta, loss)]
    by_quick = np.argsort(-problem.quick, kind="stable")[: beam.first]
    front = levels[0].take(np.unique(np.r_[np.argsort(loss, kind="stable")[: beam.width], by_quick]))
    for _ in range(1, most):
        if front.loss.min() < beam.enough:
            break
        grown = _grow(problem, trials, front, beam)
        if grown is None:
            break
        levels.append(grown)
        if grown.loss.min() > front.loss.min() - beam.give_up:
            break
        front = grown.take(np.argsort(grown.loss, kind="stable")[: beam.width])
    return levels


def _grow(problem: Problem, trials: _Trials, front: Sets, beam: Beam) -> Sets | None:
    """Every set of `front` with one more candidate: the best of them by a coarse trial, refitted."""
    grid = np.exp(np.linspace(np.log(0.006), np.log(0.6), 8)).astype(np.float32)
    members, starts, values = [], [], []
    for row, theta, loss in zip(front.members, front.theta, front.loss, strict=True):
        value, start = _try_all(problem, trials, problem.model(row, theta), grid)
        value[(problem.code[:, None] == problem.code[row]).any(axis=1)] = np.inf
        top = np.argsort(value, kind="stable")[: beam.tried]
        top = top[np.isfinite(value[top])]
        members.append(np.column_stack([np.broadcast_to(row, (top.size, row.size)), top]))
        starts.append(np.column_stack([np.broadcast_to(theta, (top.size, theta.size)), start[top]]))
        values.append(value[top] + loss)
    every, start, value = np.concatenate(members), np.concatenate(starts), np.concatenate(values)
    if value.size == 0:
        return None
    order = np.argsort(value, kind="stable")
    _, once = np.unique(np.sort(every[order], axis=1), axis=0, return_index=True)
    chosen = order[np.sort(once)][: beam.refitted]
    theta, loss = fit_sets(problem, every[chosen], start[chosen].astype(np.float32), 4)
    return Sets(every[chosen], theta, loss)


def _try_all(problem: Problem, trials: _Trials, mu: Single, grid: Single) -> tuple[Single, Single]:
    """Best change of loss for every candidate (K,) and the ln c at which it is reached (K,)."""
    smaller = mu * SHRUNK
    lower = problem.loss(smaller).sum() - problem.loss(mu).sum()
    both = np.concatenate([trials.change(mu, grid), trials.change(smaller, grid) + lower])
    best = np.argmin(both, axis=0)
    return both[best, np.arange(best.size)], np.log(grid)[best % grid.size]
