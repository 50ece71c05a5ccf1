"""What one more library entry would change, tried for many sets and entries at once: roughly for all, exactly for the best.

Why: a search for sets spends most of its time on trials that lead nowhere. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from spectra.mixture.ei_likelihood import IntArray, Problem, Single, weighed_misfit

LEAST_ION = 3.0
"""Library ions (base 999) below this do not count in a trial; the joint fit uses all."""
SIZES = np.array([1.0, 0.8], dtype=np.float32)
"""Parts already found usually shrink when another joins: each trial is made at 1 and at this factor, a rough one between them."""
BETWEEN = np.float32(0.9)
AT_ONCE = 64
"""Pairs tried exactly at once: their arrays fit in a processor's cache."""


def distinct(bins: IntArray, height: Single) -> tuple[IntArray, IntArray]:
    """Where each ion that differs from all others is met first, and which of these every ion is, (P,).

    References have many ions in common to the height, and what an ion changes is worked out once for all that have it.

    >>> distinct(np.array([43, 58, 43, 43]), np.array([9, 9, 9, 5], dtype=np.float32))[1].tolist()
    [1, 2, 1, 0]
    """
    key = bins.astype(np.int64) << 32 | height.view(np.int32)  # heights are not below zero
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first, place.reshape(-1)


def much_alike(bins: IntArray, height: Single) -> tuple[IntArray, Single, IntArray]:
    """Bins and heights that occur, sixty-four heights in each octave, and which of these every ion is, (P,).

    >>> much_alike(np.array([43, 58, 43]), np.array([993, 9, 999], dtype=np.float32))[1].tolist()
    [996.0, 9.0625]
    """
    bits = height.view(np.int32) >> 17
    lowest = int(bits.min(initial=1 << 14))
    levels = int(bits.max(initial=lowest)) - lowest + 1
    key = bins * levels + (bits - lowest)
    met = np.zeros(int(key.max(initial=-1)) + 1, dtype=np.bool_)
    met[key] = True
    once = np.flatnonzero(met)
    middle = ((once % levels + lowest) << 17) + (1 << 16)
    return once // levels, middle.astype(np.int32).view(np.float32), (np.cumsum(met) - 1)[key]


class MisfitTable:
    """(ν+1)/2 ln(1 + r²/ν), r = ln(ratio)/s, of model to reading, both with the floor: to a thousandth of the ratio.

    One look in a table that fits in a processor's cache, in place of two logarithms. The place is the upper part of the
    bits of a number in single precision: a thousand steps in each octave from 2⁻⁸ to 2¹⁰.

    >>> r = np.log(2.0) / 0.45
    >>> bool(abs(MisfitTable(0.45, 3.0)(np.array([2.0], dtype=np.float32))[0] - 2 * np.log1p(r * r / 3)) < 0.002)
    True
    """

    def __init__(self, scatter: float, freedom: float) -> None:
        self._left_out, self._lowest = 13, (127 - 8) << 10
        steps = np.arange(18 << 10, dtype=np.int32) + self._lowest
        middle = (steps << self._left_out) + (1 << self._left_out - 1)
        r = np.log(middle.astype(np.int32).view(np.float32).astype(np.float64)) / scatter
        self._values = ((freedom + 1) / 2 * np.log1p(r * r / freedom)).astype(np.float32)

    def __call__(self, ratio: Single) -> Single:
        """The values, in the shape of `ratio`, which is overwritten."""
        place = ratio.view(np.int32)
        place >>= self._left_out
        place -= self._lowest
        return np.take(self._values, place, mode="clip")


misfits = lru_cache(maxsize=8)(MisfitTable)


class Trials:
    """The ions of all candidates of a problem end to end; what a candidate changes, without touching the other bins."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.floor = problem, np.float32(problem.noise.floor)
        row, self._bin = np.nonzero(problem.columns >= LEAST_ION)
        self._height = problem.columns[row, self._bin]
        self.count = np.bincount(row, minlength=problem.columns.shape[0])
        self._first = np.cumsum(self.count) - self.count
        self._read = problem.y + self.floor
        self._once, height, place = much_alike(self._bin, self._height)
        self._part = height / self._read[self._once]
        weights, shape = problem.weight[self._bin], (self.count.size, height.size)
        self._ions = csr_array((weights, place, np.r_[self._first, row.size]), shape=shape)
        self._table = misfits(problem.noise.scatter, problem.noise.freedom)

    def rough(self, mu: Single, grid: Single) -> Single:
        """Change of loss when candidate k with coefficient g joins the model `mu` (B,), to some hundredths: (K, G).

        Infinite where the candidate has no ion.
        """
        ratio = np.r_[np.float32(0), grid][:, None] * self._part
        ratio += np.take((mu + self.floor) / self._read, self._once)
        loss = self._ions @ self._table(ratio).T
        change: Single = loss[:, 1:] - loss[:, :1]
        change[self.count == 0] = np.inf
        return change

    def exact(self, models: Single, row: IntArray, added: IntArray, shares: Single) -> tuple[Single, Single]:
        """Least change of loss when a candidate with ions joins a model, and the coefficient where it is reached, (T,) each.

        `models` (F, B); pairs of a model's `row` (T,) and the candidate `added` (T,), tried at `shares` (T, G).
        """
        whole = self.problem.loss(models).sum(axis=1)
        states = []
        for size in SIZES:
            loss = self.problem.loss(models * size)
            states.append((models * size + self.floor, loss, loss.sum(axis=1) - whole))
        blocks = [slice(at, at + AT_ONCE) for at in range(0, added.size, AT_ONCE)]
        found = [self._tried(states, row[block], added[block], shares[block]) for block in blocks]
        return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])

    def _tried(
        self, states: list[tuple[Single, Single, Single]], row: IntArray, added: IntArray, shares: Single
    ) -> tuple[Single, Single]:
        """`exact` for a block of pairs; `states`: models with the floor, their loss, and how much it is above that at full size."""
        noise, count = self.problem.noise, self.count[added]
        start = np.cumsum(count) - count
        at = np.repeat(self._first[added] - start, count) + np.arange(int(count.sum()))
        bins, which = self._bin[at], np.repeat(row, count)
        wide, half = np.float32(noise.scatter**2 * noise.freedom), np.float32((noise.freedom + 1) / 2)
        weight, target = self.problem.weight[bins] * half, self.problem.target[bins]
        height = self._height[at] * np.repeat(shares, count, axis=0).T
        tried = []
        for model, loss, above in states:
            r = weighed_misfit(height + model[which, bins], target, wide, weight)
            r -= loss[which, bins] + np.log(wide) * weight
            tried.append(np.add.reduceat(r, start, axis=1) + above[row])
        value = np.concatenate(tried)
        best = value.argmin(axis=0), np.arange(added.size)
        return value[best], np.concatenate([shares.T, shares.T])[best]
