"""Infrared identification of one reading: set, level and reasons; both kinds of library answer the same verbs."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import IdentificationLevel, InfraredLibrary, InfraredSpectrum, SpectrumError
from tests.spectra.infrared.mixed_curves import AXIS, COUNT, curves, library, reading


@pytest.fixture(scope="module")
def held() -> InfraredLibrary:
    """All twelve curves."""
    return library()


def test_a_pure_reading_is_consistent_with_its_compound(held: InfraredLibrary) -> None:
    said = held.identify(reading({4: 1.0}))
    assert said.level is IdentificationLevel.CONSISTENT_WITH
    assert said.set == ("S4",)
    assert said.compounds[0][0] == "S4"
    assert said.compounds[0][1] > 0.95
    assert sum(p for _, p in said.compounds) == pytest.approx(1.0, abs=0.01)
    assert [p for _, p in said.compounds] == sorted((p for _, p in said.compounds), reverse=True)
    assert (said.score_name, said.calibrated, said.calibration, said.p_not_in_library) == ("aligned", False, "", None)
    assert said.reasons[0].startswith("Best match: S4, aligned score 1.00")
    assert any("not calibrated" in reason for reason in said.reasons)
    assert not any("perhaps a mixture" in reason for reason in said.reasons)


def test_what_is_not_in_the_library_is_not_named() -> None:
    said = library(without=(4,)).identify(reading({4: 1.0}))
    assert said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT
    assert (said.set, said.not_distinguished) == ((), ())
    assert any("not evidence that nothing is there" in reason for reason in said.reasons)


def test_twins_stand_in_the_set_and_are_said() -> None:
    rows = np.concatenate([curves(), curves()[4:5]])
    names = [*(f"S{k}" for k in range(COUNT)), "Twin"]
    twinned = InfraredLibrary.from_arrays(AXIS, rows, names=names, compounds=names, info={"notice": "for tests"})
    said = twinned.identify(reading({4: 1.0}))
    assert set(said.set) == {"S4", "Twin"}
    assert set(said.not_distinguished) | {said.compounds[0][0]} == {"S4", "Twin"}
    assert said.compounds[0][1] == pytest.approx(said.compounds[1][1], rel=0.2)
    assert any("does not tell" in reason for reason in said.reasons)
    assert "Library notice: for tests." in said.reasons


def test_too_many_twins_are_a_class() -> None:
    names = [f"T{k}" for k in range(10)]
    alike = InfraredLibrary.from_arrays(AXIS, np.tile(curves()[4], (10, 1)), names=names, compounds=names)
    said = alike.identify(reading({4: 1.0}))
    assert said.level is IdentificationLevel.CLASS_ONLY
    assert len(said.set) == 10


def test_a_reading_of_another_technique_is_refused(held: InfraredLibrary) -> None:
    y = np.abs(np.sin(AXIS / 40.0))
    with pytest.raises(SpectrumError):
        held.identify(InfraredSpectrum(AXIS, y, technique="Raman"))


def test_half_of_a_mixture_is_a_likeness_and_the_other_question_is_named(held: InfraredLibrary) -> None:
    said = held.identify(reading({4: 0.5, 2: 0.5}))
    assert said.level is not IdentificationLevel.NOTHING_ABOVE_LIMIT
    assert any("perhaps a mixture" in reason for reason in said.reasons)
