"""JCAMP-DX: what the written standard allows and files seldom use, and headers that contradict their data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, read
from spectra.types import Level, Reading
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


def test_a_damaged_compound_file_is_refused_with_its_line() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(b"##TITLE=a\n##DATA TYPE=LINK\n##BLOCKS=3\n")
    assert caught.value.line == 1


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
