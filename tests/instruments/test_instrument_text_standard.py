"""Text tables: signs of typography, encodings, sections that are all read and named, rows and counts that disagree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instruments import CorruptFile, read
from spectra.types import Level, Reading, ReadingKind
from tests.instruments.instrument_files import codes, one, table
from tests.instruments.test_instrument_silent import assert_refused

X = [4000 - 20.5 * i for i in range(40)]
Y = [0.5 + 0.4 * float(np.sin(i / 5)) - 0.45 * (i % 7 == 0) for i in range(40)]
SUPERSCRIPTS = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CHROMATOGRAM = "R.Time (min)\tIntensity\n"


def written(number: Callable[[float], str], header: str = "Wavenumber(cm-1);Absorbance", mark: str = ";") -> str:
    rows = [mark.join((number(x), number(y))) for x, y in zip(X, Y, strict=True)]
    return "\n".join([header.replace(";", mark), *rows]) + "\n"


def plain(value: float) -> str:
    return f"{value:.4f}"


def power(mark: str, after: Callable[[int], str]) -> Callable[[float], str]:
    def number(value: float) -> str:
        mantissa, exponent = f"{value:.6e}".split("e")
        return f"{mantissa}{mark}10{after(int(exponent))}"

    return number


def warned(reading: Reading) -> set[str]:
    """The codes of what needs a person's look."""
    return {r.code for r in reading.remarks if r.level is Level.WARNING}


def agrees(reading: Reading) -> None:
    np.testing.assert_allclose(reading.x, X, atol=1e-3)
    np.testing.assert_allclose(reading.y, Y, atol=1e-4)
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.IR, "cm-1", "absorbance")
    assert not reading.warnings


@pytest.mark.parametrize("sign", list("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"))
@pytest.mark.parametrize("mark", [";", "\t", ",", " "])
def test_every_minus_of_typography_is_a_minus(sign: str, mark: str) -> None:
    agrees(one(written(lambda v: plain(v).replace("-", sign), mark=mark), "x.csv"))


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(
    "number",
    [power("×", lambda e: f"^{e}"), power(" x ", lambda e: f"^{e}"), power("·", lambda e: str(e).translate(SUPERSCRIPTS)),
     power(" × ", lambda e: f"{e:+d}".translate(SUPERSCRIPTS)), power("*", lambda e: f"**{e}"), power("x", lambda e: f"^({e})")],
)  # fmt: skip
def test_powers_of_ten_as_people_write_them(number: Callable[[float], str], decimal: str) -> None:
    agrees(one(written(lambda v: number(v).replace(".", decimal)), "x.csv"))


@pytest.mark.parametrize("label", ["Intensity / 10³ counts", "Absorbance × 10^3", "Absorbance (10⁻³)"])
def test_a_power_of_ten_in_the_header_is_not_passed_over(label: str) -> None:
    assert "scaled_label" in warned(one(written(plain, f"Wavenumber (cm-1);{label}"), "x.csv"))


@pytest.mark.parametrize("broken", ["{x},{y},7", "{x}", "{x},OVER", "{x},*****"])
def test_a_row_of_another_length_within_the_table_is_refused(broken: str) -> None:
    lines = written(plain, mark=",").splitlines()
    x, y = lines[20].split(",")
    lines[20] = broken.format(x=x, y=y)
    with pytest.raises(CorruptFile) as caught:
        read("\n".join(lines).encode() + b"\n", "x.csv")
    assert caught.value.line == 21


@pytest.mark.parametrize(("place", "row"), [(1, "3100.5,1,2"), (41, "3100.5,1,2"), (41, "3100.5")])
def test_a_row_of_another_length_beside_the_table_is_a_warning(place: int, row: str) -> None:
    lines = written(plain, mark=",").splitlines()
    lines.insert(place, row)
    assert "row_length" in warned(one("\n".join(lines) + "\n", "x.csv"))


def rows(count: int, tall: int = 1) -> str:
    return "".join(f"{i / 100:.4f}\t{100 * tall + i % 17}\n" for i in range(count)) + "\n"


