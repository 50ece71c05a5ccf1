"""InfraredLibrary: reference infrared (or Raman) curves on one grid, exact search over small shifts.

Why: all entries and shifts are compared by one rule, partial ranges, masks and resolutions included. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.index.catalogue import Catalogue
from spectra.index.infrared_curves import curves_of_entries, curves_on_grid, is_raman, refuse_other_technique
from spectra.index.infrared_engine import Engine
from spectra.index.infrared_index import InfraredIndex
from spectra.index.store import LibraryFileError, open_arrays, save_arrays
from spectra.infrared.answer import InfraredExplanation
from spectra.infrared.explain import explain
from spectra.infrared.identify import identify
from spectra.infrared.ranking import ALIGNED
from spectra.infrared.search import compounds, hits
from spectra.types import Candidate, Identification, InfraredSpectrum, LibraryEntry, SpectrumError

FORMAT = "mast-infrared-library"
VERSION, RAMAN_VERSION = 2, 3
"""Raman libraries before 3 stand on the infrared grid; they are refused."""


class InfraredLibrary(InfraredIndex):
    """N reference curves on 400–4000 cm⁻¹ step 2: `curves` (N, 1801) float32, NaN where not measured.

    `resolution` (N,): resolution class of each entry, 4, 8, 16 or 32 cm⁻¹. `info["technique"]` "Raman" makes it a Raman
    library: on 100–3700 cm⁻¹, no CO₂ windows, derivatives or peaks only. Safe to share between threads.

    >>> from spectra.infrared_grid import GRID
    >>> y = np.exp(-((GRID - 1700.0) / 15.0) ** 2) + 0.3 * np.exp(-((GRID - 1100.0) / 12.0) ** 2)
    >>> ir = InfraredLibrary.from_arrays(GRID, [y, y[::-1]], names=["Ketone", "Other"], compounds=["K", "O"])
    >>> hit = ir.search(InfraredSpectrum(GRID, 0.4 * y + 0.05), top=1)[0]
    >>> hit.name, round(hit.score, 3), abs(round(hit.shift, 3))
    ('Ketone', 1.0, 0.0)
    """

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

    def joined(self, other: InfraredLibrary) -> InfraredLibrary:
        """One library of these entries and, after them, of `other`, with the names and notices of both.

        Raises SpectrumError when one holds infrared and the other Raman spectra, which lie on another grid.
        """
        if self.raman != other.raman:
            raise SpectrumError("a library of infrared and one of Raman spectra cannot be put together")
        curves = np.concatenate([self.curves, other.curves])
        classes = np.concatenate([self.resolution, other.resolution])
        return InfraredLibrary(curves, self.catalogue.together(other.catalogue), classes)

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
        """Open a saved library, memory-mapped. Raises LibraryFileError when damaged or of another kind or format."""
        arrays, info = open_arrays(path, FORMAT, (VERSION, RAMAN_VERSION), verify)
        library = cls(arrays["curves"], Catalogue.from_arrays(arrays, info["library"]))
        if library.raman and info.get("lowest") != library.grid[0]:
            raise LibraryFileError(f"{path} holds Raman spectra on another grid. Import it again from its source file.")
        library.__dict__["codes"] = arrays["codes"].view(np.ndarray)
        library.engine = Engine.from_arrays(arrays["curves"], arrays, air=not library.raman)
        return library

    def search(
        self, query: InfraredSpectrum, top: int = 10, score: str = ALIGNED, max_shift: float = 6.0
    ) -> list[Candidate]:
        """The `top` best entries: score falling, then entry index rising; score ≤ 0 is no candidate.

        `score`: aligned (the ranking of the bench, `hits_by_alignment`: most often right, slower, over a shortlist;
        `max_shift` does not apply; with fewer than 100 points in common first_derivative decides, as `score_name` says, or nothing is found);
        exactly over all entries first_derivative, second_derivative, correlation, euclid; peaks or peaks_reverse (`PeakLists.answer`, `max_shift` is their
        tolerance). `max_shift` in cm⁻¹, tried in steps of 2. Only points measured in both spectra count;
        `explained_fraction` is the share of the query's points that were compared times score², so a partial
        range shows. `shift` is how far the query's bands lie above the entry's: the same for many samples, it is a
        matter for the instrument. When one side was measured coarser than 4 cm⁻¹, the other is broadened to it first.

        Raises SpectrumError on a query with fewer than 20 points on the grid, too coarse, or of another technique than
        the library; ValueError on an unknown score.
        """
        return hits(self, query, score, max_shift, top)

    def search_many(
        self,
        queries: Iterable[InfraredSpectrum],
        top: int = 10,
        score: str = ALIGNED,
        max_shift: float = 6.0,
    ) -> list[list[Candidate]]:
        """`search` for every query, in order."""
        return [self.search(query, top, score, max_shift) for query in queries]

    def search_compounds(
        self, query: InfraredSpectrum, top: int = 10, score: str = ALIGNED, max_shift: float = 6.0
    ) -> list[Candidate]:
        """The `top` best compounds, one row each, grouped and ranked by `group_by_compound` with this library.

        Each row is the best entry of its compound, and no other compound has a better one: over all entries but for
        `aligned`, which looks at a shortlist.
        `margin`: distance to the next lower compound that is chemically different, that is whose reference is not alike
        (first derivative r < 0.97); compounds within 0.03 of the score are named in `ambiguous_with` all the same.
        """
        return compounds(self, query, top, score, max_shift)

    def identify(self, query: InfraredSpectrum) -> Identification:
        """What can honestly be said about one reading taken as one substance: see `spectra.infrared.identify`.

        Raises SpectrumError as `search` does.
        """
        return identify(self, query)

    def explain(
        self, query: InfraredSpectrum, max_components: int = 5, watch: Collection[str] | None = None
    ) -> InfraredExplanation:
        """The set of at most `max_components` entries that explains the reading, aligned to it: components with
        shares and grades, detection limits of `watch` (compounds; all entries' when None), what is left unexplained.

        Method, limits and references: docs/methods/infrared.md. Raises SpectrumError on a reading that cannot be
        compared with this library.
        """
        refuse_other_technique(query, "first_derivative", self.raman)
        return explain(self, query, max_components, watch)
