"""A unit-mass reading against the registry: the whole set of its identification is named, however few rows are asked for."""

from __future__ import annotations

from app.laboratory.identification.domain import Method, method_info
from app.laboratory.identification.matching import match_unit_mass
from app.laboratory.identification.ranking import SearchConditions
from app.laboratory.library.domain import Opened, Technique
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
        conditions = SearchConditions(top, mixtures=False)
        answer = match_unit_mass(MDMA, shelf_of(library), method_info(Method.GC_MS), conditions)
        assert set(answer.set) == {"AAA", "BBB"}
        assert {"MDMA", "Isomer"} <= set(answer.headline.strip(".").replace(",", "").split())
        assert len(answer.candidates) <= top
