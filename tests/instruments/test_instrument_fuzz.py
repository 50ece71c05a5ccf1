"""Whatever the bytes: a list of finite readings or an InstrumentError, never anything else. Small and bounded."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments import InstrumentError, describe, read
from tests.instruments.instrument_files import (
    MASSBANK,
    MGF,
    MSP,
    SMALL,
    chromatogram,
    jcamp,
    mass_jcamp,
    mzml,
    mzxml,
    spectrum,
    table,
    zipped,
)

Y = [int(100 * np.sin(i / 3)) for i in range(40)]
SEEDS = {
    "affn": jcamp(Y).encode(), "difdup": jcamp(Y, form="DIFDUP").encode(), "sqz": jcamp(Y, form="SQZ").encode(),
    "peaks": mass_jcamp([(41, 1), (55, 2)]).encode(), "msp": MSP.encode(), "mgf": MGF.encode(), "massbank": MASSBANK.encode(),
    "mzml": mzml(spectrum(0, [50, 60], [1, 2], compression="zlib", minutes=1), spectrum(1, [50, 60, 70], [1, 2, 3], compression="linear", minutes=2),
                 chromatograms=[chromatogram([1, 2], [3, 4])]),
    "mzxml": mzxml((1.0, [50, 60], [1, 2]), (2.0, [50], [1])), "csv": table(rows=12).encode(), "semicolon": table(";", ",", rows=12).encode("cp1252"),
    "utf16": table("\t", ",", rows=12).encode("utf-16"), "gz": gzip.compress(MSP.encode()), "zip": zipped({"a.msp": MSP.encode()}),
}  # fmt: skip
BOUNDED = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def survives(content: bytes) -> None:
    try:
        readings = read(content, "upload.dat", limits=SMALL)
    except InstrumentError as error:
        explained = bool(error.code and error.hint and str(error))
        readings = []
    else:
        explained = bool(readings)
    assert explained
    for reading in readings:
        assert np.isfinite(reading.x).all()
        assert np.isfinite(reading.y).all()
        describe(reading)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_a_file_cut_anywhere_is_read_or_refused(name: str) -> None:
    content = SEEDS[name]
    for place in range(20):
        survives(content[: len(content) * place // 20])


@pytest.mark.parametrize("name", sorted(SEEDS))
@BOUNDED
@given(data=st.data())
def test_flipped_bits_are_read_or_refused(name: str, data: st.DataObject) -> None:
    content = bytearray(SEEDS[name])
    for place in data.draw(st.lists(st.integers(0, len(content) * 8 - 1), min_size=1, max_size=8)):
        content[place // 8] ^= 1 << (place % 8)
    survives(bytes(content))


@pytest.mark.parametrize("name", sorted(SEEDS))
@BOUNDED
@given(data=st.data())
def test_spliced_and_overwritten_files_are_read_or_refused(name: str, data: st.DataObject) -> None:
    content = SEEDS[name]
    other = data.draw(st.sampled_from(sorted(SEEDS)))
    tokens = [
        b"",
        b"\x00",
        b"-1",
        b"1e999",
        b"nan",
        b"99999999999999999999",
        b'"',
        b"##",
        b"<",
        b"=",
        b"\n\n",
        b"\xff\xfe",
        SEEDS[other][:60],
    ]
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 12))
    survives(content[:start] + data.draw(st.sampled_from(tokens)) + content[start + length :])


@BOUNDED
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    survives(content)


@BOUNDED
@given(st.text(alphabet="0123456789.,;-+eE\t \n\"'#=:<>xyZ\u00a0", max_size=300))
def test_any_text_is_read_or_refused(content: str) -> None:
    survives(content.encode())
