"""The exact entropy search: equal to scoring every entry, to the bit, with numpy and with numba."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassSpectrum
from spectra.acceleration import numba_present
from spectra.index import ms2_arrays, ms2_numpy
from spectra.index.ms2_arrays import BOUNDS, SCALE, UPPER, codes
from spectra.index.ms2_index import Ms2Index
from spectra.index.topk import best
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks, micro, prepare
from spectra.similarity import Entropy
from spectra.similarity.log2 import gain
from tests.spectra.spectrum_builders import accurate_spectra
from tests.support.budget import size

ENGINES = ("numpy", "numba") if numba_present() else ("numpy",)
TOLERANCE = 0.01
RULE = Entropy(TOLERANCE)


def _brute_force(
    query: Peaks, table: PeakTable, top: int, near: float | None = None, tolerance: float = TOLERANCE
) -> tuple[list[int], list[float]]:
    scores = Entropy(tolerance).row(query, table).astype(np.float32)
    if near is not None:
        known = np.isfinite(table.precursor)
        apart = np.abs(micro(np.where(known, table.precursor, 0.0)) - micro(query.precursor_mz))
        scores = np.where(known & (apart <= micro(near)), scores, np.float32(0))
    chosen = best(scores, top)
    return chosen.tolist(), scores[chosen].tolist()


def _answers(index: Ms2Index, query: Peaks, top: int, near: float | None = None) -> list[tuple[list[int], list[float]]]:
    found = [index.search(query, TOLERANCE, top, near, engine) for engine in ENGINES]
    return [(entries.tolist(), scores.tolist()) for entries, scores in found]


@settings(max_examples=size(20, 60), deadline=None)
@given(
    references=st.lists(accurate_spectra(), min_size=1, max_size=12),
    query=accurate_spectra(),
    copies=st.integers(1, 40),
    top=st.integers(1, 12),
    near=st.sampled_from([None, 0.0, 0.004, 1.0]),
    unknown=st.sets(st.integers(0, 11), max_size=3),
)
def test_the_index_answers_as_scoring_every_entry_with_tiny_blocks_duplicates_and_ties(
    references: list[MassSpectrum], query: MassSpectrum, copies: int, top: int, near: float | None, unknown: set[int]
) -> None:
    spectra = [
        MassSpectrum(s.mz, s.intensity, None if k in unknown else s.precursor_mz, "ESI")
        for k, s in enumerate(references)
    ] * copies
    table = PeakTable.of(spectra, accurate=True)
    index = Ms2Index.build(table, block=64)
    peaks = prepare(query, accurate=True)
    for answer in _answers(index, peaks, top, near):
        assert answer == _brute_force(peaks, table, top, near)


def _random_table(n: int, seed: int, spread: float = 0.004) -> PeakTable:
    """Few masses, shifts on both sides of the tolerance, exact copies: many near ties in many blocks."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 14, n)
    mz = np.concatenate([rng.choice(60, c, replace=False) + 50.0 for c in counts])
    mz += np.round(rng.normal(0, spread, mz.size), 6)
    intensity = rng.integers(1, 30, mz.size) ** 2.0
    offsets = np.r_[0, np.cumsum(counts)]
    precursor = np.round(150 + rng.integers(0, 40, n) + rng.normal(0, 0.002, n), 6)
    precursor[rng.random(n) < 0.1] = np.nan
    return PeakTable.from_raw(mz, intensity, offsets, precursor, accurate=True)


def test_leaving_dear_peaks_aside_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    # One mass in every spectrum and a light one in the query: the case the open search postpones.
    rng = np.random.default_rng(3)
    n = 30_000
    own = rng.choice(200, (n, 4)) + 60.0
    own += np.arange(4) * 0.2
    mz, height = np.c_[np.full(n, 50.0), own], np.c_[np.full(n, 3.0), rng.integers(1, 50, (n, 4))]
    table = PeakTable.from_raw(mz.ravel(), height.ravel(), np.arange(n + 1) * 5, np.full(n, np.nan), accurate=True)
    index = Ms2Index.build(table, 4096)
    monkeypatch.setattr(ms2_numpy, "_LEAVE_POSTINGS", n)
    for row in (5, 17, 29_999):
        query = table.peaks(row)
        for answer in _answers(index, query, 10):
            assert answer == _brute_force(query, table, 10)


