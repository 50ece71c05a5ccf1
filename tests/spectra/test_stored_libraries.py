"""Libraries on disk: what was saved comes back, and damage is refused with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spectra import LibraryFileError, MassLibrary
from spectra.index import store
from spectra.starter import starter_infrared_library
from tests.spectra.spectrum_builders import MDA, MDMA, library_of


def test_saving_again_replaces_the_library_and_leaves_no_scraps(tmp_path: Path) -> None:
    library_of([MDMA]).save(tmp_path / "lib")
    library_of([MDMA, MDA]).save(tmp_path / "lib")
    assert len(MassLibrary.open(tmp_path / "lib")) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["lib"]


def test_saving_never_overwrites_a_folder_that_is_not_a_library(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "thesis.txt").write_text("mine")
    with pytest.raises(LibraryFileError, match="not a stored library; nothing was overwritten"):
        library_of([MDMA]).save(tmp_path / "lib")
    assert (tmp_path / "lib" / "thesis.txt").read_text() == "mine"


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(bytes(data))


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _later_version(path: Path) -> None:
    header = json.loads(path.read_text())
    header["version"] += 1
    body = {key: header[key] for key in ("format", "version", "arrays", "info")}
    header["checksum"] = store._digest(store._canonical(body))
    path.write_text(json.dumps(header))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: _flip(p / "ei_code.npy", -2), "checksum does not fit"),
        (lambda p: _flip(p / "ei_mz.npy", -1), "checksum does not fit"),
        (lambda p: _flip(p / "names_text.npy", -1), "checksum does not fit"),
        (lambda p: _shorten(p / "ei_offsets.npy"), "damaged"),
        (lambda p: (p / "ei_offsets.npy").write_bytes(b""), "damaged"),
        (lambda p: (p / "ei_offsets.npy").unlink(), "missing or damaged"),
        (lambda p: _shorten(p / "header.json"), "not a complete header"),
        (lambda p: _flip(p / "header.json", 60), "damaged|cannot be read"),
        (lambda p: (p / "header.json").unlink(), "not a stored library"),
        (lambda p: (p / "header.json").write_text("[]"), "not a complete header"),
        (lambda p: _later_version(p / "header.json"), "format version 3"),
    ],
)
def test_damage_is_refused_with_a_sentence(tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    library_of([MDMA, MDA]).save(tmp_path / "lib")
    damage(tmp_path / "lib")
    with pytest.raises(LibraryFileError, match=words):
        MassLibrary.open(tmp_path / "lib")


def test_an_infrared_library_is_not_a_mass_library(tmp_path: Path) -> None:
    starter_infrared_library().save(tmp_path / "lib")
    with pytest.raises(LibraryFileError, match="'mast-infrared-library', but 'mast-mass-library'"):
        MassLibrary.open(tmp_path / "lib")


def test_a_pickled_object_is_never_loaded(tmp_path: Path) -> None:
    library_of([MDMA]).save(tmp_path / "lib")
    np.save(tmp_path / "lib" / "ei_mz.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(LibraryFileError):
        MassLibrary.open(tmp_path / "lib")
