"""MassLibrary: exact top-k with ties, identity search, refusal of bad arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import LibraryEntry, MassLibrary, MassSpectrum, Provenance, SpectrumError
from spectra.acceleration import numba_present
from spectra.index import candidates as rows
from spectra.similarity import SCORES, score_named
from tests.spectra.spectrum_builders import MDA, MDMA, accurate_spectra, library_of, nominal_spectra
from tests.support.budget import size


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=size(20, 40), deadline=None)
@given(data=st.data(), references=st.lists(nominal_spectra(), min_size=1, max_size=8), top=st.integers(1, 10))
def test_search_finds_the_same_top_as_brute_force_with_duplicates(
    name: str, data: st.DataObject, references: list[MassSpectrum], top: int
) -> None:
    references = references + references[:3]
    query = data.draw(nominal_spectra())
    library = library_of(references)
    stored = [library.spectrum(e) for e in range(len(library))]
    found = library.search(query, top=top, score=name)
    _check_against_brute_force(found, [score_named(name).pair(query, s) for s in stored], top)


@pytest.mark.parametrize("name", ["entropy", "cosine", "modified_cosine"])
@settings(max_examples=size(20, 40), deadline=None)
@given(data=st.data(), references=st.lists(accurate_spectra(), min_size=1, max_size=8), top=st.integers(1, 10))
def test_accurate_search_finds_the_same_top_as_brute_force(
    name: str, data: st.DataObject, references: list[MassSpectrum], top: int
) -> None:
    references = references + references[:3]
    query = data.draw(accurate_spectra())
    found = library_of(references, accurate=True).search(query, top=top, score=name, tolerance=0.01)
    _check_against_brute_force(found, [score_named(name, 0.01).pair(query, r) for r in references], top)


def _check_against_brute_force(found: list, expected: list[float], top: int) -> None:
    scale = max(1.0, *expected)
    order = [(c.score, -c.entry) for c in found]
    assert order == sorted(order, reverse=True)
    assert len({c.entry for c in found}) == len(found)
    for candidate in found:
        assert candidate.score == pytest.approx(expected[candidate.entry], abs=1e-5 * scale)
    left = [e for i, e in enumerate(expected) if i not in {c.entry for c in found}]
    floor = min((c.score for c in found), default=0.0) if len(found) == top else 0.0
    assert all(e <= floor + 1e-5 * scale for e in left)


@settings(max_examples=30, deadline=None)
@given(spectrum=nominal_spectra(), factor=st.sampled_from([1e-6, 0.5, 3.0, 1e6]))
def test_peak_order_and_intensity_unit_do_not_matter(spectrum: MassSpectrum, factor: float) -> None:
    library = library_of([MDMA, MDA, spectrum])
    other = MassSpectrum(spectrum.mz[::-1], spectrum.intensity[::-1] * factor)
    np.testing.assert_allclose(library.scores(other), library.scores(spectrum), rtol=1e-6)


def test_every_field_of_a_candidate_is_filled() -> None:
    library = library_of([MDMA, MDA], names=["MDMA", "MDA"], compounds=["SHXWCVYOXRDMCX", "NGBBVGZWCFBOGO"])
    mixed = MassSpectrum([*MDMA.mz, 300.0], [*MDMA.intensity, 500.0])
    hit = library.search(mixed)[0]
    assert (hit.name, hit.compound, hit.entry, hit.entry_id, hit.rank) == ("MDMA", "SHXWCVYOXRDMCX", 0, "0", 1)
    assert hit.score_name == "composite"
    assert hit.reverse_score == pytest.approx(1000, rel=1e-4)
    assert hit.matched_peaks == 9
    assert hit.explained_fraction == pytest.approx(MDMA.intensity.sum() / (MDMA.intensity.sum() + 500))


def test_identity_search_without_a_precursor_is_refused() -> None:
    with pytest.raises(SpectrumError, match="needs the precursor"):
        library_of([MDMA]).search(MDMA, precursor_tolerance=1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"offsets": [0, 1, 9]}, "offsets"),
        ({"intensity": [1.0, np.nan, 1.0, 1.0]}, "finite"),
        ({"mz": [-1.0, 2.0, 3.0, 4.0]}, "above zero"),
        ({"intensity": [1.0]}, "one length"),
        ({"energy": [0]}, "one value per entry"),
    ],
)
def test_arrays_that_cannot_be_a_library_are_refused(change: dict, words: str) -> None:
    arrays = {"mz": [1.0, 2.0, 3.0, 4.0], "intensity": [1.0] * 4, "offsets": [0, 2, 4]} | change
    with pytest.raises(SpectrumError, match=words):
        MassLibrary.from_arrays(**arrays, names=["a", "b"], compounds=["a", "b"])


def test_a_library_of_entries_gives_its_entries_back() -> None:
    terms = Provenance("in-house", "own", "batch 7")
    entry = LibraryEntry("x1", "MDMA", "SHXW", "EI-MS", MDMA, terms, "C11H15NO2", "HCl", {"substance_id": "mdma"})
    library = MassLibrary.build([entry], name="own")
    back = library.entry(0)
    assert (back.id, back.substance, back.compound, back.formula, back.form) == (
        "x1",
        "MDMA",
        "SHXW",
        "C11H15NO2",
        "HCl",
    )
    assert back.provenance == terms
    assert back.meta == {"substance_id": "mdma"}
    assert back.technique == "EI-MS"
    assert library.search(MDMA)[0].library == "own"


def test_an_empty_list_of_entries_is_refused() -> None:
    with pytest.raises(SpectrumError, match="at least one entry"):
        MassLibrary.build([])


def test_look_alikes_are_other_compounds_with_nearly_the_same_spectrum() -> None:
    twin = MassSpectrum(MDMA.mz, MDMA.intensity * (1 + 0.01 * np.arange(MDMA.mz.size)))
    library = library_of([MDMA, twin, MDA, MDMA], compounds=["mdma", "isomer", "mda", "mdma"])
    assert library.look_alikes(0) == ("isomer",)
    assert library.alike([0, 1, 2]).tolist() == [[True, True, False], [True, True, False], [False, False, True]]


@settings(max_examples=30, deadline=None)
@given(
    references=st.lists(nominal_spectra(), min_size=1, max_size=8),
    queries=st.lists(nominal_spectra(), max_size=5),
    name=st.sampled_from(["weighted_cosine", "cosine", "composite"]),
    top=st.integers(1, 10),
)
def test_a_run_of_queries_is_answered_as_one_by_one_to_the_last_bit(
    references: list[MassSpectrum], queries: list[MassSpectrum], name: str, top: int
) -> None:
    library = library_of(references + references[:2])
    queries = [*queries, MassSpectrum([55.0, 70000.0], [1.0, 2.0])]
    assert library.search_many(queries, top, name) == [library.search(q, top, name) for q in queries]


def _scans(n: int, seed: int) -> list[MassSpectrum]:
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        mz = np.sort(rng.choice(np.arange(40, 90), rng.integers(1, 12), replace=False))
        out.append(MassSpectrum(mz, rng.integers(1, 40, mz.size) ** 2.0))
    return out


@pytest.mark.parametrize("accelerator", ["numpy", "numba"] if numba_present() else ["numpy"])
@pytest.mark.parametrize("name", ["weighted_cosine", "cosine"])
def test_a_long_run_is_answered_as_one_by_one_whatever_computes_it(
    accelerator: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_TOGETHER", 7)
    library, scans = library_of(_scans(40, 1)), _scans(60, 2)
    scans.append(MassSpectrum([200.0, 90_000.0], [1.0, 2.0]))
    library.accelerator = accelerator
    assert library.search_many(scans, 5, name) == [library.search(scan, 5, name) for scan in scans]


def test_a_run_against_a_library_with_added_entries_is_answered_as_one_built_anew() -> None:
    spectra, scans = _scans(30, 3), _scans(40, 4)
    terms = Provenance("own", "own")
    entries = [LibraryEntry(f"x{k}", f"n{k}", f"c{k}", "EI-MS", s, terms) for k, s in enumerate(spectra)]
    first = MassLibrary.build(entries[:25])
    first.search(scans[0], score="weighted_cosine")
    grown, anew = first.add(entries[25:]), MassLibrary.build(entries)
    assert len(grown.engine.edges) == 3
    for top in (3, 40):
        assert grown.search_many(scans, top, "weighted_cosine") == anew.search_many(scans, top, "weighted_cosine")


@settings(max_examples=30, deadline=None)
@given(nominal_spectra())
def test_a_spectrum_explained_altogether_is_explained_to_exactly_one(spectrum: MassSpectrum) -> None:
    library = library_of([spectrum])
    for found in (library.search(spectrum), *library.search_many([spectrum], score="weighted_cosine")):
        assert [c.explained_fraction for c in found] == [1.0]
