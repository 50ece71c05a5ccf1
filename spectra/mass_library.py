"""MassLibrary: reference mass spectra, exact search, and the doors to identification and mixtures.

Why exact: a faster search that ranks differently is a bug. Scores are rounded to float32 once, so that ties are
ties. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.confidence.calibration import Calibration
from spectra.confidence.grouping import group_by_compound
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.index import mass_files
from spectra.index.candidates import candidates, candidates_of_run
from spectra.index.catalogue import Catalogue
from spectra.index.columns import TextColumn
from spectra.index.mass_index import MassIndex
from spectra.index.mass_search import accelerator_chosen
from spectra.index.queries import Queries
from spectra.index.topk import best_per_group
from spectra.mixture import accurate, unit_mass
from spectra.peaktable import PeakTable
from spectra.preprocess import prepare, refuse_what_is_no_peak_list, within_range
from spectra.similarity import Score, WeightedCosine
from spectra.types import Candidate, Identification, LibraryEntry, MassSpectrum, MixtureExplanation, SpectrumError

COMBINED = "combined"


class MassLibrary(MassIndex):
    """N reference mass spectra of unit or accurate mass.

    `names`, `compounds`, `ids`, `formulas`: sequences of N texts; `energy` (N,) int, 0 = lowest; `info`: what
    the library says about itself (name, technique, source, licence, notice). `accelerator`: auto, numpy or numba,
    for the same answers; auto obeys the environment variable MAST_ACCELERATOR. Safe to share between threads.

    >>> lib = MassLibrary.from_arrays([58, 91, 44, 91], [9, 1, 9, 2], [0, 2, 4],
    ...                               names=["Methamphetamine", "Amphetamine"], compounds=["M", "A"])
    >>> [(c.name, round(c.score)) for c in lib.search(MassSpectrum([44, 91], [9, 2]), top=1)]
    [('Amphetamine', 1000)]
    """

    calibration: Calibration | None = None
    """A laboratory's own calibration for `identify`; None: the one that comes with MAST."""

    @classmethod
    def from_arrays(
        cls,
        mz: ArrayLike,
        intensity: ArrayLike,
        offsets: ArrayLike,
        *,
        names: Sequence[str],
        compounds: Sequence[str],
        precursor_mz: ArrayLike | None = None,
        energy: ArrayLike | None = None,
        accurate: bool = False,
        ids: Sequence[str] | None = None,
        formulas: Sequence[str] | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> MassLibrary:
        """Library of flat arrays: `mz`, `intensity` (P,), `offsets` (N+1,), `names`, `compounds` N texts.

        `precursor_mz` (N,) Da, NaN or 0 where unknown; `energy` (N,) int, 0 = lowest collision energy. Peaks in
        any order. Unit-mass libraries are binned (boundary .649), accurate ones merged below 0.05 Da.
        Raises SpectrumError on lengths that do not fit and on values that are not finite or below zero.
        """
        m, i = np.asarray(mz, dtype=np.float64), np.asarray(intensity, dtype=np.float64)
        o = np.asarray(offsets, dtype=np.int64)
        n = len(names)
        _check_arrays(m, i, o, n)
        precursor = np.full(n, np.nan) if precursor_mz is None else np.array(precursor_mz, dtype=np.float64)
        levels = np.zeros(n, dtype=np.int32) if energy is None else np.asarray(energy, dtype=np.int32)
        if precursor.shape != (n,) or levels.shape != (n,):
            raise SpectrumError(f"precursor_mz and energy must have one value per entry ({n})")
        precursor[~(precursor > 0)] = np.nan
        catalogue = Catalogue.of(list(names), list(compounds), ids, formulas, info)
        return cls(PeakTable.from_raw(m, i, o, precursor, accurate, coded=True), catalogue, levels)

    @classmethod
    def build(
        cls,
        entries: Iterable[LibraryEntry],
        name: str = "",
        accurate: bool | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> MassLibrary:
        """Library of entries. `accurate` None: accurate unless every spectrum is EI.

        An entry's `meta["energy"]` (int) becomes its energy level. Raises SpectrumError when an entry holds no
        mass spectrum or none is given.
        """
        kept = list(entries)
        spectra = [e.spectrum for e in kept if isinstance(e.spectrum, MassSpectrum)]
        if len(spectra) != len(kept) or not kept:
            raise SpectrumError("a mass library needs at least one entry, and a mass spectrum in every entry")
        precise = any(s.ionisation != "EI" for s in spectra) if accurate is None else accurate
        described = {"name": name, "technique": kept[0].technique, **dict(info or {})}
        energy = np.array([int(e.meta.get("energy", 0)) for e in kept], dtype=np.int32)
        return cls(PeakTable.of(spectra, precise, coded=True), Catalogue.of_entries(kept, described), energy)

    def add(self, entries: Iterable[LibraryEntry]) -> MassLibrary:
        """A library of these entries and the new ones after them; this one stays as it is.

        Answers are those of a library built again from all. The indices of this library are kept and the new entries
        get a small one of their own, so that enrolling a standard costs milliseconds; `save` makes them one again.

        >>> lib = MassLibrary.from_arrays([58, 91], [9, 1], [0, 2], names=["Methamphetamine"], compounds=["M"])
        >>> from spectra.types import Provenance
        >>> own = LibraryEntry("s1", "Amphetamine", "A", "EI-MS", MassSpectrum([44, 91], [9, 2]), Provenance("us", "own"))
        >>> [c.name for c in lib.add([own]).search(MassSpectrum([44, 91], [9, 2]))]
        ['Amphetamine', 'Methamphetamine']
        """
        new = MassLibrary.build(entries, accurate=self.accurate)
        table = self.table.joined(new.table)
        energy = np.concatenate([self.energy, new.energy])
        grown = MassLibrary(table, self.catalogue.joined(new.catalogue), energy, self.engine.extended(table))
        grown.accelerator = self.accelerator
        return grown

    def joined(self, other: MassLibrary) -> MassLibrary:
        """One library of these entries and, after them, of `other`: answers are those of a library built from all.

        It has the names and notices of both and no calibration. Raises SpectrumError when one holds accurate masses and the other
        unit masses, or when one was put `beside` another before.

        >>> one = MassLibrary.from_arrays([58, 91], [9, 1], [0, 2], names=["Methamphetamine"], compounds=["M"], info={"name": "A"})
        >>> other = MassLibrary.from_arrays([44, 91], [9, 2], [0, 2], names=["Amphetamine"], compounds=["A"], info={"name": "B"})
        >>> list(one.joined(other).names), one.joined(other).info["name"]
        (['Methamphetamine', 'Amphetamine'], 'A and B')
        """
        if self.accurate != other.accurate:
            raise SpectrumError("a library of unit masses and one of accurate masses cannot be put together")
        if self.general is not None or other.general is not None:
            raise SpectrumError("one of the libraries was put beside a library of general chemicals before")
        energy = np.concatenate([self.energy, other.energy])
        return MassLibrary(self.table.joined(other.table), self.catalogue.together(other.catalogue), energy)

    def beside(self, general: MassLibrary, key: Callable[[str, str], str] | None = None) -> MassLibrary:
        """One library of these entries and, after them, of `general`, a library declared to hold chemicals of any kind.

        What a service is asked about is far more often a compound of its drug library. In the mixture answer of unit mass the drugs are
        therefore asked first. Where all entries explain the reading much better, a compound that only `general` holds counts less
        beforehand (`data/mixtures.toml`, ei_base_rate) and is never impossible. The answer says which was done. Search and identification
        know no such difference. `key` (compound, name) says under which key an entry is known, so that one without an InChIKey is
        the drug it is called after. Raises SpectrumError when one holds accurate masses and the other unit masses, or when a
        declaration was made before.

        >>> drugs = MassLibrary.from_arrays([58, 91], [9, 1], [0, 2], names=["Methamphetamine"], compounds=["M"])
        >>> any_kind = MassLibrary.from_arrays([44, 91], [9, 2], [0, 2], names=["Amphetamine"], compounds=["A"])
        >>> drugs.beside(any_kind).general.tolist()
        [False, True]
        """
        both = self.joined(general)
        info = {**both.info, "general": [len(self), len(both)]}
        catalogue = replace(both.catalogue, info=info)
        if key is not None:
            catalogue = replace(catalogue, compounds=TextColumn.of(map(key, catalogue.compounds, catalogue.names)))
        return MassLibrary(both.table, catalogue, both.energy)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to the folder `path`, search index included; a library there is replaced whole or not at all."""
        mass_files.save(self, path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], verify: bool = False) -> MassLibrary:
        """Open a saved library, memory-mapped. `verify` checks every byte also of large libraries.

        Raises LibraryFileError when it is damaged or not a mass library.
        """
        return cls(*mass_files.open_parts(path, verify))

    def search(
        self,
        query: MassSpectrum,
        top: int = 10,
        score: str | Score = "composite",
        tolerance: float | None = None,
        precursor_tolerance: float | None = None,
    ) -> list[Candidate]:
        """The `top` best entries, exactly: score falling, then entry index rising; score 0 is no candidate.

        Names and figures of the candidates are made at the first look at one of them.

        `score`: cosine, weighted_cosine, composite, entropy, entropy_unweighted, modified_cosine, hybrid, or a
        Score. `tolerance` (Da) counts for accurate libraries only, 0.01 if not given, at most 0.0245.
        `precursor_tolerance` (Da, edges included) keeps entries whose precursor lies that close (identity search). In
        accurate mass their order then counts the error of the precursor, as in `identify`: each ppm beyond 2 costs a
        tenth of a full score. `score` stays the plain one, `precursor_error` stands beside it.
        Raises SpectrumError on a query without signal, a profile, a tolerance that is not possible or a missing
        precursor, ValueError on an unknown score.
        """
        rule, peaks = self.rule(score, tolerance), prepare(query, self.accurate)
        found = self.top(rule, peaks, top, precursor_tolerance)
        return candidates(self, peaks, rule, *found, identity=precursor_tolerance is not None and self.accurate)

    def search_many(
        self,
        queries: Iterable[MassSpectrum],
        top: int = 10,
        score: str | Score = "composite",
        tolerance: float | None = None,
        precursor_tolerance: float | None = None,
    ) -> list[list[Candidate]]:
        """`search` for every query, in order; many unit-mass queries by a cosine are one matrix product."""
        rule, asked = self.rule(score, tolerance), Queries.of(list(queries), self.accurate)
        accelerator = accelerator_chosen(self.accelerator)
        found = self.engine.run(rule, asked, top, precursor_tolerance, accelerator)
        if found is not None and isinstance(rule, WeightedCosine):
            return candidates_of_run(self, asked, rule, *found, accelerator)
        peaks = asked.each()
        for own in peaks:
            rule.check(own)
        answers = [self.top(rule, own, top, precursor_tolerance) for own in peaks]
        identity = precursor_tolerance is not None and self.accurate
        return [candidates(self, own, rule, *answer, identity) for own, answer in zip(peaks, answers, strict=True)]

    def search_compounds(
        self, query: MassSpectrum, top: int = 10, score: str | Score = "composite", tolerance: float | None = None
    ) -> list[Candidate]:
        """The `top` best compounds, one row each, grouped and ranked by `group_by_compound` with this library.

        `score` "combined": the ranking of `identify` instead, in the scale of its weights and not grouped; the error of
        the precursor is part of it, and `tolerance` does not apply.
        """
        if score == COMBINED:
            ranked = rank_compounds(self, within_range([query])[0], self.calibration)
            return candidates_of(self, ranked, top)
        rule, peaks = self.rule(score, tolerance), prepare(query, self.accurate)
        scores = rule.row(peaks, self.table).astype(np.float32)
        # One compound more than asked for, so that the last row still has a margin.
        entries = best_per_group(scores, self.compounds, top + 1)
        return group_by_compound(candidates(self, peaks, rule, entries, scores[entries]), self)[:top]

    def identify(self, query: MassSpectrum, calibration: Calibration | None = None) -> Identification:
        """What can honestly be said about one spectrum: see `spectra.confidence.identify`. `calibration`: your own."""
        refuse_what_is_no_peak_list(query)
        return identify(self, within_range([query])[0], calibration or self.calibration)

    def explain(self, query: MassSpectrum | Sequence[MassSpectrum], max_components: int = 4) -> MixtureExplanation:
        """Non-negative parts that explain a spectrum, or several energies of one reading (lowest first)."""
        queries = within_range([query] if isinstance(query, MassSpectrum) else list(query))
        for one in queries:
            refuse_what_is_no_peak_list(one)
        explain = accurate.explain if self.accurate else unit_mass.explain
        return explain(self, queries, max_components)


def _check_arrays(mz: NDArray[np.float64], intensity: NDArray[np.float64], offsets: NDArray[np.int64], n: int) -> None:
    if mz.ndim != 1 or mz.shape != intensity.shape:
        raise SpectrumError(
            f"mz and intensity must be two flat arrays of one length, got {mz.shape}, {intensity.shape}"
        )
    fits = offsets.shape == (n + 1,) and offsets[0] == 0 and offsets[-1] == mz.size and (np.diff(offsets) >= 0).all()
    if not fits:
        raise SpectrumError(f"offsets must be {n + 1} rising numbers from 0 to the number of peaks ({mz.size})")
    if not (np.isfinite(mz).all() and np.isfinite(intensity).all()) or (mz <= 0).any() or (intensity < 0).any():
        raise SpectrumError("m/z must be finite and above zero, intensity finite and not below zero")
