"""Imports: every spectrum is accepted, merged or refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import Provenance, Reading, ReadingKind, entries_from_readings
from spectra.types import InfraredSpectrum

TERMS = Provenance("SWGDRUG 3.4", "free of charge")


def _reading(mz: list[float], intensity: list[float], **meta: object) -> Reading:
    return Reading(ReadingKind.MASS_SPECTRUM, mz, intensity, "m/z", "intensity", meta)


MDMA_META = {
    "Name": "MDMA",
    "InChIKey": "SHXWCVYOXRDMCX-UHFFFAOYSA-N",
    "Formula": "C11H15NO2",
    "CASNO": "42542109",
    "ID": "12",
}


def test_a_good_spectrum_becomes_an_entry_with_all_it_says() -> None:
    entries, report = entries_from_readings([_reading([58.0, 135.0], [999.0, 50.0], **MDMA_META)], TERMS)
    entry = entries[0]
    assert (entry.substance, entry.compound, entry.formula, entry.id) == ("MDMA", "SHXWCVYOXRDMCX", "C11H15NO2", "12")
    assert entry.technique == "EI-MS"
    assert entry.meta["cas"] == "42542-10-9"
    assert entry.provenance == TERMS
    assert report.summary() == "1 of 1 spectrum was accepted."


def test_fields_one_level_down_are_found_as_readers_leave_them() -> None:
    massbank = {"CH$NAME": ["MDMA", "ecstasy"], "CH$FORMULA": "C11H15NO2", "CH$LINK CAS": "42542-10-9"}
    massbank |= {"CH$LINK INCHIKEY": MDMA_META["InChIKey"], "MS$FOCUSED_ION PRECURSOR_M/Z": "194.1176"}
    massbank |= {"AC$INSTRUMENT_TYPE": "LC-ESI-QTOF"}
    entries, _ = entries_from_readings([_reading([163.0754], [9.0], fields=massbank, accession="MSBNK-1")], TERMS)
    entry = entries[0]
    assert (entry.substance, entry.compound, entry.id, entry.technique) == (
        "MDMA",
        "SHXWCVYOXRDMCX",
        "MSBNK-1",
        "MS/MS",
    )
    assert entry.meta["cas"] == "42542-10-9"
    assert entry.spectrum.precursor_mz == 194.1176
    assert entry.spectrum.ionisation == "ESI"


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (_reading([], [], **MDMA_META), "no peaks"),
        (_reading([58.0], [0.0], **MDMA_META), "no peaks"),
        (_reading([58.0, 91.0], [np.nan, 1.0], **MDMA_META), "not a finite number"),
        (_reading([-58.0], [1.0], **MDMA_META), "greater than zero"),
        (_reading([58.0], [1.0], **(MDMA_META | {"Formula": "C1H90"})), "more hydrogens"),
        (_reading([58.0], [1.0], **(MDMA_META | {"Formula": "Qq3"})), "no element"),
        (_reading([58.0], [1.0]), "no name"),
        (Reading(ReadingKind.CHROMATOGRAM, [1.0], [1.0], "s", "count", {"Name": "x"}), "not a single spectrum"),
        (Reading(ReadingKind.IR, [400.0, 402.0], [90.0, 91.0], "cm-1", "%T", {"Name": "x"}), "convert it"),
        (Reading(ReadingKind.IR, [2.5, 2.6], [0.1, 0.2], "um", "absorbance", {"Name": "x"}), "not in cm⁻¹"),
    ],
)
def test_what_cannot_be_an_entry_is_refused_with_its_reason(reading: Reading, words: str) -> None:
    good = _reading([58.0], [999.0], **MDMA_META)
    entries, report = entries_from_readings([good, reading], TERMS)
    assert len(entries) == 1
    assert report.read == 2
    assert report.refused[0].position == 2
    assert words in report.refused[0].reason


def test_the_same_spectrum_of_the_same_compound_is_merged_but_not_of_another() -> None:
    same = _reading([58.0, 135.0], [99.9, 5.0], **(MDMA_META | {"ID": "13"}))
    other = _reading([58.0, 135.0], [999.0, 50.0], Name="Something else", ID="14")
    entries, report = entries_from_readings([_reading([58.0, 135.0], [999.0, 50.0], **MDMA_META), same, other], TERMS)
    assert [e.id for e in entries] == ["12", "14"]
    assert [(m.position, m.into) for m in report.merged] == [(2, "12")]
    assert report.notes == ("1 accepted entries have no InChIKey. Their names stand in for it.",)


def test_ids_are_made_unique() -> None:
    entries, _ = entries_from_readings(
        [_reading([58.0], [9.0], **MDMA_META), _reading([59.0], [9.0], **MDMA_META)], TERMS
    )
    assert [e.id for e in entries] == ["12", "12#2"]


def test_infrared_readings_in_absorbance_are_taken() -> None:
    axis = np.arange(400.0, 4000.0, 4.0)
    reading = Reading(ReadingKind.IR, axis, np.sin(axis / 90) + 1, "cm-1", "absorbance", {"title": "x", "state": "HCl"})
    entries, report = entries_from_readings([reading], TERMS)
    assert report.accepted == 1
    assert isinstance(entries[0].spectrum, InfraredSpectrum)
    assert entries[0].form == "HCl"
