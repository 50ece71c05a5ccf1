"""Which libraries a sample is compared with: all of a kind together, those of general chemicals beside those of drugs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library import joined_libraries
from app.laboratory.library.domain import Holds, Libraries, Opened, Technique
from app.laboratory.sample_answers import evidence
from harm_messages import load_pack
from spectra import (
    InfraredLibrary,
    MassLibrary,
    MassSpectrum,
    SampleAnswer,
    SampleReading,
    SampleRegister,
    explain_sample,
    starter_infrared_library,
    starter_mass_library,
)
from spectra.confidence.calibration import shipped
from tests.spectra.spectrum_builders import library_of

STARTER = starter_mass_library()
COCAINE, CAFFEINE = (STARTER.spectrum(list(STARTER.names).index(name)) for name in ("Cocaine", "Caffeine"))
SEEN = MassSpectrum(COCAINE.mz, COCAINE.intensity * np.random.default_rng(3).lognormal(0, 0.1, COCAINE.mz.size))
"""Cocaine as it was measured: the look-alike of the general library fits it a little better, as one of thousands does by chance."""
MIXED = MassSpectrum(np.r_[SEEN.mz, CAFFEINE.mz], np.r_[SEEN.intensity, CAFFEINE.intensity])
LOOK_ALIKE = library_of([SEEN], names=["Double"], compounds=["double"])


class Shelf(Libraries):
    """Libraries as a test has them."""

    def __init__(self, *books: Opened) -> None:
        self.books = list(books)

    def all(self) -> list[Opened]:
        return self.books

    def own(self) -> list[Opened]:
        return []


def book(
    name: str, spectra: MassLibrary | InfraredLibrary, holds: Holds = Holds.DRUGS, *, starter: bool = False
) -> Opened:
    technique = Technique.MS if isinstance(spectra, MassLibrary) else Technique.IR
    accurate = isinstance(spectra, MassLibrary) and spectra.accurate
    return Opened(name, name, technique, accurate, starter, "", "CC0", "a test", spectra, holds=holds)


def answer(*books: Opened) -> tuple[SampleAnswer, str]:
    asked = evidence.searched_libraries(Shelf(*books))
    readings = [SampleReading("a", "gc_ms", MIXED)]
    return explain_sample(readings, [], asked.libraries, SampleRegister()), asked.said


def test_a_mixture_is_named_after_the_drug_where_its_look_alike_stands_in_a_declared_library_only() -> None:
    drugs, general = book("Drugs", STARTER), book("Any", LOOK_ALIKE, Holds.GENERAL)
    declared, said = answer(general, drugs)
    undeclared, said_before = answer(drugs, replace(general, holds=Holds.DRUGS))
    assert "Cocaine" in [part.name for part in declared.parts]
    assert "Double" in [part.name for part in undeclared.parts]
    assert "Cocaine" not in [part.name for part in undeclared.parts]
    assert said == "Mass spectra were compared with Drugs and Any as one library. Any holds chemicals of any kind."
    assert said_before == "Mass spectra were compared with Drugs and Any as one library."


def test_a_joined_library_is_made_once_and_again_where_another_declaration_or_edition_is_there() -> None:
    drugs, general = book("Drugs", STARTER), book("Any", LOOK_ALIKE, Holds.GENERAL)
    first = evidence.searched_libraries(Shelf(drugs, general)).libraries.mass
    assert evidence.searched_libraries(Shelf(drugs, general)).libraries.mass is first
    declared = evidence.searched_libraries(Shelf(drugs, replace(general, holds=Holds.DRUGS))).libraries.mass
    assert declared is not None
    assert declared.general is None
    edition = library_of([SEEN, CAFFEINE], names=["Double", "Other"], compounds=["double", "other"])
    newer = evidence.searched_libraries(Shelf(drugs, replace(general, spectra=edition))).libraries.mass
    assert newer is not None
    assert len(newer) == len(STARTER) + 2


def test_a_drug_that_a_general_library_knows_by_name_only_is_that_drug() -> None:
    index = SubstanceIndex(load_pack().substances)
    named = library_of(
        [COCAINE, CAFFEINE], names=["Cocaine HCl", "Strange"], compounds=["name:cocainehcl", "name:strange"]
    )
    shelf = Shelf(book("Drugs", STARTER), book("Any", named, Holds.GENERAL))
    asked = evidence.searched_libraries(shelf, key=index.key_of)
    assert asked.libraries.mass is not None
    assert [*asked.libraries.mass.compounds][-2:] == [
        STARTER.compounds[[*STARTER.names].index("Cocaine")],
        "name:strange",
    ]
    assert evidence.searched_libraries(shelf, key=index.key_of).libraries.mass is asked.libraries.mass
    assert evidence.searched_libraries(shelf).libraries.mass is not asked.libraries.mass
    reading = MassSpectrum(COCAINE.mz, COCAINE.intensity)
    said = asked.libraries.mass.explain(reading)
    assert [part.name for part in said.components] == ["Cocaine"]
    assert not said.general


def test_accurate_masses_and_infrared_are_put_together_too() -> None:
    exact = library_of([MassSpectrum([100.05, 182.11], [5, 9], 304.15, "ESI")], accurate=True)
    infrared = starter_infrared_library()
    curve = infrared.spectrum(0)
    more = InfraredLibrary.from_arrays(curve.wavenumber, [curve.absorbance], names=["More"], compounds=["more"])
    asked = evidence.searched_libraries(
        Shelf(book("A", exact), book("B", exact), book("C", infrared), book("D", more), book("E", STARTER))
    )
    assert asked.libraries.accurate is not None
    assert len(asked.libraries.accurate) == 2
    assert asked.libraries.infrared is not None
    assert [*asked.libraries.infrared.names] == [*infrared.names, "More"]
    assert asked.libraries.infrared.spectrum(len(infrared)).resolution == more.spectrum(0).resolution
    assert asked.libraries.mass is STARTER, "alone it is asked as it is"
    assert "Infrared spectra were compared with C and D as one library." in asked.said
    assert "Mass spectra were compared with E. " in asked.said


def test_a_starter_library_is_asked_beside_a_smaller_one_and_not_beside_a_larger_one() -> None:
    starter, few = book("starter-ei", STARTER, starter=True), book("Own", LOOK_ALIKE)
    many = book("Full", STARTER.joined(LOOK_ALIKE))
    assert "Own and starter-ei as one library" in evidence.searched_libraries(Shelf(few, starter)).said
    assert evidence.searched_libraries(Shelf(many, starter)).said == "Mass spectra were compared with Full."
    named = evidence.searched_libraries(Shelf(many, starter), ("Full", "starter-ei")).said
    assert "Full and starter-ei as one library" in named


def test_what_is_too_large_together_leaves_the_largest_and_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_libraries, "MOST_PEAKS", 100)
    asked = evidence.searched_libraries(Shelf(book("Any", LOOK_ALIKE, Holds.GENERAL), book("Drugs", STARTER)))
    assert asked.libraries.mass is STARTER
    assert asked.said == "Mass spectra were compared with Drugs, and not with Any, because together they are too large."


def test_an_own_calibration_is_used_where_its_library_is_alone_and_the_answer_says_where_it_is_not() -> None:
    own = MassLibrary(STARTER.table, STARTER.catalogue, STARTER.energy)
    own.calibration = shipped("ei")
    alone = evidence.searched_libraries(Shelf(book("Drugs", own)))
    assert alone.libraries.mass is own
    assert alone.calibration == ""
    joined = evidence.searched_libraries(Shelf(book("Drugs", own), book("Any", LOOK_ALIKE, Holds.GENERAL)))
    assert joined.libraries.mass is not None
    assert joined.libraries.mass.calibration is None
    assert joined.calibration.startswith("Own calibrations of Drugs are not used")
