"""The fast form of the composite score: the textbook's values, and the same bits with and without numba."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassSpectrum
from spectra.acceleration import numba_present
from spectra.peaktable import PeakTable
from spectra.preprocess import prepare
from spectra.similarity import Composite
from spectra.similarity.composite_rows import unit_mass_factors
from tests.spectra.spectrum_builders import library_of, nominal_spectra
from tests.support.budget import size

ACCELERATORS = ["numpy", *(["numba"] if numba_present() else [])]


@settings(max_examples=size(20, 80), deadline=None)
@given(st.lists(nominal_spectra(), min_size=1, max_size=12), nominal_spectra(), st.sampled_from([4, 64, 1 << 18]))
def test_numpy_and_numba_give_the_values_of_the_formula(
    references: list[MassSpectrum], query: MassSpectrum, block: int
) -> None:
    score, table = Composite(), PeakTable.of(references, accurate=False)
    rows = {}
    for accelerator in ACCELERATORS:
        score.accelerator = accelerator
        with mock.patch("spectra.similarity.composite_rows._BLOCK_PEAKS", block):
            rows[accelerator] = score.row(prepare(query, False), table)
    wanted = [score.pair(query, reference) for reference in references]
    assert rows["numpy"] == pytest.approx(wanted, rel=1e-6, abs=1e-4)
    assert all(row.tobytes() == rows["numpy"].tobytes() for row in rows.values())


@pytest.mark.parametrize("accelerator", ACCELERATORS)
@pytest.mark.parametrize("kept", [0, 1 << 23])
def test_neighbours_across_two_references_are_no_pair(accelerator: str, kept: int) -> None:
    # The last peak of one reference and the first of the next are neighbours in memory only.
    table = PeakTable.of([MassSpectrum([40, 58], [5, 9]), MassSpectrum([59, 70], [9, 5])], accurate=False)
    query = prepare(MassSpectrum([58, 59], [9, 3]), False)
    with mock.patch("spectra.similarity.composite_rows._KEPT_PEAKS", kept):
        found = unit_mass_factors(query, table.above_one, accelerator)
    score = Composite()
    assert found == pytest.approx(
        [
            score.pair(MassSpectrum([58, 59], [9, 3]), MassSpectrum(table.peaks(r).mz, table.peaks(r).intensity))
            for r in (0, 1)
        ]
    )


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_a_run_of_queries_by_a_cosine_is_answered_as_one_by_one(accelerator: str) -> None:
    spectra = [MassSpectrum([40 + k, 58, 91 + 3 * k, 200 + k], [100 + k, 999, 300, 40 * k + 1]) for k in range(9)]
    named = [f"S{k}" for k in range(9)]
    library = library_of(spectra, names=named, compounds=named)
    library.accelerator = accelerator
    queries = [MassSpectrum([58, 91, 700], [9, 5, 50]), *spectra[:5], MassSpectrum([900], [1])]
    many = library.search_many(queries, top=4, score="weighted_cosine")
    assert many == [library.search(query, top=4, score="weighted_cosine") for query in queries]
    assert [rows[0].name for rows in many[1:6]] == named[:5]
    assert many[-1] == []
