"""Several libraries asked together: one exact ranking, every answer with the library it came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import LibrarySet, MassLibrary, MassSpectrum, SpectrumError
from spectra.similarity import Cosine
from tests.spectra.spectrum_builders import MDA, MDMA, library_of, nominal_spectra


def _named(name: str, spectra: list[MassSpectrum], ids: list[str] | None = None) -> MassLibrary:
    plain = library_of(spectra)
    return MassLibrary.from_arrays(
        plain.table.mz,
        plain.table.intensity,
        plain.table.offsets,
        names=list(plain.names),
        compounds=list(plain.compounds),
        ids=ids,
        info={"name": name},
    )


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(nominal_spectra(), min_size=1, max_size=6),
    second=st.lists(nominal_spectra(), min_size=1, max_size=6),
    query=nominal_spectra(),
    top=st.integers(1, 14),
    score=st.sampled_from(["composite", "weighted_cosine", "entropy"]),
)
def test_the_best_of_several_libraries_are_those_of_one_library_of_all(
    first: list[MassSpectrum], second: list[MassSpectrum], query: MassSpectrum, top: int, score: str
) -> None:
    together = LibrarySet([_named("a", first), _named("b", second)]).search(query, top, score)
    whole = library_of(first + second).search(query, top, score)
    place = {"a": 0, "b": len(first)}
    assert [(place[c.library] + c.entry, c.score, c.rank) for c in together] == [
        (c.entry, c.score, c.rank) for c in whole
    ]


def test_one_accession_in_two_libraries_stays_two_entries() -> None:
    registry = LibrarySet([_named("own", [MDMA], ["X1"]), _named("public", [MDA, MDMA], ["X0", "X1"])])
    rows = registry.search(MDMA, top=2)
    assert [(c.library, c.entry, c.entry_id) for c in rows] == [("own", 0, "X1"), ("public", 1, "X1")]
    assert [registry.entry(c).spectrum.mz.tolist() for c in rows] == [sorted(MDMA.mz)] * 2


def test_libraries_of_one_name_or_none_are_told_apart() -> None:
    registry = LibrarySet([_named("x", [MDMA]), _named("x", [MDMA]), library_of([MDMA])])
    assert registry.names == ("x", "x (2)", "library")
    assert [c.library for c in registry.search(MDMA)] == ["x", "x (2)", "library"]
    assert len(registry["x (2)"]) == 1
    with pytest.raises(KeyError, match="no library called 'y' here; there are x, x"):
        _ = registry["y"]


def test_each_library_is_reported_apart() -> None:
    registry = LibrarySet([_named("own", [MDA]), _named("public", [MDA, MDMA])])
    apart = registry.search_each(MDMA, top=1)
    assert {name: [c.name for c in rows] for name, rows in apart.items()} == {"own": ["n0"], "public": ["n1"]}
    assert {c.library for rows in apart.values() for c in rows} == {"own", "public"}
    said = registry.identify_each(MDMA)
    assert {name: one == registry[name].identify(MDMA) for name, one in said.items()} == {"own": True, "public": True}


def test_a_set_of_no_library_or_of_empty_ones_answers_nothing() -> None:
    empty = MassLibrary.from_arrays([], [], [0], names=[], compounds=[])
    assert LibrarySet([]).search(MDMA) == []
    assert LibrarySet([empty, empty]).search(MDMA) == []
    assert [c.library for c in LibrarySet([empty, _named("own", [MDMA])]).search(MDMA)] == ["own"]


def test_unit_mass_and_accurate_libraries_are_asked_by_name_of_the_score() -> None:
    registry = LibrarySet([_named("ei", [MDMA]), library_of([MDMA], accurate=True)])
    assert len(registry) == 2
    assert {c.library for c in registry.search(MDMA, score="cosine")} == {"ei", "library"}
    with pytest.raises(SpectrumError, match="ask by name"):
        registry.search(MDMA, score=Cosine())
