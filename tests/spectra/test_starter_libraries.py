"""The libraries that come with the program: complete, sourced, and labelled as not for casework."""

from __future__ import annotations

import pytest

from spectra import STARTER_NOTICE, starter_formula_library, starter_infrared_library, starter_mass_library
from spectra.starter import substances


@pytest.mark.parametrize(
    ("build", "name", "size"),
    [
        (starter_mass_library, "starter-ei", 213),
        (starter_infrared_library, "starter-ir", 12),
        (starter_formula_library, "starter-formula", 277),
    ],
)
def test_every_starter_library_is_whole_and_warns_against_casework(build: object, name: str, size: int) -> None:
    library = build()  # type: ignore[operator]
    assert (len(library), library.info["name"], library.info["notice"]) == (size, name, STARTER_NOTICE)
    assert "import a full library for casework" in STARTER_NOTICE
    assert library.info["technique"]


def test_every_entry_names_the_source_of_its_figures_and_its_register_id() -> None:
    ids = {row["id"] for row in substances()}
    for library in (starter_mass_library(), starter_infrared_library()):
        for k in range(len(library)):
            entry = library.entry(k)
            assert entry.provenance.source
            assert entry.meta["substance_id"] in ids
            assert len(entry.compound) == 14
