"""What programs call their axes, pages, times and blocks, and what a file says against itself in those words."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, UnknownFormat, read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import MASSBANK, codes, jcamp, mass_jcamp, mzml, one, spectrum
from tests.instruments.spc_files import Y, single
from tests.instruments.test_instrument_silent import assert_marked
from tests.instruments.test_instrument_text_standard import warned
from tests.support.effort import within

SHIFTS = "".join(f"{12.5 + 2 * i:.3f}\t{900 + i % 40}\n" for i in range(800))
LABSPEC = (
    "#Acq. time (s)=\t1\n#Detector=\tSyncerity\n#Instrument=\tLabRAM\n#Spectro ({unit})=\t{at}\n#Title=\tS041\n{rows}"
)
AVASOFT = "Wave   ;Dark     ;Ref      ;Sample   ;{result}\n[nm]   ;[counts] ;[counts] ;[counts] ;{unit}\n" + "".join(
    f"{300 + i};{7 + i % 3};5000;{4000 + i};{10 + i % 7}.5\n" for i in range(40)
)
WITEC = "X-Axis\tTime Series_000_Spec.Data 1(0)\tTime Series_000_Spec.Data 1(1)\n" + "".join(
    f"{87.7 + 2.7 * i:.3f}\t{995 + i % 9}\t{990 + i % 7}\n" for i in range(600)
)
MODEL = "LS50-B"
PEDS = (
    "PE FL   SPECTRUM   ASCII   PEDS   1.60\n  -1\nS041.TXT\n07/12/10\n13:24:51.00\n07/12/10\n13:27:46.00\n\n495.0\n1\n\n\n"
    f"{MODEL}\n350.00\nSCAN\n#HDR\n-1\n-1\n#GR\nNM\n\n1.0\n0.0\n400.0\n2.0\n30\n8\n4.5\n0.5\n#DATA\n"
    + "".join(f"{400 + 2 * i}.0\t{i % 5}.5\n" for i in range(30))
)
ENLIGHTEN = (
    "ENLIGHTEN Version,4.0.33\nModel,WP-785X\nLaser Wavelength,785.0\n\nPixel,Wavelength,Wavenumber,Processed\n"
    + "".join(f"{i},{801 + i / 5:.2f},{256 + 2.6 * i:.2f},{100 + i % 9}.5\n" for i in range(60))
)
VALUES = [7 + i % 9 for i in range(60)]
HPLC = {"DATA_TYPE": "HPLC UV/VIS SPECTRUM", "XUNITS": "MINUTES", "YUNITS": "mAU"}
MGF_OF_MATCHMS = (
    "BEGIN IONS\nPRECURSOR_MZ=304.1543\nMS_LEVEL=2\nCOMPUTED_[M+H-H2O]+=286.14\n82.07 10\n182.12 99\nEND IONS\n"
)
XML = "<?xml version='1.0'?>\n<!-- of a > b -->\n<LSX_Data>\n1 2 3\n4 5 6\n7 8 9\n</LSX_Data>\n"


def labspec(unit: str = "cm-\u00b9", at: float = 910.0, rows: str = SHIFTS) -> Reading:
    return one(LABSPEC.format(unit=unit, at=at, rows=rows).encode("latin-1"), "a.txt")


def test_labspec_tells_its_axis_by_where_its_spectrograph_stands() -> None:
    reading = labspec()
    assert (reading.kind, reading.x_unit, reading.title) == (ReadingKind.RAMAN, "cm-1", "S041")
    assert not reading.warnings
    assert labspec("nm", 560.0).x_unit == "nm"


def test_wire_names_a_raman_shift_only_by_its_columns() -> None:
    rows = "".join(f"{3200 - 2 * i}.5\t{300 + i % 40}.25\n" for i in range(800))
    reading = one(f"#Wave\t\t#Intensity\n{rows}", "a.txt")
    assert (reading.kind, reading.x_unit, reading.warnings) == (ReadingKind.RAMAN, "cm-1", ())


def test_a_column_called_x_axis_is_the_axis_beside_names_with_the_word_time() -> None:
    readings = read(WITEC.encode(), "a.txt")
    assert [(r.kind, r.x_unit, float(r.x[0])) for r in readings] == [(ReadingKind.RAMAN, "cm-1", 87.7)] * 2
    assert warned(readings[0]) == {"axis_guessed"}
    alone = one("".join(f"{line.rpartition(chr(9))[0]}\n" for line in WITEC.splitlines()), "a.txt")
    assert (alone.kind, alone.x_unit, warned(alone)) == (ReadingKind.RAMAN, "cm-1", {"axis_guessed"})


@pytest.mark.parametrize(
    ("result", "unit", "found"),
    [
        ("Transmittance", "[% transmittance]", "transmittance (%)"),
        ("Absorbance", "[A.U.]", "absorbance"),
        ("Reflectance", "[%]", "reflectance (%)"),
    ],
)
def test_avasoft_writes_counts_beside_the_one_result(result: str, unit: str, found: str) -> None:
    (reading,) = read(AVASOFT.format(result=result, unit=unit).encode(), "a.txt")
    assert (reading.kind, reading.y_unit, float(reading.y.max())) == (ReadingKind.UV, found, 16.5)


@pytest.mark.parametrize("names", ["Reference,S041,S042,Blank abs", "Ref cocaine,S041,S042,S043 abs"])
def test_a_reference_beside_samples_without_counts_hides_none_of_them(names: str) -> None:
    rows = "".join(f"{300 + i},0.1{i % 7},0.2{i % 5},0.3{i % 9},0.4{i % 8}\n" for i in range(40))
    titles = [r.title for r in read(f"Wavelength (nm),{names}\n{rows}".encode(), "a.csv")]
    assert {"a: S041", "a: S042"} <= set(titles)


def test_a_laser_of_enlighten_makes_a_raman_spectrum_and_that_of_an_interferometer_does_not() -> None:
    assert one(ENLIGHTEN, "a.csv").kind is ReadingKind.RAMAN
    assert one(ENLIGHTEN.replace("785.0", "0.0"), "a.csv").kind is ReadingKind.IR
    rows = "".join(f"{4000 - 2 * i},0.{10 + i % 9}\n" for i in range(60))
    reading = one(f"Made by somebody\nLaser wavelength: 632.8 nm\ncm-1,A\n{rows}", "a.csv")
    assert (reading.kind, reading.y_unit, reading.warnings) == (ReadingKind.IR, "absorbance", ())


def test_perkin_elmer_names_the_instrument_and_a_step_that_must_fit() -> None:
    reading = one(PEDS, "a.asc")
    assert (reading.instrument, codes(reading)) == (MODEL, set())
    assert one(PEDS.replace(MODEL, "\n"), "a.asc").instrument == ""
    assert_marked(PEDS.replace("400.0\n2.0\n", "400.0\n3.0\n"), "first_x", "a.asc")


@pytest.mark.parametrize(
    ("above", "title"),
    [
        ("S041\t\t", "a: S041"),
        ("a\t\t", "a"),
        ("sep=\t\t", "a"),
        ("Date: 2026-01-02\t\t", "a"),
        ("Sample: S041\t\t", "S041"),
        ("[Data]\t\t", "a"),
        ("nm\t\t", "a"),
    ],
)
def test_cary_names_a_single_sample_above_its_columns(above: str, title: str) -> None:
    rows = "".join(f"{800 - i}.0\t{i % 7 / 10}\t\n" for i in range(40))
    assert one(f"{above}\nWavelength (nm)\tAbs\t\n{rows}", "a.txt").title == title


@pytest.mark.parametrize("before", ["", "\ufeff", "\n "])
def test_xml_is_no_table_and_is_named_behind_a_comment(before: str) -> None:
    with pytest.raises(UnknownFormat, match="LSX_Data"):
        read(f"{before}{XML}".encode(), "a.xml")


def _as_much_sound_text() -> None:
    read(jcamp(VALUES * 300).encode(), "a.txt")


@pytest.mark.parametrize(
    "content", ["<?xml version='1.0'?>" + "<!--x>" * 12_000, jcamp(VALUES, FIRSTX=f"{'1' * 40_000},x")]
)
def test_open_comments_and_long_numbers_are_looked_through_once(content: str) -> None:
    with within(20, _as_much_sound_text), pytest.raises(InstrumentError):
        read(content.encode(), "a.txt")


@pytest.mark.parametrize("first", ["", " ", "\t"])
def test_a_blank_line_may_be_the_first_above_columns_of_blanks(first: str) -> None:
    rows = "".join(f"{4000 - 2 * i} 0.{10 + i % 9}\n" for i in range(40))
    assert one(f"{first}\n{rows}", "a.txt").n_points == 40


@pytest.mark.parametrize("exponent", ["E-0001", "E-001", "e-1"])
def test_exponents_of_four_digits_are_numbers(exponent: str) -> None:
    reading = one(jcamp(VALUES, factor=0.1, FIRSTY=f"7.0{exponent}"))
    assert (float(reading.y[0]), reading.warnings) == (pytest.approx(0.7), ())


@pytest.mark.parametrize("row", ["1.234E-0015.678E-0012.345E-001", "+1.234E-0001+5.678E-0001+2.345E-0001"])
def test_columns_that_touch_keep_their_exponents(row: str) -> None:
    first, *_, end = jcamp([1] * 3, FIRSTY=0.1234).rpartition("400 ")[0].splitlines(), "##END=\n"
    reading = one("\n".join([*first, f"400 {row}", end]))
    assert reading.y.tolist() == [0.1234, 0.5678, 0.2345]


def test_a_decimal_comma_is_refused_with_what_to_do() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(jcamp(VALUES, FIRSTX="400,36").encode())
    assert "decimal points" in caught.value.hint


def test_absorbance_may_be_called_a() -> None:
    assert one(jcamp(VALUES, YUNITS="A")).y_unit == "absorbance"
    assert one(jcamp(VALUES, **HPLC | {"YUNITS": "A"})).y_unit == "A"


def test_a_detector_behind_a_column_writes_a_chromatogram() -> None:
    reading = one(jcamp(VALUES, **HPLC))
    assert (reading.kind, reading.x_unit) == (ReadingKind.CHROMATOGRAM, "min")


def test_a_block_that_assigns_peaks_of_another_is_none_of_the_readings() -> None:
    head = "##TITLE=both\n##DATA TYPE=LINK\n##BLOCKS=3\n"
    for rows in ("(450, 0.1, <OH>)\n(480, 0.4, <CN>)\n", ""):
        assigned = f"##TITLE=peaks\n##DATA TYPE=PEAK ASSIGNMENTS\n##PEAK ASSIGNMENTS=(XYA)\n{rows}##END=\n"
        for both in (f"{jcamp(VALUES)}\n{assigned}", f"{assigned}{jcamp(VALUES)}\n"):
            (reading,) = read(f"{head}{both}##END=\n".encode(), "a.dx")
            assert [r.code for r in reading.remarks] == ["peak_assignments"]
    alone = assigned.replace("(XYA)\n", "(XYA)\n(450, 0.1, <OH>)\n")
    assert one(f"{head.replace('3', '2')}{alone}##END=\n", "a.dx").n_points == 1


def pages(*numbers: str, symbol: str = "T", unit: str = "SECONDS", name: str = "PAGE NUMBER") -> str:
    head = f"##TITLE=run\n##DATA TYPE=MASS SPECTRUM\n##NTUPLES=MASS SPECTRUM\n##VAR_NAME=MASS, INTENSITY, {name}\n"
    head += f"##SYMBOL=X, Y, {symbol}\n##UNITS=M/Z, RELATIVE ABUNDANCE, {unit}\n"
    return head + "".join(f"##PAGE={n}\n##DATA TABLE=(XY..XY), PEAKS\n50, 1; 60, 9\n" for n in numbers) + "##END=\n"


def test_pages_that_are_only_numbered_have_no_times() -> None:
    reading = one(pages("1", "2", "3"))
    assert (reading.x.tolist(), reading.x_unit) == ([1, 2, 3], "scan")
    assert reading.scans[0].retention_time_s is None
    assert "no_times" in codes(reading)


@pytest.mark.parametrize(
    "written",
    [
        pages("Z=5.5", "Z=6.5", symbol="Z", unit="", name="RETENTION TIME"),
        pages("TIME=5.5", "TIME=6.5", symbol="TIME", unit=""),
    ],
)
def test_pages_numbered_by_what_is_called_time_keep_it(written: str) -> None:
    reading = one(written)
    assert (reading.x.tolist(), reading.x_unit, warned(reading)) == ([5.5, 6.5], "s", {"time_unit_guessed"})


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (pages("T=5.1"), 5.1),
        (pages("T=5.1", unit="MINUTES"), 306.0),
        (pages("RET=5.1", symbol="RET", unit="MINUTES"), 306.0),
        (pages("N=1", symbol="N", unit=""), None),
        (mass_jcamp([(50, 1), (60, 9)], PAGE="T=5.1"), 5.1),
    ],
)
def test_a_lone_page_that_is_numbered_by_time_has_it(content: str, seconds: float | None) -> None:
    assert one(content).scans[0].retention_time_s == pytest.approx(seconds)


def grid(last: str, delta: str = "1.93") -> str:
    x = np.linspace(4000, 399.4, 1868)
    rows = "\n".join(f"{x[i]:.0f} " + " ".join(["12149"] * len(x[i : i + 11])) for i in range(0, x.size, 11))
    head = (
        f"##TITLE=a\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##FIRSTX=4000\n##LASTX={last}\n"
    )
    return (
        f"{head}##DELTAX=-{delta}\n##XFACTOR=1\n##YFACTOR=1E-5\n##NPOINTS=1868\n##XYDATA=(X++(Y..Y))\n{rows}\n##END=\n"
    )


@pytest.mark.parametrize(("last", "delta"), [("399", "1.93"), ("399.4", "1.9"), ("399", "1.9")])
def test_a_header_in_few_digits_agrees_with_rows_that_have_as_few(last: str, delta: str) -> None:
    assert not {"x_drift", "delta_x"} & codes(one(grid(last, delta)))


@pytest.mark.parametrize(("last", "delta", "code"), [("402", "1.93", "x_drift"), ("399", "1.8", "delta_x")])
def test_a_header_that_is_off_by_more_than_its_digits_is_told(last: str, delta: str, code: str) -> None:
    assert code in codes(one(grid(last, delta)))


def test_a_last_check_value_without_points_behind_it_is_told() -> None:
    *_, check, end = jcamp(VALUES, form="DIF").splitlines()
    assert_marked(jcamp(VALUES, form="DIF").replace(f"{check}\n{end}", f"459@\n{end}"), "y_check")
    both = jcamp(VALUES, form="DIF").replace(f"{check}\n{end}", f"459@\n{end}").replace("434A4", "434A5")
    assert "2 lines miss their check value by one count." in one(both).warnings


def test_ramclustr_writes_seconds_where_ms_dial_writes_minutes() -> None:
    record = "NAME:C001\nRETENTIONTIME:{}\nNum Peaks:2\n82.07 10\n182.12 99\n"
    assert one(record.format("38.74"), "a.msp").scans[0].retention_time_s is None
    for blank in (" ", "\t"):
        assert one(record.format(f"{blank}5.218"), "a.msp").scans[0].retention_time_s == pytest.approx(313.08)


def test_matchms_has_its_own_words_in_mgf() -> None:
    reading = one(MGF_OF_MATCHMS, "a.mgf")
    assert (reading.scans[0].precursor_mz, reading.ms_level, reading.n_points) == (304.1543, 2, 2)
    assert not reading.warnings
    assert not one(MGF_OF_MATCHMS.replace("MS_LEVEL", "PEPMASS=304.2\nMS_LEVEL"), "a.mgf").warnings
    assert_marked(MGF_OF_MATCHMS.replace("MS_LEVEL", "PEPMASS=318.2\nMS_LEVEL"), "stated_twice", "a.mgf")
    assert_marked(MGF_OF_MATCHMS.replace("MS_LEVEL=2", "MS_LEVEL=two"), "bad_field", "a.mgf")
    assert one(MGF_OF_MATCHMS.replace("MS_LEVEL=2", "MS_LEVEL=2.0"), "a.mgf").ms_level == 2


@pytest.mark.parametrize(
    ("fields", "mz", "told"),
    [
        ("PRECURSOR_MZ=N/A", None, set()),
        ("PRECURSOR_MZ=-1.0", None, {"bad_field"}),
        ("PRECURSOR_MZ=3O4.15", None, {"bad_field"}),
        ("PEPMASS=0.0\nPRECURSOR_MZ=304.1543", 304.1543, set()),
        ("PEPMASS=304.1543\nPRECURSOR_MZ=0", 304.1543, set()),
    ],
)
def test_a_precursor_of_matchms_that_is_not_known_refuses_no_library(
    fields: str, mz: float | None, told: set[str]
) -> None:
    reading = one(f"BEGIN IONS\n{fields}\n82.07 10\n182.12 99\nEND IONS\n", "a.mgf")
    assert (reading.scans[0].precursor_mz, warned(reading)) == (mz, told)


def test_a_derivative_under_the_formula_of_its_parent_is_told_as_that() -> None:
    (text,) = one("Name: x\nFormula: C3H7NO2\nNum Peaks: 2\n73 900\n233 999\n", "a.msp").warnings
    assert "derivatised" in text


def test_the_name_of_the_other_polarity_is_told() -> None:
    scan = spectrum(0, [50, 60], [1, 9], seconds=1.0)
    for name, told in (("positive", False), ("negative", True)):
        polarity = f'<cvParam cvRef="MS" accession="MS:1000130" name="{name} scan" value=""/>'
        reading = one(mzml(scan.replace("<scanList", f"{polarity}<scanList")))
        assert ("polarity_name" in codes(reading), reading.meta["polarity"]) == (told, "positive")


def test_an_end_of_spc_that_is_no_number_beside_x_values_is_told() -> None:
    x = np.linspace(4000.0, 400.0, len(Y))
    assert "first_x" not in codes(one(single(x=x)))
    assert "first_x" in codes(one(single(x=x, last=float("nan"))))


def test_bytes_behind_the_log_of_spc_are_told() -> None:
    content = single(notes=b"A=1\r\n")
    assert "trailing_data" not in codes(one(content + b"  \0"))
    assert "trailing_data" in codes(one(content + b"more"))


@pytest.mark.parametrize(
    ("masses", "told"),
    [
        ((50, 60, 70, 800, 90, 100), True),
        ((100, 90, 80, 70, 60), False),
        ((50, 60, 10, 70, 20, 80), False),
        ((50, 60, 70, 80, 55), False),
    ],
)
def test_one_peak_out_of_order_among_others_is_told(masses: tuple[int, ...], told: bool) -> None:
    rows = "".join(f"{mz} {10 + i % 3}\n" for i, mz in enumerate(masses))
    reading = one(f"Name: x\nNum Peaks: {len(masses)}\n{rows}", "a.msp")
    assert ("unsorted_mz" in codes(reading), bool(reading.warnings)) == (True, told)


def test_peaks_in_order_of_intensity_are_no_damage() -> None:
    reading = one("Name: x\nNum Peaks: 5\n50 9\n60 8\n900 7\n70 6\n80 5\n", "a.msp")
    assert (codes(reading), reading.warnings) == ({"unsorted_mz"}, ())


def test_a_column_that_massbank_does_not_name_is_told() -> None:
    assert_marked(MASSBANK.replace("m/z int. rel.int.", "m/z int."), "columns_differ")


@pytest.mark.parametrize("words", ["Number of Pixels in Spectrum", "Number of Pixels in Processed Spectrum"])
def test_ocean_says_how_many_rows_follow(words: str) -> None:
    rows = "".join(f"{200 + i}.5\t{i % 9}.25\n" for i in range(40))
    begin = ">>>>>Begin Processed Spectral Data<<<<<"
    assert "count_mismatch" not in codes(one(f"{words}: 40\n{begin}\n{rows}", "a.txt"))
    assert "count_mismatch" in codes(one(f"{words}: 44\n{begin}\n{rows}", "a.txt"))
