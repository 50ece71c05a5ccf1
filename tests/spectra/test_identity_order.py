"""Identity search in accurate mass: its order counts the error of the precursor, exactly, at every door."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassLibrary, MassSpectrum
from spectra.acceleration import numba_present
from spectra.confidence.calibration import shipped
from spectra.confidence.ranking_msms import FEATURES
from spectra.index import mass_search
from spectra.index.precursor_error import COST_PER_PPM, cost, error_ppm
from spectra.preprocess import micro, prepare
from tests.spectra.spectrum_builders import accurate_spectra, library_of
from tests.support.budget import size

ENGINES = ("numpy", "numba") if numba_present() else ("numpy",)
PRECURSORS = [60.0, 60.0001, 60.0002, 60.0004, 60.0009, 60.004, 61.0]
QUERY = MassSpectrum([50.0, 55.0, 58.0], [9, 6, 3], 200.0, "ESI")


def _at(spectrum: MassSpectrum, precursor: float | None) -> MassSpectrum:
    return MassSpectrum(spectrum.mz, spectrum.intensity, precursor, "ESI")


def _expected(library: MassLibrary, query: MassSpectrum, score: str, width: float, top: int) -> list[tuple[int, float]]:
    rule, peaks, precursor = library.rule(score, None), prepare(query, True), library.table.precursor
    known = np.isfinite(precursor)
    near = known & (np.abs(micro(np.where(known, precursor, 0.0)) - micro(peaks.precursor_mz)) <= micro(width))
    scores = np.where(near, rule.row(peaks, library.table).astype(np.float32), np.float32(0))
    key = scores.astype(float) / rule.full - cost(error_ppm(np.where(known, precursor, 1.0), peaks.precursor_mz))
    order = np.lexsort((np.arange(len(library)), -key))
    return [(int(k), float(scores[k])) for k in order if scores[k] > 0][:top]


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=size(20, 60), deadline=None)
@given(
    references=st.lists(st.tuples(accurate_spectra(), st.sampled_from([*PRECURSORS, None])), min_size=1, max_size=12),
    query=st.tuples(accurate_spectra(), st.sampled_from(PRECURSORS)),
    copies=st.integers(1, 12),
    top=st.integers(1, 6),
    width=st.sampled_from([0.0, 0.0002, 0.001, 1.0]),
    score=st.sampled_from(["entropy", "composite", "weighted_cosine"]),
)
def test_the_order_is_that_of_every_entry_scored_less_the_cost_of_its_error(
    engine: str,
    references: list[tuple[MassSpectrum, float | None]],
    query: tuple[MassSpectrum, float],
    copies: int,
    top: int,
    width: float,
    score: str,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mass_search, "INDEX_FROM", 1)
        library = library_of([_at(*one) for one in references] * copies, accurate=True)
        library.accelerator = engine
        found = library.search(_at(*query), top, score, precursor_tolerance=width)
    assert [(c.entry, c.score) for c in found] == _expected(library, _at(*query), score, width, top)


def test_a_nearer_precursor_goes_before_a_slightly_better_spectrum() -> None:
    better, nearer = QUERY, MassSpectrum([50.0, 55.0, 58.0], [9, 5, 3], 200.0, "ESI")
    library = library_of([_at(better, 200.002), _at(nearer, 200.0)], accurate=True)
    found = library.search(QUERY, score="entropy", precursor_tolerance=0.005)
    assert [c.entry for c in found] == [1, 0]
    assert found[0].score < found[1].score, "the score itself stays the plain one"
    assert [c.precursor_error for c in found] == pytest.approx([0.0, -10.0], abs=0.01)
    many = library.search_many([QUERY], score="entropy", precursor_tolerance=0.005)
    assert many == [found]
    assert [c.precursor_error for c in library.search(QUERY, score="entropy")] == [None, None]


def test_search_and_identification_weigh_the_error_alike() -> None:
    weights = shipped("msms").weights
    assert weights["ppm"] / sum(weights[name] for name in FEATURES) == pytest.approx(COST_PER_PPM)


@pytest.mark.parametrize("accurate", [False, True])
def test_the_ranking_of_identify_can_be_asked_for_by_compound(accurate: bool) -> None:
    other = MassSpectrum([50.0, 55.0, 58.0, 59.0], [2, 9, 3, 8], 200.0, "ESI")
    library = library_of([_at(other, 200.002), _at(QUERY, 200.001), _at(QUERY, 200.0)], accurate)
    found = library.search_compounds(QUERY, score="combined")
    assert [c.compound for c in found] == [compound for compound, _ in library.identify(QUERY).compounds]
    assert {c.score_name for c in found} == {"combined_msms" if accurate else "combined_ei"}
    assert len(library.search_compounds(QUERY, top=1, score="combined")) == 1
