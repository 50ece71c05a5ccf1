"""What a reader once took without a word and wrongly: every case is now read as its maker meant it, refused or marked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from instruments import InstrumentError, read
from spectra.types import Level, ReadingKind
from tests.instruments.andi_files import andi_chrom, andi_ms
from tests.instruments.instrument_files import MASSBANK, binary, codes, jcamp, mass_jcamp, mzml, mzxml, one, spectrum
from tests.instruments.spc_files import RUN, Y, multi, own_x, single

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


@pytest.mark.parametrize("index", ["", "Unnamed: 0", "#Point", "Index", "No."])
def test_a_column_that_numbers_the_rows_is_neither_axis_nor_curve(index: str) -> None:
    table = "".join(f"{i},{x:g},{y:g}\n" for i, (x, y) in enumerate(zip(X, A, strict=True)))
    reading = one(f"{index},Wavenumber (cm-1),Absorbance\n{table}", "x.csv")
    np.testing.assert_allclose(reading.x, X)
    np.testing.assert_allclose(reading.y, A)


def test_an_unnamed_column_of_numbers_that_count_nothing_is_kept() -> None:
    table = "".join(f"{3 * i},{x:g},{y:g}\n" for i, (x, y) in enumerate(zip(X, A, strict=True)))
    assert len(read(f",Wavenumber (cm-1),Absorbance\n{table}".encode(), "x.csv")) == 2


def test_masshunter_names_its_axes_x_and_y_behind_a_number_of_the_point() -> None:
    times = "".join(f"{i},{i / 100},{100 + i % 7}\n" for i in range(40))
    run = one(f'#"+EI TIC Scan a.D"\n#Point,X(Minutes),Y(Counts)\n{times}', "a.csv")
    assert (run.kind, run.x_unit, run.y_unit, run.x[-1]) == (ReadingKind.CHROMATOGRAM, "min", "counts", 0.39)
    scan = one("#Point,X(Thompsons),Y(Counts)\n0,41.1,200\n1,55.1,999\n2,82.1,1234\n3,182.2,800\n", "a.csv")
    assert (scan.kind, scan.x.tolist(), scan.y.tolist()) == (
        ReadingKind.MASS_SPECTRUM, [41.1, 55.1, 82.1, 182.2], [200, 999, 1234, 800],
    )  # fmt: skip


@pytest.mark.parametrize("aside", ["z", "Charge"])
def test_the_charge_beside_an_mz_is_no_intensity(aside: str) -> None:
    text = f"m/z;{aside};Abund\n41,0391;1;120,5\n55,0547;1;300\n182,1176;1;9999\n"
    assert one(text, "x.csv").y.tolist() == [120.5, 300, 9999]


@pytest.mark.parametrize("mark", ["\t", "  "])
def test_a_number_sign_may_be_the_name_of_the_first_column(mark: str) -> None:
    lines = ["#|m/z|Res.|S/N|I|I %", "1|41.0391|12000|12.0|120.5|1.2", "2|55.0547|12001|30.0|300.0|3.0",
             "3|82.0651|12002|99.9|9999.0|100.0"]  # fmt: skip
    reading = one("\n".join(lines).replace("|", mark) + "\n", "x.txt")
    assert (reading.kind, reading.x.tolist(), reading.y.tolist()) == (
        ReadingKind.MASS_SPECTRUM, [41.0391, 55.0547, 82.0651], [120.5, 300, 9999],
    )  # fmt: skip
    commented = "".join(f"{x:g} {y:g} 0\n" for x, y in zip(X, A, strict=True))
    np.testing.assert_allclose(read(f"# Wavenumber Absorbance Error\n{commented}".encode(), "x.txt")[0].x, X)


@pytest.mark.parametrize("start", ["", "\t"])
def test_columns_that_are_empty_throughout_ask_no_question(start: str) -> None:
    text = f"{start}Wavenumber\t\tAbsorbance\n" + "".join(f"{start}{x:g}\t\t{y:g}\n" for x, y in zip(X, A, strict=True))
    np.testing.assert_allclose(one(text, "x.txt").y, A)


def test_the_number_of_rows_may_stand_above_them() -> None:
    np.testing.assert_allclose(one(f"{X.size}\n{rows(' ')}", "x.txt").x, X)
    assert_refused(f"{X.size + 1}\n{rows(' ')}", "bad_row", "x.txt")


@pytest.mark.parametrize("names", ["254 nm,280 nm", "UV 254nm,UV 280nm", "m/z 182.1,m/z 304.2"])
def test_a_trace_named_after_its_wavelength_or_ion_is_no_axis(names: str) -> None:
    table = "".join(f"{i / 100},{10 + i % 7},{20 + i % 5}\n" for i in range(60))
    first, second = read(f"Time (min),{names}\n{table}".encode(), "x.csv")
    for reading in (first, second):
        assert (reading.kind, reading.x_unit, reading.x[-1]) == (ReadingKind.CHROMATOGRAM, "min", 0.59)
    assert (first.y[1], second.y[1]) == (11, 21)


@pytest.mark.parametrize(
    "line",
    [
        "Integration Time (sec): 1.000000E-1",
        "Exposure time (s):,auto",
        "Laser wavelength,785 nm",
        "Integration time,100 ms",
    ],
)
def test_a_line_that_gives_a_value_names_no_axis(line: str) -> None:
    reading = one(f"Made by somebody\n{line}\n{rows()}", "x.csv")
    assert (reading.kind, reading.x_unit) == (ReadingKind.IR, "cm-1")
    assert "axis_guessed" in codes(reading)


def test_a_beside_an_infrared_axis_is_absorbance() -> None:
    reading = one(f"Created as New Dataset\ncm-1,A\n{rows()}", "x.csv")
    assert reading.y_unit == "absorbance"
    assert not reading.warnings


@pytest.mark.parametrize("value", ["****", "#REF!", "OVER"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_damaged_row_at_an_end_of_the_table_is_said(place: int, value: str) -> None:
    lines = rows().splitlines()
    lines[place] = f"{lines[place].partition(',')[0]},{value}"
    reading = one("Wavenumber (cm-1),Absorbance\n" + "\n".join(lines) + "\n", "x.csv")
    assert reading.n_points == X.size - 1
    assert "row_damaged" in codes(reading)


@pytest.mark.parametrize("line", ["2024,Operator", "End,of data", "12 spectra"])
def test_a_line_that_does_not_go_on_with_the_axis_is_no_damaged_row(line: str) -> None:
    assert not one(f"Wavenumber (cm-1),Absorbance\n{rows()}{line}\n", "x.csv").warnings


PEAKS = "m/z,Intensity\n41.0391,120.0\n55.0547,300.0\n82.0651,9999.0\n94.0651,500.0\n182.1176,4000.0\n304.1543,1500.5\n"


def test_the_damaged_last_peak_of_a_short_list_is_said() -> None:
    assert_marked(PEAKS.replace("304.1543,", "304.154-3,"), "row_damaged", "x.csv")
    assert_marked(PEAKS.replace("1500.5", "1E500.5"), "row_damaged", "x.csv")
    assert not one(PEAKS, "x.csv").warnings


@pytest.mark.parametrize("grown", ["182.11764000.0", "182.1176,4000.0304.1543,1500.5"])
def test_rows_that_grew_together_within_a_short_list_are_refused(grown: str) -> None:
    with pytest.raises(InstrumentError):
        read(PEAKS.replace("182.1176,4000.0", grown).encode(), "x.csv")


def test_a_title_above_numbered_rows_is_not_their_header() -> None:
    text = '#"+EI Scan (rt: 5.1 min) a.D"\n#Oddly named\n' + "".join(f"{i},{41 + i},{9 * i}\n" for i in range(4))
    assert all(r.x_unit != "min" for r in read(text.encode(), "a.csv"))


def test_an_end_mark_in_the_middle_of_a_text_does_not_hide_the_rest() -> None:
    text = f"Wavenumber (cm-1),Absorbance\n{rows()}"
    assert_refused(text[:200] + "\n\x1a" + text[200:], "text_behind_end", "x.csv")
    assert_refused(PEAKS.replace("120.0\n", "120.0\x1a"), "text_behind_end", "x.csv")
    assert one(text + "\x1a" + "old sector", "x.csv").n_points == X.size


# --- JCAMP-DX -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["NaN", "nan", "1_0", "inf", "0x10"])
def test_a_word_in_a_table_of_pairs_is_no_number(value: str) -> None:
    assert_refused(mass_jcamp([(41, 10), (55, value), (91, 50)]), "bad_row")  # type: ignore[list-item]


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


@pytest.mark.parametrize("lost", ["XFACTOR", "YFACTOR"])
def test_a_factor_that_is_lost_is_said(lost: str) -> None:
    assert_marked(jcamp(ORDINATES, **COUNTS, **{lost: None}), "factor_missing")
    assert not one(jcamp(ORDINATES, **COUNTS, XFACTOR=None, YFACTOR=None)).warnings


def test_a_record_within_another_is_not_lost() -> None:
    assert_refused(jcamp(ORDINATES, factor=0.001).replace("\n##YFACTOR", "##YFACTOR"), "two_records")
    assert one(jcamp(ORDINATES, title="C## minor, ##7", **COUNTS)).title == "C## minor, ##7"


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


@pytest.mark.parametrize("value", ["NaN", "-304.15", "inf"])
def test_a_precursor_that_cannot_be_is_said(value: str) -> None:
    assert_marked(f"Name: x\nPrecursorMZ: {value}\nNum Peaks: 2\n41 5\n55 6\n", "bad_precursor")
    assert_marked(MASSBANK.replace("304.1543", value), "bad_precursor", "x.txt")


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


def test_columns_and_annotations_behind_a_pair_are_no_lone_numbers() -> None:
    for peaks in (
        "41 120 C3H5+; 58 999 C4H7+ 1.2ppm;\n",
        "41 120 (C3H5 2+); 58 999 1+;\n",
        "(41 1e2) (58 9e2)\n",
        "41 120 1\n58 999 1\n",
        '41 120 "a/0.02 1/2"; 58 999 "b";\n',
        "41 120 C3H5 5\n58 999 p-18 2\n",
        "41,5 120,5 58,5 999,5\n",
    ):
        assert len(one(f"Name: X\nNum Peaks: 2\n{peaks}").x) == 2, peaks


@pytest.mark.parametrize("row", ["91.0542 560119.0855 90", "91.0542 56 0", "91 .0542 56.5", "91.0542 56 30"])
def test_a_third_number_of_a_single_peak_is_no_charge(row: str) -> None:
    assert_refused(f"BEGIN IONS\nPEPMASS=150.1\n58.0651 8000\n{row}\n119.1 90\nEND IONS\n", "row_length")


def test_charges_of_all_peaks_or_with_their_sign_are_left_out() -> None:
    for rows in ("58 1 1\n91 2 0\n119 3 2\n", "58 1\n91 2 2+\n119 3\n", "58 1 1\n91 2 2\n119 3\n", "58 1\n91 2 37Cl\n119 3\n",
                 "58 1\n91 2 .\n119 3\n", "58 1 35000\n91 2 8\n119 3 0\n", "58 1 0.85\n91 2 1\n119 3 1.02\n"):  # fmt: skip
        assert one(f"BEGIN IONS\nPEPMASS=150.1\n{rows}END IONS\n").y.tolist() == [1.0, 2.0, 3.0]


def test_a_peak_outside_its_spectrum_is_not_lost() -> None:
    block = "begin ions\nTITLE=a\nPEPMASS=304.15\n82.06 10\n182.11 999\nend ions\n"
    assert one(block).x.tolist() == [82.06, 182.11]
    assert_refused(block + "303.1 5\n", "bad_row")


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


def test_points_that_the_spc_header_does_not_count_are_said() -> None:
    whole = single(Y)
    fewer = whole[:4] + (len(Y) - 1).to_bytes(4, "little") + whole[8:]
    assert_marked(fewer, "trailing_data")
    assert_marked(multi([Y, Y, Y], subs=2), "trailing_data")
    assert not one(whole + bytes(300)).warnings


def test_spc_spectra_that_do_not_fill_their_place_are_said() -> None:
    whole = own_x(RUN)
    assert_marked(
        bytes([whole[0] | 1]) + whole[1:], "bad_directory"
    )  # 16-bit values by the flag, 32-bit by the directory
    assert_marked(own_x([([41.0, 55.0], [10.0, 9.0]), ([], []), ([41.0], [3.0])]), "empty_spectra")
    assert not one(whole).warnings


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
