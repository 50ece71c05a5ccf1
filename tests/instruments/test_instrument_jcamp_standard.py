"""JCAMP-DX: what the written standard allows and files seldom use, and headers that contradict their data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, UnsupportedVariant, read
from spectra.types import Level, Reading, ReadingKind
from tests.instruments.instrument_files import codes, jcamp, mass_jcamp, one

Y = [int(200 + 150 * np.sin(i / 6)) - (i % 7) * 3 for i in range(75)]
COUNTS: dict[str, Any] = {"DATA_TYPE": "RAMAN SPECTRUM", "YUNITS": "COUNTS"}
HEAD = (
    "##TITLE=pages\n##JCAMP-DX=5.01\n##DATA TYPE={kind}\n##NTUPLES={kind}\n##VAR_NAME=X, REAL, IMAGINARY, PAGE\n"
    "##SYMBOL={symbols}\n##VAR_DIM=4,4,4,{pages}\n##UNITS=HZ, COUNTS, COUNTS, \n##FACTOR=0.5, 2, 3, 1\n"
    "##FIRST=10, 2, 30, 1\n##LAST=11.5, 8, 3, 2\n"
)


def pages(rows: tuple[str, str] = ("20A1J1J1J1", "20A0j1j1j1"), *, symbols: str = "X, R, I, N", number: int = 2) -> str:
    """Two pages of complex data in DIF form."""
    x, first, second, _ = (s.strip() for s in symbols.split(","))
    head = HEAD.format(kind="NMR SPECTRUM", symbols=symbols, pages=number)
    body = "".join(
        f"##PAGE=N={i}\n##DATA TABLE=({x}++({s}..{s})), XYDATA\n{row}\n"
        for i, (s, row) in enumerate(zip((first, second), rows, strict=True), start=1)
    )
    return head + body + "##END NTUPLES=NMR SPECTRUM\n##END=\n"


def warned(reading: Reading) -> set[str]:
    """The codes of what needs a person's look."""
    return {r.code for r in reading.remarks if r.level is Level.WARNING}


def refused(text: str, code: str) -> None:
    with pytest.raises(InstrumentError) as caught:
        read(text.encode())
    assert caught.value.code == code


def test_points_of_three_numbers_are_not_read_as_pairs() -> None:
    widths = mass_jcamp([(41, 10), (55, 99)]).replace("(XY..XY)\n41,10\n55,99", "(XYW..XYW)\n41,10,1 55,99,2")
    np.testing.assert_allclose(one(widths).x, [41, 55])
    np.testing.assert_allclose(one(widths).y, [10, 99])
    refused(widths.replace("41,10,1 55,99,2", "41,10,1 55,99"), "bad_row")


def test_assignments_are_left_out_and_unknown_forms_refused() -> None:
    assigned = mass_jcamp([(41, 10), (55, 99)]).replace(
        "##PEAK TABLE=(XY..XY)\n41,10\n55,99", "##PEAK ASSIGNMENTS=(XYA)\n(41,10,<C3H5 1+>)\n(55,99,<C4H7>)"
    )
    np.testing.assert_allclose(one(assigned).x, [41, 55])
    with pytest.raises(UnsupportedVariant) as caught:
        read(mass_jcamp([(41, 10)]).replace("(XY..XY)", "(XA)").encode())
    assert caught.value.code == "unsupported_form"


def test_an_interferogram_has_records_of_its_own() -> None:
    text = jcamp([1, 2, 3, 4], first=0, DATA_TYPE="INFRARED INTERFEROGRAM", XUNITS=None, YUNITS=None, XFACTOR=None,
                 YFACTOR=None, FIRSTX=None, LASTX=None, FIRSTY=None, RUNITS="MICROMETERS", AUNITS="ARBITRARY UNITS",
                 RFACTOR=1, AFACTOR=0.5, FIRSTR=0, LASTR=3, FIRSTA=0.5)  # fmt: skip
    reading = one(text.replace("##XYDATA=(X++(Y..Y))", "##RADATA=(R++(A..A))"))
    assert (reading.kind, reading.x_unit) == (ReadingKind.OTHER, "um")
    np.testing.assert_allclose(reading.x, [0, 1, 2, 3])
    np.testing.assert_allclose(reading.y, [0.5, 1, 1.5, 2])