def test_every_section_that_holds_a_curve_is_read_and_named() -> None:
    peaks = "Peak#\tR.Time\tArea\n" + "".join(f"{i}\t{i}.5\t{i * 100}\n" for i in range(1, 5))
    text = (
        "[Header]\nApplication Name\tmade\n\n[Peak Table(Ch1)]\n# of Peaks\t4\n" + peaks
        + f"\n[LC Chromatogram(Ch1)]\n# of Points\t50\n{CHROMATOGRAM}{rows(50)}"
        + f"[LC Chromatogram(Ch2)]\n# of Points\t60\n{CHROMATOGRAM}{rows(60, 2)}"
        + f"[Status Trace(Oven)]\nR.Time (min)\tTemperature (C)\n{rows(20, 3)}"
        + "".join(f"[MS Spectrum]\nm/z\tIntensity\n{41 + i}.0\t10\n55.0\t99\n91.5\t5\n\n" for i in range(2))
    )  # fmt: skip
    found = read(text.encode(), "run.txt")
    assert [r.title.removeprefix("run: ") for r in found] == [
        "LC Chromatogram(Ch1)", "LC Chromatogram(Ch2)", "Status Trace(Oven)", "MS Spectrum (1)", "MS Spectrum (2)",
    ]  # fmt: skip
    assert [r.n_points for r in found] == [50, 60, 20, 3, 3]
    assert not any(warned(r) for r in found)
    assert "sections_left_out" in codes(found[0])
    odd = text + "[Oddments]\na\tb\n3\t4\n1\t9\n2\t2\n"
    assert "sections_left_out" in warned(read(odd.encode(), "run.txt")[0])


def test_a_table_that_a_comment_or_the_head_of_a_page_parts_is_one() -> None:
    lines = written(plain, mark=",").splitlines()
    for comment in ("# lamp changed", "% note, with comma", "// x"):
        agrees(one("\n".join([*lines[:6], comment, *lines[6:]]) + "\n", "x.csv"))
    paged = one("\n".join([*lines[:20], "page 2", lines[0], *lines[20:]]) + "\n", "x.csv")
    assert warned(paged) == {"parts_joined"}
    np.testing.assert_allclose(paged.x, X, atol=1e-3)
    with pytest.raises(CorruptFile):  # a row that somebody put out of action
        read("\n".join([*lines[:20], f"# {lines[20]}", *lines[21:]]).encode() + b"\n", "x.csv")


def test_a_quoted_name_may_be_broken_over_two_lines() -> None:
    agrees(one(written(plain, mark=",").replace("Wavenumber(cm-1),", '"Wavenumber\n(cm-1)",'), "x.csv"))


@pytest.mark.parametrize("lost", [5, 20, 38])
def test_a_row_that_is_lost_leaves_a_gap_in_even_steps(lost: int) -> None:
    lines = written(plain).splitlines()
    assert "gap" in warned(one("\n".join(lines[:lost] + lines[lost + 1 :]) + "\n", "x.csv"))


@pytest.mark.parametrize("line", ["Resolution;4 cm-1", "Method;wavelength scan", "Delay;time"])
def test_a_line_of_the_preamble_does_not_exchange_the_columns(line: str) -> None:
    reading = one(line + "\n" + written(plain).partition("\n")[2], "x.csv")
    np.testing.assert_allclose(reading.x, X, atol=1e-3)
    assert "axis_guessed" in warned(reading)


@pytest.mark.parametrize(
    "rows", [["41.1 10 50.1 20", "42.2 30 51.3 40", "43.2 5"], ["41.1 10 42.2 30", "43.2 5 50.1 20", "51.3 40"]]
)
def test_a_peak_list_in_several_pairs_of_columns_is_one(rows: list[str]) -> None:
    """ChemStation, down the columns or along the rows; the last row lacks what is left over."""
    spectrum = one("\n".join(["Scan 10 (1.0 min): a.D", " m/z  abund.  m/z  abund.", *rows]) + "\n", "a.txt")
    assert list(zip(spectrum.x, spectrum.y, strict=True)) == [(41.1, 10), (42.2, 30), (43.2, 5), (50.1, 20), (51.3, 40)]


def test_two_peak_lists_side_by_side_stay_two() -> None:
    assert len(read(b"m/z,int,m/z,int\n41.1,10,40.1,20\n42.2,30,51.3,40\n43.2,5,60,1\n", "a.csv")) == 2


