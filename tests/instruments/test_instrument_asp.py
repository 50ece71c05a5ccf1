""".asp text of Agilent and GRAMS: units by its type codes, every allowed delimiter, counts that must fit."""

from __future__ import annotations

import csv
import json
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, read, sniff
from instruments.limits import Limits
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import Y, asp, refused, survives

FILE = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
    / "instruments/agilent_asp/ftir_ldpe_soil.asp"
)
COMMAS = asp().replace(".", ",").replace("4000", "4000,5").replace("\r\n400\r\n", "\r\n400,5\r\n")


def test_an_absorbance_spectrum_states_its_units_by_codes() -> None:
    reading = one(asp())
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.IR, "cm-1", "absorbance")
    np.testing.assert_array_equal(reading.x, [4000, 3100, 2200, 1300, 400])
    np.testing.assert_array_equal(reading.y, Y)
    expected = {
        "x_unit_raw": "Wavenumber (cm-1)",
        "y_unit_raw": "Absorbance",
        "resolution_cm1": 4.0,
        "assurance": "high",
    }
    assert dict(reading.meta) == expected
    assert not reading.remarks


def test_transmittance_in_per_cent_is_seen() -> None:
    reading = one(asp([83.4, 99.0, 12.0], ("3", "4000", "400", "1", "128", "2")))
    assert (reading.y_unit, codes(reading)) == ("transmittance (%)", {"ordinate_scale"})


def test_axes_without_a_type_are_asked_for_and_answered() -> None:
    content = asp(head=("5", "4000", "400", "0", "0", "0"))
    reading = one(content, "a.asp")
    assert (reading.x_unit, codes(reading)) == ("", {"unit_unknown"})
    assert "resolution_cm1" not in reading.meta
    answered = one(content, "a.asp", x_unit="cm-1", y_unit="absorbance")
    assert (answered.kind, answered.x_unit, answered.y_unit, codes(answered)) == (
        ReadingKind.IR,
        "cm-1",
        "absorbance",
        set(),
    )


@pytest.mark.parametrize("code", ["200", "2.5", "-1"])
def test_a_type_code_that_means_nothing_is_an_unknown_unit(code: str) -> None:
    reading = one(asp(head=("5", "4000", "400", code, "2", "4")), "a.asp", format="agilent-asp")
    assert codes(reading) == {"unit_unknown", "unknown_code"}


def test_values_called_absorbance_that_cannot_be_are_doubted() -> None:
    assert codes(one(asp([83.4, 99.0, 12.0], ("3", "4000", "400", "1", "2", "2")))) == {"implausible_absorbance"}


@pytest.mark.parametrize(
    "content",
    [asp(), asp(end="\n"), asp(end="\r"), asp(end=" "), asp(end=","), asp(end=", \n"), asp(end="\f"), asp() + "\x1a", "\n" + asp(),
     asp(head=("5", "4000", "400", "1", "2", "4", "'made by hand")), asp(head=("5", "4.E+3", "+4.0E2", "1", "2", "4")),
     "5,4000,400,1,2,4,'made\n.125,.5,1,.25,-6.25E-2\n", asp(head=("0", "4000", "400", "1", "2", "4"))],
)  # fmt: skip
def test_numbers_may_be_parted_as_the_format_allows(content: str) -> None:
    reading = one(content, "a.asp", format="agilent-asp")
    np.testing.assert_array_equal(reading.x, [4000, 3100, 2200, 1300, 400])
    np.testing.assert_array_equal(reading.y, Y)
    assert not reading.remarks


def test_a_comment_is_the_title_and_only_where_it_belongs() -> None:
    reading = one(asp(head=("5", "4000", "400", "1", "2", "4", "' it's 12.5 percent ")))
    assert (reading.title, reading.n_points) == ("it's 12.5 percent", 5)
    refused(asp(head=("6", "4000", "400", "1", "2", "4", "0.5", "'late")).encode(), "bad_row", format="agilent-asp")


