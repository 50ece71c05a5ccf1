"""Which few hundred library entries can be part of a unit-mass reading, and their dense columns.

Why: the full search is too dear for a whole library, and a similarity alone loses most small parts; what an entry
adds to the best model so far does not. Imports numpy, scipy and `spectra` tables only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectra.mixture.ei_beam import Beam, search
from spectra.mixture.ei_likelihood import IntArray, Noise, Problem, Single, weighed_misfit
from spectra.mixture.ei_trials import distinct
from spectra.peaktable import PeakTable

LOWEST, WIDTH = 40, 1000
"""Unit masses 40 to 999 are compared: below 40 air, water and helium decide."""
TALL = 12.0
"""Library ions (base 999) that count when the whole library is tried."""
FIRST, RETRIED, ADDED = 250, 120, 80
GRID_TWO = np.array([0.4, 0.2, 0.1, 0.05, 0.02], dtype=np.float32)
GRID_THREE = GRID_TWO[1:]


class UnitTable:
    """A unit-mass table seen by the mixture search: peaks from m/z 40 to 999 only, sums per entry. Kept with the table.

    `width` is 1000 × the number of energies; energy e lies at 1000 e.
    """

    def __init__(self, table: PeakTable, width: int = WIDTH) -> None:
        self.n, self.width, self.table = table.n, width, table
        self.mz, self.height, self.start, self.filled, self.count = (
            self._kept(name) for name in ("mz", "height", "start", "filled", "count")
        )
        self.moment = table.keep("ei moment", lambda: self.sums(self.height * (self.mz % WIDTH).astype(np.float32)))
        self.total = table.keep("ei total", lambda: self.sums(self.height))
        self.tall_mz, self.tall, place, ones, edges = (
            self._kept(f"tall {name}") for name in ("mz", "height", "place", "ones", "edges")
        )
        self.tall_ions = csr_array((ones, place, edges), shape=(self.n, self.tall.size))

    def _kept(self, name: str) -> NDArray[Any]:
        def make() -> NDArray[Any]:
            least = TALL if name.startswith("tall") else 0.0
            parts = _inside(self.table, self.width, least)
            parts |= _met_once(parts) if least else {}
            for key, array in parts.items():
                self.table.keep(f"ei {'tall ' if least else ''}{key}", _constant(array))
            return parts[name.removeprefix("tall ")]

        return self.table.keep(f"ei {name}", make)

    def sums(self, values: Single) -> Single:
        """Sum per entry (N,) of one value per peak."""
        out = np.zeros(self.n, dtype=np.float32)
        if self.filled.size:
            out[self.filled] = np.add.reduceat(values, self.start)
        return out

    def left_out(self) -> float:
        """Intensity below which this library lists no ions: the median over entries of the smallest ion listed."""
        if not self.filled.size:
            return 0.0
        smallest = self.table.keep("ei smallest", lambda: np.minimum.reduceat(self.height, self.start))
        return float(np.median(smallest))

    def dense(self, entries: IntArray) -> Single:
        """Columns of some entries by unit mass, (K, width)."""
        out = np.zeros((entries.size, self.width), dtype=np.float32)
        counts = self.count[entries]
        first = (np.cumsum(self.count) - self.count)[entries]
        at = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
        out[np.repeat(np.arange(entries.size), counts), self.mz[at]] = self.height[at]
        return out

    def quick(self, y: Single) -> Single:
        """rev · expl · held^0.4 of every entry, (N,), from the reading by unit mass `y` (width,).

        rev = (Σ √(y m) √(A m))² / (Σ_{A>0} y m · Σ A m), expl = Σ_{y>0} A / Σ A, held = Σ_{A>0} y m / Σ y m.
        """
        mass = (np.arange(y.size) % WIDTH).astype(np.float32)
        root, power, seen = np.sqrt(y) * mass, y * mass, (y > 0).astype(np.float32)
        at, rooted = self.mz.astype(np.intp), self.table.keep("ei root", lambda: np.sqrt(self.height))
        cross = self.sums(rooted * np.take(root, at))
        under = self.sums(np.take(power, at))
        found = self.sums(self.height * np.take(seen, at))
        below = under * self.moment * self.total
        out = np.zeros(self.n, dtype=np.float32)
        np.divide(cross * cross * found, below, out=out, where=below > 0)
        out *= (under / max(float(power.sum()), 1e-9)) ** np.float32(0.4)
        return out

    def gain(self, y: Single, mu: Single, noise: Noise, grid: Single) -> Single:
        """Change of loss when an entry joins the model `mu` (width,) at its best coefficient of `grid`: (N,)."""
        best = np.full(self.n, np.inf, dtype=np.float32)
        b, wide = np.float32(noise.floor), np.float32(noise.scatter**2 * noise.freedom)
        weight = noise.weights(np.arange(y.size) % WIDTH) * np.float32((noise.freedom + 1) / 2)
        target = np.log(y + b)
        base = weight * np.log((target - np.log(mu + b)) ** 2 + wide)
        at = self.tall_mz
        base, target, here, weight = base[at], target[at], (mu + b)[at], weight[at]
        for share in grid:
            r = weighed_misfit(self.tall * share + here, target, wide, weight)
            r -= base
            np.minimum(best, self.tall_ions @ r, out=best)
        best[np.diff(self.tall_ions.indptr) == 0] = np.inf
        return best


def _inside(table: PeakTable, width: int, least: float) -> dict[str, NDArray[Any]]:
    place: NDArray[Any] = np.asarray(table.mz)
    keep = (place % WIDTH >= LOWEST) & (place < width) & (np.asarray(table.intensity) >= least)
    row = table.row[keep]
    count = np.bincount(row, minlength=table.n)
    filled = np.flatnonzero(count)
    return {
        "mz": place[keep],
        "height": np.asarray(table.intensity, dtype=np.float32)[keep],
        "start": (np.cumsum(count) - count)[filled],
        "filled": filled,
        "count": count,
    }


def _met_once(parts: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Ions of entries by those that differ: `mz` and `height` of these, and the rows of a sparse matrix that adds them up."""
    first, place = distinct(parts["mz"], parts["height"])
    edges = np.r_[0, np.cumsum(parts["count"])].astype(np.int32)
    ones = np.ones(place.size, dtype=np.float32)
    once = {"mz": parts["mz"][first], "height": parts["height"][first]}
    return {**once, "place": place.astype(np.int32), "ones": ones, "edges": edges}


