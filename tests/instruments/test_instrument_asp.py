""".asp text of Agilent and GRAMS: units by its type codes, every allowed delimiter, counts that must fit."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from instruments import TooLarge, read, sniff
from instruments.limits import Limits
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import Y, asp, refused

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


@pytest.mark.parametrize("code", ["200", "2.5", "-1"])
def test_a_type_code_that_means_nothing_is_an_unknown_unit(code: str) -> None:
    reading = one(asp(head=("5", "4000", "400", code, "2", "4")), "a.asp", format="agilent-asp")
    assert codes(reading) == {"unit_unknown", "unknown_code"}


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


def test_a_last_value_without_its_end_may_be_cut() -> None:
    assert codes(one(asp()[:-3])) == {"may_be_cut"}


def test_more_values_than_allowed_are_refused_while_reading() -> None:
    for limits in (Limits(points=10), Limits(text_rows=10)):
        with pytest.raises(TooLarge):
            read(asp([0.5] * 30, ("30", "4000", "400", "1", "2", "4")).encode(), limits=limits)


def certainty(content: str, name: str = "") -> int:
    raw = content.encode()
    return {c.format: c.certainty for c in sniff(raw[:65_536], raw[-65_536:], len(raw), name)}.get("agilent-asp", 0)
