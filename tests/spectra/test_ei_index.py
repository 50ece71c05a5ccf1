"""The search index of unit-mass spectra: every answer is the one that scoring every spectrum gives, to the bit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import SpectrumError
from spectra.acceleration import Helper, Patience, numba_present
from spectra.index import ei_index, ei_reach, ei_scatter, ei_search
from spectra.index.ei_codes import RELATIVE_ERROR, quantised
from spectra.index.ei_index import EiIndex
from spectra.index.ei_reach import LEVEL_OF_REST, least_sums
from spectra.index.ei_tables import Forward
from spectra.index.topk import best
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks
from spectra.similarity import WeightedCosine
from tests.support.budget import size

ACCELERATORS = ["numpy", *(["numba"] if numba_present() else [])]
EXPONENTS = [(1.0, 0.5), (3.0, 0.6), (1.3, 0.53), (0.0, 1.0)]
Found = tuple[np.ndarray, np.ndarray]


def table_of(rows: list[dict[int, float]]) -> PeakTable:
    """Prepared spectra as a stored library gives them back."""
    mz = np.array([m for row in rows for m in sorted(row)], dtype=np.uint16)
    intensity = np.array([row[m] for row in rows for m in sorted(row)], dtype=np.float32)
    offsets = np.r_[0, np.cumsum([len(row) for row in rows])].astype(np.int64)
    return PeakTable(mz, quantised(intensity, offsets), offsets, np.full(len(rows), np.nan), False)


def random_rows(seed: int, n: int, masses: int, most: int) -> list[dict[int, float]]:
    """Spectra with few different intensities, exact duplicates and some empty rows."""
    random = np.random.default_rng(seed)
    rows: list[dict[int, float]] = []
    for _ in range(n):
        kind = random.random()
        if rows and kind < 0.3:
            rows.append(dict(rows[random.integers(len(rows))]))
        elif kind < 0.35:
            rows.append({})
        else:
            count = int(random.integers(1, min(most, masses) + 1))
            heights = random.integers(1, 6, count) ** float(random.choice([1.0, 4.0]))
            rows.append(dict(zip((30 + random.choice(masses, count, replace=False)).tolist(), heights, strict=True)))
    return rows


def query_like(seed: int, rows: list[dict[int, float]], masses: int) -> tuple[np.ndarray, np.ndarray]:
    """A library spectrum, two of them mixed and distorted, or a strange one with masses the library lacks."""
    random = np.random.default_rng(seed)
    filled = [row for row in rows if row]
    query: dict[int, float] = {}
    for _ in range(int(random.integers(0, 3))):
        if filled:
            for m, height in filled[random.integers(len(filled))].items():
                query[m] = query.get(m, 0.0) + height * float(random.choice([1.0, 1.0, 0.5, 2.0]))
    if random.random() < 0.4 or not query:
        query[int(random.integers(20, 60 + masses))] = 3.0
        query[65000] = 1.0
    if random.random() < 0.3:
        query.pop(max(query, key=lambda m: query[m]))
    mz = np.array(sorted(query), dtype=np.int64)
    return mz, np.array([query[int(m)] for m in mz], dtype=np.float64)


def every_score(table: PeakTable, query: tuple[np.ndarray, np.ndarray], a: float, b: float, top: int) -> Found:
    if query[0].size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    scores = WeightedCosine(a, b).row(Peaks(query[0].astype(float), query[1]), table).astype(np.float32)
    chosen = best(scores, top)
    return chosen, scores[chosen]


def assert_same(found: Found, wanted: Found) -> None:
    assert found[0].tolist() == wanted[0].tolist()
    assert found[1].tobytes() == wanted[1].tobytes()


@contextmanager
def pruning_everywhere(shares: tuple[float, ...]) -> Iterator[None]:
    """Small libraries take the same way as a million spectra: stages, two threads, no scoring of everything."""
    with (
        mock.patch.object(ei_index, "_DENSE_SHARE", 0),
        mock.patch.object(ei_search, "STAGES", ((0, shares),)),
        mock.patch.object(ei_search, "_TWO_WORKERS_FROM", 0),
        mock.patch.object(ei_search, "_SEEDS", 1),
        mock.patch.object(ei_search, "_BATCH", 4),
    ):
        if not numba_present():
            yield
            return
        from spectra.index import ei_workers

        with mock.patch.object(ei_workers, "_TWO_WORKERS_FROM", 0):
            yield


@settings(max_examples=size(20, 80), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.sampled_from([1, 2, 63, 64, 65, 200, 500]),
    shape=st.sampled_from([(6, 3), (12, 12), (60, 20), (300, 120)]),
    block=st.sampled_from([64, 128, 512]),
    exponents=st.sampled_from(EXPONENTS),
    shares=st.sampled_from([(), (0.03,), (0.3, 0.1)]),
    top=st.sampled_from([1, 2, 10, 60, 1000]),
)
def test_the_index_answers_as_scoring_every_spectrum_does(
    seed: int, n: int, shape: tuple[int, int], block: int, exponents: tuple[float, float], shares: tuple[float, ...],
    top: int,
) -> None:  # fmt: skip
    rows = random_rows(seed, n, *shape)
    table = table_of(rows)
    for accelerator in ACCELERATORS:
        index = EiIndex.build(table, *exponents, accelerator=accelerator, block=block)
        for k in range(3):
            query = query_like(seed + k, rows, shape[0])
            wanted = every_score(table, query, *exponents, top)
            assert_same(index.search(*query, top), wanted)
            with pruning_everywhere(shares):
                assert_same(index.search(*query, top), wanted)


@settings(max_examples=size(60, 300), deadline=None)
@given(seed=st.integers(0, 2**32), beyond=st.booleans())
def test_no_spectrum_scores_more_than_its_partial_sum_allows(seed: int, beyond: bool) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 9))
    query = random.random(n + beyond) ** float(random.choice([1.0, 4.0]))
    query = (query / np.linalg.norm(query))[:n]
    # The worst case lies near the query, with what is left out where the query is strong.
    other = np.r_[query * random.lognormal(0, float(random.choice([0.05, 0.3, 1.0])), n), random.random() * 0.3]
    other /= np.linalg.norm(other)
    left_out, energy = np.zeros(n + 1, dtype=bool), 0.0
    for k in random.permutation(n + 1):
        if energy + other[k] ** 2 <= 0.1:
            left_out[k], energy = True, energy + other[k] ** 2
    summed = random.random(n) < 0.6
    partial = float((query * other[:n])[summed & ~left_out[:n]].sum())
    rest = int(np.ceil(255 * np.sqrt(energy)))
    inside, dropped = float((query[summed] ** 2).sum()), float((query[~summed] ** 2).sum())
    score, level = float(query @ other[:n]), LEVEL_OF_REST[rest]
    needed = least_sums(score, inside, dropped)
    assert partial >= needed[level]
    assert (np.diff(needed) <= 0).all()
    if numba_present():
        from spectra.index import ei_numba

        limits = np.empty((ei_reach.LEVELS, ei_reach.CELLS), dtype=np.uint32)
        ei_numba._limits(score, inside, dropped, 1 / 16383, limits)
        met = int(np.floor(16383 * (query[summed & ~left_out[:n]] ** 2).sum()))
        assert np.ceil(partial * 2**17) >= limits[level, met * ei_reach.CELLS // 16384]


def test_the_sums_are_the_same_without_the_compiled_product_of_scipy() -> None:
    rows = random_rows(17, 400, 80, 30)
    index, other = (EiIndex.build(table_of(rows), accelerator="numpy", block=128) for _ in range(2))
    for k in range(10):
        query = query_like(k, rows, 80)
        with pruning_everywhere((0.3, 0.1)):
            found = index.search(*query, 5)
            with mock.patch.object(ei_scatter, "csc_matvec", None):
                assert_same(other.search(*query, 5), found)
    assert (index._sums[0].by_chunk == other._sums[0].by_chunk).all()


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    arrays = EiIndex.build(table_of(random_rows(1, 100, 50, 10))).arrays()
    with pytest.raises(SpectrumError, match="lacks ids"):
        EiIndex.from_arrays({name: array for name, array in arrays.items() if name != "ids"})
    fewer = Forward(arrays["mz"], arrays["code"], arrays["offsets"][:50])
    with pytest.raises(SpectrumError, match="other spectra"):
        EiIndex.from_arrays(arrays, fewer)


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_masses_up_to_65535_and_queries_of_thousands_of_peaks_are_searched(accelerator: str) -> None:
    random = np.random.default_rng(2)
    wide = {int(m): float(h) for m, h in zip(range(1, 9001), random.random(9000) + 0.1, strict=True)}
    rows = [wide, {65535: 9.0, 40: 1.0}, {65534: 2.0}, {**wide, 65535: 50.0}]
    table = table_of(rows)
    index = EiIndex.build(table, accelerator=accelerator)
    for row in (wide, rows[1]):
        query = np.array(sorted(row)), np.array([row[m] for m in sorted(row)])
        with pruning_everywhere((0.03,)):
            assert_same(index.search(*query, 3), every_score(table, query, 1.0, 0.5, 3))


def test_scores_stay_within_the_stated_error_of_the_unrounded_cosine() -> None:
    rows = random_rows(11, 200, 200, 80)
    exact = table_of(rows)
    unrounded = PeakTable(
        exact.mz, np.array([r[m] for r in rows for m in sorted(r)], np.float32), exact.offsets, exact.precursor, False
    )
    for a, b in EXPONENTS:
        index = EiIndex.build(unrounded, a, b)
        for k in range(10):
            query = query_like(k, rows, 200)
            truth = WeightedCosine(a, b).row(Peaks(query[0].astype(float), query[1]), unrounded)
            entries, scores = index.search(*query, 50)
            assert np.abs(scores - truth[entries]).max(initial=0.0) <= 2 * b * RELATIVE_ERROR + 1e-7


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_threads_that_search_at_the_same_time_get_their_own_answers(accelerator: str) -> None:
    rows = random_rows(9, 3000, 120, 40)
    index = EiIndex.build(table_of(rows), accelerator=accelerator, block=256)
    queries = [query_like(k, rows, 120) for k in range(40)]
    wanted = [index.search(*query, 10) for query in queries]
    wrong: list[int] = []

    def search_all(order: list[int]) -> None:
        for k in order:
            found = index.search(*queries[k], 10)
            if found[0].tolist() != wanted[k][0].tolist() or (found[1] != wanted[k][1]).any():
                wrong.append(k)

    with pruning_everywhere((0.1,)):
        threads = [threading.Thread(target=search_all, args=(list(range(s, 40)) * 3,)) for s in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.sampled_from([1, 15, 400]), top=st.sampled_from([1, 10, 50]))
def test_a_whole_run_gives_the_answers_of_single_searches(seed: int, n: int, top: int) -> None:
    rows = random_rows(seed, n, 60, 20)
    queries = [query_like(seed + k, rows, 60) for k in range(40)]
    queries[7] = np.zeros(0, dtype=np.int64), np.zeros(0)
    index = EiIndex.build(table_of(rows), accelerator="numpy")
    offsets = np.r_[0, np.cumsum([q[0].size for q in queries])]
    flat = np.concatenate([q[0] for q in queries]), np.concatenate([q[1] for q in queries])
    with mock.patch("spectra.index.ei_run._ROWS", 128), mock.patch("spectra.index.ei_run._QUERIES", 16):
        entries, scores = index.search_run(*flat, offsets, top)
        for accelerator in ACCELERATORS:
            assert_same(index.search_run(*flat, offsets, top, accelerator), (entries, scores))
    for k, query in enumerate(queries):
        wanted = index.search(*query, top)
        found = int((entries[k] >= 0).sum())
        assert_same((entries[k, :found], scores[k, :found]), wanted)
        assert (scores[k, found:] == 0).all()


def test_what_cannot_be_searched_is_refused_with_a_reason() -> None:
    index = EiIndex.build(table_of([{58: 9.0}]))
    with pytest.raises(ValueError, match="at least 1"):
        index.search(np.array([58]), np.array([1.0]), 0)
    with pytest.raises(ValueError, match="rise without repeats"):
        index.search(np.array([91, 58]), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="multiple of 64"):
        EiIndex.build(index.forward, block=100)
    with pytest.raises(ValueError, match="above 0"):
        EiIndex.build(index.forward, 1.0, 0.0)
    with pytest.raises(ValueError, match="no accelerator called"):
        index.search(np.array([58]), np.array([1.0]), accelerator="gpu")


def test_numba_is_loaded_only_when_numpy_has_cost_as_much() -> None:
    patience = Patience()
    with mock.patch("spectra.acceleration.numba_present", return_value=True), mock.patch.dict("sys.modules"):
        import sys

        sys.modules.pop("numba", None)
        assert not patience.wants_numba()
        patience.spent_s = 10.0
        assert patience.wants_numba()
    with mock.patch("spectra.acceleration.numba_present", return_value=False):
        assert not patience.wants_numba()
        with pytest.raises(ValueError, match="not installed"):
            patience.wants_numba("numba")


def test_the_helping_thread_passes_on_what_goes_wrong_in_it() -> None:
    def fails() -> int:
        raise ArithmeticError("in the thread")

    helper = Helper()
    with pytest.raises(ArithmeticError, match="in the thread"):
        helper.both(fails, lambda: 1)
    assert helper.both(lambda: 1, lambda: helper.both(lambda: 2, lambda: 3)) == (1, (2, 3))
