"""What an infrared library computes once and keeps: features per score, bounds, peaks, itself at a coarser resolution.

Why: the library class says what can be asked; this holds how it is answered quickly, from several threads. Imports
numpy and `spectra` only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.index.infrared_bounds import Bounds
from spectra.index.infrared_peaks import PeakLists
from spectra.index.infrared_resolution import degraded
from spectra.index.infrared_search import RankedEntries, Ranking, Search
from spectra.infrared_grid import GRID, feature
from spectra.similarity.infrared import InfraredScore
from spectra.similarity.infrared_features import Features, Moved
from spectra.types import FloatArray

_BLOCK = 32
"""Curves handled at once: half a megabyte stays in the processor's cache, which makes it three times faster."""
_FIRST = "first_derivative"


class Engine:
    """Search over `curves` (N, 1801) float32 of resolution classes `classes` (N,); `air` False for Raman."""

    def __init__(self, curves: NDArray[np.float32], classes: NDArray[np.int8], air: bool = True) -> None:
        self.curves, self.classes, self.air = curves, classes, air
        self._features: dict[str, Features] = {}
        self._bounds: Bounds | None = None
        self._bounded = False
        self._peaks: PeakLists | None = None
        self._coarser: tuple[int, Engine] | None = None
        self._lock = threading.RLock()

    @cached_property
    def present(self) -> tuple[int, ...]:
        """Resolution classes that occur, rising."""
        return tuple(np.flatnonzero(np.bincount(self.classes)).tolist())

    def features(self, score: str) -> Features:
        """What `score` compares, for all entries; computed on first use and kept."""
        found = self._features.get(score)
        if found is None:
            with self._lock:
                found = self._features.get(score)
                if found is None:
                    values = np.empty((len(self.curves), GRID.size), dtype=np.float32)
                    found = Features.filled(values, (feature(block, score, self.air) for block in self._blocks()))
                    self._features[score] = found
        return found

    def bounds(self) -> Bounds | None:
        """Bounds for the first derivative, None where the library is too small to need them."""
        if not self._bounded:
            with self._lock:
                if not self._bounded:
                    self._bounds = Bounds.of(self.features(_FIRST))
                    self._bounded = True
        return self._bounds

    def peaks(self) -> PeakLists:
        """Peaks of all entries."""
        if self._peaks is None:
            with self._lock:
                if self._peaks is None:
                    self._peaks = PeakLists.of((row for block in self._blocks() for row in block), self.air)
        return self._peaks

    def at_least(self, resolution: int) -> Engine:
        """This library as an instrument of that resolution class would have measured it; the last one is kept."""
        if not self.present or min(self.present) >= resolution:
            return self
        with self._lock:
            if self._coarser is None or self._coarser[0] != resolution:
                out = np.empty(self.curves.shape, dtype=np.float32)
                at = 0
                for block in self._blocks():
                    have = self.classes[at : at + len(block)]
                    for one in np.unique(have).tolist():
                        rows = np.flatnonzero(have == one)
                        out[at + rows] = degraded(block[rows], one, resolution)
                    at += len(block)
                classes = np.maximum(self.classes, np.int8(resolution))
                self._coarser = resolution, Engine(out, classes, self.air)
            return self._coarser[1]

    def find(
        self,
        query: FloatArray,
        resolution: int,
        rule: InfraredScore,
        top: int,
        groups: NDArray[np.int64] | None = None,
        among: NDArray[np.bool_] | None = None,
    ) -> RankedEntries:
        """The best entries for a curve on the grid (1801,), or with `groups` (N,) the best of each group; only those `among` (N,)."""
        ranking = Ranking(top, groups)
        if not len(self.curves):
            return ranking.found()
        home = self.at_least(resolution)
        queries = {one: rule.feature(degraded(query, resolution, one)) for one in home.present}
        search = Search(rule, queries, home.classes, home.features(rule.name), ranking)
        return search.run(home.bounds() if rule.name == _FIRST and among is None else None, among)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is stored with the curves: first derivatives, their bounds, resolution classes."""
        first, bounds = self.features(_FIRST), self.bounds()
        inner = self._usual(first)
        return {
            "first": first.values,
            "first_masks": first.masks,
            "first_pattern": first.pattern,
            "first_energy": first.energy,
            "first_inner": inner,
            "first_inner_energy": first.inner_energy(inner),
            "resolution": self.classes,
            **({} if bounds is None else bounds.arrays()),
        }

    def _usual(self, first: Features) -> NDArray[np.bool_]:
        """Points compared at every shift with a query of the commonest range of this library, (1801,)."""
        mask = first.patterns[0][1] if first.patterns else np.zeros(GRID.size, dtype=bool)
        return Moved.of(np.zeros(GRID.size), mask, InfraredScore().steps, mask).inner

    @classmethod
    def from_arrays(cls, curves: NDArray[np.float32], arrays: dict[str, NDArray[Any]], air: bool) -> Engine:
        """The engine stored by `arrays`."""
        out = cls(curves, arrays["resolution"].view(np.ndarray), air)
        first = Features(*(arrays[f"first{name}"].view(np.ndarray) for name in ("", "_masks", "_pattern", "_energy")))
        first.keep(arrays["first_inner"].view(np.ndarray), arrays["first_inner_energy"].view(np.ndarray))
        out._features[_FIRST] = first
        out._bounds, out._bounded = Bounds.from_arrays(arrays), True
        return out

    def _blocks(self) -> Iterator[FloatArray]:
        for at in range(0, len(self.curves), _BLOCK):
            yield np.asarray(self.curves[at : at + _BLOCK], dtype=np.float64)
