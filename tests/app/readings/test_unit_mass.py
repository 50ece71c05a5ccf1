"""A unit-mass reading against the shelf: the whole set of its identification is named, however few rows are asked for."""

from __future__ import annotations

from app.laboratory.library.domain import Technique
from app.laboratory.library.shelf import Opened
from app.laboratory.readings.domain import Method
from app.laboratory.readings.matching import match_unit_mass
from app.laboratory.readings.methods import method_info
from app.laboratory.readings.ranking import Names
from spectra import MassLibrary, MassSpectrum
from tests.spectra.spectrum_builders import MDA, MDMA, library_of


def shelf_of(library: MassLibrary) -> list[Opened]:
    return [Opened("a", "Library A", Technique.MS, False, False, "", "", "", library)]


def test_members_of_the_set_below_the_rows_asked_for_are_still_in_the_answer() -> None:
    near = MassSpectrum(MDMA.mz, MDMA.intensity * 1.01)
    library = library_of([MDMA, near, MDA], names=["MDMA", "Isomer", "MDA"], compounds=["AAA", "BBB", "CCC"])
    said = library.identify(MDMA)
    assert set(said.set) == {"AAA", "BBB"}
    for top in (1, 10):
        matched = match_unit_mass(MDMA, shelf_of(library), method_info(Method.GC_MS), Names(top, mixtures=False))
        assert set(matched.answer["set"]) == {"AAA", "BBB"}
        assert {"MDMA", "Isomer"} <= set(matched.answer["headline"].strip(".").replace(",", "").split())
        assert len(matched.candidates) <= top
