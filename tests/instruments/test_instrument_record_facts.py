"""What a record of a library states of its compound and its ion, and what its own formula or peaks make of that."""

from __future__ import annotations

import pytest

from instruments.readers.record_facts import mass_of
from tests.instruments.instrument_files import MASSBANK, mass_jcamp
from tests.instruments.test_instrument_contradictions import PEAKS, ROWS, mgf, msp, warned
from tests.instruments.test_instrument_silent import assert_refused

COCAINE = "Formula: C17H21NO4\n"
ION = "PrecursorMZ: 304.1543\nPrecursor_type: [M+H]+\nIon_mode: P\n"


def massbank(**facts: str) -> str:
    known = {"FORMULA": "C17H21NO4", "EXACT_MASS": "303.14706"} | facts
    lines = [f"CH${key}: {known[key]}" for key in ("FORMULA", "EXACT_MASS")]
    lines.append(f"AC$MASS_SPECTROMETRY: ION_MODE {facts.get('MODE', 'POSITIVE')}")
    lines.append(f"MS$FOCUSED_ION: PRECURSOR_TYPE {facts.get('TYPE', '[M+H]+')}")
    return MASSBANK.replace("CH$FORMULA: C17H21NO4\n", "").replace("PK$NUM_PEAK", "\n".join([*lines, "PK$NUM_PEAK"]))


@pytest.mark.parametrize(
    ("formula", "light"), [("C17H21NO4", 303.1471), ("C10H12D3N", 152.1393), ("C6H4BrCl", 189.9185)]
)
def test_a_formula_has_a_mass(formula: str, light: float) -> None:
    found = mass_of(formula)
    assert found is not None
    assert found[0] == pytest.approx(light, abs=2e-4)


def test_a_weight_may_be_that_of_the_lightest_isotopes_or_the_average() -> None:
    for weight in (233, 234, 235, 235.91):
        assert not warned(msp(f"Formula: C6H4Br2\nMW: {weight}\n")), weight
    assert "mass_differs" in warned(msp("Formula: C6H4Br2\nMW: 240\n"))


@pytest.mark.parametrize(
    ("content", "code"),
    [(msp(COCAINE + "MW: 150\n"), "mass_differs"), (msp(COCAINE + "ExactMass: 302.147\n"), "mass_differs"),
     (massbank(EXACT_MASS="203.14706"), "mass_differs"), (massbank(FORMULA="C17H23NO4"), "mass_differs"),
     (mgf("FORMULA=C17H21NO4\nEXACTMASS=203.1\n"), "mass_differs"),
     (msp(ION.replace("P\n", "N\n")), "polarity"), (massbank(MODE="NEGATIVE"), "polarity"),
     (mgf("ADDUCT=[M-H]-\nIONMODE=positive\n"), "polarity"), (mgf("CHARGE=1-\nIONMODE=positive\n"), "polarity"),
     *((mgf(f"ADDUCT={ion}\nIONMODE=negative\n"), "polarity") for ion in ("[M+2H]++", "[M+2H]+2", "[M]•+", "[M+H]⁺")),
     (mgf("CHARGE=2+ and 3+\nADDUCT=[M-H]-\n"), "polarity"), (msp("Charge: -1\nIon_mode: P\n"), "polarity"),
     (msp("Formula: H2O\nNominal_mass: 81\n"), "mass_differs"),
     (msp(COCAINE + ION.replace("304.1543", "326.1363")), "precursor_differs"),
     (massbank(TYPE="[M+Na]+"), "precursor_differs"),
     (msp(ION.replace("304.1543", "150.1")), "bad_precursor"), (msp("Formula: C10H15N\nMW: 149\n"), "bad_precursor"),
     (mass_jcamp(PEAKS, MOLFORM="C10 H15 N"), "bad_precursor"), (mass_jcamp(PEAKS, MOLFORM="C17 H21 N O4", MW=149), "mass_differs")],
)  # fmt: skip
def test_facts_that_cannot_both_be_are_a_warning(content: str, code: str) -> None:
    assert code in warned(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [(msp("CAS#: 50-36-3\n"), "bad_cas"), (msp("CASNO: 7732186\n"), "bad_cas"), (msp("Nominal_mass: light\n"), "bad_mass"),
     (msp("Formula: Xx10H15Q\n"), "bad_formula"), (msp("MW: -303\n"), "bad_mass"),
     (msp("ExactMass: heavy\n"), "bad_mass"), (mgf("IONMODE=sideways\n"), "polarity"), (massbank(EXACT_MASS="abc"), "bad_mass"),
     (massbank(MODE="SIDEWAYS"), "polarity"), (MASSBANK.replace("ACCESSION: MADE-1\n", ""), "no_name"),
     (MASSBANK.replace("CH$NAME: Cocaine\n", ""), "no_name"), (MASSBANK.replace("MS_TYPE MS2", "MS_TYPE MSX"), "bad_level"),
     (MASSBANK.replace("RECORD_TITLE", "ACCESSION: MADE-2\nRECORD_TITLE"), "stated_twice"),
     (MASSBANK.replace("PK$NUM_PEAK", "PK$SPLASH: splash11-1\nPK$SPLASH: splash11-2\nPK$NUM_PEAK"), "stated_twice"),
     (MASSBANK.replace("CH$FORMULA", "CH$LINK: CAS 50-36-3\nCH$FORMULA"), "bad_cas"), (MASSBANK.replace("500 499", "500 901"), "relative_differs")],
)  # fmt: skip
def test_a_fact_that_cannot_be_what_its_field_says_is_a_warning(content: str, code: str) -> None:
    assert code in warned(content)


def test_a_massbank_record_states_its_count_and_lists_its_peaks_in_order() -> None:
    assert not warned(massbank())
    assert "no_count" in warned(MASSBANK.replace("PK$NUM_PEAK: 2\n", ""))
    assert "no_count" in warned(MASSBANK.replace("PK$NUM_PEAK: 2\n", "PK$NUM_PEAK: N/A\n"))
    lines = MASSBANK.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("PK$PEAK")) + 1
    swapped = "".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])
    assert "unsorted_mz" in warned(swapped)
    assert_refused(MASSBANK.replace("m/z int. rel.int.", "m/z rel.int. int."), "bad_header")


def test_a_record_without_a_name_or_an_empty_precursor_is_a_warning() -> None:
    assert "no_name" in warned(f"Num Peaks: 5\n{ROWS}\n{msp()}".replace("Num", "Comment: x\nNum", 1), "a.msp")
    assert "bad_field" in warned(mgf().replace("304.15", ""))


def test_what_massbank_writes_in_other_words_is_no_doubt() -> None:
    for stage in ("MS", "ms2", "MS10", "MSn"):
        assert "bad_level" not in warned(MASSBANK.replace("MS_TYPE MS2", f"MS_TYPE {stage}")), stage
    assert not warned(MASSBANK.replace("PK$NUM_PEAK", "PK$SPLASH: N/A\nPK$NUM_PEAK"))
    assert_refused(MASSBANK.rstrip().removesuffix("//") + "//  304.154 500 499\n", "bad_row")
