"""Search for the sets of library entries that explain a unit-mass reading best. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.mixture.ei_likelihood import IntArray, Problem, Single, fit_sets
from spectra.mixture.ei_trials import BETWEEN, Trials

GRID = np.exp(np.linspace(np.log(0.006), np.log(0.6), 8)).astype(np.float32)
"""Coefficients tried for one more part."""
AROUND = np.arange(-1, 2)
"""Places of the grid, from the best of a rough trial, that are tried exactly."""
PER_SET, IN_ALL = 2, 2
"""So many times the candidates tried per set, and the sets refitted, are tried exactly: the best by a rough trial. Twice as many changed
no name of 90 mixtures, and one probability by more than .01."""


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


def search(problem: Problem, most: int, beam: Beam) -> list[Sets]:
    """Fitted sets of 1 … `most` parts, one item per size; fewer sizes when a larger one stops paying."""
    k = problem.columns.shape[0]
    if k == 0:
        return []
    trials = Trials(problem)
    grid = np.exp(np.linspace(np.log(0.02), 0, 12)).astype(np.float32)
    change = trials.rough(np.zeros(problem.y.size, dtype=np.float32), grid)
    singles = np.arange(k)[:, None]
    theta, loss = fit_sets(problem, singles, np.log(grid)[np.argmin(change, axis=1)][:, None], 2)
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


def _grow(problem: Problem, trials: Trials, front: Sets, beam: Beam) -> Sets | None:
    """Every set of `front` with one more candidate: the best of them by trial, refitted."""
    models = np.stack([problem.model(row, theta) for row, theta in zip(front.members, front.theta, strict=True)])
    row, added, near = _promising(problem, trials, models, front, beam)
    if row.size == 0:
        return None
    value, share = trials.exact(models, row, added, GRID[np.clip(near[:, None] + AROUND, 0, GRID.size - 1)])
    best = np.lexsort((value, row))
    best = best[np.arange(best.size) - np.searchsorted(row, row) < beam.tried]
    best = best[np.argsort((value + front.loss[row])[best], kind="stable")]
    every = np.column_stack([front.members[row], added])
    _, once = np.unique(np.sort(every[best], axis=1), axis=0, return_index=True)
    chosen = best[np.sort(once)][: beam.refitted]
    theta, loss = fit_sets(problem, every[chosen], np.column_stack([front.theta[row], np.log(share)])[chosen], 4)
    return Sets(every[chosen], theta, loss)


def _promising(
    problem: Problem, trials: Trials, models: Single, front: Sets, beam: Beam
) -> tuple[IntArray, IntArray, IntArray]:
    """Pairs of a set and a candidate that are worth an exact trial, and where on the grid.

    Row of `front` (T,), rising, candidate (T,), and the best of GRID by a rough trial (T,).
    """
    rough = np.stack([trials.rough(mu * BETWEEN, GRID) for mu in models])
    lower = problem.loss(models * BETWEEN).sum(axis=1) - problem.loss(models).sum(axis=1) + front.loss
    value = rough.min(axis=2) + lower[:, None]
    value[(problem.code == problem.code[front.members][:, :, None]).any(axis=1)] = np.inf
    near = np.argsort(value, axis=1, kind="stable")[:, : PER_SET * beam.tried]
    kept = np.full(value.shape, np.inf, dtype=np.float32)
    np.put_along_axis(kept, near, np.take_along_axis(value, near, axis=1), axis=1)
    most = min(IN_ALL * beam.refitted, kept.size)
    row, added = np.nonzero(np.isfinite(kept) & (kept <= np.partition(kept, most - 1, axis=None)[most - 1]))
    return row, added, rough[row, added].argmin(axis=1)
