"""MSP after NIST's manual: every delimiter it allows, fields in other orders, and lists that contradict their count."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, read
from tests.instruments.instrument_files import one

MZ, INTENSITY = [41.0, 55.0, 91.0], [10.0, 999.0, 50.0]


def record(peaks: str, count: int = 3, between: str = "", before: str = "Name: made\n", after: str = "\n") -> str:
    return f"{before}Num Peaks: {count}\n{between}{peaks}{after}"


@pytest.mark.parametrize(
    "peaks",
    [
        "41 10; 55 999; 91 50;", "41,10 55,999 91,50", "41, 10, 55, 999, 91, 50", "41\t10\n55\t999\n91\t50", "41:10 55:999 91:50",
        "41;10;55;999;91;50", "(41 10)(55 999)(91 50)", "(41,10) (55,999) (91,50)", "[41 10] [55 999] [91 50]",
        "{41, 10} {55, 999} {91, 50}", "[41:10][55:999][91:50]", "41 10 55\n999 91 50", "41,10;55,999;91,50", "41 10,55 999,91 50",
        "41 10 \"C3H5+\"\n55 999 {C4H7}\n91 50 [M-H]", "41.0 1.0e1 55.0 9.99E+02 91.0 50.", "\t41 10\n\t55 999\n\t91 50",
    ],
)  # fmt: skip
def test_every_delimiter_of_the_manual_gives_the_same_peaks(peaks: str) -> None:
    reading = one(record(peaks))
    np.testing.assert_allclose(reading.x, MZ)
    np.testing.assert_allclose(reading.y, INTENSITY)
    assert not reading.warnings


@pytest.mark.parametrize(
    ("peaks", "count", "code"),
    [
        ("41 10 55 999 91", 3, "bad_row"),  # an m/z without its intensity
        ("41 10; 55 999; 91", 3, "bad_row"),
        ("41,10 55,20", 5, "point_count"),  # commas that may be either, and a count that fits neither
        ("41 10\nlost\n91 50", 3, "bad_row"),
    ],
)
def test_peaks_that_do_not_add_up_are_refused(peaks: str, count: int, code: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(record(peaks, count).encode())
    assert caught.value.code == code
    assert caught.value.line is not None


def test_a_record_announces_its_peaks_once() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(record("41 10\n55 999\n91 50", between="Num Peaks: 2\n").encode())
    assert caught.value.line == 3


def test_two_numbers_of_one_line_are_two_fields() -> None:
    fields = one(
        record("41 10\n55 999\n91 50", before="Name: made\nCAS#: 58-08-2;  NIST#: 229063\nSynon: a; b\n")
    ).meta["fields"]
    assert fields == {"name": "made", "cas#": "58-08-2", "nist#": "229063", "synon": "a; b"}


def test_a_semicolon_between_decimal_commas_parts_an_mz_from_its_intensity() -> None:
    rows = "41,1;10\n55,05;200,5\n82,2;999;\n"
    reading = one(record(rows))
    assert list(zip(reading.x, reading.y, strict=True)) == [(41.1, 10), (55.05, 200.5), (82.2, 999)]


def test_a_comma_and_a_point_in_one_pair_are_refused() -> None:
    """1.200 may be thousands."""
    with pytest.raises(CorruptFile) as caught:
        read(record("41,1 1.200\n55,05 999.000", count=2).encode())
    assert caught.value.code == "ambiguous_comma"
