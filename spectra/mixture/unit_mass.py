"""Mixtures in unit mass (EI) spectra without separation. Imports numpy and `spectra` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.index.mass_index import MassIndex
from spectra.mixture.ei_answer import answer, nothing
from spectra.mixture.ei_beam import Beam, search
from spectra.mixture.ei_decision import Case, settled
from spectra.mixture.ei_features import PRICE, Evidence, cost, explained, gather
from spectra.mixture.ei_inclusion import base_rate, printed, shipped_layers
from spectra.mixture.ei_likelihood import IntArray, Noise, Problem, Single
from spectra.mixture.ei_places import PlacesSeen, places_seen
from spectra.mixture.ei_prefilter import LOWEST, WIDTH, UnitTable, pool, pose
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks, prepare
from spectra.types import MassSpectrum, MixtureExplanation, SpectrumError

MOST_ENERGIES = 60
"""Energies lie end to end on one axis of unit masses, which ends at 65,535."""


def explain(library: MassIndex, queries: Sequence[MassSpectrum], max_components: int) -> MixtureExplanation:
    """Which library compounds, added up, explain one unit-mass reading; several queries are rising energies.

    Model: reading y, entries A (base 999), mu = Σ c_k A_k; loss Σ_m w_m (ν+1)/2 ln(1 + r²/ν) with
    r = [ln(y + b) − ln(mu + b)]/s and w = √(m/100): a Student-t on the log scale with an additive floor, because
    intensities differ by a factor between laboratories and ions near 1 % of the base come and go. Sets of entries are
    searched by beam; inclusion under posteriors exp(−(L + λ|S|)/T) and other evidence give, by a logistic layer
    fitted on readings of known composition, the probability of each compound. One reporting rule serves readings of
    one compound and of several (`data/mixtures.toml`). Shares are shares of signal, not of weight: what is explained
    of each ion is divided among the parts.

    Raises SpectrumError without a query or with `max_components` < 1. It misleads where the reference was measured
    under other conditions (a derivative, a salt that breaks down in the inlet), where positional isomers share all
    ions (they are listed, not chosen), and for parts below about a tenth of the base peak.

    >>> from spectra.starter import starter_mass_library
    >>> library = starter_mass_library()
    >>> entry = list(library.names).index("Cocaine")
    >>> [c.name for c in library.explain(library.spectrum(entry)).components]
    ['Cocaine']
    """
    return explain_with_places(library, queries, max_components)[0]


def explain_with_places(
    library: MassIndex, queries: Sequence[MassSpectrum], max_components: int
) -> tuple[MixtureExplanation, PlacesSeen]:
    """`explain`, and beside it every place with all compounds that compete for it, named or not."""
    if not queries or max_components < 1:
        raise SpectrumError("explain needs at least one spectrum and at least one component")
    if len(queries) > MOST_ENERGIES:
        raise SpectrumError(f"explain takes at most {MOST_ENERGIES} energies of one reading, got {len(queries)}")
    comparison = _Comparison.of(library, queries)
    if not comparison.y.any():
        return nothing(
            f"This reading has no ion from m/z {LOWEST} to {WIDTH - 1}, where readings are compared."
        ), PlacesSeen()
    weighed = comparison.weighed(max_components)
    if weighed is None:
        return nothing("No library entry shares an ion with this reading."), PlacesSeen()
    case = comparison.judged(*weighed, max_components)
    decided, said = settled(case, max_components), printed(case.p, comparison.compounds(case.drugs_alone is not None))
    return answer(library, case, comparison.entries, decided, said), places_seen(
        case, comparison.entries, decided, said
    )


@dataclass(frozen=True, eq=False)
class _Comparison:
    """A reading by unit mass `y` (width,), the references it is compared with, and the noise: the compound number `codes` (N,) and the
    library entry `entries` (N,) of each row of the table behind `unit`. `general` (N,): compounds that only a library of general
    chemicals holds, where such a library is declared; and `drugs` (D,), but for several energies: rows of the other libraries."""

    y: Single
    unit: UnitTable
    codes: IntArray
    entries: IntArray
    noise: Noise
    general: NDArray[np.bool_] | None = None
    drugs: IntArray | None = None

    @classmethod
    def of(cls, library: MassIndex, queries: Sequence[MassSpectrum]) -> _Comparison:
        """All entries of a library, those of rising energies end to end."""
        y = np.concatenate([by_unit_mass(prepare(query, False)) for query in queries])
        if len(queries) == 1:
            table, codes, entries = library.table, _codes(library), np.arange(len(library), dtype=np.int64)
        else:
            table, codes, entries = _stacked(library, len(queries), y)
        unit = UnitTable(table, y.size)
        comparison = cls(y, unit, codes, entries, noise_of(unit))
        if library.general is None:
            return comparison
        general = _only(_codes(library), library.general)[entries]
        return replace(
            comparison, general=general, drugs=np.flatnonzero(~library.general) if len(queries) == 1 else None
        )

    def compounds(self, drugs_alone: bool) -> int:
        """How many compounds competed."""
        return int(np.unique(self.codes[self.drugs] if drugs_alone else self.codes).size)

    def weighed(self, most: int) -> tuple[Problem, Evidence] | None:
        """The candidates and the evidence for each; None where no reference shares an ion with the reading."""
        problem = pool(self.unit, self.y, self.codes, self.noise, most)
        levels = search(problem, most, Beam())
        return (problem, gather(problem, levels)) if levels else None

    def judged(self, problem: Problem, every: Evidence, most: int) -> Case:
        """The reading judged by the evidence for `every` candidate.

        Where general chemicals are declared, the drugs are asked alone as well. Their answer stands unless the best set of all gains on
        theirs, because among many thousands of general chemicals some fit any reading a little better by chance.
        """
        layers = shipped_layers()
        if self.general is None:
            return Case.of(problem, every, layers)
        general = self.general[problem.entry]
        strange = general[every.member]
        if self.drugs is None:
            return Case.of(problem, every, layers, strange)
        table, drugs = self.unit.table, self.drugs
        unit = UnitTable(table.keep("ei drugs", lambda: table.take(drugs)), self.y.size)
        found = replace(self, unit=unit, codes=self.codes[drugs], noise=noise_of(unit)).weighed(most)
        if found is None or (gain := gain_of_all(*found, problem, every)) >= base_rate().least_gain:
            return Case.of(problem, every, layers, strange)
        better = problem.entry[every.best[general[every.best]]] if gain >= PRICE else every.best[:0]
        rows = np.r_[drugs[found[0].entry], problem.entry[every.member[strange]]]
        whole = pose(self.unit, self.y, self.codes, rows, self.unit.quick(self.y), found[0].noise)
        return Case.of(*found, layers).beside(whole, every.features[strange], layers, tuple(better.tolist()))


def gain_of_all(drugs: Problem, theirs: Evidence, problem: Problem, every: Evidence) -> float:
    """What the best set of all gains on that of the drugs, in loss and price; infinite where it pays and much more signal is explained."""
    gain = cost(drugs, theirs) - cost(replace(problem, noise=drugs.noise), every)
    more = explained(problem, every) - explained(drugs, theirs)
    return np.inf if gain >= PRICE and more >= base_rate().least_signal else gain


def weigh(library: MassIndex, query: MassSpectrum, most: int) -> tuple[Problem, Evidence] | None:
    """The candidates of a whole library for one reading, and the evidence for each; None where nothing can be compared."""
    return _Comparison.of(library, [query]).weighed(most)


def noise_of(unit: UnitTable) -> Noise:
    """Noise of `data/mixtures.toml`; the floor is not below the smallest ions the library lists (principal ions only)."""
    standard = _noise()
    return replace(standard, floor=max(standard.floor, unit.left_out()))


@lru_cache(maxsize=1)
def _noise() -> Noise:
    table = dict(load("mixtures")["ei_noise"])
    table["background"] = tuple(int(m) for m in table["background"])
    return Noise(**cast(dict[str, Any], table))


def by_unit_mass(peaks: Peaks) -> Single:
    """One prepared reading by unit mass, (1000,): only m/z 40 to 999."""
    inside = (peaks.mz >= LOWEST) & (peaks.mz < WIDTH)
    out = np.zeros(WIDTH, dtype=np.float32)
    out[peaks.mz[inside].astype(np.int64)] = peaks.intensity[inside]
    return out


def _only(codes: IntArray, general: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which entries (N,) are of compounds that only the `general` ones (N,) hold."""
    held = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.bool_)
    held[codes[~general]] = True
    return np.asarray(~held[codes])


