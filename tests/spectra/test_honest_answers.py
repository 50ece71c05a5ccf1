"""Identification and mixtures say no more than they know."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import MassSpectrum
from spectra.starter import starter_mass_library
from spectra.types import IdentificationLevel
from tests.spectra.spectrum_builders import MDA, MDMA, library_of


def test_even_a_perfect_match_is_never_called_identified() -> None:
    library = starter_mass_library()
    for entry in range(0, len(library), 10):
        answer = library.identify(library.spectrum(entry))
        assert answer.level is not IdentificationLevel.IDENTIFIED
        assert answer.calibrated is False
        assert library.compounds[entry] in answer.set


def test_probabilities_add_up_and_the_chance_of_being_elsewhere_is_not_faked() -> None:
    answer = starter_mass_library().identify(MDMA)
    assert sum(p for _, p in answer.compounds) == pytest.approx(1.0, abs=0.01)
    assert answer.p_not_in_library is None
    assert any("default curve" in reason for reason in answer.reasons)
    assert any("casework" in reason for reason in answer.reasons)


def test_look_alikes_are_in_the_set_and_named() -> None:
    twin = MassSpectrum(MDMA.mz, MDMA.intensity * np.linspace(1, 1.05, MDMA.mz.size))
    library = library_of([MDMA, twin, MDA], names=["MDMA", "Positional isomer", "MDA"])
    answer = library.identify(MDMA)
    assert answer.set == ("c0", "c1")
    assert any("does not tell MDMA from: Positional isomer" in reason for reason in answer.reasons)


def test_a_poor_match_is_only_related_and_a_hopeless_one_names_nothing() -> None:
    poor = MassSpectrum([58, 91, 120, 150, 193], [999, 700, 400, 300, 100])
    assert starter_mass_library().identify(poor).level in (
        IdentificationLevel.RELATED,
        IdentificationLevel.NOTHING_ABOVE_LIMIT,
    )
    nothing = starter_mass_library().identify(MassSpectrum([601, 602, 603], [1, 2, 3]))
    assert nothing.level is IdentificationLevel.NOTHING_ABOVE_LIMIT
    assert nothing.set == ()
    assert nothing.compounds == ()


_CROWD = [f"n{k}" for k in range(6)]


def _crowd() -> list[MassSpectrum]:
    return [MassSpectrum([41 + k, 57, 99 + k, 120 + k], [500, 100, 999, 300]) for k in range(len(_CROWD))]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (MassSpectrum(MDMA.mz[3:], MDMA.intensity[3:]), "starts at m/z 59"),
        (
            MassSpectrum([*MDMA.mz, 211, 254], [*MDMA.intensity, 400, 700]),
            "perhaps a mixture, look at the mixture answer",
        ),
        (MassSpectrum([*MDMA.mz, 211], [*MDMA.intensity, 1500]), "m/z 211, is missing in the entry"),
        (MassSpectrum(MDMA.mz, MDMA.intensity, ionisation="ESI"), "holds EI spectra"),
        (MDMA, "only 9 peaks"),
    ],
)
def test_what_speaks_against_a_match_is_said(query: MassSpectrum, said: str) -> None:
    library = library_of([MDMA, *_crowd()], names=["MDMA", *_CROWD])
    assert any(said in reason for reason in library.identify(query).reasons)


def test_isomers_are_named_where_the_library_knows_formulas() -> None:
    columns = {"names": ["MDMA", "MBDB", "MDA"], "compounds": ["a", "b", "c"], "formulas": ["C11H15NO2"] * 2 + [""]}
    spectra = [MDMA, MassSpectrum(MDMA.mz, MDMA.intensity * np.linspace(1, 2, MDMA.mz.size)), MDA]
    library = library_of(spectra, **columns)
    assert any("Isomers (C11H15NO2) among the best matches: MBDB" in r for r in library.identify(MDMA).reasons)


def test_too_many_compounds_that_fit_are_a_class_and_not_an_answer() -> None:
    twins = [MassSpectrum(MDMA.mz, MDMA.intensity * (1 + 0.001 * k * (MDMA.mz > 100))) for k in range(12)]
    answer = library_of(twins).identify(MDMA)
    assert answer.level is IdentificationLevel.CLASS_ONLY
    assert len(answer.set) > 8
    assert any("their class" in reason for reason in answer.reasons)


def test_two_matched_peaks_are_never_enough_for_a_name() -> None:
    library = library_of([MassSpectrum([58, 91], [9, 1]), MDA])
    assert library.identify(MassSpectrum([58, 91], [9, 1])).level is IdentificationLevel.RELATED


def test_reasons_never_promise_purity_or_safety() -> None:
    library = starter_mass_library()
    said = " ".join(library.identify(MDMA).reasons + library.explain(MDMA).reasons).lower()
    assert "pure" not in said
    assert "safe" not in said
