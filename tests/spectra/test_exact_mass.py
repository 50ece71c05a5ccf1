"""Exact masses, adducts, isotope patterns and formula-level screening."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import FormulaLibrary, MassSpectrum, exact_mass, isotope_pattern
from spectra.exactmass import (
    FormulaEntry,
    FormulaError,
    adduct_mz,
    check_formula,
    parse_formula,
)
from spectra.exactmass_screening import adducts_for, screen_spectrum
from spectra.recalibration import recalibrate
from spectra.starter import starter_formula_library, substances


def test_the_masses_of_the_register_are_reproduced() -> None:
    for row in substances():
        if row["formula"]:
            assert exact_mass(row["formula"]) == pytest.approx(float(row["monoisotopic_mass"]), abs=1e-4)
            check_formula(row["formula"])


def test_salts_hydrates_and_deuterium_are_understood() -> None:
    assert parse_formula("C11H15NO2.HCl") == {"C": 11, "H": 16, "N": 1, "O": 2, "Cl": 1}
    assert parse_formula("C6H6.2H2O") == {"C": 6, "H": 10, "O": 2}
    assert exact_mass("C10H10D5N") - exact_mass("C10H15N") == pytest.approx(5 * 1.00627675, abs=1e-5)


@pytest.mark.parametrize("text", ["", "c11", "C11H15NO2!", "Xx2", "CH10", "C2H20O", "MDMA", "(CH3)2", "."])
def test_impossible_formulae_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        check_formula(text)


def test_adducts_of_the_design_are_there_with_their_masses() -> None:
    mass = exact_mass("C17H21NO4")
    assert adduct_mz("C17H21NO4") == pytest.approx(mass + 1.007276467)
    assert adduct_mz("C17H21NO4", "[M+Na]+") == pytest.approx(mass + 22.989218)
    assert adduct_mz("C17H21NO4", "[M+K]+") == pytest.approx(mass + 38.963158)
    assert adduct_mz("C17H21NO4", "[M+NH4]+") == pytest.approx(mass + 18.033826)
    assert adduct_mz("C17H21NO4", "[2M+H]+") == pytest.approx(2 * mass + 1.007276467)
    assert adduct_mz("C17H21NO4", "M+.") == pytest.approx(mass - 0.00054858)
    assert adduct_mz("C17H21NO4", "[M-H]-") == pytest.approx(mass - 1.007276467)
    with pytest.raises(ValueError, match="no adduct"):
        adduct_mz("C17H21NO4", "[M+Rb]+")


@settings(max_examples=10, deadline=None)
@given(c=st.integers(1, 8), n=st.integers(0, 2), cl=st.integers(0, 1), s=st.integers(0, 1))
def test_the_isotope_pattern_is_that_of_pyteomics_by_enumeration(c: int, n: int, cl: int, s: int) -> None:
    from pyteomics import mass

    formula = f"C{c}H{c}" + (f"N{n}" if n else "") + ("Cl" if cl else "") + ("S" if s else "")
    masses, abundance = isotope_pattern(formula, threshold=1e-4)
    total = np.zeros(40)
    for composition, share in mass.isotopologues(formula=formula, report_abundance=True, isotope_threshold=1e-6):
        total[round(mass.calculate_mass(composition=composition) - masses[0])] += share
    np.testing.assert_allclose(abundance, (total / total.max())[: abundance.size], atol=2e-4)


def test_a_screen_answers_with_formulae_and_all_their_isomers() -> None:
    library = starter_formula_library()
    assert len(library) == 277
    hits = library.screen([adduct_mz("C10H15N") * (1 + 3e-6)], tolerance=5.0)
    assert [h.formula for h in hits] == ["C10H15N"]
    assert hits[0].error_ppm == pytest.approx(3.0, abs=1e-3)
    names = {e.name for e in hits[0].isomers}
    assert names == {r["name"] for r in substances() if r["formula"] == "C10H15N"}
    assert len(names) >= 2


DRUGS = FormulaLibrary(
    tuple(
        FormulaEntry(name, name, formula)
        for name, formula in (
            ("MDMA", "C11H15NO2"),
            ("MBDB-like", "C11H15NO2"),
            ("piperonylpropene", "C10H10O2"),
            ("ketamine", "C13H16ClNO"),
            ("deschloro-like", "C14H19NO"),
            ("cocaine", "C17H21NO4"),
            ("caffeine", "C8H10N4O2"),
            ("GHB", "C4H8O3"),
            ("2C-B", "C10H14BrNO2"),
        )
    )
)


def _ions(formula: str, height: float, adduct: str = "[M+H]+", isotopes: bool = True) -> list[tuple[float, float]]:
    """The ions of one adduct, isotopes included."""
    masses, abundance = isotope_pattern(formula)
    at = masses - masses[0] + adduct_mz(formula, adduct)
    return [(float(m), float(a) * height) for m, a in zip(at, abundance, strict=True)][: None if isotopes else 1]


def _spectrum(*groups: list[tuple[float, float]], ppm: float = 0.0, ionisation: str = "DART") -> MassSpectrum:
    peaks = [peak for group in groups for peak in group]
    return MassSpectrum([m * (1 + ppm * 1e-6) for m, _ in peaks], [h for _, h in peaks], ionisation=ionisation)


def test_a_screen_of_a_spectrum_names_formulae_once_with_all_isomers_and_adducts() -> None:
    spectrum = _spectrum(
        _ions("C11H15NO2", 1.0), _ions("C11H15NO2", 0.2, "[M+Na]+"), _ions("C11H15NO2", 0.1, "[2M+H]+"),
        _ions("C17H21NO4", 0.5), [(333.3333, 0.3)],
    )  # fmt: skip
    found = screen_spectrum(DRUGS, spectrum).found
    assert [one.formula for one in found] == ["C11H15NO2", "C17H21NO4"]
    assert {e.name for e in found[0].isomers} == {"MDMA", "MBDB-like"}
    assert [ion.adduct for ion in found[0].ions] == ["[M+H]+", "[M+Na]+", "[2M+H]+"]
    assert found[0].ions[0].height == pytest.approx(1.0)


def test_an_adduct_of_metal_alone_or_a_faint_radical_cation_names_nothing() -> None:
    base = [(333.3333, 1.0)]
    sodium = screen_spectrum(DRUGS, _spectrum(base, _ions("C17H21NO4", 0.5, "[M+Na]+")))
    assert sodium.found == ()
    assert "not evidence that nothing is there" in sodium.reasons[-1]
    for height, seen in ((0.02, []), (0.5, ["C17H21NO4"])):
        radical = _spectrum(base, _ions("C17H21NO4", height, "M+.", isotopes=False))
        assert [one.formula for one in screen_spectrum(DRUGS, radical).found] == seen
    assert screen_spectrum(DRUGS, _spectrum(base, _ions("C17H21NO4", 0.5, "M+."), ionisation="ESI")).found == ()


def test_a_fragment_of_a_heavier_hit_is_set_aside_and_counts_alone() -> None:
    fragment = _ions("C10H10O2", 0.8)
    both = screen_spectrum(DRUGS, _spectrum(_ions("C11H15NO2", 1.0), fragment))
    assert [one.formula for one in both.found] == ["C11H15NO2"]
    assert [(one.formula, one.fragment_of) for one in both.set_aside] == [("C10H10O2", "C11H15NO2")]
    assert any("could be a fragment of C11H15NO2" in reason for reason in both.reasons)
    alone = screen_spectrum(DRUGS, _spectrum(fragment))
    assert [one.formula for one in alone.found] == ["C10H10O2"]
    assert alone.set_aside == ()


def test_isotope_peaks_are_not_screened_and_halogens_must_show_theirs() -> None:
    seen = screen_spectrum(DRUGS, _spectrum(_ions("C13H16ClNO", 1.0), [(333.3333, 0.02)]))
    (one,) = seen.found
    assert one.formula == "C13H16ClNO"
    assert one.isotope_cosine == pytest.approx(1.0, abs=1e-3)
    bare = _spectrum(_ions("C10H14BrNO2", 1.0, isotopes=False), [(333.3333, 0.02)])
    refused = screen_spectrum(DRUGS, bare)
    assert refused.found == ()
    assert [(x.formula, x.isotopes_fit) for x in refused.set_aside] == [("C10H14BrNO2", False)]
    assert any("not by its isotope pattern" in reason for reason in refused.reasons)
    faint = _spectrum(_ions("C10H14BrNO2", 0.02, isotopes=False), [(333.3333, 1.0), (444.4, 0.015)])
    assert screen_spectrum(DRUGS, faint).found[0].isotope_cosine is None


def test_a_scale_that_is_off_is_recalibrated_or_gets_a_wide_window() -> None:
    off = _spectrum(_ions("C17H21NO4", 1.0), _ions("C8H10N4O2", 0.3), ppm=9.0)
    bare = screen_spectrum(DRUGS, off)
    assert {one.formula for one in bare.found} == {"C17H21NO4", "C8H10N4O2"}
    assert bare.calibration.window_ppm == 15.0
    assert bare.found[0].ions[0].error_ppm == pytest.approx(9.0, abs=0.1)
    locked = screen_spectrum(DRUGS, off, recalibrate(off, [adduct_mz("C8H10N4O2")]))
    assert {one.formula for one in locked.found} == {"C17H21NO4", "C8H10N4O2"}
    assert locked.found[0].ions[0].error_ppm == pytest.approx(0.0, abs=0.1)
    assert "compared within 7.0 ppm" in locked.reasons[-2]
    assert screen_spectrum(DRUGS, off, tolerance=5.0).found == ()


def test_negative_mode_looks_for_molecules_without_a_proton() -> None:
    spectrum = _spectrum(_ions("C4H8O3", 1.0, "[M-H]-"), [(333.3, 0.2)])
    assert [one.formula for one in screen_spectrum(DRUGS, spectrum, negative=True).found] == ["C4H8O3"]
    assert screen_spectrum(DRUGS, spectrum).found == ()
    assert adducts_for("ESI") == ("[M+H]+", "[M+NH4]+", "[M+Na]+", "[M+K]+", "[2M+H]+")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(40, 500), st.floats(0, 1e6)), min_size=1, max_size=60),
    st.sampled_from(["DART", "ESI", "EI"]),
)
def test_no_spectrum_breaks_a_screen_and_a_peak_serves_one_formula(
    peaks: list[tuple[float, float]], source: str
) -> None:
    spectrum = MassSpectrum([m for m, _ in peaks], [h for _, h in peaks], ionisation=source)
    answer = screen_spectrum(starter_formula_library(), spectrum)
    used = [ion.mz for one in (*answer.found, *answer.set_aside) for ion in one.ions]
    assert len(used) == len(set(used))
    assert all(one.reported for one in answer.found)
    assert not any(one.reported for one in answer.set_aside)
