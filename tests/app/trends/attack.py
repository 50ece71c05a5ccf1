"""The attacker of docs/methods/trends.md: holds every figure, knows the method, the variance and the marginal shares, and
computes the posterior of the whole table by sampling whole numbers with the exact probabilities of the noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from app.figures.trends.protection.noise import Draws, Stream, Strength, probabilities, summed
from tests.app.trends.made_service import EXPECTED, REGIONS, Made

Ints = NDArray[np.int64]
MONTHS = 12
SHAPE = (MONTHS, len(REGIONS), len(EXPECTED))
SIZE = MONTHS * len(REGIONS) * len(EXPECTED)
SEVEN = ((1, 0, 0), (1, 1, 0), (1, 0, 1), (3, 1, 0), (3, 0, 1), (3, 1, 1), (12, 1, 1))
"""Months of a period, by region, by expectation: the drawn tables."""
SIXTEEN = tuple(product((1, 3, 12, 0), (0, 1), (0, 1)))


def grouping(table: tuple[int, int, int]) -> Ints:
    """The cell of a table each of the finest cells lies in."""
    width, region, expected = table
    m, r, e = np.unravel_index(np.arange(SIZE), SHAPE)
    periods = m // width if width else np.zeros_like(m)
    return ((periods * len(REGIONS) + r * region) * len(EXPECTED) + e * expected).astype(np.int64)


@dataclass
class World:
    """True counts per finest cell, and record keys of the samples in them."""

    cell: Ints
    keys: NDArray[np.uint64]
    hit: NDArray[np.bool_]

    def counts(self, hit: bool) -> Ints:
        """Samples, or those with the finding."""
        return np.bincount(self.cell[self.hit] if hit else self.cell, minlength=SIZE)


def world(made: Sequence[Made], draws: Draws, of_class: str) -> World:
    """A made-up year as the attacker's table."""
    cell = [
        (int(m.month[5:]) - 1) * len(REGIONS) * len(EXPECTED)
        + REGIONS.index(m.region) * len(EXPECTED)
        + EXPECTED.index(m.expected)
        for m in made
    ]
    hit = [any(c == of_class or c.startswith(f"{of_class}.") for _, c in m.found) for m in made]
    return World(np.array(cell), draws.record_keys(m.key.bytes for m in made), np.array(hit))


def perturbed(
    there: World,
    hit: bool,
    tables: Sequence[tuple[int, int, int]],
    draws: Draws,
    strength: Strength,
    *,
    zero_stays: bool = False,
) -> list[tuple[Ints, Ints]]:
    """What is published of these tables: the grouping, and a figure per cell of it."""
    stream = Stream.FINDINGS if hit else Stream.SAMPLES
    mine = there.hit if hit else np.ones(len(there.cell), bool)
    out = []
    for table in tables:
        group = grouping(table)
        sums, counts = summed(group[there.cell[mine]], there.keys[mine], SIZE)
        figures = counts.copy()
        for one in Strength if strength is Strength.PUBLIC else (Strength.RESEARCHER,):
            figures += draws.of_sets(sums, counts, stream, one, f"attack {table}")
        if zero_stays:
            figures[counts == 0] = 0
        out.append((group, figures))
    return out


def noise(stream: Stream, strength: Strength) -> NDArray[np.float64]:
    """Log probabilities of the noise −D..D; impossible ones are very small."""
    p = probabilities(stream)
    return np.asarray(np.log(np.convolve(p, p) if strength is Strength.PUBLIC else p), np.float64)


def posterior(
    published: Sequence[tuple[Ints, Ints]],
    prior: NDArray[np.float64],
    logs: NDArray[np.float64],
    seed: int,
    *,
    sweeps: int = 120,
    zero_stays: bool = False,
    start: Ints | None = None,
) -> NDArray[np.float64]:
    """Cell × count: how often each count was drawn. `prior`: the same in log probabilities, −inf where impossible."""
    rng, most = np.random.default_rng(seed), prior.shape[1]
    x = np.argmax(prior, axis=1) if start is None else start.copy()
    tables = [
        (group.tolist(), figures.tolist(), np.bincount(group, weights=x, minlength=SIZE).astype(np.int64).tolist())
        for group, figures in published
    ]
    furthest = SIZE * most + max(int(np.abs(figures).max()) for _, figures in published)
    off = np.abs(np.arange(-furthest, furthest + 1))
    above = -60.0 - off  # by how much what is there is above the figure
    above[off <= (len(logs) - 1) // 2] = logs[::-1]
    seen = np.zeros((SIZE, most))
    for sweep in range(sweeps):
        for cell in rng.permutation(SIZE).tolist():
            logp, here = prior[cell].copy(), int(x[cell])
            for group, figures, total in tables:
                rest, figure = total[group[cell]] - here, figures[group[cell]]
                none = furthest + rest - figure
                logp += above[none : none + most]
                if zero_stays and rest == 0:
                    logp[0] = prior[cell, 0] + (0.0 if figure == 0 else -80.0)
            p = np.exp(logp - logp.max())
            new = int(np.searchsorted(np.cumsum(p), rng.random() * p.sum()))
            if new != here:
                for group, _, total in tables:
                    total[group[cell]] += new - here
                x[cell] = new
        if sweep >= sweeps // 4:
            seen[np.arange(SIZE), x] += 1
    return seen / seen.sum(axis=1, keepdims=True)


def of_samples(there: World) -> NDArray[np.float64]:
    """What marginal shares say of the number of samples in each cell."""
    n = there.counts(False).reshape(SHAPE)
    m, r, e = (n.sum(axis=axes) / n.sum() for axes in ((1, 2), (0, 2), (0, 1)))
    mean = (m[:, None, None] * r[None, :, None] * e[None, None, :]).ravel() * n.sum()
    return np.asarray(poisson.logpmf(np.arange(40)[None, :], mean[:, None]))


def of_findings(there: World) -> NDArray[np.float64]:
    """The same of findings, told every true number of samples: the share by what was expected."""
    n, x = there.counts(False), there.counts(True)
    e = np.arange(SIZE) % len(EXPECTED)
    share = np.bincount(e, weights=x) / np.maximum(1, np.bincount(e, weights=n))
    p = np.clip(share[e], 0.002, 0.998)
    with np.errstate(divide="ignore"):
        return np.asarray(binom.logpmf(np.arange(n.max() + 1)[None, :], n[:, None], p[:, None]))


def exact(told: NDArray[np.float64], truth: Ints) -> float:
    """In how many cells of 1–9 the likeliest count is the true one."""
    small = (truth >= 1) & (truth <= 9)
    if not small.any():
        return 0.0
    return float((told.argmax(axis=1)[small] == truth[small]).mean())


def report(told: NDArray[np.float64], prior: NDArray[np.float64], there: World, hit: bool) -> dict[str, Any]:
    """What the attacker gained over guessing, and what they are sure of."""
    truth, n = there.counts(hit), there.counts(False)
    gained = exact(told, truth) - exact(np.exp(prior), truth)
    if not hit:
        return {"exact": gained}
    p = np.exp(prior)
    cells = np.arange(SIZE)
    rare = (n == 1) & (truth == 1) & (p[cells, np.minimum(1, p.shape[1] - 1)] < 0.2)
    one_kind = (n >= 3) & (n <= 9) & (truth == n)
    known = told[cells, n] > 0.9
    return {
        "exact": gained,
        "rare": float((told[rare, 1] > 0.9).mean()) if rare.any() else 0.0,
        "rare cells": int(rare.sum()),
        "kinds": int(one_kind.sum()),
        "one kind": float((known & one_kind).sum() / max(1, one_kind.sum())),
    }
