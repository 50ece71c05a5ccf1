"""Identification and mixtures say no more than they know."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import InfraredSpectrum, MassLibrary, MassSpectrum, SpectrumError
from spectra.infrared_grid import GRID
from spectra.starter import starter_infrared_library, starter_mass_library
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


def test_a_look_alike_that_fits_much_worse_is_outside_the_set_but_not_distinguished() -> None:
    twin = MassSpectrum(MDMA.mz, MDMA.intensity * np.array([1.25, 1, 0.5, 1, 0.5, 1, 1, 0.6, 1]))
    library = library_of([MDMA, twin, *_crowd()], names=["MDMA", "Twin", *_CROWD])
    answer = library.identify(MDMA)
    assert answer.compounds[0][0] == "c0"
    assert "c1" in answer.not_distinguished
    assert any("told apart by retention time" in reason for reason in answer.reasons)
    assert answer.score_name == "combined_ei"


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


def test_a_good_match_raises_no_such_doubt() -> None:
    reasons = " ".join(library_of([MDMA, *_crowd()]).identify(MDMA).reasons)
    assert "missing" not in reasons
    assert "mixture" not in reasons
    assert "starts at" not in reasons


def test_isomers_are_named_where_the_library_knows_formulas() -> None:
    columns = {"names": ["MDMA", "MBDB", "MDA"], "compounds": ["a", "b", "c"], "formulas": ["C11H15NO2"] * 2 + [""]}
    spectra = [MDMA, MassSpectrum(MDMA.mz, MDMA.intensity * np.linspace(1, 2, MDMA.mz.size)), MDA]
    library = MassLibrary.from_arrays(
        np.concatenate([s.mz for s in spectra]),
        np.concatenate([s.intensity for s in spectra]),
        np.r_[0, np.cumsum([s.mz.size for s in spectra])],
        **columns,
    )
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


def _mixed(a: MassSpectrum, b: MassSpectrum, share: float) -> MassSpectrum:
    return MassSpectrum([*a.mz, *b.mz], [*(share * a.intensity), *((1 - share) * b.intensity)])


def test_two_known_parts_of_a_mass_spectrum_are_found_and_never_called_identified() -> None:
    library = starter_mass_library()
    names = list(library.names)
    mixed = _mixed(library.spectrum(names.index("Caffeine")), library.spectrum(names.index("Cocaine")), 0.5)
    answer = library.explain(mixed, max_components=3)
    assert {"Caffeine", "Cocaine"} <= {c.name for c in answer.components}
    assert {c.grade for c in answer.components} <= {"probable", "possible"}
    assert sum(c.share for c in answer.components) == pytest.approx(1.0)
    assert all(c.low <= c.share <= c.high for c in answer.components)
    assert any("positional isomers" in reason for reason in answer.reasons)


def test_a_part_that_is_not_in_the_library_makes_the_answer_incomplete() -> None:
    library = starter_mass_library()
    strange = MassSpectrum([401, 402, 455, 533], [999, 800, 700, 600])
    answer = library.explain(_mixed(library.spectrum(0), strange, 0.4))
    assert answer.incomplete
    assert answer.unexplained_fraction > 0.3
    assert any("something else is there" in reason for reason in answer.reasons)


def test_the_number_of_components_is_limited() -> None:
    library = starter_mass_library()
    mixed = library.spectrum(3)
    for entry in (40, 80, 120):
        mixed = _mixed(mixed, library.spectrum(entry), 0.6)
    assert len(library.explain(mixed, max_components=2).components) <= 2
    with pytest.raises(SpectrumError, match="at least one component"):
        library.explain(mixed, max_components=0)


def test_several_energies_are_compared_energy_by_energy() -> None:
    low_a, high_a = (
        MassSpectrum([200.1, 150.1], [9, 1], 200.1, "ESI"),
        MassSpectrum([150.1, 91.05], [5, 9], 200.1, "ESI"),
    )
    low_b, high_b = (
        MassSpectrum([220.2, 160.2], [9, 1], 220.2, "ESI"),
        MassSpectrum([160.2, 77.04], [5, 9], 220.2, "ESI"),
    )
    spectra = [low_a, high_a, low_b, high_b]
    library = library_of(spectra, accurate=True, compounds=["a", "a", "b", "b"], names=["A", "A", "B", "B"])
    library.energy[:] = [0, 1, 0, 1]
    answer = library.explain([_mixed(low_a, low_b, 0.5), _mixed(high_a, high_b, 0.5)])
    assert {c.compound for c in answer.components} == {"a", "b"}
    assert answer.unexplained_fraction < 0.01


def test_an_infrared_mixture_of_two_starter_substances_is_found() -> None:
    library = starter_infrared_library()
    names = list(library.names)
    a, b = names.index("Cocaine"), names.index("Caffeine")
    mixed = 0.6 * library.spectrum(a).absorbance + 0.4 * library.spectrum(b).absorbance
    answer = library.explain(InfraredSpectrum(GRID, mixed))
    assert [c.name for c in answer.components] == ["Cocaine", "Caffeine"]
    assert answer.components[0].share == pytest.approx(0.6, abs=0.03)
    assert not answer.incomplete
    assert answer.fitted is not None
    assert answer.fitted.shape == GRID.shape


def test_an_unknown_infrared_part_is_reported_with_its_bands() -> None:
    library = starter_infrared_library()
    from spectra.starter import lorentzians

    strange = lorentzians(GRID, [(1234.0, 1.0, 15.0), (1890.0, 1.0, 15.0), (2750.0, 1.0, 15.0)])
    answer = library.explain(InfraredSpectrum(GRID, 0.5 * library.spectrum(0).absorbance + strange))
    assert answer.incomplete
    assert any(abs(band - 1890.0) <= 6 for band in answer.residual_bands)


def test_a_flat_infrared_line_explains_nothing() -> None:
    answer = starter_infrared_library().explain(InfraredSpectrum(GRID, np.full(GRID.size, 0.1)))
    assert answer.components == ()
    assert answer.incomplete
