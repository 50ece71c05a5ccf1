"""What a file says of itself that cannot be, or no longer fits: told or refused, and what looks odd and is right is read."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import read
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
from tests.instruments.spc_files import RUN, own_x
from tests.instruments.test_instrument_silent import COUNTS, LIBRARY, ORDINATES, assert_marked, assert_refused

SCANS = [spectrum(n, [41, 55], [1, 2], seconds=60 * n) for n in range(3)]


# --- mass spectra -------------------------------------------------------------------------------------------------


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


def test_a_last_value_that_may_have_lost_digits_is_told() -> None:
    peaks = mass_jcamp([(41, 10), (50, 200)], end="").rstrip("\n")
    assert_marked(peaks[:-1], "may_be_cut")
    link = "##TITLE=x\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=1\n"
    assert "may_be_cut" not in codes(one(link + jcamp(ORDINATES, **COUNTS).rstrip("\n")))
    assert not one(peaks + "\n").warnings


@pytest.mark.parametrize("value", ["1e308", "9.96921e36"])
def test_a_value_that_stands_for_a_missing_one_is_told(value: str) -> None:
    assert_marked(mass_jcamp([(41, 10), (55, value), (91, 50)]), "implausible_value")  # type: ignore[list-item]


@pytest.mark.parametrize("odd", [float("nan"), 0.01])
def test_scans_of_an_spc_file_whose_times_are_not_in_order_are_told(odd: float) -> None:
    times = [0.02 * n for n in range(len(RUN))]
    assert one(own_x(RUN, zs=times)).kind is ReadingKind.MASS_RUN
    told = read(own_x(RUN, zs=[*times[:5], odd, *times[6:]]), "a.spc")
    assert (len(told), "unsorted_times" in codes(told[0])) == (len(RUN), True)


# --- tables -------------------------------------------------------------------------------------------------------

PEAKS = [(41.0391, 120.0), (82.0651, 9999.0), (182.1176, 4000.0), (304.1543, 1500.5)]


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


def test_a_spectrum_of_which_only_the_beginning_is_left_is_not_passed_over() -> None:
    assert_refused(MGF + "BEGIN ION", "truncated", "a.mgf")
    assert len(read(f"BEGIN\n{MGF}".encode(), "a.mgf")) == 2


def test_an_mz_that_no_ion_has_is_told_of_a_run() -> None:
    assert_marked(andi_ms(mass_values=[41, 55, 1e29, 43, 58, 41.5]), "implausible_mz", "a.cdf")


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


# --- words beside numbers -----------------------------------------------------------------------------------------


def test_a_name_that_holds_the_delimiter_stays_one() -> None:
    table = '"m/z","Intensity, counts",Ion\n' + "".join(f"{m},{i},CH\n" for m, i in PEAKS)
    reading = one(table, "a.csv")
    assert (list(zip(reading.x, reading.y, strict=True)), reading.meta["y_label"]) == (PEAKS, "Intensity, counts")


def test_an_annotation_may_hold_blanks() -> None:
    table = "m/z Intensity Ion\n" + "".join(f"{m} {i} CH loss\n" for m, i in PEAKS)
    assert list(one(table.replace("CH loss", "CH", 1), "a.txt").x) == [m for m, _ in PEAKS]
    assert_refused(table.replace("CH loss\n", "CH 55.1 90.5 CH\n", 1), "row_length", "a.txt")


def test_what_stands_below_the_peaks_does_not_damage_them() -> None:
    table = "m/z;Intensity;Formula;Ion\n" + "".join(f"{m};{i};CH;M\n" for m, i in PEAKS)
    for below in ("\nTotal;4;15620\n", "\nScan;m/z range\n1;40-500\n2;40-500\n", ";;;\n5;6;7;8;9\n"):
        assert list(one(table + below, "a.csv").x) == [m for m, _ in PEAKS]
    assert len(read((table + "\n" + table).encode(), "a.csv")) == 2