def test_entries_that_differ_by_less_than_single_precision_are_ranked_exactly() -> None:
    rng = np.random.default_rng(6)
    n, mz = 400, 60.0 + np.arange(30)
    height = 500.0 + rng.normal(0, 1e-4, (n, mz.size))
    flat = np.tile(mz, n), height.ravel(), np.arange(n + 1) * mz.size
    table = PeakTable.from_raw(*flat, np.full(n, 200.0), accurate=True)
    index = Ms2Index.build(table)
    for row in range(0, n, 37):
        query = table.peaks(row)
        for answer in _answers(index, query, 10, 1.0):
            assert answer == _brute_force(query, table, 10, 1.0)


def test_a_peak_on_the_edge_of_the_tolerance_matches_and_one_beyond_does_not() -> None:
    query = prepare(MassSpectrum([100.0, 140.0], [9, 9], 150.0, "ESI"), accurate=True)
    shifts = [0.01, -0.01, 0.010001, -0.010001]
    spectra = [MassSpectrum([100.0 + s, 180.0], [9, 9], 150.0, "ESI") for s in shifts]
    index = Ms2Index.build(PeakTable.of(spectra, accurate=True))
    for answer in _answers(index, query, 10):
        assert answer[0] == [0, 1]
    for s, spectrum in zip(shifts, spectra, strict=True):
        assert (RULE.pair(spectrum, MassSpectrum(query.mz, query.intensity, 150.0, "ESI")) > 1e-6) == (abs(s) <= 0.01)


@pytest.mark.parametrize("tolerance", [0.0005, 0.005, 0.0245])
def test_every_tolerance_up_to_the_widest_is_exact(tolerance: float) -> None:
    table = _random_table(500, 5, spread=0.012)
    index = Ms2Index.build(table, block=128)
    for row in range(0, 500, 31):
        query = table.peaks(row)
        for near in [None, 3.0] if np.isfinite(query.precursor_mz) else [None]:
            for engine in ENGINES:
                entries, scores = index.search(query, tolerance, 10, near, engine)
                assert (entries.tolist(), scores.tolist()) == _brute_force(query, table, 10, near, tolerance)


def test_a_query_with_more_peaks_than_the_bounds_can_hold_is_scored_exactly() -> None:
    rng = np.random.default_rng(2)
    mz = 50.0 + 0.1 * np.arange(1500)
    spectra = [MassSpectrum(mz, rng.uniform(50, 99, mz.size), 300.0, "ESI") for _ in range(20)]
    table = PeakTable.of(spectra, accurate=True)
    query = table.peaks(4)
    assert query.mz.size > ms2_arrays.MOST_PEAKS
    index = Ms2Index.build(table)
    for near in (None, 0.1):
        for answer in _answers(index, query, 5, near):
            assert answer == _brute_force(query, table, 5, near)


def test_a_library_of_none_one_or_empty_spectra_is_searched() -> None:
    query = prepare(MassSpectrum([100.0], [1], 150.0, "ESI"), accurate=True)
    nothing = PeakTable.of([], accurate=True)
    assert all(entries == [] for entries, _ in _answers(Ms2Index.build(nothing), query, 10))
    bare = PeakTable.from_raw(np.zeros(0), np.zeros(0), np.zeros(3, np.int64), np.array([150.0, np.nan]), True)
    assert all(entries == [] for entries, _ in _answers(Ms2Index.build(bare), query, 10, 1.0))
    one = PeakTable.of([MassSpectrum([100.0], [1], 150.0, "ESI")], accurate=True)
    assert all(answer == ([0], [1.0]) for answer in _answers(Ms2Index.build(one), query, 10))


def test_stored_arrays_answer_as_before_and_threads_share_an_index() -> None:
    table = _random_table(3_000, 9)
    index = Ms2Index.from_arrays(Ms2Index.build(table, 256).arrays())
    queries = [table.peaks(r) for r in range(0, 3_000, 97)]
    expected = [_brute_force(q, table, 10) for q in queries]
    for engine in ENGINES:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda q, engine=engine: index.search(q, TOLERANCE, 10, None, engine), queries * 3))
        assert [(e.tolist(), s.tolist()) for e, s in found] == expected * 3


@given(st.lists(st.floats(2.0**-20, 0.5), min_size=1, max_size=40), st.lists(st.floats(2.0**-20, 0.5), min_size=1))
def test_the_bound_of_a_pair_is_never_below_what_it_adds(first: list[float], second: list[float]) -> None:
    a, b = np.array(first, np.float32), np.array(second, np.float32)
    assert (UPPER[codes(a)] >= a).all()
    exact = SCALE * gain(a.astype(np.float64)[:, None] + 0 * b[None, :], b.astype(np.float64)[None, :] + 0 * a[:, None])
    assert (BOUNDS[codes(a)][:, codes(b)] >= exact).all()
