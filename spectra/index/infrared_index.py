"""What an infrared library holds below its doors: curves, their names, and the exact search over them.

Why: alignment, limits and reports are functions of an index and a reading, and know no library above it. Imports numpy
and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.index.catalogue import Catalogue
from spectra.index.infrared_alike import alike
from spectra.index.infrared_curves import is_raman
from spectra.index.infrared_engine import Engine
from spectra.infrared.warp import References
from spectra.infrared_grid import curve, grid_of
from spectra.similarity.infrared import InfraredScore
from spectra.similarity.infrared_features import Features
from spectra.types import FloatArray, InfraredSpectrum, LibraryEntry


class InfraredIndex:
    """N reference curves on one grid, with names, compound keys and their search.

    `curves` (N, 1801) float32, NaN where not measured; `catalogue`: names, keys and terms; `resolution` (N,) int8, the
    class of each entry in cm⁻¹, 4 when not given. `info["technique"]` "Raman" puts it on the grid of Raman spectra. Safe
    to share between threads.
    """

    def __init__(
        self, curves: NDArray[np.float32], catalogue: Catalogue, resolution: NDArray[np.int8] | None = None
    ) -> None:
        self.curves, self.catalogue = curves, catalogue
        self.names, self.compounds = catalogue.names, catalogue.compounds
        self.ids, self.formulas = catalogue.ids, catalogue.formulas
        self.info: Mapping[str, Any] = catalogue.info
        self.raman = is_raman(str(self.info.get("technique", "")))
        classes = np.full(len(curves), 4, dtype=np.int8) if resolution is None else resolution
        self.engine = Engine(curves, classes, air=not self.raman)
        self._twins: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return int(self.curves.shape[0])

    @property
    def grid(self) -> FloatArray:
        """Wavenumbers of the curves, (1801,) cm⁻¹."""
        return grid_of(self.raman)

    @property
    def resolution(self) -> NDArray[np.int8]:
        """Resolution class of every entry in cm⁻¹, (N,)."""
        return self.engine.classes

    def spectrum(self, entry: int) -> InfraredSpectrum:
        """The stored curve of one entry, measured points only."""
        values = np.asarray(self.curves[entry], dtype=np.float64)
        known = np.isfinite(values)
        technique = "Raman" if self.raman else ""
        return InfraredSpectrum(self.grid[known], values[known], float(self.resolution[entry]), technique)

    def entry(self, entry: int) -> LibraryEntry:
        """One entry with its names, terms and stored curve."""
        return self.catalogue.entry(entry, self.spectrum(entry), str(self.info.get("technique", "IR")))

    def features(self, score: str) -> Features:
        """What `score` compares, for all entries; computed on first use and kept."""
        return self.engine.features(score)

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """One number per compound, (N,): entries of one compound share it."""
        return np.unique(list(self.compounds), return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def references(self) -> References:
        """The curves ready to be aligned, as `explain` needs them; computed on first use and kept."""
        return References(self.curves, raman=self.raman)

    def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these k entries are too similar to tell apart (first derivative r ≥ 0.97), (k, k)."""
        return alike(self.features("first_derivative"), np.asarray(entries, dtype=np.int64))

    def twins(self, entry: int) -> tuple[str, ...]:
        """Other compounds with an entry too similar to this one to tell apart (first derivative r ≥ 0.97); found once."""
        if entry not in self._twins:
            rule = InfraredScore("first_derivative", 2.0, air=not self.raman)
            scores = rule.over(np.asarray(self.curves[entry], dtype=np.float64), self.features(rule.name))[0]
            close = np.flatnonzero(scores >= decision("infrared", "twin_correlation"))
            found = {self.compounds[e]: None for e in close[np.argsort(-scores[close], kind="stable")]}
            found.pop(self.compounds[entry], None)
            self._twins[entry] = tuple(found)
        return self._twins[entry]

    def overlap_note(self, query: InfraredSpectrum, entry: int) -> str:
        """A sentence when query and entry share only part of their ranges, else an empty text."""
        q, r = np.isfinite(curve(query, self.raman)), np.isfinite(np.asarray(self.curves[entry]))
        both = q & r
        share = both.sum() / max(int(q.sum()), int(r.sum()), 1)
        if share > 0.98:
            return ""
        if not both.any():
            return "The spectrum and this entry have no measured point in common."
        low, high = self.grid[both][[0, -1]]
        return f"Compared from {low:.0f} to {high:.0f} cm⁻¹ only: {share:.0%} of the wider of the two ranges."
