"""What a file says of itself that cannot be, or no longer fits: told or refused, and what looks odd and is right is read."""

from __future__ import annotations

import re

import numpy as np
import pytest

from instruments import read
from instruments.readers import text_words
from spectra.types import ReadingKind
from tests.instruments.andi_files import andi_ms
from tests.instruments.instrument_files import (
    MASSBANK,
    MGF,
    codes,
    jcamp,
    mass_jcamp,
    mzml,
    mzxml,
    one,
    spectrum,
)
from tests.instruments.opus_files import ABOUT, Y, opus
from tests.instruments.opus_files import spectrum as infrared
from tests.instruments.spc_files import RUN, own_x
from tests.instruments.test_instrument_silent import COUNTS, LIBRARY, ORDINATES, assert_marked, assert_refused

SCANS = [spectrum(n, [41, 55], [1, 2], seconds=60 * n) for n in range(3)]


# --- mass spectra -------------------------------------------------------------------------------------------------


def test_scans_with_one_identifier_are_told() -> None:
    run = mzml(*SCANS)
    assert any(w.startswith("1 scan has") for w in one(run.replace(b'id="scan=2"', b'id="scan=1"')).warnings)
    assert_marked(run.replace(b'id="scan=2"', b'id="scan=1"'), "duplicate_scan")
    assert_marked(mzxml((1.0, [41], [1]), (2.0, [42], [2])).replace(b'num="2"', b'num="1"'), "duplicate_scan")
    assert not one(run).warnings


@pytest.mark.parametrize("value", ["NaN", "-5", "unknown"])
def test_a_precursor_of_a_scan_that_is_no_mass_is_refused(value: str) -> None:
    scan = spectrum(0, [50, 60], [1, 2], seconds=5, level=2, precursor="304.15")  # type: ignore[arg-type]
    assert one(mzml(scan)).scans[0].precursor_mz == 304.15
    assert_refused(mzml(scan).replace(b"304.15", value.encode()), "bad_precursor")
    scans = mzxml((1.0, [41], [1]), (2.0, [42], [2])).decode()
    assert_refused(scans.replace("<peaks", f"<precursorMz>{value}</precursorMz><peaks", 1), "bad_precursor")


@pytest.mark.parametrize("value", ["-1", "one", "1.5"])
def test_an_ms_level_that_is_no_count_is_refused(value: str) -> None:
    assert_refused(
        mzml(*SCANS).replace(b'name="ms level" value="1"', f'name="ms level" value="{value}"'.encode()), "bad_header"
    )


@pytest.mark.parametrize("value", ["NaN", "-12.5", "inf"])
def test_a_retention_time_that_cannot_be_is_told(value: str) -> None:
    assert_marked(MGF.replace("BEGIN IONS\n", f"BEGIN IONS\nRTINSECONDS={value}\n", 1), "bad_retention_time", "a.mgf")
    assert_marked(
        MASSBANK.replace("PK$NUM", f"AC$CHROMATOGRAPHY: RETENTION_TIME {value} min\nPK$NUM"),
        "bad_retention_time",
        "a.txt",
    )


@pytest.mark.parametrize("value", ["-1", "-1.0"])
def test_a_retention_time_of_minus_one_is_not_given(value: str) -> None:
    reading = read(MGF.replace("=25.5", f"={value}").encode(), "a.mgf")[0]
    assert (reading.scans[0].retention_time_s, "bad_retention_time" in codes(reading)) == (None, False)


def test_a_massbank_row_that_lost_a_column_is_refused() -> None:
    """Of m/z, intensity and relative intensity the last two cannot be told apart."""
    assert_refused(MASSBANK.replace("182.117 1000 999", "182.117 999"), "bad_row", "a.txt")
    short = MASSBANK.replace("int. rel.int.", "rel.int.").replace(" 1000 999", " 999").replace(" 500 499", " 499")
    assert one(short, "a.txt").y.tolist() == [999, 499]


