"""Text tables: every way a laboratory writes numbers, and what is asked, refused or marked as a guess."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import AmbiguousText, CorruptFile, InstrumentError, Limits, TooLarge, UnknownFormat, read
from instruments.limits import DEFAULT_LIMITS
from instruments.readers.text_dialect import Dialect
from instruments.source import CHUNK, open_source
from instruments.text import stray_controls
from spectra.types import Level, ReadingKind
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


@pytest.mark.parametrize("blanks", [" ", "   ", "\t  "])
@pytest.mark.parametrize("decimal", [".", ","])
def test_columns_may_be_separated_by_blanks(blanks: str, decimal: str) -> None:
    text = "".join(f"  {3800 - i}.5{blanks}0.{i:04d}\n" for i in range(50)).replace(".", decimal)
    reading = one("# Wavenumber  Absorbance\n" + text)
    assert (reading.x[0], reading.y[-1], reading.x_unit) == (3800.5, 0.0049, "cm-1")


@pytest.mark.parametrize("mark", ["\u00a0", "\u202f", " ", "'", "."])
def test_thousands_marks_are_understood_with_a_decimal_comma(mark: str) -> None:
    rows = [(3200 - 100 * i, 0.25 + i / 100) for i in range(30)]
    lines = [f"{x // 1000}{mark}{x % 1000:03d},5;{y:.3f}".replace("0.", "0,") if x > 999 else f"{x},5;{y:.3f}".replace("0.", "0,")
             for x, y in rows]  # fmt: skip
    reading = one("Wellenzahl [cm-1];Extinktion\n" + "\n".join(lines) + "\n")
    np.testing.assert_allclose(reading.x, [x + 0.5 for x, _ in rows])
    assert reading.y_unit == "absorbance"


def test_english_thousands_commas_are_understood_beside_a_tab() -> None:
    text = "".join(f"{4000 - 100 * i:,}\t{i / 10:.2f}\n" for i in range(36))
    np.testing.assert_allclose(one("Wavenumber\tAbsorbance\n" + text).x, [4000 - 100 * i for i in range(36)])


def test_three_decimals_with_a_comma_are_a_decimal_comma_not_thousands() -> None:
    text = "".join(f"{3 + i / 100:.3f}\t{1000 + i}\n".replace(".", ",") for i in range(50))
    assert one("Zeit (min)\tIntensität\n" + text).x[-1] == pytest.approx(3.49)


def test_commas_between_whole_numbers_are_asked_and_the_answer_is_taken() -> None:
    text = "".join(f"{400 + i},{7 * i % 100:02d}\n" for i in range(40))
    with pytest.raises(AmbiguousText) as caught:
        read(text.encode())
    assert caught.value.code == "ambiguous_decimal"
    assert caught.value.choices
    answered = one(text, **caught.value.choices[0].hints)
    assert (answered.x[1], answered.y[1]) == (401, 7)


def test_a_header_of_two_names_settles_the_comma_question() -> None:
    text = "m/z,intensity\n" + "".join(f"{57 + i * i},{7 * i % 100:02d}\n" for i in range(12))
    assert one(text).kind is ReadingKind.MASS_SPECTRUM


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


def test_a_line_of_units_under_the_names_is_joined_to_them() -> None:
    text = "Wavelength;Signal\nnm;AU\n" + "".join(f"{300 + i};{i / 100}\n" for i in range(30))
    reading = one(text)
    assert (reading.x_unit, reading.y_unit) == ("nm", "absorbance")


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


def test_a_hint_replaces_the_guess() -> None:
    text = "".join(f"{200 + i} {0.1 + i / 1e4}\n" for i in range(600))
    reading = one(text, x_unit="cm-1", y_unit="absorbance")
    assert (reading.x_unit, reading.kind, reading.warnings) == ("cm-1", ReadingKind.IR, ())


def test_transmittance_scale_is_read_from_the_values() -> None:
    fraction = one("cm-1;%T\n" + "".join(f"{4000 - i};{0.5 + i / 1e4}\n" for i in range(40)))
    percent = one("cm-1;%T\n" + "".join(f"{4000 - i};{50 + i / 1e4}\n" for i in range(40)))
    assert (fraction.y_unit, percent.y_unit) == ("transmittance", "transmittance (%)")
    assert "ordinate_scale" in codes(fraction)


def test_several_y_columns_are_several_readings() -> None:
    text = "Wavelength (nm);sample A;sample B\n" + "".join(f"{300 + i};{i / 10};{i / 5}\n" for i in range(20))
    a, b = read(text.encode(), "run.csv")
    assert (a.title, b.title) == ("run: sample A", "run: sample B")
    assert b.y[-1] == 3.8


def test_pairs_of_columns_are_curves_of_their_own() -> None:
    text = "A,,B,,\nWavelength (nm),Abs,Wavelength (nm),Abs,\n" + "".join(
        f"{300 + i}.0,{i / 10},{500 + i}.0,{i / 5},\n" for i in range(20)
    )
    first, second = read(text.encode())
    assert (first.x[0], second.x[0], first.n_points) == (300, 500, 20)


def test_only_the_dark_subtracted_column_of_a_raman_table_is_a_curve() -> None:
    head = "title;x\nPixel;Wavelength;Raman Shift;Dark;Raw data #1;Dark Subtracted #1;\n"
    rows = "".join(f"{i};;;40,0;900,5;{i},5;\n" for i in range(5))
    rows += "".join(f"{i};540,1;{100 + i},25;40,0;900,5;{i},5;\n" for i in range(5, 60))
    reading = one(head + rows)
    assert (reading.kind, reading.n_points, reading.x[0], reading.y[0]) == (ReadingKind.RAMAN, 55, 105.25, 5.5)
    assert "empty_cells" in codes(reading)


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


def test_an_index_or_step_column_is_no_curve() -> None:
    text = "Time (min)\tStep (s)\tValue (nC)\n0,00\tn.a.\t-0,5\n" + "".join(
        f"0,{i:02d}\t1\t{i},5\n" for i in range(1, 30)
    )
    reading = one(text)
    assert (reading.n_points, reading.y[0], reading.y_unit) == (30, -0.5, "nC")


def test_preamble_is_kept_and_names_the_sample_and_the_instrument() -> None:
    text = "Sample Name;S-12\nInstrument;Made 3000\n\nWavenumber;Absorbance\n" + "".join(
        f"{900 - i};0.{i:03d}\n" for i in range(30)
    )
    reading = one(text)
    assert (reading.title, reading.instrument) == ("S-12", "Made 3000")
    assert reading.meta["header"]["Sample Name"] == "S-12"


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-INF", "#DIV/0!", "9" * 400])
def test_a_value_that_is_not_finite_is_refused_with_its_line(value: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(f"x;y\n1;2\n2;{value}\n3;4\n".encode())
    assert (caught.value.code, caught.value.line) == ("not_finite", 3)


def test_an_unclosed_quote_is_refused_with_its_line() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(b'x,y\n"1,2\n3,4\n5,6\n')
    assert (caught.value.code, caught.value.line) == ("unclosed_quote", 2)


def test_a_damaged_row_inside_a_table_is_refused_instead_of_returning_a_piece() -> None:
    lines = table().splitlines()
    lines[30] = lines[30].replace(".", "?")
    with pytest.raises(CorruptFile) as caught:
        read("\n".join(lines).encode())
    assert caught.value.code == "bad_row"
    assert caught.value.line == 31


def test_a_last_row_without_line_end_is_suspect_unless_its_decimals_are_complete() -> None:
    whole = table()
    assert "may_be_cut" in codes(one(whole[:-4]))
    assert "may_be_cut" not in codes(one(whole[:-1]))


def test_unsorted_and_repeated_x_are_warnings() -> None:
    assert "unsorted_x" in codes(one("x;y\n3;1\n1;2\n2;3\n"))
    assert "duplicate_x" in codes(one("x;y\n1;1\n1;2\n2;3\n"))


def test_prose_is_refused_as_no_table() -> None:
    with pytest.raises(UnknownFormat):
        read(b"Dear colleague,\nthe sample of 3 May is ready.\nYours\n", "letter.txt")


def test_too_many_rows_and_too_long_lines_are_refused() -> None:
    with pytest.raises(TooLarge) as rows:
        read(b"1 2\n" * 6_000, limits=SMALL)
    with pytest.raises(TooLarge) as line:
        read(b"1 2\n1 " + b" " * 70_000 + b"2\n1 2\n", limits=SMALL)
    assert (rows.value.code, line.value.code) == ("too_many_rows", "line_too_long")


def test_a_path_in_an_uploaded_name_is_only_a_name() -> None:
    assert one(table(), "../../etc/pass/wd.csv").title == "wd"


def test_fortran_exponents_and_three_digit_exponents_are_numbers() -> None:
    assert one("nm;Abs\n" + "".join(f"{300 + i};{i}.5D-003\n" for i in range(1, 9))).y[0] == pytest.approx(0.0015)
    assert one("nm,Abs\n" + "".join(f"3.0{i}e+002,-{i}.5e-003\n" for i in range(1, 9))).x[0] == pytest.approx(301)


def test_binary_content_named_csv_is_never_read_as_text() -> None:
    with pytest.raises(InstrumentError):
        read(bytes(range(256)) * 40, "data.csv")


def test_big_endian_text_without_a_mark_and_undefined_bytes_are_read() -> None:
    np.testing.assert_allclose(one(table("\t").encode("utf-16-be")).x, EXPECTED_X)
    reading = one(b"# \x81 caf\xe9\n" + table().encode())
    assert (reading.n_points, reading.x_unit) == (60, "cm-1")


def test_text_ends_at_the_end_mark_of_dos() -> None:
    assert one(table() + "\x1arubbish 1,2\n").n_points == 60
    assert one(table(rows=60)[:-1] + "\x1a").n_points == 60


def test_text_that_breaks_off_inside_a_character_is_refused() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(b"\xff\xfe" + table("\t").encode("utf-16-le")[:-1])
    assert (caught.value.code, caught.value.line is not None) == ("bad_encoding", True)


def test_text_beyond_the_limit_of_bytes_is_refused() -> None:
    with pytest.raises(TooLarge) as caught:
        read(table(rows=40).encode(), limits=Limits(text_bytes=500))
    assert caught.value.code == "too_many_bytes"


def test_words_of_a_chromatogram_make_minutes_a_marked_guess() -> None:
    text = "Injection: 7\nDetector: FID\n" + "".join(f"{i / 10:.1f}\t{100 + i}\n" for i in range(50))
    reading = one(text)
    assert (reading.kind, reading.x_unit, "axis_guessed" in codes(reading)) == (ReadingKind.CHROMATOGRAM, "min", True)


def test_counts_on_a_guessed_axis_are_raman_and_marked() -> None:
    reading = one("".join(f"{3200 - 2 * i} {1000 + i}\n" for i in range(1500)))
    assert (reading.kind, reading.y_unit) == (ReadingKind.RAMAN, "intensity")
    assert any("counts" in said for said in reading.warnings)


def test_a_named_wavenumber_with_intensities_is_raman_and_marked() -> None:
    reading = one("Wavenumber;Intensity\n" + "".join(f"{200 + i};{i}.5\n" for i in range(40)))
    assert (reading.kind, "technique_guessed" in codes(reading)) == (ReadingKind.RAMAN, True)


@pytest.mark.parametrize(
    "text",
    ["".join(f"{i};{i}\n" for i in (1, 2, 3)), "".join(f"{-9000 + i * i * 40};{i}\n" for i in range(20)), "".join(f"{20000 + i};1.5\n" for i in range(20))],
)  # fmt: skip
def test_an_axis_that_nothing_tells_is_asked_for(text: str) -> None:
    reading = one(text)
    assert (reading.x_unit, "unit_unknown" in codes(reading)) == ("", True)


def test_time_from_zero_is_a_marked_guess() -> None:
    reading = one("".join(f"{i / 10:.1f};{i}\n" for i in range(200)))
    assert (reading.x_unit, "axis_guessed" in codes(reading)) == ("min", True)


def test_an_infrared_table_that_does_not_name_its_ordinate_is_told() -> None:
    assert "ordinate_unknown" in codes(
        one("Wavenumber;Sample\n" + "".join(f"{4000 - i};0.{i:03d}\n" for i in range(40)))
    )


def test_a_second_table_left_out_is_told() -> None:
    rows = "".join(f"{4000 - i};0.{i:03d}\n" for i in range(40))
    reading = one(
        "Wavenumber;Absorbance\n"
        + rows
        + "Peaks found by the software in this spectrum\nPosition;Height\n"
        + rows[:300]
    )
    assert (reading.n_points, "other_tables" in codes(reading)) == (40, True)


def test_quoted_fields_may_hold_separators_and_doubled_quotes() -> None:
    rows = "".join(f'"{4000 - i},5","0,{i:03d}"\n' for i in range(40))
    reading = one('"Wavenumber, ""cm-1""","Absorbance"\n' + rows)
    assert (reading.x[0], reading.y[12], reading.x_unit) == (4000.5, 0.012, "cm-1")
    mixed = one("Wavenumber,Absorbance\n" + "".join(f'{4000 - i},"0.{i:03d}"\n' for i in range(40)))
    assert mixed.y[12] == 0.012


