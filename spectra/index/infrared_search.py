"""The best infrared entries, exactly: bounds first, exact scores only where a bound still allows a place.

Why: a score must not depend on how it was found. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_grid import in_units
from spectra.similarity.infrared import InfraredScore
from spectra.similarity.infrared_features import Features, Moved
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
_CHUNK = 4096
_HALF_STEP = 2.0**-24
"""Scores are ranked as single-precision numbers: a score this far below a place may still round up to it."""


@dataclass(frozen=True, eq=False)
class RankedEntries:
    """The answer in order: entries (k,), single-precision scores (k,), shifts in cm⁻¹ (k,), overlaps 0–1 (k,)."""

    entries: IntArray
    scores: NDArray[np.float32]
    shifts: FloatArray
    overlaps: FloatArray


class Ranking:
    """The `top` best entries so far: single-precision score falling, then entry number rising; above 0 only.

    With `groups` (N,), one number per compound, only the best entry of each of the `top` best groups.

    >>> ranking = Ranking(2)
    >>> ranking.add(np.array([4, 1, 7]), np.array([0.5, 0.9, 0.5]), np.zeros(3), np.ones(3))
    >>> ranking.found().entries.tolist(), ranking.least() < 0.5
    ([1, 4], True)
    """

    def __init__(self, top: int, groups: IntArray | None = None) -> None:
        if top < 1:
            raise ValueError("top must be at least 1")
        self.top, self.groups = top, groups
        self._found = RankedEntries(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0), np.zeros(0))

    def add(self, entries: IntArray, scores: FloatArray, shifts: FloatArray, overlaps: FloatArray) -> None:
        """Take exact scores in, (k,) each. An entry may be given twice."""
        old, rounded = self._found, scores.astype(np.float32)
        ids, values = np.concatenate([old.entries, entries]), np.concatenate([old.scores, rounded])
        order = np.lexsort((ids, -values))
        order = order[values[order] > 0]
        if self.groups is None:
            new = np.ones(order.size, dtype=bool)
            new[1:] = ids[order[1:]] != ids[order[:-1]]
            keep = order[new][: self.top]
        else:
            keep = order[np.sort(np.unique(self.groups[ids[order]], return_index=True)[1])[: self.top]]
        moves, shares = np.concatenate([old.shifts, shifts]), np.concatenate([old.overlaps, overlaps])
        self._found = RankedEntries(ids[keep], values[keep], moves[keep], shares[keep])

    def least(self) -> float:
        """What a bound must reach to matter: entries below it cannot take a place, whatever their number."""
        full = self._found.entries.size == self.top
        return float(self._found.scores[-1]) - _HALF_STEP if full else 0.0

    def found(self) -> RankedEntries:
        """The answer so far."""
        return self._found


class Search:
    """One query by one score against the features of a library: scores entries exactly and keeps the best.

    `queries`: the query's feature (1801,) for each resolution class that occurs among the entries, `classes` (N,).
    """

    def __init__(
        self,
        rule: InfraredScore,
        queries: Mapping[int, FloatArray],
        classes: NDArray[np.int8],
        references: Features,
        ranking: Ranking,
    ) -> None:
        self.rule, self.classes, self.references, self.ranking = rule, classes, references, ranking
        self._units = {one: in_units(query) for one, query in queries.items()}
        self._points = max([1, *(int(np.count_nonzero(known)) for _, known in self._units.values())])

    def score(self, moved: Moved, entries: IntArray) -> None:
        """Exact scores of some entries of one mask, into the ranking."""
        inner = self.references.inner_energy(moved.inner)[entries]
        values = self.rule.exact(moved, self.references.take(entries), inner)
        best = np.argmax(values, axis=1)
        overlap = moved.count[best] / self._points
        self.ranking.add(entries, values[np.arange(entries.size), best], self.rule.shifts[best], overlap)

    def by_bound(
        self, moved: Moved, entries: IntArray, bounds: NDArray[np.floating], first: int, most: int | None = None
    ) -> bool:
        """Score `entries` from the highest of `bounds` (k,) down until no bound reaches a place.

        `first` are scored at once, then twice as many each time; each batch in rising order of entries, as they lie
        on the disk. False when that took more than `most` and was left unfinished.
        """
        order = np.argsort(-bounds, kind="stable")
        at, size = 0, first
        while at < order.size and bounds[order[at]] >= self.ranking.least():
            if most is not None and at > most:
                return False
            some = order[at : at + size]
            self.score(moved, np.sort(entries[some[bounds[some] >= self.ranking.least()]]))
            at, size = at + size, 2 * size
        return True

    def plain(self, moved: Moved, entries: IntArray) -> None:
        """All entries of one mask by one single-precision product, those within its rounding error exactly."""
        every, inner = entries.size == len(self.references.values), self.references.inner_energy(moved.inner)
        for at in range(0, entries.size, _CHUNK):
            some = entries[at : at + _CHUNK]
            block = self.references.values[at : at + _CHUNK] if every else self.references.values[some]
            score, slack = self.rule.screen(moved, block, inner[some])
            self.by_bound(moved, some, (score + slack).max(axis=1), 2 * self.ranking.top)

    def run(
        self,
        shortcut: Callable[[Search, IntArray, Moved], bool] | None = None,
        among: NDArray[np.bool_] | None = None,
    ) -> RankedEntries:
        """The answer, over the entries `among` (N,). `shortcut` may take the entries of a mask over, and says whether it did."""
        for entries, mask in self.references.patterns:
            for units, part in self._by_class(entries if among is None else entries[among[entries]]):
                moved = Moved.of(*units, self.rule.steps, mask)
                if shortcut is None or not shortcut(self, part, moved):
                    self.plain(moved, part)
        return self.ranking.found()

    def _by_class(self, entries: IntArray) -> Iterator[tuple[tuple[FloatArray, NDArray[np.bool_]], IntArray]]:
        if len(self._units) == 1:
            yield next(iter(self._units.values())), entries
            return
        own = self.classes[entries]
        for one, units in self._units.items():
            part = entries[own == one]
            if part.size:
                yield units, part