@pytest.mark.parametrize("row", ["82.2 1,5", "82,2 999"])
def test_a_comma_among_points_is_no_peak(row: str) -> None:
    library = "Name: x\nNum Peaks: 3\n41.1 5\n55.1 10.5\n82.2 999\n"
    assert one(library).n_points == 3
    assert_refused(library.replace("82.2 999", row), "ambiguous_comma")
    assert (
        one(library.replace(" ", ",").replace("Name:,", "Name: ").replace("Num,Peaks:,", "Num Peaks: ")).n_points == 3
    )


def test_a_library_of_a_version_that_nobody_knows_is_refused() -> None:
    assert_refused(LIBRARY.replace("version=1.0", "version=9.0"), "format_version")
    assert one(LIBRARY.replace("version=1.0", "version=1.2")).n_points == 2


# --- infrared, SPC, times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [472, 476])
def test_an_axis_two_points_too_long_or_short_is_told(last: int) -> None:
    assert_marked(jcamp(ORDINATES, LASTX=last, **COUNTS), "x_drift")


def test_whole_numbers_before_the_rows_are_no_drift() -> None:
    x = 400 + 0.482 * np.arange(75)
    rows = "".join(f"{x[i]:.0f} {' '.join(['5'] * 5)}\n" for i in range(0, 75, 5))
    head = jcamp([5] * 75, FIRSTX=400, LASTX=f"{x[-1]:.3f}", **COUNTS).partition("(X++(Y..Y))\n")
    assert not one(head[0] + head[1] + rows + "##END=\n").warnings


def test_rows_of_four_digits_are_no_drift() -> None:
    x = 950.2 + 1.3 * np.arange(75)
    rows = "".join(f"{x[i]:.4g} {' '.join(['5'] * 5)}\n" for i in range(0, 75, 5))
    head = jcamp([5] * 75, FIRSTX=950.2, LASTX=f"{x[-1]:.3f}", **COUNTS).partition("(X++(Y..Y))\n")
    assert not one(head[0] + head[1] + rows + "##END=\n").warnings


def test_a_last_value_that_may_have_lost_digits_is_told() -> None:
    peaks = mass_jcamp([(41, 10), (50, 200)], end="").rstrip("\n")
    assert_marked(peaks[:-1], "may_be_cut")
    link = "##TITLE=x\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=1\n"
    assert "may_be_cut" not in codes(one(link + jcamp(ORDINATES, **COUNTS).rstrip("\n")))
    assert not one(peaks + "\n").warnings


@pytest.mark.parametrize("value", ["1e308", "9.96921e36"])
def test_a_value_that_stands_for_a_missing_one_is_told(value: str) -> None:
    assert_marked(mass_jcamp([(41, 10), (55, value), (91, 50)]), "implausible_value")  # type: ignore[list-item]


def test_times_that_run_backwards_are_told() -> None:
    assert_marked("Time (min),Signal (mV)\n5,1\n4,2\n3,1\n2,5\n", "falling_time", "a.csv")


@pytest.mark.parametrize("odd", [float("nan"), 0.01])
def test_scans_of_an_spc_file_whose_times_are_not_in_order_are_told(odd: float) -> None:
    times = [0.02 * n for n in range(len(RUN))]
    assert one(own_x(RUN, zs=times)).kind is ReadingKind.MASS_RUN
    told = read(own_x(RUN, zs=[*times[:5], odd, *times[6:]]), "a.spc")
    assert (len(told), "unsorted_times" in codes(told[0])) == (len(RUN), True)


# --- tables -------------------------------------------------------------------------------------------------------

