"""MSP, MSL, MGF and MassBank: one reading per spectrum, all fields kept, lies found."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, read
from tests.instruments.instrument_files import MASSBANK, MGF, MSP, SMALL, codes, one

PEAKS = "41 10\n55 999\n91.05 50\n"


@pytest.mark.parametrize(
    "body",
    ["41 10\n55 999\n91.05 50", "41 10; 55 999; 91.05 50;", "41:10 55:999 91.05:50", "41\t10\t55\t999\n91.05\t50",
     "( 41   10) ( 55  999)\n(91.05 50)", '41 10 "C3H5"\n55 999 "C4H7 12/14"\n91.05 50 "?"', "41,10;55,999;91.05,50",
     "41.0 10.0 C3H5\n55.0 999.0 note 2\n91.05 50.0 x", "4.1e1 1E1; 5.5e1 9.99e2; 91.05 50"],
)  # fmt: skip
def test_peak_lists_come_in_every_spacing(body: str) -> None:
    reading = one(f"Name: made\nNum Peaks: 3\n{body}\n")
    np.testing.assert_allclose(reading.x, [41, 55, 91.05])
    np.testing.assert_allclose(reading.y, [10, 999, 50])
    assert not reading.warnings


def test_decimal_commas_in_peaks_are_understood() -> None:
    np.testing.assert_allclose(one("Name: made\nNum Peaks: 2\n41,5 10,25; 55,0 999,5\n").x, [41.5, 55.0])


def test_fields_are_kept_and_repeated_ones_become_lists() -> None:
    reading = one(MSP)
    assert reading.title == "Cocaine"
    assert reading.meta["fields"]["synon"] == ["Benzoylmethylecgonine", "Coke"]
    assert reading.scans[0].ionisation == "EI"
    assert reading.n_points == 5


def test_records_may_follow_each_other_without_blank_lines() -> None:
    assert [r.title for r in read((MSP + MSP.replace("Cocaine", "b", 1)).encode())] == ["Cocaine", "b"]


def test_a_precursor_and_a_level_are_read() -> None:
    reading = one("Name: a\nPrecursorMZ: 304.154\nSpectrum_type: MS2\nIonization: ESI\nNum Peaks: 3\n" + PEAKS)
    assert (reading.scans[0].precursor_mz, reading.ms_level, reading.scans[0].ionisation) == (304.154, 2, "ESI")


def test_a_lying_peak_count_is_a_warning_and_an_impossible_one_an_error() -> None:
    assert "count_mismatch" in codes(one(f"Name: a\nNum Peaks: 4\n{PEAKS}\n"))
    with pytest.raises(CorruptFile):
        read(f"Name: a\nNum Peaks: 1000000000\n{PEAKS}".encode())


@pytest.mark.parametrize("body", ["nan 10; 42 5", "42 inf", "-41 10; 42 20", "41 -10; 42 20", "forty one"])
def test_peaks_that_are_no_peaks_are_refused(body: str) -> None:
    with pytest.raises(CorruptFile):
        read(f"Name: a\nNum Peaks: 2\n{body}\n".encode())


def test_a_library_cut_short_is_refused() -> None:
    for size in range(20, len(MSP) - 5, 7):
        try:
            reading = one(MSP[:size])
        except InstrumentError:
            continue
        assert reading.warnings, size


def test_markup_in_a_name_stays_text() -> None:
    assert one(f"Name: <script>alert(1)</script>\nNum Peaks: 3\n{PEAKS}").title == "<script>alert(1)</script>"


def test_mgf_gives_one_reading_per_spectrum() -> None:
    first, second = read(MGF.encode())
    assert (first.title, first.scans[0].precursor_mz, first.scans[0].retention_time_s, first.ms_level) == (
        "one",
        304.15,
        25.5,
        2,
    )
    assert first.y.tolist() == [10, 999]
    assert second.title == "two"


@pytest.mark.parametrize(
    ("old", "new"),
    [("END IONS\n\nBEGIN", "BEGIN"), ("91.05 50", "91.05 fifty"), ("91.05 50", "91.05"), ("PEPMASS=150.1", "PEPMASS=x"),
     ("119.08 100\nEND IONS\n", "119.08 100\n")],
)  # fmt: skip
def test_mgf_damage_that_pyteomics_lets_pass_is_refused_with_its_line(old: str, new: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(MGF.replace(old, new).encode())
    assert caught.value.line


@pytest.mark.parametrize("charge", ["0", "", "N/A", "1", "2+ and 3+"])
def test_mgf_charges_of_any_spelling_do_not_stop_a_spectrum(charge: str) -> None:
    assert len(read(MGF.replace("CHARGE=1+", f"CHARGE={charge}").encode())) == 2


def test_massbank_records_keep_their_licence() -> None:
    reading = one(MASSBANK)
    assert (reading.title, reading.meta["licence"], reading.ms_level) == ("Cocaine", "CC BY", 2)
    assert (reading.scans[0].precursor_mz, reading.scans[0].ionisation) == (304.1543, "ESI")
    assert reading.y.tolist() == [1000, 500]


@pytest.mark.parametrize(
    ("old", "new"), [("//\n", ""), ("PK$NUM_PEAK: 2", "PK$NUM_PEAK: 3"), ("182.117 1000", "182.117 x")]
)
def test_damaged_massbank_records_are_refused(old: str, new: str) -> None:
    with pytest.raises(CorruptFile):
        read(MASSBANK.replace(old, new).encode())


def test_more_spectra_than_allowed_are_refused() -> None:
    with pytest.raises(TooLarge):
        read((f"Name: a\nNum Peaks: 3\n{PEAKS}\n" * 1_001).encode(), limits=SMALL)
