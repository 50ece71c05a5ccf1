"""InfraredLibrary: reference infrared (or Raman) curves on one grid, exact search over small shifts.

Why: all entries and shifts go through one matrix product, partial ranges and masks included. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.confidence.limits import decision
from spectra.index.catalogue import Catalogue
from spectra.index.store import open_arrays, save_arrays
from spectra.index.topk import best, best_per_group
from spectra.infrared_grid import GRID, curve, feature, on_grid
from spectra.similarity.infrared import Features, InfraredScore
from spectra.types import (
    Candidate,
    FloatArray,
    InfraredSpectrum,
    LibraryEntry,
    MixtureExplanation,
    SpectrumError,
)

FORMAT = "mast-infrared-library"
VERSION = 1
_BLOCK = 1024


class InfraredLibrary:
    """N reference curves on 400–4000 cm⁻¹ step 2: `curves` (N, 1801) float32, NaN where not measured.

    Safe to share between threads.

    >>> y = np.exp(-((GRID - 1700.0) / 15.0) ** 2) + 0.3 * np.exp(-((GRID - 1100.0) / 12.0) ** 2)
    >>> ir = InfraredLibrary.from_arrays(GRID, [y, y[::-1]], names=["Ketone", "Other"], compounds=["K", "O"])
    >>> hit = ir.search(InfraredSpectrum(GRID, 0.4 * y + 0.05), top=1)[0]
    >>> hit.name, round(hit.score, 3), hit.shift
    ('Ketone', 1.0, 0.0)
    """

    def __init__(self, curves: NDArray[np.float32], catalogue: Catalogue) -> None:
        self.curves, self.catalogue = curves, catalogue
        self.names, self.compounds = catalogue.names, catalogue.compounds
        self.ids, self.formulas = catalogue.ids, catalogue.formulas
        self.info: Mapping[str, Any] = catalogue.info
        self._features: dict[str, Features] = {}

    @classmethod
    def from_arrays(
        cls,
        wavenumber: ArrayLike,
        absorbance: ArrayLike,
        *,
        names: Sequence[str],
        compounds: Sequence[str],
        ids: Sequence[str] | None = None,
        formulas: Sequence[str] | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> InfraredLibrary:
        """Library of curves on one axis: `wavenumber` (M,) cm⁻¹, `absorbance` (N, M), NaN where masked.

        Raises SpectrumError on shapes that do not fit or a curve without 20 usable points.
        """
        x, y = np.asarray(wavenumber, dtype=np.float64), np.asarray(absorbance, dtype=np.float64)
        if x.ndim != 1 or y.ndim != 2 or y.shape != (len(names), x.size):
            raise SpectrumError(f"absorbance must be ({len(names)}, {x.size}): one curve per name, got {y.shape}")
        order = np.argsort(x)
        x = x[order]
        if not np.isfinite(x).all() or (np.diff(x) <= 0).any():
            raise SpectrumError("wavenumber must be finite and must not repeat a value")
        if np.isinf(y).any():
            raise SpectrumError("absorbance holds an infinite value; mark missing points as NaN")
        curves = np.array([on_grid(x, row[order]) for row in y]).reshape(-1, GRID.size)
        return cls(curves.astype(np.float32), Catalogue.of(list(names), list(compounds), ids, formulas, info))

    @classmethod
    def build(
        cls, entries: Iterable[LibraryEntry], name: str = "", info: Mapping[str, Any] | None = None
    ) -> InfraredLibrary:
        """Library of entries. Raises SpectrumError when an entry holds no infrared spectrum or none is given."""
        kept = list(entries)
        spectra = [e.spectrum for e in kept if isinstance(e.spectrum, InfraredSpectrum)]
        if len(spectra) != len(kept) or not kept:
            raise SpectrumError("an infrared library needs at least one entry, and an infrared spectrum in every entry")
        described = {"name": name, "technique": kept[0].technique, **dict(info or {})}
        curves = np.array([curve(s) for s in spectra]).astype(np.float32)
        return cls(curves, Catalogue.of_entries(kept, described))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to the folder `path`, first derivatives included; replaces a library there whole or not at all."""
        first = self.features("first_derivative")
        arrays: dict[str, NDArray[Any]] = {
            "curves": self.curves,
            "first": first.values,
            "first_masks": first.masks,
            "first_pattern": first.pattern,
            **self.catalogue.arrays(),
        }
        save_arrays(path, FORMAT, VERSION, arrays, {"library": dict(self.info)})

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: bool = False) -> InfraredLibrary:
        """Open a saved library, memory-mapped. Raises LibraryFileError when damaged or of another kind."""
        arrays, info = open_arrays(path, FORMAT, VERSION, verify)
        library = cls(arrays["curves"], Catalogue.from_arrays(arrays, info["library"]))
        first = Features(arrays["first"], arrays["first_masks"], arrays["first_pattern"])
        library._features["first_derivative"] = first
        return library

    def __len__(self) -> int:
        return int(self.curves.shape[0])

    def spectrum(self, entry: int) -> InfraredSpectrum:
        """The stored curve of one entry, measured points only."""
        values = np.asarray(self.curves[entry], dtype=np.float64)
        known = np.isfinite(values)
        return InfraredSpectrum(GRID[known], values[known])

    def entry(self, entry: int) -> LibraryEntry:
        """One entry with its names, terms and stored curve."""
        return self.catalogue.entry(entry, self.spectrum(entry), str(self.info.get("technique", "IR")))

    def features(self, score: str) -> Features:
        """What `score` compares, for all entries; computed on first use and kept."""
        if score not in self._features:
            blocks = [self.curves[at : at + _BLOCK] for at in range(0, len(self), _BLOCK)]
            self._features[score] = Features.of([feature(np.asarray(b, dtype=np.float64), score) for b in blocks])
        return self._features[score]

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """One number per compound, (N,): entries of one compound share it."""
        return np.unique(list(self.compounds), return_inverse=True)[1].reshape(-1).astype(np.int64)

    def search(
        self,
        query: InfraredSpectrum,
        top: int = 10,
        score: str = "first_derivative",
        max_shift: float = 6.0,
    ) -> list[Candidate]:
        """The `top` best entries, exactly: score falling, then entry index rising; score ≤ 0 is no candidate.

        `score`: first_derivative, second_derivative, correlation, euclid. `max_shift` in cm⁻¹, tried in steps
        of 2. Only points measured in both spectra count; `explained_fraction` is the share of the query's
        points that were compared times score², so a partial range shows. Raises SpectrumError on a query with
        fewer than 20 points on the grid, ValueError on an unknown score.
        """
        return self._hits(query, InfraredScore(score, max_shift), top, by_compound=False)

    def _hits(self, query: InfraredSpectrum, rule: InfraredScore, top: int, by_compound: bool) -> list[Candidate]:
        scores, shifts, overlaps = rule.over(curve(query), self.features(rule.name))
        rounded = scores.astype(np.float32)
        entries = best_per_group(rounded, self.compounds, top) if by_compound else best(rounded, top)
        return [
            self._candidate(int(e), rank, rule.name, float(rounded[e]), float(shifts[e]), float(overlaps[e]))
            for rank, e in enumerate(entries, start=1)
        ]

    def search_many(
        self,
        queries: Iterable[InfraredSpectrum],
        top: int = 10,
        score: str = "first_derivative",
        max_shift: float = 6.0,
    ) -> list[list[Candidate]]:
        """`search` for every query, in order."""
        return [self.search(query, top, score, max_shift) for query in queries]

    def search_compounds(
        self, query: InfraredSpectrum, top: int = 10, score: str = "first_derivative", max_shift: float = 6.0
    ) -> list[Candidate]:
        """The `top` best compounds, one row each, grouped and ranked by `group_by_compound` with this library."""
        from spectra.confidence.grouping import group_by_compound

        rule = InfraredScore(score, max_shift)
        return group_by_compound(self._hits(query, rule, top + 1, by_compound=True), self)[:top]

    def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these k entries are too similar to tell apart (first derivative r ≥ 0.97), (k, k)."""
        chosen = np.asarray(self.curves[np.asarray(entries, dtype=np.int64)], dtype=np.float64)
        scores = InfraredScore().matrix(chosen, chosen)
        close = scores >= decision("infrared", "twin_correlation")
        return np.asarray(close | close.T)

    def overlap_note(self, query: InfraredSpectrum, entry: int) -> str:
        """A sentence when query and entry share only part of their ranges, else an empty text."""
        q, r = np.isfinite(curve(query)), np.isfinite(np.asarray(self.curves[entry]))
        both = q & r
        share = both.sum() / max(int(q.sum()), int(r.sum()), 1)
        if share > 0.98:
            return ""
        if not both.any():
            return "The spectrum and this entry have no measured point in common."
        low, high = GRID[both][0], GRID[both][-1]
        return f"Compared from {low:.0f} to {high:.0f} cm⁻¹ only: {share:.0%} of the wider of the two ranges."

    def explain(self, query: InfraredSpectrum, max_components: int = 5) -> MixtureExplanation:
        """Non-negative parts that explain a spectrum: the simple method, every grade "possible"."""
        from spectra.mixture.simple_infrared import explain

        return explain(self, query, max_components)

    def _candidate(self, e: int, rank: int, name: str, score: float, shift: float, overlap: float) -> Candidate:
        return Candidate(
            entry=e,
            name=self.names[e],
            compound=self.compounds[e],
            score=score,
            score_name=name,
            explained_fraction=min(1.0, score**2 * overlap),
            rank=rank,
            library=str(self.info.get("name", "")),
            entry_id=self.ids[e],
            shift=shift,
        )


def curves_of(rows: Iterable[InfraredSpectrum]) -> FloatArray:
    """Several spectra on the common grid, (Q, 1801)."""
    return np.array([curve(s) for s in rows])
