"""Exact masses, adducts, isotope patterns and formula-level screening."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import exact_mass, isotope_pattern
from spectra.exactmass import ADDUCTS, FormulaError, adduct_mz, check_formula, parse_formula, pattern_cosine
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


def test_bromine_and_chlorine_show_in_the_pattern() -> None:
    assert isotope_pattern("CH3Br")[1][2] == pytest.approx(0.973, abs=0.003)
    masses, abundance = isotope_pattern("C13H16ClNO")
    assert pattern_cosine("C13H16ClNO", masses + 1.007276467, abundance) == pytest.approx(1.0)
    assert pattern_cosine("C13H17NO", masses + 1.007276467, abundance) < 0.3


def test_a_screen_answers_with_formulae_and_all_their_isomers() -> None:
    library = starter_formula_library()
    assert len(library) == 277
    hits = library.screen([adduct_mz("C10H15N") * (1 + 3e-6)], tolerance=5.0)
    assert [h.formula for h in hits] == ["C10H15N"]
    assert hits[0].error_ppm == pytest.approx(3.0, abs=1e-3)
    names = {e.name for e in hits[0].isomers}
    assert names == {r["name"] for r in substances() if r["formula"] == "C10H15N"}
    assert len(names) >= 2


def test_a_screen_is_sorted_by_error_and_empty_outside_the_tolerance() -> None:
    library = starter_formula_library()
    hits = library.screen([304.15], tolerance=500.0, adducts=tuple(ADDUCTS))
    assert [abs(h.error_ppm) for h in hits] == sorted(abs(h.error_ppm) for h in hits)
    assert library.screen([304.5], tolerance=5.0) == []
