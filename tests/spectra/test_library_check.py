"""Faults of library entries: each kind is planted and found, a sound library stays silent, real libraries as measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import read
from spectra import LibraryEntry, MassLibrary, MassSpectrum, Provenance, entries_from_readings
from spectra.library_check import Fault, Severity, check

OURS = Provenance("made up", "none")
MDMA = {58: 999.0, 135: 90.0, 136: 60.0, 77: 60.0, 51: 40.0, 105: 15.0, 193: 6.0, 194: 4.0}
COCAINE = {82: 999.0, 182: 700.0, 83: 330.0, 94: 320.0, 77: 280.0, 105: 270.0, 303: 180.0, 304: 34.0}
SUGAR_TMS = {73: 999.0, 74: 85.0, 75: 60.0, 147: 400.0, 148: 63.0, 149: 36.0, 204: 600.0, 217: 300.0, 205: 120.0}


def entry(
    name: str, peaks: dict[int, float], formula: str = "", compound: str = "", own_id: str = "", **spectrum: Any
) -> LibraryEntry:
    kind = MassSpectrum(list(peaks), list(peaks.values()), **spectrum)
    return LibraryEntry(own_id or name, name, compound or name.upper(), "EI-MS", kind, OURS, formula)


def found(*entries: LibraryEntry) -> list[Fault]:
    return check(MassLibrary.build(entries))


def kinds(*entries: LibraryEntry) -> set[tuple[str, str]]:
    return {(fault.name, fault.kind) for fault in found(*entries)}


def varied(peaks: dict[int, float], seed: int, by: float = 0.15) -> dict[int, float]:
    """The same compound on another day."""
    rng = np.random.default_rng(seed)
    return {m: i * float(rng.uniform(1 - by, 1 + by)) for m, i in peaks.items()}


SOUND = [entry("MDMA", MDMA, "C11H15NO2"), entry("Cocaine", COCAINE, "C17H21NO4")]


def test_a_sound_library_is_not_complained_about() -> None:
    assert found(*SOUND) == []


def test_a_formula_that_cannot_be_is_an_error() -> None:
    [fault] = found(*SOUND, entry("Wrong", MDMA | {200: 1.0}, "CH99", "W"))[:1]
    assert (fault.name, fault.kind, fault.severity) == ("Wrong", "impossible_formula", Severity.ERROR)
    assert "more hydrogens" in fault.why


def test_ions_above_the_molecule_are_an_error_and_say_which_derivative_explains_them() -> None:
    silylated = MDMA | {265: 200.0, 250: 300.0}  # 193 + 72 and without a methyl group
    [fault] = found(entry("MDMA in a vial", silylated, "C11H15NO2"), SOUND[1])
    assert (fault.kind, fault.severity) == ("above_molecule", Severity.ERROR)
    assert "1 trimethylsilyl (TMS) group would explain it" in fault.why
    assert fault.figures["mass"] == 193
    small = MDMA | {265: 8.0}
    assert [f.severity for f in found(entry("x", small, "C11H15NO2"), SOUND[1])] == [Severity.WARNING]


def test_isotopes_of_chlorine_and_bromine_are_not_above_the_molecule() -> None:
    bromine = {77: 100.0, 156: 999.0, 157: 70.0, 158: 970.0, 159: 65.0, 51: 300.0}
    dichloro = {111: 300.0, 75: 200.0, 146: 999.0, 148: 640.0, 150: 103.0, 147: 66.0, 149: 42.0}
    assert found(entry("Bromobenzene", bromine, "C6H5Br"), entry("Dichlorobenzene", dichloro, "C6H4Cl2")) == []


def test_ions_of_the_column_are_background_and_no_error() -> None:
    [fault] = found(entry("MDMA", MDMA | {207: 60.0, 281: 30.0}, "C11H15NO2"), SOUND[1])
    assert (fault.kind, fault.severity) == ("background", Severity.NOTE)


def test_a_loss_no_molecule_has_is_told_and_a_salt_is_judged_by_its_base() -> None:
    assert ("MDMA", "illogical_loss") in kinds(
        entry("MDMA", {m: i for m, i in MDMA.items() if m < 193} | {185: 30.0}, "C11H15NO2"), SOUND[1]
    )
    assert found(entry("MDMA hydrochloride", MDMA, "C11H15NO2.HCl"), SOUND[1]) == []


def test_derivatives_under_their_parent_are_found_by_name_formula_and_ions() -> None:
    told = kinds(
        *SOUND,
        entry("Ephedrine", {58: 999.0, 77: 90.0, 105: 50.0, 106: 40.0, 146: 20.0}, "C10H15NO", "EPH"),
        entry(
            "Ephedrine TMS derivative", {130: 999.0, 73: 300.0, 149: 50.0, 163: 30.0, 222: 40.0}, "C13H23NOSi", "EPH"
        ),
        entry("Codeine TMS", {371: 999.0, 178: 500.0, 196: 300.0, 234: 300.0, 343: 100.0}, "C18H21NO3"),
        entry("Glucose", SUGAR_TMS),
        entry("Glucose TMS", varied(SUGAR_TMS, 1)),
    )
    assert ("Ephedrine TMS derivative", "derivative_under_parent") in told
    assert ("Codeine TMS", "derivative_formula") in told
    assert ("Glucose", "silyl_ions") in told
    assert ("Glucose TMS", "silyl_ions") not in told


def test_two_formulae_under_one_key_are_told_with_the_group_between_them() -> None:
    [fault] = [
        f
        for f in found(
            *SOUND,
            entry("A", {91: 999.0, 44: 300.0, 65: 100.0, 120: 10.0, 134: 5.0}, "C9H13N", "AMP", "1"),
            entry("A again", {91: 900.0, 44: 350.0, 65: 90.0, 120: 10.0, 134: 5.0}, "C9H13N", "AMP", "2"),
            entry("A later", {86: 999.0, 44: 500.0, 118: 100.0, 91: 90.0, 177: 9.0}, "C11H15NO", "AMP", "3"),
            entry("A-d5", {96: 999.0, 48: 300.0, 70: 100.0, 140: 9.0, 125: 5.0}, "C9H8D5N", "AMP", "4"),
        )
        if f.kind == "formula_of_compound"
    ]
    assert fault.id == "3"
    assert "1 acetyl group more" in fault.why


def test_the_same_spectrum_is_superfluous_or_wrong() -> None:
    key = "SHXWCVYOXRDMCX"
    told = {
        (f.id, f.kind, f.severity)
        for f in found(
            entry("MDMA", MDMA, "", key, "1"),
            entry("MDMA", MDMA, "", key, "2"),
            entry("MBDB", MDMA, "", "USWVWJSAJAEEHQ", "3"),
            entry("Ecstasy", MDMA, "", "name:ecstasy", "4"),
        )
        if f.kind.startswith("same")
    }
    assert told == {
        ("2", "same_spectrum", Severity.NOTE),
        ("3", "same_spectrum_other_compound", Severity.ERROR),
        ("4", "same_spectrum_other_name", Severity.WARNING),
    }


def test_few_peaks_equal_intensities_and_an_accession_twice_are_told() -> None:
    told = kinds(
        *SOUND,
        entry("Thin", {50: 999.0, 60: 100.0}),
        entry("Flat", dict.fromkeys(range(50, 60), 999.0)),
        entry("Again", COCAINE | {44: 5.0}, own_id="Cocaine"),
    )
    assert {("Thin", "few_peaks"), ("Flat", "equal_intensities"), ("Again", "accession_twice")} <= told


# as entry 793 of SWGDRUG 3.4, which stands under MDMA
RING_METHYL = {44: 999.0, 58: 20.0, 150: 230.0, 91: 100.0, 65: 50.0, 149: 50.0}


def test_two_entries_that_contradict_each_other_are_both_named_and_neither_is_blamed() -> None:
    """The right one resembles its isomer, the wrong one nothing: of the two the right one would have been blamed."""
    [fault] = found(
        entry("MDMA", MDMA, compound="M", own_id="right"),
        entry("Methylenedioxymethamphetamine", RING_METHYL, compound="M", own_id="wrong"),
        entry("2,3-MDMA", varied(MDMA, 1), compound="I"),
        entry("Cocaine", COCAINE, compound="C"),
    )
    assert (fault.kind, fault.severity) == ("contradiction", Severity.WARNING)
    assert "right (base peak m/z 58, ions up to m/z 136) looks like 2,3-MDMA (" in fault.why
    assert "wrong (base peak m/z 44, ions up to m/z 150) looks like nothing else here, " in fault.why
    right, wrong = fault.figures["sides"]
    assert [(e["id"], e["name"]) for e in right["entries"] + wrong["entries"]] == [
        ("right", "MDMA"),
        ("wrong", "Methylenedioxymethamphetamine"),
    ]
    assert [one["id"] for one in right["looks_like"]] == ["2,3-MDMA"]
    assert wrong["looks_like"] == []
    assert wrong["nearest"]["likeness"] < 0.8
    assert fault.figures["likeness"] < 0.5


def test_no_number_of_agreeing_entries_makes_the_other_one_wrong() -> None:
    """They may be derivatives of it: in MassBank the two singled out by this rule were right."""
    for own in (1, 2, 5):
        told = found(
            *[entry("Cocaine", varied(COCAINE, k), compound="C", own_id=f"c{k}") for k in range(own)],
            entry("Cocaine", varied(MDMA, 9), compound="C", own_id="other"),
            *[entry("MDMA", varied(MDMA, k), compound="M", own_id=f"m{k}") for k in range(3)],
        )
        assert [f.kind for f in told] == ["contradiction"]


def test_labelled_entries_derivatives_and_other_instruments_contradict_nobody() -> None:
    other_tune = {m: i * (m / 120) for m, i in MDMA.items()}
    assert kinds(
        *SOUND,
        entry("MDMA of another laboratory", other_tune, "C11H15NO2", "MDMA"),
        entry("MDMA-d5", {m + 5 if m > 57 else m: i for m, i in MDMA.items()}, "C11H10D5NO2", "MDMA"),
        entry("Ephedrine", {58: 999.0, 77: 90.0, 105: 50.0, 106: 40.0, 146: 20.0}, "", "EPH"),
        entry("Ephedrine TMS derivative", {130: 999.0, 73: 300.0, 149: 50.0, 163: 30.0, 222: 40.0}, "", "EPH"),
    ) == {("MDMA-d5", "labelled_under_parent"), ("Ephedrine TMS derivative", "derivative_under_parent")}


def test_a_product_of_the_inlet_is_told_by_the_molecule_it_shows() -> None:
    """As cannabidiolic acid, whose EI spectrum in GC-MS is that of cannabidiol."""
    cbd = {231: 999.0, 232: 170.0, 246: 90.0, 174: 85.0, 314: 60.0, 193: 40.0}
    told = found(
        *SOUND,
        entry("Cannabidiol", cbd, "C21H30O2"),
        entry("Cannabidiolic acid", varied(cbd, 3), "C22H30O4"),
    )
    [fault] = [f for f in told if f.kind == "mislabelled"]
    assert fault.name == "Cannabidiolic acid"
    assert "breaks down" in fault.why


def test_a_precursor_that_is_no_ion_of_the_formula_is_told() -> None:
    peaks = {163: 999.0, 135: 300.0, 105: 200.0, 133: 100.0, 58: 50.0}
    good = entry("MDMA", peaks, "C11H15NO2", precursor_mz=194.1176, ionisation="ESI")
    sodium = entry("MDMA Na", peaks | {59: 1.0}, "C11H15NO2", precursor_mz=216.0995, ionisation="ESI")
    wrong = entry("MDEA", peaks | {60: 1.0}, "C12H17NO2", precursor_mz=194.1176, ionisation="ESI")
    above = entry("Above", peaks | {300: 200.0}, "C11H15NO2", precursor_mz=194.1176, ionisation="ESI")
    assert kinds(good, sodium, wrong, above) == {("MDEA", "precursor"), ("Above", "above_precursor")}


@pytest.fixture(scope="module")
def swgdrug(shared_data: Path) -> MassLibrary:
    readings = read(shared_data / "ms" / "lib" / "SWGDRUG_3.4.msp")
    return MassLibrary.build(entries_from_readings(readings, Provenance("SWGDRUG 3.4", "free"))[0])


@pytest.fixture(scope="module")
def told_of_swgdrug(swgdrug: MassLibrary) -> list[Fault]:
    return check(swgdrug)


@pytest.mark.long
def test_swgdrug_draws_the_faults_that_were_checked_by_hand(told_of_swgdrug: list[Fault]) -> None:
    told = told_of_swgdrug
    names = {f.name for f in told if f.kind == "mislabelled"}
    assert {"Cannabidiolic Acid", "THCA-A", "Phenibut", "Ketazolam"} <= names
    assert sum(f.severity is not Severity.NOTE for f in told) < 20
    pairs = [[e["id"] for s in f.figures["sides"] for e in s["entries"]] for f in told if f.kind == "contradiction"]
    assert sorted(sorted(pair) for pair in pairs) == [["1411", "794"], ["3949", "793"]]
    assert not any(f.kind == "above_molecule" for f in told)


@pytest.mark.long
def test_names_swapped_in_swgdrug_are_found_and_hardly_another_is_blamed(
    swgdrug: MassLibrary, told_of_swgdrug: list[Fault]
) -> None:
    before = {(f.entry, f.kind) for f in told_of_swgdrug}
    rng = np.random.default_rng(7)
    order = np.arange(len(swgdrug))
    chosen = rng.choice(len(swgdrug), 200, replace=False)
    order[chosen] = order[chosen.reshape(-1, 2)[:, ::-1].ravel()]
    swapped = {int(e) for e in chosen if swgdrug.compounds[int(e)] != swgdrug.compounds[int(order[e])]}
    table = swgdrug.table
    library = MassLibrary.from_arrays(
        np.asarray(table.mz, dtype=float), np.asarray(table.intensity, dtype=float), np.asarray(table.offsets),
        names=[swgdrug.names[int(k)] for k in order], compounds=[swgdrug.compounds[int(k)] for k in order],
        formulas=[swgdrug.formulas[int(k)] for k in order],
    )  # fmt: skip
    told = {f.entry for f in check(library) if f.severity is not Severity.NOTE and (f.entry, f.kind) not in before}
    assert len(told & swapped) / len(swapped) > 0.4
    assert len(told - swapped) <= 15


def test_nothing_near_the_molecule_is_noted() -> None:
    assert ("Heavy", "far_below_molecule") in kinds(entry("Heavy", MDMA, "C22H25N3O5"), SOUND[1])
