"""What a mass library holds below its doors: entries, their names, and the exact search over them.

Why: identification and mixtures are functions of an index and a reading, and know no library above it. Imports numpy
and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.index.catalogue import Catalogue
from spectra.index.mass_search import Answer, MassSearch, accelerator_chosen
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks, possible_tolerance, prepare
from spectra.similarity import Score, score_named
from spectra.types import LibraryEntry, MassSpectrum


class MassIndex:
    """N reference mass spectra of unit or accurate mass, with names, compound keys and their search.

    `table`: the peaks; `catalogue`: names, keys and terms; `energy` (N,) int, 0 = lowest; `engine`: the search indices,
    built on first use when not given. `accelerator`: auto, numpy or numba. Safe to share between threads.
    """

    def __init__(
        self, table: PeakTable, catalogue: Catalogue, energy: NDArray[np.int32], engine: MassSearch | None = None
    ) -> None:
        self.table, self.catalogue, self.energy = table, catalogue, energy
        self.engine = MassSearch(table) if engine is None else engine
        self.accelerator = accelerator_chosen()
        self.names, self.compounds = catalogue.names, catalogue.compounds
        self.ids, self.formulas = catalogue.ids, catalogue.formulas
        self.info: Mapping[str, Any] = catalogue.info

    def __len__(self) -> int:
        return self.table.n

    @property
    def accurate(self) -> bool:
        """Whether masses are compared within a tolerance instead of by unit mass."""
        return self.table.accurate

    @property
    def general(self) -> NDArray[np.bool_] | None:
        """Which entries (N,) come from a library declared to hold chemicals of any kind (`MassLibrary.beside`); None where none was."""
        declared = self.info.get("general")
        if not declared:
            return None
        rows = np.arange(len(self))
        return np.asarray((rows >= int(declared[0])) & (rows < int(declared[1])))

    def spectrum(self, entry: int) -> MassSpectrum:
        """The stored spectrum of one entry: binned or merged, base 999."""
        peaks = self.table.peaks(entry)
        precursor = peaks.precursor_mz if np.isfinite(peaks.precursor_mz) else None
        return MassSpectrum(peaks.mz, peaks.intensity, precursor, "ESI" if self.accurate else "EI")

    def entry(self, entry: int) -> LibraryEntry:
        """One entry with its names, terms and stored spectrum."""
        return self.catalogue.entry(entry, self.spectrum(entry), str(self.info.get("technique", "MS")))

    def rule(self, score: str | Score, tolerance: float | None) -> Score:
        """The score object for this library."""
        if isinstance(score, Score):
            return score
        return score_named(score, possible_tolerance(tolerance) if self.accurate else None)

    def top(self, rule: Score, query: Peaks, top: int, precursor_tolerance: float | None = None) -> Answer:
        """Entries (k,) and float32 scores (k,) of the `top` best for a prepared query; see `MassSearch.top`.

        Raises SpectrumError on a query this score or an identity search cannot use, ValueError on `top` below 1.
        """
        rule.check(query)
        accelerator = accelerator_chosen(self.accelerator)
        return self.engine.top(rule, query, top, precursor_tolerance, accelerator, self.accurate)

    def alike(self, entries: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these k entries are too similar to tell apart (weighted cos² ≥ 0.95), (k, k)."""
        part = self.table.take(np.asarray(entries, dtype=np.int64))
        rule = self.rule("weighted_cosine", None)
        cosines = np.array([rule.row(part.peaks(r), part) for r in range(part.n)]).reshape(part.n, part.n)
        return np.asarray(cosines**2 >= decision("mass", "look_alike_cos2"))

    def look_alikes(self, entry: int) -> tuple[str, ...]:
        """Other compounds of the library with an entry too similar to this one to tell apart, most alike first."""
        cosines = self.rule("weighted_cosine", None).row(self.table.peaks(entry), self.table)
        close = np.flatnonzero(cosines**2 >= decision("mass", "look_alike_cos2"))
        ordered = close[np.lexsort((close, -cosines[close]))]
        mine = self.compounds[entry]
        return tuple(dict.fromkeys(c for c in (self.compounds[int(e)] for e in ordered) if c != mine))

    def ionisation_remark(self, query: MassSpectrum) -> str | None:
        """A sentence when the query was ionised otherwise than the library's spectra, None when all is well.

        A query that carries a precursor m/z was fragmented on purpose and counts as MS/MS whatever it says.
        """
        electron = query.ionisation == "EI" and query.precursor_mz is None
        if self.accurate and electron:
            return (
                "The reading says electron ionisation (EI), but this library holds MS/MS spectra: such spectra differ, "
                "so a low score says little and a high one should be checked."
            )
        if not self.accurate and query.ionisation != "EI":
            return (
                f"The reading says {query.ionisation}, but this library holds EI spectra of unit mass: such spectra "
                "differ, so a low score says little and a high one should be checked."
            )
        return None

    def scores(
        self, query: MassSpectrum, score: str | Score = "composite", tolerance: float | None = None
    ) -> NDArray[np.float32]:
        """Score of every entry, (N,)."""
        return self.rule(score, tolerance).row(prepare(query, self.accurate), self.table).astype(np.float32)