PEAKS = [(41.0391, 120.0), (82.0651, 9999.0), (182.1176, 4000.0), (304.1543, 1500.5)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("names", [("Formula", "Ion"), ("Loss of", "Annotation")])
def test_words_beside_the_peaks_are_passed_over(mark: str, names: tuple[str, str]) -> None:
    lines = [
        ("m/z", "Intensity", *names),
        *((m, i, f"C{n}H2", "" if n else "[M+H]+") for n, (m, i) in enumerate(PEAKS)),
    ]
    reading = one("".join(mark.join(map(str, line)) + "\n" for line in lines), "a.csv")
    assert (reading.kind, list(zip(reading.x, reading.y, strict=True)), codes(reading)) == (
        ReadingKind.MASS_SPECTRUM,
        PEAKS,
        set(),
    )


def test_words_before_the_peaks_or_among_decimal_commas_are_passed_over() -> None:
    blanks = one("Ion m/z Abund.\n" + "".join(f"C{n}H {m} {i}\n" for n, (m, i) in enumerate(PEAKS)), "a.txt")
    comma = one("m/z;Intensität;Formel\n" + "".join(f"{m};{i};CH\n".replace(".", ",") for m, i in PEAKS), "a.csv")
    quoted = one("m/z,Intensity,Ion\n" + "".join(f'"{m}","{i}",CH\n'.replace(".", ",") for m, i in PEAKS), "a.csv")
    for reading in (blanks, comma, quoted):
        assert list(zip(reading.x, reading.y, strict=True)) == PEAKS


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("182.1176;C2H2\n", "bad_row"),
        ("182.1176;;loss of water\n", "bad_row"),
        ("182.1176;forty;loss of water\n", "bad_row"),
        ("182.1176;4000.0;C2;H2\n", "row_length"),
    ],
)
def test_a_peak_beside_words_that_is_damaged_is_not_lost(row: str, code: str) -> None:
    table = "m/z;Intensity;Formula\n" + "".join(f"{m};{i};C2H2\n" for m, i in PEAKS)
    assert_refused(table.replace("182.1176;4000.0;C2H2\n", row), code, "a.csv")


def test_rows_that_a_spreadsheet_put_in_quotes_are_read() -> None:
    table = "".join(f'"{3000 - n}.5,0.{n}25"\n' for n in range(10, 30))
    reading = one('"Wavenumber (cm-1),Absorbance"\n' + table, "a.csv")
    assert (reading.x[0], reading.y[0], reading.y_unit, reading.n_points) == (2990.5, 0.1025, "absorbance", 20)


def test_a_setting_of_the_detector_is_no_axis() -> None:
    curve = "".join(f"{4000 - 8 * n}.00,0.{n}1\n" for n in range(10, 60))
    for setting in ("Exposure time (s),auto", "Integration Time (ms),auto"):
        assert one(f"{setting}\n{curve}", "a.csv").kind is ReadingKind.IR


def test_units_between_other_words_are_found() -> None:
    curve = "".join(f"{4000 - 8 * n}.00 0.{n}1\n" for n in range(10, 60))
    perkin = (
        "PE IR       SUBTECH     SPECTRUM    ASCII       PEDS        4.00   \n-1\na.sp\n#GR\ncm-1\nA\n1.0\n0.0\n#DATA\n"
    )
    for head in (perkin, "# Wavenumber (cm-1) Absorbance\n"):
        reading = one(head + curve.replace(" ", "\t" if head == perkin else " "), "a.asc")
        assert (reading.x_unit, reading.y_unit, reading.warnings) == ("cm-1", "absorbance", ())


@pytest.mark.parametrize("unit", ["pA", "mAU", "µV", "mV"])
def test_a_detector_keeps_its_own_unit(unit: str) -> None:
    assert one(f"Time (min),Signal ({unit})\n" + "".join(f"{n}.5,{n * n}\n" for n in range(9)), "a.csv").y_unit == unit


@pytest.mark.parametrize(
    ("name", "unit"), [("Signal (AU)", "absorbance"), ("Absorbance (A)", "absorbance"), ("Signal (a)", "intensity")]
)
def test_an_absorbance_over_time_is_no_ampere(name: str, unit: str) -> None:
    assert one(f"Time (min),{name}\n" + "".join(f"{n}.5,0.{n}\n" for n in range(9)), "a.csv").y_unit == unit