def test_a_value_may_begin_on_the_line_below_its_label() -> None:
    text = jcamp(Y, factor=0.5).replace("##YFACTOR=0.5", "##YFACTOR= $$ as usual\n0.5")
    text = text.replace("##XYDATA=(X++(Y..Y))", "##XYDATA=\n (X++(Y..Y)) $$ form")
    np.testing.assert_allclose(one(text).y, 0.5 * np.array(Y))


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ({"DELTAX": 2}, "delta_x"),
        ({"DELTAX": -1}, "delta_x"),
        ({"MAXX": 500}, "extreme_x"),
        ({"MINX": 300}, "extreme_x"),
        ({"MAXY": 999}, "extreme_y"),
        ({"MINY": -40}, "extreme_y"),
        ({"FIRSTY": 9}, "first_y"),
    ],
)
def test_a_header_that_contradicts_its_values_is_a_warning(records: dict[str, Any], code: str) -> None:
    assert code in warned(one(jcamp(Y, **COUNTS, **records)))
    fitting: dict[str, Any] = {"DELTAX": 1, "MAXX": 474, "MINX": 400, "MAXY": max(Y), "MINY": min(Y), "FIRSTY": Y[0]}
    assert not one(jcamp(Y, **COUNTS, **fitting)).warnings


def test_extremes_in_per_cent_are_so_both() -> None:
    bare: dict[str, Any] = {"factor": 1e-4, "YUNITS": "TRANSMITTANCE"}
    y = [9000, 8500, -150, 4000, 9500]
    for fitting in ({"MINY": -0.015, "MAXY": 0.95}, {"MINY": -1.5, "MAXY": 95}):
        assert "extreme_y" not in warned(one(jcamp(y, **bare, **fitting)))
    assert "extreme_y" in warned(one(jcamp(y, **bare, MINY=0.015, MAXY=0.95)))


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ({"MAXX": 50}, "extreme_x"),
        ({"MINX": 14}, "extreme_x"),
        ({"FIRSTX": 14}, "first_x"),
        ({"LASTX": 92}, "last_x"),
        ({"FIRSTY": 8}, "first_y"),
        ({"MAXY": 50}, "extreme_y"),
    ],
)
def test_the_ends_of_a_table_of_pairs_are_held_against_the_header(records: dict[str, Any], code: str) -> None:
    pairs = [(41.0, 10.0), (55.0, 99.0), (91.0, 50.0)]
    assert code in warned(one(mass_jcamp(pairs, **records)))
    assert not one(mass_jcamp(pairs, FIRSTX=0, LASTX=91, MINX=0, MAXX=91, FIRSTY=10, MAXY=99)).warnings


def test_rows_that_do_not_begin_at_the_first_x_are_refused() -> None:
    refused(jcamp(Y, FIRSTX=4000, LASTX=4074), "x_check")


@pytest.mark.parametrize("value", ["1,5", "0,001", "1.5.2"])
def test_a_record_that_is_a_number_only_at_its_beginning_is_refused(value: str) -> None:
    refused(jcamp(Y, YFACTOR=value), "bad_header")
    assert one(jcamp(Y, YFACTOR="1.0 (unity)")).n_points == len(Y)


def test_complex_pages_have_the_factors_of_their_own_symbols() -> None:
    for symbols in ("X, R, I, N", "F2, R1, I1, N"):
        real, imaginary = read(pages(symbols=symbols).replace("20A1", "20A").replace("20A0", "20A0").encode())
        np.testing.assert_allclose(real.x, [10, 10.5, 11, 11.5])
        np.testing.assert_allclose(real.y, np.array([1, 12, 23, 34]) * 2.0)
        np.testing.assert_allclose(imaginary.y, np.array([10, -1, -12, -23]) * 3.0)


def test_the_checks_of_pages_are_kept() -> None:
    refused(pages(("20A0J1\n25B1J1J1", "20A0j1j1j1")), "x_check")
    damaged = "20A0J1\n21B9J1J1"  # 21 was the last value, the check says 29
    refused(pages((damaged, "20A0j1j1j1")), "y_check")
    assert "count_mismatch" in codes(read(pages(number=3).encode())[0])
    assert "first_y" in codes(read(pages(("20I9J1J1J1", "20A0j1j1j1")).encode())[0])


