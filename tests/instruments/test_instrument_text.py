"""Text tables: every way a laboratory writes numbers, and what is asked, refused or marked as a guess."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import AmbiguousText, CorruptFile, Limits, TooLarge, read
from instruments.readers.text_dialect import Dialect
from spectra.types import ReadingKind
from tests.instruments.instrument_files import SMALL, codes, one, table

EXPECTED_X = 3800 - 16.0 * np.arange(60)
EXPECTED_Y = np.round(0.5 + 0.4 * np.sin(np.arange(60) / 5), 4)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize(
    ("delimiter", "decimal"), [(";", ","), ("\t", ","), (",", "."), (";", "."), ("\t", "."), (",", ","), ("|", ".")]
)
def test_a_table_reads_the_same_in_every_dialect(delimiter: str, decimal: str, encoding: str, end: str) -> None:
    reading = one(table(delimiter, decimal, end=end).encode(encoding))
    assert reading.kind is ReadingKind.IR
    assert (reading.x_unit, reading.y_unit) == ("cm-1", "absorbance")
    np.testing.assert_allclose(reading.x, EXPECTED_X)
    np.testing.assert_allclose(reading.y, EXPECTED_Y)
    assert not reading.warnings


@pytest.mark.parametrize("mark", ["\u00a0", "\u202f", " ", "'", "."])
def test_thousands_marks_are_understood_with_a_decimal_comma(mark: str) -> None:
    rows = [(3200 - 100 * i, 0.25 + i / 100) for i in range(30)]
    lines = [f"{x // 1000}{mark}{x % 1000:03d},5;{y:.3f}".replace("0.", "0,") if x > 999 else f"{x},5;{y:.3f}".replace("0.", "0,")
             for x, y in rows]  # fmt: skip
    reading = one("Wellenzahl [cm-1];Extinktion\n" + "\n".join(lines) + "\n")
    np.testing.assert_allclose(reading.x, [x + 0.5 for x, _ in rows])
    assert reading.y_unit == "absorbance"


def test_commas_between_whole_numbers_are_asked_and_the_answer_is_taken() -> None:
    text = "".join(f"{400 + i},{7 * i % 100:02d}\n" for i in range(40))
    with pytest.raises(AmbiguousText) as caught:
        read(text.encode())
    assert caught.value.code == "ambiguous_decimal"
    assert caught.value.choices
    answered = one(text, **caught.value.choices[0].hints)
    assert (answered.x[1], answered.y[1]) == (401, 7)


def test_decimal_commas_between_commas_are_pairs_when_the_header_says_two_columns() -> None:
    text = "Wavenumber,Absorbance\n" + "".join(f"{3700 - i},5,0,{i:03d}\n" for i in range(40))
    reading = one(text)
    assert (reading.x[0], reading.y[12]) == (3700.5, 0.012)


def test_decimal_commas_between_commas_without_header_are_asked() -> None:
    text = "".join(f"{3700 - i},5,0,{i:03d}\n" for i in range(40)).encode()
    with pytest.raises(AmbiguousText) as caught:
        read(text)
    pairs = next(c for c in caught.value.choices if c.hints["decimal"] == ",")
    assert one(text, **pairs.hints).x[0] == 3700.5


@pytest.mark.parametrize(
    ("header", "unit", "kind"),
    [
        ("Wellenzahl [cm-1];Transmission [%]", "cm-1", ReadingKind.IR),
        ("Nombre d'onde (cm⁻¹);Transmittance", "cm-1", ReadingKind.IR),
        ("Número de onda;Absorbancia", "cm-1", ReadingKind.IR),
        ("Raman Shift (1/cm);Counts", "cm-1", ReadingKind.RAMAN),
        ("Wellenlänge / nm;Extinktion", "nm", ReadingKind.UV),
        ("Longueur d'onde;Abs", "nm", ReadingKind.UV),
        ("Retention time (min);Signal", "min", ReadingKind.CHROMATOGRAM),
        ("Zeit (s);Signal", "s", ReadingKind.CHROMATOGRAM),
        ("m/z;Intensity", "m/z", ReadingKind.MASS_SPECTRUM),
    ],
)
def test_header_words_in_several_languages_name_the_axis(header: str, unit: str, kind: ReadingKind) -> None:
    reading = one(header + "\n" + "".join(f"{500 + 3 * i};{i / 100}\n" for i in range(30)))
    assert (reading.x_unit, reading.kind) == (unit, kind)
    assert "axis_guessed" not in codes(reading)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("".join(f"{4000 - 2 * i} {0.1 + i / 1e4}\n" for i in range(1700)), "cm-1"),
        ("".join(f"{200 + i} {0.1 + i / 1e4}\n" for i in range(600)), "nm"),
        ("".join(f"{50 + i * i / 7:.4f} {100 + i}\n" for i in range(40)), "m/z"),
    ],
)
def test_a_guessed_axis_is_a_warning_never_silent(text: str, unit: str) -> None:
    reading = one(text)
    assert reading.x_unit == unit
    assert "axis_guessed" in codes(reading)
    assert reading.warnings


def test_transmittance_scale_is_read_from_the_values() -> None:
    fraction = one("cm-1;%T\n" + "".join(f"{4000 - i};{0.5 + i / 1e4}\n" for i in range(40)))
    percent = one("cm-1;%T\n" + "".join(f"{4000 - i};{50 + i / 1e4}\n" for i in range(40)))
    assert (fraction.y_unit, percent.y_unit) == ("transmittance", "transmittance (%)")
    assert "ordinate_scale" in codes(fraction)


def test_pairs_of_columns_are_curves_of_their_own() -> None:
    text = "A,,B,,\nWavelength (nm),Abs,Wavelength (nm),Abs,\n" + "".join(
        f"{300 + i}.0,{i / 10},{500 + i}.0,{i / 5},\n" for i in range(20)
    )
    first, second = read(text.encode())
    assert (first.x[0], second.x[0], first.n_points) == (300, 500, 20)


def test_sections_of_a_chromatography_export_are_told_apart() -> None:
    head = "[Header]\nApplication Name\tMade\n\n[Peak Table(Ch1)]\nPeak#\tR.Time\tArea\n1\t1.5\t200\n2\t2.5\t300\n\n"
    traces = "".join(
        f"[Chromatogram (Ch{c})]\nInterval(msec)\t40\nR.Time (min)\tIntensity\n"
        + "".join(f"{i / 100:.5f}\t{c * i}\n" for i in range(50))
        for c in (1, 2)
    )
    first, second = read((head + traces).encode())
    assert [first.kind, second.kind] == [ReadingKind.CHROMATOGRAM] * 2
    assert (first.n_points, second.y[-1]) == (50, 98)


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-INF", "#DIV/0!", "9" * 400])
def test_a_value_that_is_not_finite_is_refused_with_its_line(value: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(f"x;y\n1;2\n2;{value}\n3;4\n".encode())
    assert (caught.value.code, caught.value.line) == ("not_finite", 3)


def test_a_damaged_row_inside_a_table_is_refused_instead_of_returning_a_piece() -> None:
    lines = table().splitlines()
    lines[30] = lines[30].replace(".", "?")
    with pytest.raises(CorruptFile) as caught:
        read("\n".join(lines).encode())
    assert caught.value.code == "bad_row"
    assert caught.value.line == 31


def test_too_many_rows_and_too_long_lines_are_refused() -> None:
    with pytest.raises(TooLarge) as rows:
        read(b"1 2\n" * 6_000, limits=SMALL)
    with pytest.raises(TooLarge) as line:
        read(b"1 2\n1 " + b" " * 70_000 + b"2\n1 2\n", limits=SMALL)
    assert (rows.value.code, line.value.code) == ("too_many_rows", "line_too_long")


def test_text_beyond_the_limit_of_bytes_is_refused() -> None:
    with pytest.raises(TooLarge) as caught:
        read(table(rows=40).encode(), limits=Limits(text_bytes=500))
    assert caught.value.code == "too_many_bytes"


@pytest.mark.parametrize(
    ("row", "expected"),
    [("1;2", [1, 2]), ("1,5;2", [1.5, 2]), ("1.234,5;2", None), ("1,5;n.a.;2", [1.5, np.nan, 2]), ("a;2", None), ("1;", None), ("1_0;2", None),
     (" 1 ; 2 ", [1, 2]), ("1e3;-2E-1", [1000, -0.2]), ("--1;2", None), ("1;2;", [1, 2, np.nan]), ("1.5;2", None), ("7", None)],
)  # fmt: skip
def test_bare_rows_and_others_are_the_same_numbers(row: str, expected: list[float] | None) -> None:
    """Rows of bare digits take a short way; it must not read what the long way would not."""
    found = Dialect(";", ",").row(row)
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(np.array(found), np.array(expected))


def test_long_tables_with_an_odd_row_here_and_there_lose_none() -> None:
    """Rows are taken by the thousand; a slab with a gap in it must come out the same, and not cost its square."""
    lines = [f"{i};{400 + i / 10:.1f};{i}" for i in range(30_000)]
    for i in range(20, 30_000, 1_500):
        lines[i] = lines[i].rpartition(";")[0] + ";n.a."
    reading = one("No;nm;Abs\n" + "\n".join(lines) + "\n")
    kept = [i for i in range(30_000) if i % 1_500 != 20]
    np.testing.assert_array_equal(reading.y, kept)
    np.testing.assert_allclose(reading.x[[0, -1]], [400, 3399.9])
    assert "empty_cells" in codes(reading)


ROWS = "".join(f"{mz} {mz % 97 + 1}\n" for mz in range(1, 3_001))


def test_text_ends_at_the_end_mark_of_dos() -> None:
    assert one(table() + "\x1arubbish 1,2\n").n_points == 60
    assert one(table(rows=60)[:-1] + "\x1a").n_points == 60


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("cp1252", "\r"), ("utf-16", "\r\n")])
def test_a_control_character_within_a_text_is_said_with_its_line(encoding: str, end: str) -> None:
    rows = "".join(f"{40 + i} {1 + i % 7}\n" for i in range(300))
    text = f"Name: Cocaïne\nComments: a\x07b \x7f\nNum Peaks: 300\n{rows}".replace("\n", end)
    said = next(r for r in one(text.encode(encoding)).remarks if r.code == "control_characters")
    assert said.text.startswith("The text contains 2 control characters, the first on line 2.")