def test_decimal_commas_are_read_and_told() -> None:
    for reading in (one(COMMAS), one(COMMAS, decimal=",")):
        np.testing.assert_array_equal(reading.x[[0, -1]], [4000.5, 400.5])
        np.testing.assert_array_equal(reading.y, Y)
        assert codes(reading) == {"decimal_comma"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (asp(Y[:4]), "point_count"),
        (asp((*Y, 1.0)), "point_count"),
        (asp(()), "truncated"),
        ("5\n4000\n400\n1\n", "truncated"),
        (asp(head=("5", "400", "400", "1", "2", "4")), "no_axis"),
        (asp().replace("0.25", "0.2x"), "bad_row"),
        (asp().replace("0.25", "nan"), "bad_row"),
        (asp().replace("0.25", "1_0"), "bad_row"),
        (asp().replace("0.25", "1e999"), "not_finite"),
    ],
)
def test_contents_that_do_not_fit_the_header_are_refused(content: str, code: str) -> None:
    refused(content.encode(), code, format="agilent-asp")


def test_a_bad_row_names_its_line() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(asp().replace("0.25", "?").encode())
    assert caught.value.line == 10


def test_a_last_value_without_its_end_may_be_cut() -> None:
    assert codes(one(asp()[:-3])) == {"may_be_cut"}


def test_more_values_than_allowed_are_refused_while_reading() -> None:
    for limits in (Limits(points=10), Limits(text_rows=10)):
        with pytest.raises(TooLarge):
            read(asp([0.5] * 30, ("30", "4000", "400", "1", "2", "4")).encode(), limits=limits)


def certainty(content: str, name: str = "") -> int:
    raw = content.encode()
    return {c.format: c.certainty for c in sniff(raw[:65_536], raw[-65_536:], len(raw), name)}.get("agilent-asp", 0)


def test_a_complete_file_is_sure_and_a_column_of_numbers_is_not_taken() -> None:
    assert certainty(asp()) == 92
    assert certainty(asp(Y[:3]), "a.asp") == 90
    assert certainty(asp(Y[:3]), "a.txt") == 60
    assert certainty("".join(f"{v}.5\n" for v in range(40))) == 0
    assert certainty("wavenumber,absorbance\n4000,1\n3999,2\n") == 0
    assert certainty(asp(head=("5", "4000", "400", "99", "2", "4"))) == 0


@pytest.mark.parametrize("content", ["1" + "," * 5_000, "1 1.1" + "," * 5_000 + "x", " " * 60_000 + "1" * 5_000])
def test_separators_and_digits_without_end_are_told_at_once(content: str) -> None:
    begun = time.monotonic()
    assert certainty(content, "a.asp") == 0
    assert time.monotonic() - begun < 60


def test_the_rows_of_a_table_are_not_taken_for_the_header() -> None:
    assert certainty("5,4000\n400,1\n2,4\n0.5,0.25\n", "a.asp") == 0
    assert certainty("5,4000,400,1,2,4\n0.5,0.25\n", "a.asp") == 90


def test_a_file_cut_anywhere_is_refused_or_told() -> None:
    content = asp([0.5, 0.25] * 30, ("60", "4000", "400", "1", "2", "4"))
    for place in range(20):
        assert survives(content[: len(content) * place // 20].encode(), "a.asp") in ("error", "warn")


def test_changed_bytes_are_read_or_refused() -> None:
    content, dice = asp().encode(), random.Random(3)
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(dice.randint(1, 6)):
            changed[dice.randrange(len(changed))] = dice.choice(b"0123456789.-+eE,'\r\n \xff\x00\x1a")
        survives(bytes(changed), "a.asp")
    for count in ("999999999", "99999999999999999999", "-5", "1e9"):
        with pytest.raises(InstrumentError):
            read(asp(head=(count, "4000", "400", "1", "2", "4")).encode(), format="agilent-asp")


@pytest.mark.skipif(not FILE.is_file(), reason="the shared test data are not on this machine")
def test_the_real_file_holds_what_the_facts_name() -> None:
    with (FILE.parents[1] / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        facts = next(json.loads(r["facts_json"]) for r in rows if r["format"] == "agilent_asp")
    (reading,) = read(FILE)
    assert reading.n_points == facts["n"]
    found = [reading.x[0], reading.x[-1], reading.y[0], reading.y.max()]
    np.testing.assert_allclose(found, [facts[k] for k in ("x0", "xlast", "y0", "ymax")], rtol=2e-6)
    assert reading.meta["resolution_cm1"] == facts["header"][5]
    assert not reading.remarks