def _codes(library: MassIndex) -> IntArray:
    """Compound number of every entry, (N,); an entry without a compound key is a compound of its own."""
    return library.table.keep("ei codes", lambda: _numbered(library))


def _numbered(library: MassIndex) -> IntArray:
    number: dict[str, int] = {}
    keys = (compound or f"\0{entry}" for entry, compound in enumerate(library.compounds))
    return np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)


def _stacked(library: MassIndex, energies: int, y: Single) -> tuple[PeakTable, IntArray, IntArray]:
    """One row per compound, its best entry of every energy end to end at 1000 · energy: table, codes, entry of a row."""
    codes = _codes(library)
    slots = np.full((int(codes.max(initial=-1)) + 1, energies), -1, dtype=np.int64)
    unit = UnitTable(library.table)
    for e in range(energies):
        value = np.where(library.energy == e, unit.quick(y[e * WIDTH : (e + 1) * WIDTH]), -1.0)
        for entry in np.argsort(value, kind="stable"):
            if value[entry] >= 0:
                slots[codes[entry], e] = entry
    rows = np.flatnonzero((slots >= 0).any(axis=1))
    row, energy = np.nonzero(slots[rows] >= 0)
    part = library.table.take(slots[rows][row, energy])
    inside = part.mz < WIDTH
    counts = np.bincount(row[part.row[inside]], minlength=rows.size)
    mz = (part.mz[inside] + WIDTH * energy[part.row[inside]]).astype(np.uint16)
    offsets = np.r_[0, np.cumsum(counts)].astype(np.int64)
    table = PeakTable(mz, part.intensity[inside], offsets, np.full(rows.size, np.nan), False)
    first = slots[rows][np.arange(rows.size), (slots[rows] >= 0).argmax(axis=1)]
    return table, rows.astype(np.int64), first
