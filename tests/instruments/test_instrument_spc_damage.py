"""Galactic SPC files that are damaged, hostile or something else: told apart, refused with a reason, bounded."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from instruments import CorruptFile, InstrumentError, TooLarge, UnknownFormat, UnsupportedVariant, read, sniff
from instruments.limits import Limits
from spectra.types import Level
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import FLOATS, RUN, SHORT, Y, multi, old, own_x, refused, single

# --- recognising -------------------------------------------------------------------------------------------------


def found(content: bytes, name: str = "") -> dict[str, int]:
    return {c.format: c.certainty for c in sniff(content[:65_536], content[-65_536:], len(content), name)}


def test_a_damaged_header_is_told_apart_by_the_name_of_the_file() -> None:
    content = bytearray(single())
    content[28] = 99
    assert found(bytes(content), "a.spc")["spc"] == 55
    assert "spc" not in found(bytes(content), "a.bin")
    content[1] = 0
    with pytest.raises(UnknownFormat):
        read(bytes(content), "a.spc")
    refused(bytes(content), "unsupported_spc_version", UnsupportedVariant, format="spc")


# --- damage ------------------------------------------------------------------------------------------------------


def spoiled(at: int, form: str, value: Any, content: bytes | None = None) -> bytes:
    made = bytearray(single() if content is None else content)
    struct.pack_into(form, made, at, value)
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        (spoiled(4, "<I", 0), "no_points", CorruptFile),
        (spoiled(4, "<I", 6), "truncated", CorruptFile),
        (spoiled(4, "<I", 0xFFFFFFFF), "too_many_points", TooLarge),
        (spoiled(8, "<d", math.nan), "not_finite", CorruptFile),
        (spoiled(16, "<d", math.inf), "not_finite", CorruptFile),
        (spoiled(16, "<d", 4000.0), "no_axis", CorruptFile),
        (spoiled(24, "<I", 2), "truncated", CorruptFile),
        (spoiled(24, "<I", 0xFFFFFFFF), "too_many_spectra", TooLarge),
        (spoiled(548, "<f", math.nan), "not_finite", CorruptFile),
        (spoiled(548, "<f", -math.inf), "not_finite", CorruptFile),
        (spoiled(24, "<I", 0xFFFFFFFF, own_x(RUN)), "too_many_spectra", TooLarge),
        (spoiled(528, "<I", 0xFFFFFFFF, own_x(RUN)), "bad_directory", CorruptFile),
        (single()[:300], "truncated", CorruptFile),
        (single()[:530], "truncated", CorruptFile),
        (own_x(RUN)[:520], "truncated", CorruptFile),
    ],
)
def test_counts_and_numbers_that_cannot_be_are_refused(content: bytes, code: str, kind: type[InstrumentError]) -> None:
    refused(content, code, kind)


@pytest.mark.parametrize(("version", "other"), [(0x4B, 0x4C), (0x4C, 0x4B)])
@pytest.mark.parametrize(
    "make", [lambda version: single(version=version), lambda version: multi([Y] * 3, version=version)]
)
def test_a_file_whose_version_names_the_other_order_of_bytes_is_refused(
    make: Callable[[int], bytes], version: int, other: int
) -> None:
    content = make(version)
    assert not one(single(version=version)).warnings
    error = refused(content[:1] + bytes([other]) + content[2:], "byte_order", format="spc")
    assert "-endian" in error.message


@pytest.mark.parametrize(
    ("content", "limits"),
    [
        (single([0.5] * 100), Limits(points=50)),
        (multi([Y] * 9), Limits(total_points=40)),
        (multi([Y] * 9), Limits(blocks=8)),
        (multi([Y] * 9), Limits(spectra=8)),
        (old([Y] * 9, exponents=(2,) * 9), Limits(spectra=8)),
        (own_x(RUN), Limits(spectra=11)),
        (own_x(RUN), Limits(points=1)),
        (own_x(RUN), Limits(total_points=23)),
    ],
)
def test_limits_hold_before_the_readings_are_built(content: bytes, limits: Limits) -> None:
    with pytest.raises(TooLarge):
        read(content, limits=limits)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (single(exponent=3, sub_exponent=7), "exponent"),  # the main header counts, and the file says two things
        (single(exponent=FLOATS, sub_exponent=5), "exponent"),
        (single(exponent=100), "exponent"),
        (multi([Y, Y], exponents=[3, 90]), "exponent"),
        (single(x=[1.0, 2.0, 3.0, 4.0, 5.0], first=1.0, last=500.0), "first_x"),
    ],
)
def test_a_header_that_contradicts_a_spectrum_is_a_warning(content: bytes, code: str) -> None:
    first = read(content)[0]
    assert code in {r.code for r in first.remarks if r.level is Level.WARNING}


def test_a_subfile_that_states_another_number_of_points_is_a_warning() -> None:
    content = bytearray(multi([Y, Y]))
    at = 512 + 16  # the number of points in the first subheader
    assert "point_count" not in codes(read(bytes(content))[0])
    content[at : at + 4] = (4).to_bytes(4, "little")
    assert "point_count" in codes(read(bytes(content))[0])


def test_values_of_16_bits_that_are_floating_point_too_are_refused() -> None:
    content = bytearray(single(exponent=2, flags=SHORT))
    content[3] = 0x80
    refused(bytes(content), "bad_header")
