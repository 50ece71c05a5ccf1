"""What a reader once took without a word and wrongly: every case is now read as its maker meant it, refused or marked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from instruments import InstrumentError, read
from spectra.types import Level
from tests.instruments.andi_files import andi_chrom, andi_ms
from tests.instruments.instrument_files import MASSBANK, binary, codes, jcamp, mass_jcamp, mzml, mzxml, one, spectrum
from tests.instruments.spc_files import RUN, own_x

X = np.arange(4000.0, 3600.0, -8.0)
A = np.round(0.05 + 0.6 * np.exp(-(((X - 3800) / 40) ** 2)), 4)
COUNTS: dict[str, Any] = {"DATA_TYPE": "RAMAN SPECTRUM", "YUNITS": "COUNTS"}
ORDINATES = [int(200 + 150 * np.sin(i / 6)) - (i % 7) * 3 for i in range(75)]


def rows(mark: str = ",", values: Any = A, axis: Any = X) -> str:
    return "".join(f"{x:g}{mark}{y:g}\n" for x, y in zip(axis, values, strict=True))


def assert_refused(content: str | bytes, code: str, name: str = "") -> None:
    with pytest.raises(InstrumentError) as caught:
        read(content.encode() if isinstance(content, str) else content, name)
    assert caught.value.code == code
    assert caught.value.hint


def assert_marked(content: str | bytes, code: str, name: str = "") -> None:
    readings = read(content.encode() if isinstance(content, str) else content, name)
    assert any(code in codes(r) for r in readings)


# --- columns and headers of text tables ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["****", "#REF!", "OVER"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_damaged_row_at_an_end_of_the_table_is_said(place: int, value: str) -> None:
    lines = rows().splitlines()
    lines[place] = f"{lines[place].partition(',')[0]},{value}"
    reading = one("Wavenumber (cm-1),Absorbance\n" + "\n".join(lines) + "\n", "x.csv")
    assert reading.n_points == X.size - 1
    assert "row_damaged" in codes(reading)


PEAKS = "m/z,Intensity\n41.0391,120.0\n55.0547,300.0\n82.0651,9999.0\n94.0651,500.0\n182.1176,4000.0\n304.1543,1500.5\n"


@pytest.mark.parametrize("grown", ["182.11764000.0", "182.1176,4000.0304.1543,1500.5"])
def test_rows_that_grew_together_within_a_short_list_are_refused(grown: str) -> None:
    with pytest.raises(InstrumentError):
        read(PEAKS.replace("182.1176,4000.0", grown).encode(), "x.csv")


def test_a_title_above_numbered_rows_is_not_their_header() -> None:
    text = '#"+EI Scan (rt: 5.1 min) a.D"\n#Oddly named\n' + "".join(f"{i},{41 + i},{9 * i}\n" for i in range(4))
    assert all(r.x_unit != "min" for r in read(text.encode(), "a.csv"))


# --- JCAMP-DX -----------------------------------------------------------------------------------------------------


def test_a_missing_value_among_pairs_is_said() -> None:
    assert_marked(mass_jcamp([(41, 10), (55, "?"), (91, 50)]), "missing_points")  # type: ignore[list-item]


@pytest.mark.parametrize("form", ["AFFN", "PAC", "SQZ", "DIF", "DIFDUP"])
def test_rows_without_end_are_whole_only_where_the_header_says_so(form: str) -> None:
    silent = jcamp(ORDINATES, form=form, end=False, NPOINTS=None, LASTX=None, DELTAX=1, **COUNTS)
    assert_marked(silent, "no_end")
    kept = silent.rstrip("\n").rpartition("\n")[0] + "\n"
    assert_marked(kept, "no_end")
    assert not one(jcamp(ORDINATES, form=form, end=False, **COUNTS)).warnings
    assert not one(jcamp(ORDINATES, form=form, end=False, NPOINTS=None, DELTAX=1, **COUNTS)).warnings


@pytest.mark.parametrize("last", [465, 468, 480, 484])
def test_an_axis_that_drifts_away_from_the_rows_is_said(last: int) -> None:
    assert_marked(jcamp(ORDINATES, LASTX=last, **COUNTS), "x_drift")


PAGES = (
    "##TITLE=pages\n##JCAMP-DX=5.01\n##DATA TYPE=RAMAN SPECTRUM\n##NTUPLES=RAMAN SPECTRUM\n##SYMBOL=X, Y, N\n##VAR_DIM=5, 5, 2\n"
    "##UNITS=1/CM, COUNTS,\n##FACTOR=1, 0.5, 1\n##FIRST=400, 100, 1\n##LAST=404, 120, 2\n"
    "##PAGE=N=1\n##DATA TABLE=(X++(Y..Y)), XYDATA\n400 200 210 220\n403 230 240\n"
    "##PAGE=N=2\n##DATA TABLE=(X++(Y..Y)), XYDATA\n400 100 110 120\n403 130 140\n##END NTUPLES=RAMAN SPECTRUM\n##END=\n"
)


def test_a_page_that_lost_a_line_is_not_stretched_over_the_axis() -> None:
    first, second = read(PAGES.encode())
    assert (first.y.tolist(), second.y.tolist()) == ([100, 105, 110, 115, 120], [50, 55, 60, 65, 70])
    assert_refused(PAGES.replace("403 230 240\n", ""), "point_count")
    assert_refused(PAGES.replace("403 130 140\n", ""), "point_count")


def test_a_page_of_symbols_that_are_not_explained_has_no_scale() -> None:
    assert_refused(PAGES.replace("(X++(Y..Y))", "(X++(Z..Z))"), "unknown_symbol")


@pytest.mark.parametrize("record", ["YFACTOR=5.0", "FIRSTX=4000", "XUNITS=NANOMETERS"])
def test_a_record_that_is_given_twice_and_differs_is_refused(record: str) -> None:
    text = jcamp(ORDINATES, **COUNTS)
    label = record.partition("=")[0]
    again = re.sub(rf"(##{label}=.*\n)", rf"\1##{record}\n", text)
    assert_refused(again, "two_values")
    assert not one(re.sub(rf"(##{label}=.*\n)", r"\1\1", text)).warnings


# --- mass spectra -------------------------------------------------------------------------------------------------


def test_bytes_in_the_wrong_order_are_not_taken_for_ions() -> None:
    def swapped(kind: str, values: list[float]) -> str:
        return binary(kind, values, raw=np.array(values, ">f8").tobytes())

    scans = [spectrum(i, [41, 55], [1, 2], seconds=i, arrays=swapped("mz", [41, 55]) + swapped("intensity", [1, 2]))
             for i in (1, 2)]  # fmt: skip
    assert_marked(mzml(*scans), "implausible_mz")
    assert_marked(mzml(scans[0]), "implausible_mz")


def test_a_negative_precursor_is_refused() -> None:
    assert_refused(mzml(spectrum(0, [50, 60], [1, 2], seconds=5, level=2, precursor=-304.15)), "bad_precursor")


def test_peaks_of_a_scan_that_announces_none_are_not_lost() -> None:
    run = mzxml((1.0, [41, 55], [1, 2]), (2.0, [41], [3])).decode()
    assert_refused(run.replace('peaksCount="2"', 'peaksCount="0"'), "array_length")
    empty = re.sub(r'peaksCount="1"([^<]*<peaks[^>]*>)[^<]*', r'peaksCount="0"\1AAAAAAAAAAA=', run)
    assert one(empty).n_points == 2


LIBRARY = "<mzSpecLib>\nMS:1003186|library format version=1.0\n<Spectrum=1>\nMS:1000744|selected ion m/z=304.15\nMS:1003059|number of peaks=2\n<Peaks>\n82.06\t10\n182.11\t999\n"
OBJECTS = '{"format_version": "1.0", "attributes": [], "spectra": [{"attributes": [], "mzs": [82.06, 182.11], "intensities": [10, 999]}]}'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("\t999", "\t9_9", "bad_row"), ("peaks=2", "peaks=-2", "bad_header"), ("peaks=2", "peaks=two", "bad_header")],
)
def test_a_library_in_which_a_number_is_none_is_refused(old: str, new: str, code: str) -> None:
    assert one(LIBRARY).y.tolist() == [10, 999]
    assert_refused(LIBRARY.replace(old, new), code)


def test_texts_and_truths_of_json_are_no_numbers() -> None:
    assert one(OBJECTS).x.tolist() == [82.06, 182.11]
    assert_refused(OBJECTS.replace("82.06", '"82.06"'), "bad_spectrum")
    assert_refused(OBJECTS.replace("82.06", "true"), "bad_spectrum")
    assert_marked(LIBRARY.replace("304.15", "NaN"), "bad_precursor")


def test_a_comma_before_three_digits_of_an_intensity_is_asked_about() -> None:
    assert_refused("Name: x\nNum Peaks: 2\n41 5\n82 12,345\n", "ambiguous_comma")
    assert one("Name: x\nNum Peaks: 2\n41 0,512\n82 12,345\n").y.tolist() == [0.512, 12.345]
    assert one("Name: x\nNum Peaks: 2\n41,05 5,125\n82,11 12,345\n").y.tolist() == [5.125, 12.345]


@pytest.mark.parametrize(
    "peaks",
    ["41,5 120; 58.5 999; 77 45;\n91 310;", "4 1,120 58,999 77,45\n91,310", "91,310 119,88 150,20 182,2 0", "41 120\n9;1 310\n119 88\n150 7",
     "58.1 12.5\n91.1 999\n119.1 88\n150,.1277 310.5"],
)  # fmt: skip
def test_a_number_that_belongs_to_no_peak_is_not_left_out(peaks: str) -> None:
    """A comma, a blank or a semicolon in the wrong place shifts m/z and intensity against each other."""
    with pytest.raises(InstrumentError) as caught:
        read(f"Name: X\nNum Peaks: 4\n{peaks}\n".encode())
    assert caught.value.code in ("bad_row", "ambiguous_comma")


@pytest.mark.parametrize("row", ["91.0542 560119.0855 90", "91.0542 56 0", "91 .0542 56.5", "91.0542 56 30"])
def test_a_third_number_of_a_single_peak_is_no_charge(row: str) -> None:
    assert_refused(f"BEGIN IONS\nPEPMASS=150.1\n58.0651 8000\n{row}\n119.1 90\nEND IONS\n", "row_length")


def test_two_peaks_that_grew_together_are_not_one() -> None:
    block = "BEGIN IONS\nTITLE=a\n41 1{0}\n55.1 20{0}\n82.2 999{0}\n182.3 300.5{0}\nEND IONS\n"
    for third in ("", " 1+", " 0.25", " y3"):
        assert one(block.format(third)).n_points == 4
    assert one(block.format("").replace("999", "999 2+")).n_points == 4
    assert_refused(block.format("").replace("20\n", "20"), "row_length")
    assert_refused(block.format(" 1+").replace("1+\n82", "1+82"), "row_length")


@pytest.mark.parametrize("count", ["-2", "two", "2.0"])
def test_a_massbank_count_that_is_none_is_refused(count: str) -> None:
    assert_refused(MASSBANK.replace("PK$NUM_PEAK: 2", f"PK$NUM_PEAK: {count}"), "bad_header", "x.txt")


# --- binary files -------------------------------------------------------------------------------------------------


def test_two_spectra_of_an_spc_directory_cannot_share_a_place() -> None:
    assert_refused(own_x(RUN, entries={3: (512, 48)}), "overlap")


def test_scans_of_an_andi_run_cannot_share_points() -> None:
    assert_refused(andi_ms(scan_index=[0, 2, 5]), "overlap")
    assert_refused(andi_ms(point_count=[3, 1, 2], scan_index=[0, 3, 3]), "overlap")
    assert one(andi_ms()).n_points == 3


def test_a_total_far_from_its_points_and_an_unknown_unit_of_time_are_said() -> None:
    assert any(
        r.code == "total_differs" and r.level is Level.WARNING for r in one(andi_ms(total_intensity=[1, 2, 3])).remarks
    )
    assert not one(andi_ms(total_intensity=[1000, 11, 2])).warnings
    assert_marked(andi_chrom(globals_={"retention_unit": "sebonds"}), "time_unit_unknown")
    assert not one(andi_chrom(), x_unit="min").warnings


def test_a_delay_that_is_no_number_is_not_taken_as_zero_in_silence() -> None:
    reading = one(andi_chrom(actual_delay_time=float("nan")))
    assert any(r.code == "no_delay" and r.level is Level.WARNING for r in reading.remarks)
