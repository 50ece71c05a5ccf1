"""The libraries that come with the program: complete, sourced, and labelled as not for casework."""

from __future__ import annotations

import pytest

from spectra import STARTER_NOTICE, starter_formula_library, starter_infrared_library, starter_mass_library
from spectra.starter import substances


def test_the_starter_libraries_hold_what_their_figures_hold() -> None:
    assert (len(starter_mass_library()), len(starter_infrared_library()), len(starter_formula_library())) == (
        213,
        12,
        277,
    )


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (starter_mass_library, "starter-ei"),
        (starter_infrared_library, "starter-ir"),
        (starter_formula_library, "starter-formula"),
    ],
)
def test_every_starter_library_warns_against_casework(build: object, name: str) -> None:
    info = build().info  # type: ignore[operator]
    assert info["name"] == name
    assert info["notice"] == STARTER_NOTICE
    assert "import a full library for casework" in STARTER_NOTICE
    assert info["technique"]


def test_every_entry_names_the_source_of_its_figures_and_its_register_id() -> None:
    ids = {row["id"] for row in substances()}
    for library in (starter_mass_library(), starter_infrared_library()):
        for k in range(len(library)):
            entry = library.entry(k)
            assert entry.provenance.source
            assert entry.meta["substance_id"] in ids
            assert len(entry.compound) == 14