def test_a_column_of_ions_is_one_of_mz() -> None:
    reading = one("Ion\tAbund.\n" + "".join(f"{m}\t{i}\n" for m, i in PEAKS), "a.txt")
    assert reading.kind is ReadingKind.MASS_SPECTRUM
    assert re.search("intensity", reading.y_unit)


def test_a_last_value_without_decimals_or_line_end_may_have_lost_digits() -> None:
    table = "m/z,Intensity\n" + "".join(f"{m},{round(i)}\n" for m, i in PEAKS)
    assert_marked(table.rstrip("\n")[:-2], "may_be_cut", "a.csv")
    assert not one(table.rstrip("\n"), "a.csv").warnings
    assert not one(table, "a.csv").warnings
    halves = table.replace("\n", "\r\n")
    assert_marked(halves[:-1], "may_be_cut", "a.csv")
    assert not one(halves, "a.csv").warnings
    assert not one(table.replace("\n", "\r"), "a.csv").warnings
    assert not one("m/z;Intensity;\n" + "".join(f"{m};{round(i)};\n" for m, i in PEAKS).rstrip("\n"), "a.csv").warnings


def test_a_spectrum_of_which_only_the_beginning_is_left_is_not_passed_over() -> None:
    assert_refused(MGF + "BEGIN ION", "truncated", "a.mgf")
    assert len(read(f"BEGIN\n{MGF}".encode(), "a.mgf")) == 2


def test_an_axis_stated_with_an_equals_sign_is_found() -> None:
    curve = "".join(f"{4000 - 8 * n}.00\t0.{n}1\n" for n in range(10, 60))
    reading = one(f"Sample=x\nXUNITS=1/CM\nYUNITS=ABSORBANCE\n{curve}", "a.txt")
    assert (reading.x_unit, reading.y_unit, codes(reading)) == ("cm-1", "absorbance", set())


def test_an_infrared_axis_below_zero_is_told() -> None:
    assert_marked(opus(*ABOUT, *infrared(Y, last=-4000.0)), "implausible_axis", "a.0")


def test_an_mz_that_no_ion_has_is_told_of_a_run() -> None:
    assert_marked(andi_ms(mass_values=[41, 55, 1e29, 43, 58, 41.5]), "implausible_mz", "a.cdf")


@pytest.mark.parametrize("damaged", ["<2.2 999", "82#.2 999", "8&2 99.9", "=82.2 999"])
def test_a_mark_within_a_peak_of_a_library_does_not_make_another_number(damaged: str) -> None:
    library = "Name: x\nNum Peaks: 3\n41.1 5\n55.1 10.5\n82.2 999\n"
    assert_refused(library.replace("82.2 999", damaged), "bad_row")


def test_peaks_of_a_library_that_grew_together_are_not_one() -> None:
    library = "Name: x\nNum Peaks: 3\n41.1 5{0}\n55.1 10.5{0}\n82.2 999{0}\n"
    for third in ("", " 2", ' "C6H10"', " 1,2-loss"):
        assert one(library.format(third)).n_points == 3
    assert_refused(library.format("").replace("55.1", "5 5.1"), "row_length")
    for thirds in (("+1.2", "-0.4", "0.7"), ("3", "NA", "NA"), ("1", "1+", "?"), ("2", "b3", "y4-H2O")):
        first, second, third = (f" {t}" for t in thirds)
        assert one(f"Name: x\nNum Peaks: 3\n41.1 5{first}\n55.1 10.5{second}\n82.2 999{third}\n").n_points == 3


def test_last_rows_that_grew_together_are_told() -> None:
    table = "m/z,Intensity\n" + "".join(f"{m},{i}\n" for m, i in PEAKS)
    assert_marked(table.replace("4000.0\n", "4000.0"), "row_damaged", "a.csv")
    assert not one(table + "\nTotal,15620.0,4 peaks\n", "a.csv").warnings


