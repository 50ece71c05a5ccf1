"""MSP, MSL, MGF and MassBank: one reading per spectrum, all fields kept, lies found."""

from __future__ import annotations

import hashlib

import pytest

from instruments import CorruptFile, InstrumentError, read
from tests.instruments.instrument_files import MASSBANK, MGF, MSP, codes, one

PEAKS = "41 10\n55 999\n91.05 50\n"


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


@pytest.mark.parametrize(
    ("old", "new"),
    [("END IONS\n\nBEGIN", "BEGIN"), ("91.05 50", "91.05 fifty"), ("91.05 50", "91.05"), ("PEPMASS=150.1", "PEPMASS=x"),
     ("119.08 100\nEND IONS\n", "119.08 100\n")],
)  # fmt: skip
def test_mgf_damage_that_pyteomics_lets_pass_is_refused_with_its_line(old: str, new: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(MGF.replace(old, new).encode())
    assert caught.value.line


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


@pytest.mark.parametrize(
    ("field", "seconds"),
    [("RetentionTime: 2.5 min", 150), ("RetentionTime: 2,5 minutes", 150), ("RT: 30 s", 30), ("RTINSECONDS: 12.5", 12.5),
     ("RetentionTime: 2.5", None), ("RT: early", None)],
)  # fmt: skip
def test_a_retention_time_is_taken_only_with_its_unit(field: str, seconds: float | None) -> None:
    assert one(f"Name: a\n{field}\nNum Peaks: 3\n{PEAKS}").scans[0].retention_time_s == seconds


def test_records_without_a_name_and_lines_that_go_on_are_kept() -> None:
    text = f"Name: a\nComment: first\ngoes on here\nNum Peaks: 3\n{PEAKS}\nDB#: 7\nNum Peaks: 3\n{PEAKS}"
    named, nameless = read(text.encode())
    assert named.meta["fields"]["continued"] == "goes on here"
    assert nameless.title == "record at line 9"


def test_a_text_before_the_first_name_is_refused() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(f"!! made by hand\nName: a\nNum Peaks: 3\n{PEAKS}".encode(), "a.msp")
    assert (caught.value.code, caught.value.line) == ("bad_row", 1)


@pytest.mark.parametrize("count", ["many", "-3", "3.5", "9" * 16])
def test_a_count_of_peaks_that_is_no_count_is_refused(count: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(f"Name: a\nNum Peaks: {count}\n{PEAKS}".encode())
    assert caught.value.code == "bad_header"


def test_peaks_may_stand_on_the_line_of_their_count() -> None:
    assert one("Name: a\nNum Peaks: 2; 41 10; 55 999;\n").x.tolist() == [41, 55]


def test_a_record_that_lost_its_peaks_is_refused_and_one_that_has_none_left_out() -> None:
    with pytest.raises(CorruptFile):
        read(f"Name: a\nNum Peaks: 3\n\nName: b\nNum Peaks: 3\n{PEAKS}".encode())
    with pytest.raises(CorruptFile):
        read(f"Name: a\nFormula: C\nName: b\nNum Peaks: 3\n{PEAKS}".encode())
    assert "empty_records" in codes(one(f"Name: a\nNum Peaks: 0\n\nName: b\nNum Peaks: 3\n{PEAKS}"))
    with pytest.raises(CorruptFile) as caught:
        read(b"Name: a\nNum Peaks: 0\n")
    assert caught.value.code == "no_points"


def test_a_last_peak_without_its_line_end_may_be_cut_unless_its_decimals_are_complete() -> None:
    head = "Name: a\nNum Peaks: 3\n"
    assert "may_be_cut" not in codes(one(head + "41.0 10.00\n55.1 99.00\n91.0 50.00"))
    assert "may_be_cut" in codes(one(head + "41.0 10.00\n55.1 99.00\n91.0 50.0"))
    assert "may_be_cut" not in codes(one(head + "41 10; 55 99; 91 50;"))
    assert "may_be_cut" in codes(one(head + "41 10\n55 99\n91 50"))


@pytest.mark.parametrize(
    "text", ["END IONS\n" + MGF, MGF.replace("91.05 50", "1_0 50"), MGF.replace("91.05 50", "91.05 5_0")]
)
def test_mgf_that_python_would_let_pass_is_refused(text: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(text.encode(), "a.mgf")
    assert caught.value.code == "bad_row"


def test_massbank_records_withdrawn_or_without_peaks_are_told() -> None:
    withdrawn = one(MASSBANK.replace("LICENSE", "DEPRECATED: 2020-01-01 wrong compound\nLICENSE"))
    assert "withdrawn" in codes(withdrawn)
    assert one(MASSBANK.replace("MS_TYPE MS2", "MS_TYPE MS")).ms_level == 1
    empty = MASSBANK.replace("PK$NUM_PEAK: 2", "PK$NUM_PEAK: 0").replace("  182.117 1000 999\n  304.154 500 499\n", "")
    both = one(empty + MASSBANK + "//\n")
    assert (both.title, "empty_records" in codes(both)) == ("Cocaine", True)
    unnumbered = one(
        MASSBANK.replace("PK$NUM_PEAK: 2\n", "").replace("MS_TYPE MS2", "X Y").replace("PRECURSOR_M/Z 304.1543", "X 1")
    )
    assert (unnumbered.n_points, unnumbered.ms_level, unnumbered.scans[0].precursor_mz) == (2, None, None)


def test_mgf_columns_behind_the_peak_may_hold_anything() -> None:
    first, _ = read(MGF.replace("82.06 10", "82.06 10 b_2").encode())
    assert first.x.tolist() == [82.06, 182.11]


# --- what records state of their peaks ----------------------------------------------------------------------------


def test_the_splash_of_a_record_is_held_against_its_peaks() -> None:
    """SPLASH (doi:10.1038/nbt.3689): SHA-256 of "m/z in millionths:whole per cent", in order of m/z."""
    digest = hashlib.sha256(b"182117000:100 304154000:50").hexdigest()[:20]
    stated = MASSBANK.replace("PK$NUM_PEAK", f"PK$SPLASH: splash10-0a4i-0900000000-{digest}\nPK$NUM_PEAK")
    assert "checksum" not in codes(one(stated))
    assert "checksum" in codes(one(stated.replace("182.117", "182.118")))
    assert "checksum" in codes(one(stated.replace("304.154 500", "304.154 400")))
    assert "checksum" not in codes(one(stated.replace("splash10-0a4i", "splash11-0a4i")))  # a kind not known here
    assert "checksum" in codes(one(stated.replace("splash10-0a4i", "made")))
    for beyond in ("1e999 1000", "-1e999 1000", "182.117 1e999", "182.117 -1e999"):
        with pytest.raises(CorruptFile):
            read(stated.replace("182.117 1000", beyond).encode())