def test_a_compound_file_says_how_many_blocks_it_has() -> None:
    inner = jcamp(Y, title="a", **COUNTS) + jcamp(Y, title="b", **COUNTS)

    def linked(blocks: int, end: str = "##END=\n") -> str:
        return f"##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS={blocks}\n{inner}{end}"

    for right in (2, 3):
        assert not any(r.warnings for r in read(linked(right).encode()))
    first, last = read(linked(5).encode())
    assert "count_mismatch" in warned(last)
    assert not first.warnings
    refused(linked(5, end=""), "truncated")


def test_a_page_without_data_type_is_what_its_ntuples_record_says() -> None:
    text = (
        pages()
        .replace("##DATA TYPE=NMR SPECTRUM\n", "")
        .replace("NMR SPECTRUM", "RAMAN SPECTRUM")
        .replace("HZ", "1/CM")
    )
    assert {r.kind for r in read(text.replace("20A1", "20A").encode())} == {ReadingKind.RAMAN}


def test_a_damaged_compound_file_is_refused_with_its_line() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(b"##TITLE=a\n##DATA TYPE=LINK\n##BLOCKS=3\n")
    assert caught.value.line == 1


@pytest.mark.parametrize("unit", [None, "", "SNEEZES"])
def test_infrared_that_names_no_ordinate_is_told_until_a_person_answers(unit: str | None) -> None:
    text = jcamp(Y, YUNITS=unit)
    assert "ordinate_unknown" in warned(one(text))
    assert not one(text, y_unit="counts").warnings
    assert "ordinate_unknown" not in warned(one(jcamp(Y, DATA_TYPE="RAMAN SPECTRUM", YUNITS=unit)))
    assert "ordinate_unknown" not in warned(one(jcamp(Y, YUNITS="(micromol/mol)-1m-1 (base 10)")))


def test_a_falling_axis_with_a_rising_step_is_a_warning() -> None:
    assert not one(jcamp(Y, first=474, step=-1, DELTAX=-1, **COUNTS)).warnings
    assert "delta_x" in warned(one(jcamp(Y, first=474, step=-1, DELTAX=1, **COUNTS)))


def test_a_block_without_its_end_is_told() -> None:
    alone = one(jcamp(Y, end=False, **COUNTS))
    assert (alone.warnings, "no_end" in codes(alone)) == ((), True)
    inner = jcamp(Y, title="a", end=False, **COUNTS) + jcamp(Y, title="b", **COUNTS)
    first, second = read(f"##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=3\n{inner}##END=\n".encode())
    assert "no_end" in warned(first)
    assert not second.warnings


def test_a_file_without_its_title_is_still_jcamp() -> None:
    text = jcamp(Y, form="DIF", **COUNTS).partition("\n")[2]
    reading = one(text, "a.txt")
    assert (reading.format, reading.n_points, warned(reading)) == ("jcamp", len(Y), {"no_title"})
    title, version, rest = jcamp(Y, title="a", form="DIF", **COUNTS).split("\n", 2)
    later = one(f"{version}\n##ORIGIN=x\n{title}\n{rest}", "a.dx")
    assert (later.title, later.n_points, warned(later)) == ("a", len(Y), set())
    second = read((jcamp(Y, title="a", **COUNTS) + text).encode())[1]
    assert (second.n_points, "no_title" in warned(second)) == (len(Y), True)


def test_a_table_of_another_class_than_announced_is_noted() -> None:
    pairs = [(41.0, 10.0), (55.0, 99.0)]
    assert "data_class" in codes(one(mass_jcamp(pairs, DATA_CLASS="XYDATA")))
    assert "data_class" not in codes(one(mass_jcamp(pairs, DATA_CLASS="PEAK TABLE")))


def test_a_page_of_a_variable_that_the_header_does_not_name_is_a_warning() -> None:
    plain = pages().replace("20A1", "20A")
    assert not any("unknown_symbol" in codes(r) for r in read(plain.encode()))
    assert not any("unknown_symbol" in codes(r) for r in read(plain.replace("##PAGE=N=2", "##PAGE=2").encode()))
    assert all("unknown_symbol" in warned(r) for r in read(plain.replace("##PAGE=N=2", "##PAGE=Q=2").encode()))


def test_a_single_page_needs_no_number() -> None:
    first, second = pages().replace("20A1", "20A").split("##PAGE=N=2")
    single = one(first.replace("##PAGE=N=1", "##PAGE=Q=1") + second[second.index("##END") :])
    assert (single.title, codes(single) & {"unknown_symbol"}) == ("pages", set())