def test_a_quote_in_words_that_never_closes_does_no_harm() -> None:
    assert one('Comment,"tube of 5 mm\n' + table()).n_points == 60


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_table_that_could_be_read_two_ways_takes_the_answer(decimal: str) -> None:
    text = "".join(f"{1 + i},{500 + i}\t{2 + i},{250 - i}\n" for i in range(20))
    assert one(text, decimal=decimal, delimiter="\t").x[0] == (1.5 if decimal == "," else 1500)


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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("stray", ["\0", "\x07", "\x7f"])
def test_a_control_character_within_a_text_is_said_with_its_line(stray: str, encoding: str, end: str) -> None:
    text = f"Name: Cocaïne\nComments: a{stray}b {stray}\nNum Peaks: 3000\n{ROWS}".replace("\n", end)
    said = next(r for r in one(text.encode(encoding)).remarks if r.code == "control_characters")
    assert said.level is Level.WARNING
    assert said.text.startswith("The text contains 2 control characters, the first on line 2.")


def test_control_characters_are_counted_across_pieces_up_to_the_end_mark() -> None:
    """A file is looked at in pieces of a mebibyte."""
    text = b"a\n" * (CHUNK // 2) + b"\0b\n" * 2 + b"\x1a\0"
    assert stray_controls(open_source(text, "", DEFAULT_LIMITS)) == (2, CHUNK // 2 + 1)


@pytest.mark.parametrize("filling", [b"", b"\0" * 40, b"\x07\x01 rest of a sector"])
def test_what_fills_a_sector_behind_the_end_mark_is_no_damage(filling: bytes) -> None:
    content = f"Name: A\nNum Peaks: 3000\n{ROWS}\x1a".encode() + filling
    assert "control_characters" not in codes(one(content))


@pytest.mark.parametrize(("before", "found"), [("", (0, 0)), ("\0", (1, 1))])
def test_zeros_that_fill_the_end_of_a_text_are_no_damage(before: str, found: tuple[int, int]) -> None:
    text = (before + ROWS).encode() + b"\0" * 9
    assert stray_controls(open_source(text, "", DEFAULT_LIMITS)) == found