def _constant(array: NDArray[Any]) -> Callable[[], NDArray[Any]]:
    return lambda: array


def pose(unit: UnitTable, y: Single, codes: IntArray, entries: IntArray, quick: Single, noise: Noise) -> Problem:
    """The reading and these candidates on the unit masses that matter: seen, or expected of a candidate."""
    columns = unit.dense(entries)
    used = (y > 0) | (columns.max(axis=0, initial=0) >= noise.floor)
    place = np.arange(y.size)
    used &= place % WIDTH >= LOWEST
    bins = np.flatnonzero(used)
    mass, kept = bins % WIDTH, np.ascontiguousarray(columns[:, bins])
    return Problem(bins, mass, y[bins], kept, noise.weights(mass), noise, entries, codes[entries], quick[entries])


def pool(unit: UnitTable, y: Single, codes: IntArray, noise: Noise, most: int) -> Problem:
    """Candidates by the quick value, then by what they add to the two best single entries and to the best pair."""
    quick = unit.quick(y)
    first = np.argsort(-quick, kind="stable")[:FIRST]
    first = first[quick[first] > 0]
    problem = pose(unit, y, codes, first, quick, noise)
    levels = search(problem, 1, Beam())
    if not levels or most < 2:
        return problem
    order = np.argsort(levels[0].loss, kind="stable")
    if levels[0].loss[order[0]] < Beam().enough:
        return problem
    alive = {*first[order[:RETRIED]].tolist(), *first[:60].tolist()}
    _, leaders = np.unique(problem.code[order], return_index=True)
    for i in order[np.sort(leaders)[:2]]:
        mu = unit.dense(first[i : i + 1])[0] * np.exp(levels[0].theta[i, 0])
        alive |= set(np.argsort(unit.gain(y, mu, noise, GRID_TWO), kind="stable")[:ADDED].tolist())
    if most > 2:
        problem = pose(unit, y, codes, _sharing(alive, quick), quick, noise)
        alive |= _after_the_best_pair(unit, y, problem)
    return pose(unit, y, codes, _sharing(alive, quick), quick, noise)


def _sharing(entries: set[int], quick: Single) -> IntArray:
    """The entries that share an ion with the reading, rising."""
    rows = np.array(sorted(entries), dtype=np.int64)
    return rows[quick[rows] > 0]


def _after_the_best_pair(unit: UnitTable, y: Single, problem: Problem) -> set[int]:
    levels = search(problem, 2, Beam(width=6, tried=10, refitted=40))
    if len(levels) < 2:
        return set()
    i = int(np.argmin(levels[1].loss))
    mu = np.exp(levels[1].theta[i]) @ unit.dense(problem.entry[levels[1].members[i]])
    return set(np.argsort(unit.gain(y, mu, problem.noise, GRID_THREE), kind="stable")[:ADDED].tolist())
