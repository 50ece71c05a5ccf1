"""Mixtures in accurate mass at one or several energies, without separation. Imports numpy and `spectra` only."""

from __future__ import annotations

from collections.abc import Sequence

from spectra.index.mass_index import MassIndex
from spectra.mixture.accurate_beam import Search, search
from spectra.mixture.accurate_candidates import Shortlist, shortlist
from spectra.mixture.accurate_columns import columns
from spectra.mixture.accurate_inclusion import Evidence, default_inclusion, evidence
from spectra.mixture.accurate_model import Model, default_model
from spectra.mixture.accurate_report import Context, explanation, nothing_found
from spectra.mixture.accurate_series import SeriesTable, series_of
from spectra.mixture.accurate_stack import Stack, stack
from spectra.types import FloatArray, MassSpectrum, MixtureExplanation, SpectrumError

SEARCHED, MOST_COMPONENTS = 4, 6
"""Components looked for, and when more are asked for. Never fewer: a part left out would be pressed into another."""


def explain(library: MassIndex, queries: Sequence[MassSpectrum], max_components: int) -> MixtureExplanation:
    """Which compounds of an accurate-mass library are in a sample, from its spectra at rising energies (lowest first).

    Peaks of all energies are clustered to ions; a set of compounds with shares c is judged by a heavy-tailed
    likelihood, Σ w (ν+1)/2 ln(1 + r²/ν), r = [ln(y+b) − ln(Σ c A + b)] / s, on all energies together, where every
    compound may be shifted along its own energies (another instrument's 20 eV is not this one's). A beam search
    fits sets of up to four (six where more are asked for); a logistic layer fitted to development mixtures turns the fits
    into a probability per compound. Of compounds with one precursor only the best is named, the others stand under
    `not_distinguished`.

    Shares are shares of signal, not of weight. `axis` (B,) Da, `fitted` and `residual` (B,) are means over the
    energies, each energy summing to 1000. Raises SpectrumError when there is no spectrum, no peak above zero, or
    no component is asked for. Misleads when a substance is missing from the library: see `incomplete`.
    """
    if not queries or max_components < 1:
        raise SpectrumError("explain needs at least one spectrum and at least one component")
    model = default_model()
    sample = stack(queries, model)
    if len(library) == 0:
        return nothing_found(sample)
    series = series_of(library)
    short = shortlist(sample, library.table, series, model)
    if short.series.size == 0:
        return nothing_found(sample)
    found, seen = examine(
        library, sample, series, short, model, SEARCHED if max_components <= SEARCHED else MOST_COMPONENTS
    )
    context = Context(library, sample, series, short, found, seen, model)
    return explanation(context, probabilities(seen), max_components)


def examine(
    library: MassIndex, sample: Stack, series: SeriesTable, short: Shortlist, model: Model, most: int
) -> tuple[Search, Evidence]:
    """The fitted sets of a shortlist and the evidence for each compound."""
    compound = series.compound[short.series]
    found = search(columns(sample, library.table, series, short, model), compound, model, most)
    return found, evidence(found, compound, short)


def probabilities(seen: Evidence) -> FloatArray:
    """Probability of each compound of `seen`, (C,)."""
    return default_inclusion().probability(seen.features)
