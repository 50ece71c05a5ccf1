"""Mixtures in unit mass (EI) spectra without separation. Imports numpy and `spectra` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.index.mass_index import MassIndex
from spectra.mixture.ei_answer import answer, nothing
from spectra.mixture.ei_beam import Beam, search
from spectra.mixture.ei_decision import Case, settled
from spectra.mixture.ei_features import Evidence, gather
from spectra.mixture.ei_inclusion import printed, shipped_layers
from spectra.mixture.ei_likelihood import IntArray, Noise, Problem, Single
from spectra.mixture.ei_places import PlacesSeen, places_seen
from spectra.mixture.ei_prefilter import LOWEST, WIDTH, UnitTable, pool
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
    weighed = weigh(library, queries, max_components)
    if isinstance(weighed, str):
        return nothing(weighed), PlacesSeen()
    problem, evidence, entries = weighed
    general = only_general(library)
    rows = None if general is None else general[entries[evidence.member]]
    case = Case.of(problem, evidence, shipped_layers(), rows)
    decided = settled(case, max_components)
    said = printed(case.p, int(_codes(library).max()) + 1)
    return answer(library, case, entries, decided, said), places_seen(case, decided, entries, said)


def weigh(library: MassIndex, queries: Sequence[MassSpectrum], most: int) -> tuple[Problem, Evidence, IntArray] | str:
    """Search the sets and gather the evidence: problem, evidence, library entry behind each candidate (K,).

    A sentence instead where nothing can be compared.
    """
    y = np.concatenate([_by_unit_mass(prepare(query, False)) for query in queries])
    if not y.any():
        return f"This reading has no ion from m/z {LOWEST} to {WIDTH - 1}, where readings are compared."
    if len(queries) == 1:
        table, codes, entries = library.table, _codes(library), np.arange(len(library), dtype=np.int64)
    else:
        table, codes, entries = _stacked(library, len(queries), y)
    unit = UnitTable(table, y.size)
    problem = pool(unit, y, codes, noise_of(unit), most)
    levels = search(problem, most, Beam())
    if not levels:
        return "No library entry shares an ion with this reading."
    return problem, gather(problem, levels), entries[problem.entry]


def noise_of(unit: UnitTable) -> Noise:
    """Noise of `data/mixtures.toml`; the floor is not below the smallest ions the library lists (principal ions only)."""
    standard = _noise()
    return replace(standard, floor=max(standard.floor, unit.left_out()))


@lru_cache(maxsize=1)
def _noise() -> Noise:
    table = dict(load("mixtures")["ei_noise"])
    table["background"] = tuple(int(m) for m in table["background"])
    return Noise(**cast(dict[str, Any], table))


def _by_unit_mass(peaks: Peaks) -> Single:
    """One prepared reading by unit mass, (1000,): only m/z 40 to 999."""
    inside = (peaks.mz >= LOWEST) & (peaks.mz < WIDTH)
    out = np.zeros(WIDTH, dtype=np.float32)
    out[peaks.mz[inside].astype(np.int64)] = peaks.intensity[inside]
    return out


def only_general(library: MassIndex) -> NDArray[np.bool_] | None:
    """Which entries (N,) are of compounds that only a library of general chemicals holds; None where nothing is declared."""
    declared = library.general
    return None if declared is None else library.table.keep("ei general", lambda: _only(_codes(library), declared))


def _only(codes: IntArray, general: NDArray[np.bool_]) -> NDArray[np.bool_]:
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
