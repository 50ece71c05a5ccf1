"""InfraredLibrary: reference infrared (or Raman) curves on one grid, exact search over small shifts.

Why: all entries and shifts are compared by one rule, partial ranges, masks and resolutions included. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.index.catalogue import Catalogue
from spectra.index.infrared_curves import curves_of_entries, curves_on_grid, is_raman, refuse_other_technique
from spectra.index.infrared_engine import Engine
from spectra.index.infrared_hits import alike, grouped, hits_by_peaks, hits_by_score
from spectra.index.infrared_peaks import PEAK_SCORES
from spectra.index.store import open_arrays, save_arrays
from spectra.infrared.answer import InfraredExplanation
from spectra.infrared.ranking import ALIGNED, hits_by_alignment
from spectra.infrared.warp import References
from spectra.infrared_grid import GRID, STEP, curve, grid_of
from spectra.similarity.infrared import InfraredScore
from spectra.similarity.infrared_features import Features
from spectra.types import Candidate, FloatArray, InfraredSpectrum, LibraryEntry

FORMAT = "mast-infrared-library"
VERSION, RAMAN_VERSION = 2, 3
"""1 stored neither bounds nor resolutions and rounded features otherwise: it is read, and computes them on first use.
Raman libraries before 3 stand on the infrared grid: they are read, moved, and computed anew as well."""
_MOST_FOR_A_MARGIN = 200


class InfraredLibrary:
    """N reference curves on 400–4000 cm⁻¹ step 2: `curves` (N, 1801) float32, NaN where not measured.

    `resolution` (N,): resolution class of each entry, 4, 8, 16 or 32 cm⁻¹. `info["technique"]` "Raman" makes it a Raman
    library: on 100–3700 cm⁻¹, no CO₂ windows, derivatives or peaks only. Safe to share between threads.

    >>> y = np.exp(-((GRID - 1700.0) / 15.0) ** 2) + 0.3 * np.exp(-((GRID - 1100.0) / 12.0) ** 2)
    >>> ir = InfraredLibrary.from_arrays(GRID, [y, y[::-1]], names=["Ketone", "Other"], compounds=["K", "O"])
    >>> hit = ir.search(InfraredSpectrum(GRID, 0.4 * y + 0.05), top=1)[0]
    >>> hit.name, round(hit.score, 3), hit.shift
    ('Ketone', 1.0, 0.0)
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
        resolution: float | None = None,
    ) -> InfraredLibrary:
        """Library of curves on one axis: `wavenumber` (M,) cm⁻¹, `absorbance` (N, M), NaN where masked.

        `resolution` in cm⁻¹ of all curves, by the spacing when not given. Raises SpectrumError on shapes that do not
        fit, a curve without 20 usable points, or a resolution too coarse to use.
        """
        raman = is_raman(str((info or {}).get("technique", "")))
        curves, classes = curves_on_grid(wavenumber, absorbance, len(names), resolution, raman)
        return cls(curves, Catalogue.of(list(names), list(compounds), ids, formulas, info), classes)

    @classmethod
    def build(
        cls, entries: Iterable[LibraryEntry], name: str = "", info: Mapping[str, Any] | None = None
    ) -> InfraredLibrary:
        """Library of entries. Raises SpectrumError when an entry holds no infrared spectrum or none is given."""
        kept = list(entries)
        curves, classes = curves_of_entries(kept)
        described = {"name": name, "technique": kept[0].technique, **dict(info or {})}
        return cls(curves, Catalogue.of_entries(kept, described), classes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to the folder `path`, search index included; replaces a library there whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {
            "curves": self.curves,
            "codes": self.codes,
            **self.engine.arrays(),
            **self.catalogue.arrays(),
        }
        version = RAMAN_VERSION if self.raman else VERSION
        save_arrays(path, FORMAT, version, arrays, {"library": dict(self.info), "lowest": float(self.grid[0])})

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: bool = False) -> InfraredLibrary:
        """Open a saved library, memory-mapped. Raises LibraryFileError when damaged or of another kind.

        Libraries of format version 1 and Raman libraries of version 2 are read too; what they lack is computed on first
        use. Save them again.
        """
        arrays, info = open_arrays(path, FORMAT, (1, VERSION, RAMAN_VERSION), verify)
        library = cls(arrays["curves"], Catalogue.from_arrays(arrays, info["library"]))
        if library.raman and info.get("lowest") != library.grid[0]:
            stored = arrays.get("resolution")
            return cls(_on_raman_grid(arrays["curves"]), library.catalogue, None if stored is None else stored)
        if "codes" in arrays:
            library.__dict__["codes"] = arrays["codes"].view(np.ndarray)
            library.engine = Engine.from_arrays(arrays["curves"], arrays, air=not library.raman)
        return library

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

    def search(
        self, query: InfraredSpectrum, top: int = 10, score: str = "first_derivative", max_shift: float = 6.0
    ) -> list[Candidate]:
        """The `top` best entries, exactly: score falling, then entry index rising; score ≤ 0 is no candidate.

        `score`: first_derivative, second_derivative, correlation, euclid; peaks or peaks_reverse (`PeakLists.answer`,
        `max_shift` is their tolerance); aligned (`hits_by_alignment`: slower, approximate, most often right; `max_shift`
        does not apply). `max_shift` in cm⁻¹, tried in steps of 2. Only points measured in both spectra count;
        `explained_fraction` is the share of the query's points that were compared times score², so a partial
        range shows. `shift` is how far the query's bands lie above the entry's: the same for many samples, it is a
        matter for the instrument. When one side was measured coarser than 4 cm⁻¹, the other is broadened to it first.

        Raises SpectrumError on a query with fewer than 20 points on the grid, too coarse, or of another technique than
        the library; ValueError on an unknown score.
        """
        return self._hits(query, score, max_shift, top, None)

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
        """The `top` best compounds, one row each, grouped and ranked by `group_by_compound` with this library.

        Exact over compounds: each row is the best entry of its compound, and no other compound has a better one.
        `margin`: distance to the next lower compound that is chemically different, that is whose reference is not alike
        (first derivative r < 0.97); compounds within 0.03 of the score are named in `ambiguous_with` all the same.
        """
        wanted = top + 1
        while True:
            found = self._hits(query, score, max_shift, wanted, self.codes)
            rows = grouped(self, found)
            settled = not rows or rows[0].margin is not None or len(found) < wanted
            if settled or 2 * wanted > _MOST_FOR_A_MARGIN:
                return rows[:top]
            wanted *= 2

    def _hits(
        self, query: InfraredSpectrum, score: str, max_shift: float, top: int, groups: NDArray[np.int64] | None
    ) -> list[Candidate]:
        refuse_other_technique(query, score, self.raman)
        if score in PEAK_SCORES:
            return hits_by_peaks(self, query, score, max_shift, top, groups)
        if score == ALIGNED:
            return hits_by_alignment(self, query, top, groups)
        return hits_by_score(self, query, InfraredScore(score, max_shift, air=not self.raman), top, groups)

    def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these k entries are too similar to tell apart (first derivative r ≥ 0.97), (k, k)."""
        return alike(self, entries)

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

    def explain(
        self, query: InfraredSpectrum, max_components: int = 5, watch: Collection[str] | None = None
    ) -> InfraredExplanation:
        """The set of at most `max_components` entries that explains the reading, aligned to it: components with
        shares and grades, detection limits of `watch` (compounds; all entries' when None), what is left unexplained.

        Method, limits and references: docs/methods/infrared.md. Raises SpectrumError on a reading that cannot be
        compared with this library.
        """
        from spectra.infrared.explain import explain

        refuse_other_technique(query, "first_derivative", self.raman)
        return explain(self, query, max_components, watch)


def _on_raman_grid(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Curves (N, 1801) of the infrared grid on that of Raman: what lies above its end is lost."""
    moved = round((GRID[0] - grid_of(raman=True)[0]) / STEP)
    out = np.full(curves.shape, np.nan, dtype=np.float32)
    out[:, moved:] = curves[:, :-moved]
    return out
