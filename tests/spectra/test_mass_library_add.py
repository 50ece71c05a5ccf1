"""Enrolling in-house standards: the answers of a library built anew, in milliseconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import LibraryEntry, MassLibrary, MassSpectrum, Provenance, SpectrumError
from spectra.index import mass_search
from spectra.similarity import SCORES
from tests.spectra.spectrum_builders import MDA, MDMA, accurate_spectra, nominal_spectra

TERMS = Provenance("in-house", "own")


def _entries(spectra: list[MassSpectrum], first: int = 0) -> list[LibraryEntry]:
    return [
        LibraryEntry(f"s{k}", f"Substance {k}", f"C{k % 3}", "MS", s, TERMS, meta={"energy": k % 2})
        for k, s in enumerate(spectra, start=first)
    ]


@pytest.mark.parametrize("accurate", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data(), order=st.sampled_from(["search first", "add first"]))
def test_a_library_with_added_entries_answers_as_one_built_anew(
    accurate: bool, data: st.DataObject, order: str
) -> None:
    kind = accurate_spectra() if accurate else nominal_spectra()
    old = data.draw(st.lists(kind, min_size=4, max_size=10))
    new = data.draw(st.lists(kind, min_size=1, max_size=3)) + old[:1]
    query = data.draw(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mass_search, "INDEX_FROM", 1)
        patch.setattr(mass_search, "REBUILD_SHARE", 1)
        library = MassLibrary.build(_entries(old), accurate=accurate)
        if order == "search first":
            library.search(query, score="entropy" if accurate else "weighted_cosine")
        grown = library
        for k, spectrum in enumerate(new):
            grown = grown.add(_entries([spectrum], len(old) + k))
        whole = MassLibrary.build(_entries(old + new), accurate=accurate)
        for score in SCORES:
            for top in (1, 4, 50):
                assert grown.search(query, top, score) == whole.search(query, top, score)
        near = {"score": "entropy", "precursor_tolerance": 0.004}
        assert grown.search(query, **near) == whole.search(query, **near)
    assert len(library) == len(old)
    assert grown.energy.tolist() == whole.energy.tolist()
    assert [grown.ids[e] for e in range(len(grown))] == [whole.ids[e] for e in range(len(whole))]


def test_a_failed_save_leaves_the_stored_library_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MassLibrary.build(_entries([MDMA])).save(tmp_path / "lib")
    grown = MassLibrary.open(tmp_path / "lib").add(_entries([MDA], 1))

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(OSError, match="no space"):
            grown.save(tmp_path / "lib")
    assert len(MassLibrary.open(tmp_path / "lib")) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["lib"]


def test_adding_nothing_or_no_spectrum_is_refused() -> None:
    library = MassLibrary.build(_entries([MDMA]))
    with pytest.raises(SpectrumError, match="at least one entry"):
        library.add([])
