"""The netCDF container against damage and malice: every count, name, rank, place and type is checked first."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, TooLarge
from instruments.limits import DEFAULT_LIMITS, Limits
from instruments.readers import netcdf_guard
from instruments.readers.netcdf_guard import NetCdf
from instruments.source import open_source
from tests.instruments.andi_files import netcdf

RECORDS = {"a": (("n",), ">f4", [1, 2, 3], {}), "b": (("n",), ">i2", [4, 5, 6], {})}


def opened(content: bytes, limits: Limits = DEFAULT_LIMITS) -> NetCdf:
    return NetCdf(open_source(content, None, limits), limits)


def refused(content: bytes, code: str, kind: type[InstrumentError] = CorruptFile) -> None:
    with pytest.raises(kind) as caught:
        opened(content)
    assert caught.value.code == code
    assert caught.value.byte is not None


def patched(content: bytes, after: bytes, skip: int, value: int) -> bytes:
    """`value` as 32 bits, `skip` bytes behind the first occurrence of some bytes."""
    at = content.index(after) + len(after) + skip
    return content[:at] + struct.pack(">I", value) + content[at + 4 :]


BASE = netcdf(
    {"n": 3, "m": 2},
    {"g": "text"},
    {"var1": (("n",), ">f4", [1, 2, 3], {}), "var2": (("n", "m"), "i1", [[1, 2]] * 3, {})},
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (patched(BASE, b"CDF\1", 8, 0xFFFFFFFF), "bad_count"),  # number of dimensions
        (patched(BASE, b"CDF\1", 4, 12), "bad_header"),  # a list of attributes where dimensions belong
        (patched(BASE, b"CDF\1", 4, 0), "bad_header"),  # an absent list with entries
        (patched(BASE, b"CDF\1", 12, 0xFFFFFFF0), "bad_name"),
        (patched(BASE, b"CDF\1", 12, 0), "bad_name"),
        (patched(BASE, b"CDF\1", 12, 300), "bad_name"),
        (patched(BASE, b"\0\0\0\1g\0\0\0", 0, 99), "bad_type"),
        (patched(BASE, b"\0\0\0\1g\0\0\0", 4, 0x7FFFFFFF), "truncated"),
        (patched(BASE, b"var1", 0, 0xFFFFFFFF), "bad_rank"),
        (patched(BASE, b"var1", 0, 33), "bad_rank"),
        (patched(BASE, b"var1", 4, 2), "bad_dimension"),
        (patched(BASE, b"var1", 16, 7), "bad_type"),
        (patched(BASE, b"var1", 24, 0), "truncated"),  # begins within the header
        (patched(BASE, b"var1", 24, len(BASE)), "truncated"),
        (patched(BASE, b"var1", 24, len(BASE) - 12), "overlap"),
        (patched(BASE, b"\0\0\0\1n\0\0\0", 0, 0x7FFFFFFF), "truncated"),  # 8 GiB in a file of 200 bytes
        (BASE.replace(b"var2", b"var1"), "bad_header"),
        (netcdf({"n": 0, "m": 0}, {}, {}), "bad_header"),
        (netcdf({"n": 0, "m": 2}, {}, {"a": (("m", "n"), ">f4", [[1], [2]], {})}), "bad_dimension"),
        (netcdf({"n": 0}, {}, RECORDS, records=0xFFFFFFFF), "bad_count"),
        (netcdf({"n": 0}, {}, RECORDS, records=0xFFFFFFFE), "truncated"),
        (netcdf({"n": 0}, {}, RECORDS, records=4), "truncated"),
        (netcdf({"n": 0}, {}, RECORDS, shift={"a": 4}), "overlap"),
        (netcdf({"n": 0}, {}, RECORDS, shift={"a": -8}), "truncated"),
        (netcdf({"n": 0}, {}, {k: RECORDS[k] for k in "ba"}, shift={"a": 6}) + bytes(8), "overlap"),
        (b"CDF\1\0\0\0\0", "truncated"),
        (b"CDF", "truncated"),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused_with_their_place(content: bytes, code: str) -> None:
    refused(content, code)


def test_records_are_interleaved_padded_and_may_be_none() -> None:
    file = opened(netcdf({"n": 0}, {}, RECORDS))
    np.testing.assert_array_equal(file.series("a"), [1, 2, 3])  # type: ignore[arg-type]
    np.testing.assert_array_equal(file.series("b"), [4, 5, 6])  # type: ignore[arg-type]
    alone = opened(netcdf({"n": 0}, {}, {"b": RECORDS["b"]}))
    np.testing.assert_array_equal(alone.series("b"), [4, 5, 6])  # type: ignore[arg-type]
    empty = opened(netcdf({"n": 0}, {}, {"a": (("n",), ">f4", [], {})}))
    assert empty.series("a") is None
    rows = opened(
        netcdf({"n": 0, "m": 2}, {}, {"a": (("n", "m"), ">i2", [[1, 2], [3, 4]], {}), "b": (("n",), ">f8", [5, 6], {})})
    )
    np.testing.assert_array_equal(rows.raw("a"), [[1, 2], [3, 4]])  # type: ignore[arg-type]
    assert rows.series("a") is None


def test_arrays_above_the_limit_are_not_read() -> None:
    file = opened(BASE, Limits(points=5))
    np.testing.assert_array_equal(file.series("var1"), [1, 2, 3])  # type: ignore[arg-type]
    with pytest.raises(TooLarge):
        file.raw("var2")
    assert file.raw("var2", 6) is not None


def test_a_header_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netcdf_guard, "_HEADER_BYTES", 80)
    refused(BASE, "header_too_large", TooLarge)