def test_an_x_value_beside_its_place_is_told() -> None:
    x = 4000 - 8 * np.arange(60.0)
    table = "Wavenumber (cm-1),Absorbance\n" + "".join(f"{v:.2f},0.{n + 10}\n" for n, v in enumerate(x))
    assert not one(table, "a.csv").warnings
    assert_marked(table.replace("3840.00", "3840.40"), "x_value", "a.csv")
    grating = table
    for n, v in enumerate(x):  # steps that differ all along, as of a grating
        grating = grating.replace(f"{v:.2f}", f"{v - 0.02 * n * n + 0.3 * (n % 3):.2f}")
    assert not one(grating, "a.csv").warnings


def test_values_far_below_zero_and_a_single_point_are_told() -> None:
    curve = "Wavenumber (cm-1),Absorbance\n" + "".join(f"{4000 - 8 * n},0.{n + 10}\n" for n in range(60))
    assert_marked(curve.replace(",0.40", ",-9999"), "implausible_absorbance", "a.csv")
    assert_marked(
        curve.replace("Absorbance", "%T").replace(",0.", ",").replace(",40", ",-9999"),
        "implausible_transmittance",
        "a.csv",
    )
    assert_marked("Wavenumber (cm-1),Absorbance\n4000,0.1\n", "one_point", "a.csv")


# --- words beside numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "Name,Formula,Mass,RT",
        "Name,Formula,Mass,RT,Height",
        "Compound,Mass,Product Ion,RT,Area,Flag",
        "Compound,RT,Mass,Response",
        "Sample,Mass (g),Result",
        "Sample,Mass (g),Counts",
    ],
)
def test_a_list_of_compounds_is_no_mass_spectrum(head: str) -> None:
    numbers = {"Mass", "RT", "Height", "Product Ion", "Area", "Response", "Mass (g)", "Counts"}
    rows = [",".join(f"{100 + n}.5" if c in numbers else f"C{n}" for c in head.split(",")) for n in range(6)]
    assert_refused("\n".join([head, *rows, ""]), "no_table", "a.csv")


def test_a_name_that_holds_the_delimiter_stays_one() -> None:
    table = '"m/z","Intensity, counts",Ion\n' + "".join(f"{m},{i},CH\n" for m, i in PEAKS)
    reading = one(table, "a.csv")
    assert (list(zip(reading.x, reading.y, strict=True)), reading.meta["y_label"]) == (PEAKS, "Intensity, counts")


def test_last_cells_without_words_may_be_missing() -> None:
    table = "m/z\tIntensity\tIon\n" + "".join(f"{m}\t{i}\tCH\n" for m, i in PEAKS)
    reading = one(table.replace("9999.0\tCH", "9999.0"), "a.txt")
    assert (list(zip(reading.x, reading.y, strict=True)), codes(reading)) == (PEAKS, set())


def test_an_annotation_may_hold_blanks() -> None:
    table = "m/z Intensity Ion\n" + "".join(f"{m} {i} CH loss\n" for m, i in PEAKS)
    assert list(one(table.replace("CH loss", "CH", 1), "a.txt").x) == [m for m, _ in PEAKS]
    assert_refused(table.replace("CH loss\n", "CH 55.1 90.5 CH\n", 1), "row_length", "a.txt")


def test_what_stands_below_the_peaks_does_not_damage_them() -> None:
    table = "m/z;Intensity;Formula;Ion\n" + "".join(f"{m};{i};CH;M\n" for m, i in PEAKS)
    for below in ("\nTotal;4;15620\n", "\nScan;m/z range\n1;40-500\n2;40-500\n", ";;;\n5;6;7;8;9\n"):
        assert list(one(table + below, "a.csv").x) == [m for m, _ in PEAKS]
    assert len(read((table + "\n" + table).encode(), "a.csv")) == 2


def test_no_more_than_two_headers_are_tried_on_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(text_words, "_without_words", lambda lines, header: tried.append(header.at))
    text_words.bare_rows([",".join(["m/z", "Intensity", *["Note"] * more]) for more in range(1, 90)])
    assert sorted(set(tried)) == [0, 1]