@pytest.mark.parametrize("value", ["1e-999", "2.5E-0400", "1d-324"])
def test_a_number_that_would_vanish_is_refused(value: str) -> None:
    spectrum = table(rows=60).splitlines()
    at = spectrum[30].rpartition(",")[0]
    assert_refused("\n".join([*spectrum[:30], f"{at},{value}", *spectrum[31:], ""]), "not_finite", "a.csv")
    assert one("\n".join([*spectrum[:30], f"{at},1e-300", *spectrum[31:], ""]), "a.csv").n_points == 60
    assert one("\n".join(["# run 3-012e-4567-88, 0e-999", *spectrum, ""]), "a.csv").n_points == 60


@pytest.mark.parametrize("power", ["x10^-3", "×10⁻³", "/ 10^3"])
def test_a_power_of_ten_in_the_name_of_a_column_is_told(power: str) -> None:
    assert "scaled_label" in warned(one(table(header=f"Wavenumber (cm-1),Absorbance {power}", rows=60), "a.csv"))


def test_a_count_of_peaks_right_above_a_peak_list_is_its_own() -> None:
    peaks = "m/z,Intensity\n41.1,10\n55.2,99\n82.3,50\n"
    assert not warned(one(f"# of Peaks,3\n{peaks}", "a.csv"))
    assert "count_mismatch" in warned(one(f"# of Peaks,9\n{peaks}", "a.csv"))


@pytest.mark.parametrize("late", ["seen once", "7", ""])
def test_a_column_whose_first_word_comes_late_hides_no_peaks(late: str) -> None:
    rows = "".join(f"{100 + i / 10:.1f},{i + 1},C2H5,{late if i == 150 else ''}\n" for i in range(200))
    spectrum = one(f"m/z,Intensity,Ion,Note\n{rows}", "a.csv")
    assert (spectrum.kind, spectrum.n_points, codes(spectrum)) == (ReadingKind.MASS_SPECTRUM, 200, set())


def test_quoted_rows_that_grew_together_are_told() -> None:
    lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in written(plain, mark=",").splitlines()]
    assert warned(one("\n".join([*lines[:-2], lines[-2] + lines[-1]]) + "\n", "x.csv")) == {"row_damaged"}


def in_quotes(value: float, digits: int) -> str:
    """As spreadsheets write a number with thousands marks among commas."""
    text = f"{value:,.{digits}f}"
    return f'"{text}"' if "," in text else text


@pytest.mark.parametrize("everywhere", [True, False])
@pytest.mark.parametrize("tall", [20_000, 1_010])
def test_thousands_in_quotes_among_commas_are_read(tall: int, *, everywhere: bool) -> None:
    """Also where only the top of one peak has them, far from the rows that are tried first."""
    y = [100 + tall * float(np.exp(-(((i - 1_450) / 3) ** 2))) for i in range(3_000)]
    rows = [f'{i / 100:.2f},"{v:,.1f}"' if everywhere else f"{i / 100:.2f},{in_quotes(v, 1)}" for i, v in enumerate(y)]
    rows[0] = rows[0].replace("100.0", '"100.0"') if '"' not in rows[0] else rows[0]
    trace = one("Time (min),Signal (counts)\n" + "\n".join(rows) + "\n", "x.csv")
    np.testing.assert_allclose(trace.y, y, atol=0.06)
    assert not trace.warnings


@pytest.mark.parametrize("damaged", ['"1,980"', '"1,98"'])
def test_a_comma_for_a_point_makes_no_thousands(damaged: str) -> None:
    rows = [f'"{40 + i}.5","{i}.980"' for i in range(1, 12)]
    rows[4] = rows[4].partition(",")[0] + "," + damaged
    assert_refused("m/z,Intensity\n" + "\n".join(rows) + "\n", "bad_row", "x.csv")


def test_per_cent_behind_every_value_is_their_unit() -> None:
    def percent(value: float) -> str:
        return plain(value) if value > 1 else f"{50 + 40 * value:.4f}%"

    for header in ("Wavenumber(cm-1);Transmittance", "Wavenumber(cm-1);Transmittance (%)"):
        reading = one(written(percent, header), "x.csv")
        assert (reading.y_unit, reading.remarks) == ("transmittance (%)", ())
        np.testing.assert_allclose(reading.y, 50 + 40 * np.array(Y), atol=1e-4)
    named = one(written(percent, "Sample: A-12"), "x.csv")
    assert (named.n_points, named.meta["header"]) == (len(Y), {"Sample": "A-12"})
    mixed = written(percent, "Wavenumber(cm-1);Transmittance").replace("%", "", 1)
    assert "row_damaged" in warned(one(mixed, "x.csv"))
