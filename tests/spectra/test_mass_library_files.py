"""Stored mass libraries of version 2: same bits as in memory, earlier formats refused, damage named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spectra import LibraryFileError, MassLibrary, MassSpectrum
from spectra.index import mass_files, mass_search, store
from spectra.index.store import save_arrays
from spectra.similarity import SCORES
from tests.spectra.spectrum_builders import MDA, MDMA, library_of


def _unit_mass(n: int, seed: int = 0) -> MassLibrary:
    rng = np.random.default_rng(seed)
    spectra = []
    for _ in range(n):
        size = int(rng.integers(1, 30))
        mz = rng.choice(np.arange(40, 300), size, replace=False)
        spectra.append(MassSpectrum(mz, rng.lognormal(0, 2, size), precursor_mz=float(mz.max())))
    return library_of(spectra)


def _accurate(n: int, seed: int = 0) -> MassLibrary:
    rng = np.random.default_rng(seed)
    spectra = []
    for _ in range(n):
        size = int(rng.integers(1, 20))
        mz = np.round(rng.choice(120, size, replace=False) + 50 + rng.normal(0, 0.003, size), 6)
        spectra.append(MassSpectrum(mz, rng.lognormal(0, 1, size), 180.0 + rng.normal(0, 0.003), "ESI"))
    return library_of(spectra, accurate=True)


@pytest.mark.parametrize("make", [_unit_mass, _accurate])
@pytest.mark.parametrize("accelerator", ["numpy", "auto"])
def test_a_stored_library_answers_every_score_as_in_memory_to_the_bit(
    tmp_path: Path, make: Callable[[int], MassLibrary], accelerator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass_search, "INDEX_FROM", 100)
    library = make(200)
    library.save(tmp_path / "lib")
    stored = MassLibrary.open(tmp_path / "lib")
    library.accelerator = stored.accelerator = accelerator
    for row in (0, 50, 199):
        query = library.spectrum(row)
        for score in SCORES:
            assert stored.search(query, score=score) == library.search(query, score=score)
        near = stored.search(query, score="entropy", precursor_tolerance=0.002)
        assert near == library.search(query, score="entropy", precursor_tolerance=0.002)
        assert near[0].entry == row


def test_saving_what_was_opened_changes_no_bit(tmp_path: Path) -> None:
    for make in (_unit_mass, _accurate):
        library = make(50)
        library.save(tmp_path / "a")
        MassLibrary.open(tmp_path / "a").save(tmp_path / "b")
        for file in (tmp_path / "a").glob("*.npy"):
            assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_library_of_the_first_format_is_refused_with_a_sentence(tmp_path: Path) -> None:
    save_arrays(tmp_path / "old", mass_files.FORMAT, 1, {"mz": np.ones(1)}, {"accurate": False, "library": {}})
    with pytest.raises(LibraryFileError, match=r"format version 1, this program reads version 2\. Import the library"):
        MassLibrary.open(tmp_path / "old")


def _drop(path: Path, name: str) -> None:
    """A folder with a correct header that lacks one array."""
    header = json.loads((path / "header.json").read_text())
    del header["arrays"][name]
    body = {key: header[key] for key in ("format", "version", "arrays", "info")}
    header["checksum"] = store._digest(store._canonical(body))
    (path / "header.json").write_text(json.dumps(header))


@pytest.mark.parametrize("name", ["names_text", "precursor", "energy", "ei_code", "ei_heights", "ei_layout"])
def test_a_library_that_lacks_a_part_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    library_of([MDMA, MDA]).save(tmp_path / "lib")
    _drop(tmp_path / "lib", name)
    with pytest.raises(LibraryFileError, match=r"lacks .*[Ii]mport .*again"):
        MassLibrary.open(tmp_path / "lib")


def test_parts_of_two_libraries_are_refused(tmp_path: Path) -> None:
    a, b = library_of([MDMA, MDA]), library_of([MDMA, MDA, MDMA])
    arrays = {"precursor": b.table.precursor, "energy": b.energy, **b.catalogue.arrays(), **a.engine.arrays()}
    save_arrays(tmp_path / "lib", mass_files.FORMAT, 2, arrays, {"accurate": False, "library": {}})
    with pytest.raises(LibraryFileError, match="differ in size"):
        MassLibrary.open(tmp_path / "lib")
