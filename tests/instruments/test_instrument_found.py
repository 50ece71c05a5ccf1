"""What the fuzz runs found (tests/fuzz), one small file each: now an explained error, or a reading that is right."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from instruments import CorruptFile, read
from instruments.errors import InstrumentError
from instruments.readers.vendor_traces import _regular, _Signal, _times
from tests.instruments.instrument_files import MASSBANK, MGF
from tests.instruments.spc_files import old

BEYOND = "9" * 400


@pytest.mark.parametrize(
    ("content", "format", "code"),
    [
        ("##TITLE=\n##DATATABLE\n##PAGE=\n##DATATABLE=", "jcamp", "no_points"),
        ("##TITLE=\n##NTUPLES\n##DATATABLE=\n##END", "jcamp", "no_points"),
        (MGF.replace("304.15", BEYOND), "mgf", "bad_header"),
        (MASSBANK.replace("304.1543", BEYOND), "massbank", "bad_header"),
        (old(exponent=5000), "spc", "not_finite"),
        ("5\n4000\n400\n1\n2\n1e999\n1\n2\n3\n4\n5\n", "agilent-asp", "bad_header"),
        (f"Name: {'x' * 9_000}\nNum Peaks: 1\n50 -1\n", "msp", "negative_intensity"),
    ],
)
def test_what_made_a_reader_fail_is_refused_with_a_reason(content: str | bytes, format: str, code: str) -> None:
    with pytest.raises(InstrumentError) as caught:
        read(content.encode() if isinstance(content, str) else content, format=format)
    assert caught.value.code == code
    assert len(str(caught.value)) < 500


def test_a_low_line_in_a_further_column_of_a_peak_is_not_a_number_and_does_no_harm() -> None:
    (reading,) = read(b"BEGIN IONS\nTITLE=x\n50.5 7 a_b\n60 8 1_0\nEND IONS\n", format="mgf")
    assert (reading.x.tolist(), reading.y.tolist()) == ([50.5, 60.0], [7.0, 8.0])
    with pytest.raises(CorruptFile, match="Line 3"):
        read(b"BEGIN IONS\nTITLE=x\n5_0 7\nEND IONS\n", format="mgf")


def signal(axis: dict[str, float | None]) -> _Signal:
    about = {"extra": {"axis": axis}, "sample_count": 3, "sample_rate_hz": 2.0}
    return _Signal(SimpleNamespace(info={}), None, about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "axis", [{"first": None, "last": None}, {"first": 1.0}, {"first": 1.0, "last": None}, {"step": 1.0}]
)
def test_a_vendor_axis_without_numbers_is_refused(axis: dict[str, float | None]) -> None:
    with pytest.raises(CorruptFile) as caught:
        _regular(signal(axis))
    assert caught.value.code == "no_axis"


def test_a_vendor_axis_is_taken_from_its_ends_or_its_step() -> None:
    assert _regular(signal({"first": 1.0, "last": 3.0})).tolist() == [1.0, 2.0, 3.0]
    assert _regular(signal({"first": 1.0, "step": 0.5})).tolist() == [1.0, 1.5, 2.0]
    assert _times(signal({"first": None, "step": 0.5}))[0].tolist() == [0.0, 0.5, 1.0]  # from the sampling rate
    assert _times(signal({"first": 1.0, "step": 0.25}))[0].tolist() == [1.0, 1.25, 1.5]
