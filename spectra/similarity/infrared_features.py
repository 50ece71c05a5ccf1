"""What infrared scores compare, for all entries of a library, and which points each pair of curves shares.

Why: sums over the overlap must be exact and must not be recomputed for every query. Imports numpy and
`spectra.infrared_grid` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_grid import GRID, in_units
from spectra.types import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
_FEW = 256
"""Up to as many points are gathered and taken off a sum that is known; more make a new sum."""
_KEPT = 4
_ROWS = 512


def shifted(values: FloatArray, steps: int) -> FloatArray:
    """`values` (…, 1801) moved by whole grid steps towards lower wavenumber, NaN where nothing was measured."""
    out = np.full(values.shape, np.nan)
    size = values.shape[-1]
    if steps >= 0:
        out[..., : size - steps] = values[..., steps:]
    else:
        out[..., -steps:] = values[..., : size + steps]
    return out


class Features:
    """References ready for products: `values` (N, 1801) float32 with 0 where masked, and their mask patterns.

    Each row has length 1 and holds multiples of 2⁻²⁶ only (`in_units`). `masks` (P, 1801) are the patterns that
    occur, `pattern` (N,) which one each entry has, `energy` (N,) Σ l², exact.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        masks: BoolArray,
        pattern: IntArray,
        energy: FloatArray | None = None,
    ) -> None:
        self.values, self.masks, self.pattern = values, masks, pattern
        self._energy = energy
        self._inner: dict[bytes, FloatArray] = {}

    @classmethod
    def of(cls, blocks: Sequence[FloatArray]) -> Features:
        """Features of all references in blocks (n, 1801) with NaN where masked."""
        values = np.empty((sum(len(b) for b in blocks), GRID.size), dtype=np.float32)
        return cls.filled(values, blocks)

    @classmethod
    def filled(cls, values: NDArray[np.float32], blocks: Iterable[FloatArray]) -> Features:
        """Features of all curves, written into `values` (N, 1801); `blocks` may be made one by one while they are read."""
        packed, at = [np.zeros((0, -(-GRID.size // 8)), dtype=np.uint8)], 0
        for block in blocks:
            values[at : at + len(block)], known = in_units(block)
            packed.append(np.packbits(known, axis=1))
            at += len(block)
        rows = np.concatenate(packed)
        if len(rows) and (rows == rows[0]).all():
            masks, pattern = rows[:1], np.zeros(len(rows), dtype=np.int64)
        else:
            masks, pattern = np.unique(rows, axis=0, return_inverse=True)
        unpacked = np.unpackbits(masks, axis=1, count=GRID.size).astype(bool)
        return cls(values, unpacked, pattern.reshape(-1).astype(np.int64))

    @property
    def energy(self) -> FloatArray:
        """Σ l² of every entry, (N,): exact, and 1 but for the rounding (0: a flat line)."""
        if self._energy is None:
            self._energy = self._summed(np.ones(GRID.size, dtype=bool))
        return self._energy

    def inner_energy(self, inner: BoolArray) -> FloatArray:
        """Σ l² of every entry over the points `inner` (1801,), (N,), exact. The last few are kept.

        A laboratory's instrument always measures one range, so that this is a pass over the library only once.
        """
        key = inner.tobytes()
        found = self._inner.get(key)
        if found is None:
            lost = np.flatnonzero(self.masks.any(axis=0) & ~inner)
            found = self._less(lost) if lost.size <= _FEW else self._summed(inner)
            self.keep(inner, found)
        return found

    def keep(self, inner: BoolArray, energy: FloatArray) -> None:
        """Remember an `inner_energy`, for instance a stored one."""
        if len(self._inner) >= _KEPT:
            self._inner.clear()
        self._inner[inner.tobytes()] = energy

    def _less(self, lost: IntArray) -> FloatArray:
        """Σ l² of every entry without a few points."""
        parts = [self.values[at : at + _ROWS, lost].astype(np.float64) for at in range(0, len(self.values), _ROWS)]
        squares = [np.einsum("ij,ij->i", part, part) for part in parts]
        return np.asarray(self.energy - np.concatenate([np.zeros(0), *squares]))

    def _summed(self, inner: BoolArray) -> FloatArray:
        chosen = np.flatnonzero(inner & self.masks.any(axis=0)) if len(self.masks) else np.zeros(0, dtype=np.int64)
        out = np.zeros(len(self.values))
        if chosen.size:
            span, weight = slice(chosen[0], chosen[-1] + 1), inner[chosen[0] : chosen[-1] + 1].astype(np.float64)
            for at in range(0, out.size, _ROWS):
                part = self.values[at : at + _ROWS, span].astype(np.float64)
                out[at : at + _ROWS] = (part**2) @ weight
        return out

    @cached_property
    def patterns(self) -> list[tuple[IntArray, BoolArray]]:
        """Entries of each mask pattern and the mask, most entries first."""
        order = np.argsort(self.pattern, kind="stable").astype(np.int64)
        ends = np.cumsum(np.bincount(self.pattern, minlength=len(self.masks)))
        groups = [(rows, self.masks[p]) for p, rows in enumerate(np.split(order, ends[:-1])) if rows.size]
        return sorted(groups, key=lambda group: -group[0].size)

    def take(self, rows: IntArray) -> FloatArray:
        """Values of some entries, (k, 1801) float64."""
        return np.asarray(self.values[rows], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Moved:
    """One query at every shift over the points it shares with references of one mask.

    `values` (S, 1801) in multiples of 2⁻²⁶, 0 where not shared; `used` (S, 1801); `energy`, `total` (S,): Σ q² and Σ q
    over them; `inner` (1801,) the points that the query covers at every shift, whatever the mask. All sums are exact.
    """

    values: FloatArray
    used: BoolArray
    inner: BoolArray

    @classmethod
    def of(cls, units: FloatArray, known: BoolArray, steps: Sequence[int], mask: BoolArray) -> Moved:
        """`units` (1801,) and `known` (1801,) as `in_units` gives them for the query's feature."""
        size = units.size
        values, used = np.zeros((len(steps), size)), np.zeros((len(steps), size), dtype=bool)
        for row, s in enumerate(steps):
            to = slice(0, size - s) if s >= 0 else slice(-s, size)
            come = slice(s, size) if s >= 0 else slice(0, size + s)
            values[row, to], used[row, to] = units[come], known[come]
        inner = np.logical_and.reduce(used, axis=0)
        used &= mask
        values *= used
        return cls(values, used, inner)

    @cached_property
    def energy(self) -> FloatArray:
        """Σ q² at every shift, (S,)."""
        return np.array([row @ row for row in self.values])

    @cached_property
    def total(self) -> FloatArray:
        """Σ q at every shift, (S,)."""
        return np.asarray(self.values.sum(axis=1))

    @cached_property
    def count(self) -> FloatArray:
        """Points shared at every shift, (S,)."""
        return np.array([np.count_nonzero(row) for row in self.used], dtype=np.float64)

    @cached_property
    def columns(self) -> FloatArray:
        """`values` transposed, (1801, S filled up with zeros to a multiple of eight), as products want them."""
        even = np.zeros((self.values.shape[1], -(-len(self.values) // 8) * 8))
        even[:, : len(self.values)] = self.values.T
        return even

    @cached_property
    def span(self) -> slice:
        """The part of the grid beyond which nothing is shared at any shift."""
        any_used = np.flatnonzero(self.used.any(axis=0))
        return slice(int(any_used[0]), int(any_used[-1]) + 1) if any_used.size else slice(0, 0)

    @cached_property
    def outer(self) -> tuple[IntArray, FloatArray]:
        """Points beside the inner ones that some shift shares, (m,), and which, (m, S) of 0 and 1."""
        beside = self.used > self.inner
        points = np.flatnonzero(np.logical_or.reduce(beside, axis=0)).astype(np.int64)
        return points, np.ascontiguousarray(beside[:, points].T, dtype=np.float64)

    def energies(self, values: NDArray[np.floating], inner: FloatArray) -> FloatArray:
        """Σ l² over the shared points, (k, S), exact; `inner` (k,) is the entries' `Features.inner_energy`."""
        points, which = self.outer
        part = values[:, points].astype(np.float64)
        return np.asarray(inner[:, None] + (part**2) @ which)

    def totals(self, values: NDArray[np.floating]) -> FloatArray:
        """Σ l over the shared points, (k, S), exact."""
        part = values[:, self.span].astype(np.float64)
        return np.asarray(part @ self.used[:, self.span].T.astype(np.float64))
