"""Bruker OPUS files that are damaged, cut or lying: refused with a reason and a place, or read with a warning."""

from __future__ import annotations

import math
import struct
import time
from dataclasses import replace
from typing import Any

import pytest

from instruments import DEFAULT_LIMITS, TooLarge, read
from tests.instruments.instrument_files import codes, one
from tests.instruments.opus_files import (
    ABOUT,
    Y,
    about,
    entry,
    kind,
    opus,
    refused,
    spectrum,
    with_entry,
)

# --- damage -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"NPT": 2**31 - 1}, "point_count"),
        ({"NPT": 0}, "point_count"),
        ({"NPT": -5}, "point_count"),
        ({"NPT": None}, "bad_parameter"),
        ({"NPT": "7"}, "bad_parameter"),
        ({"FXV": math.nan}, "bad_parameter"),
        ({"LXV": math.inf}, "bad_parameter"),
        ({"FXV": None}, "bad_parameter"),
        ({"CSF": math.nan}, "bad_parameter"),
        ({"CSF": 0.0}, "bad_scale"),
        ({"LXV": 4000.0}, "flat_axis"),
        ({"DPF": 3}, "unknown_number_form"),
        ({"DPF": None}, "bad_parameter"),
    ],
)
def test_a_description_that_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refused(opus(*ABOUT, *spectrum(Y, **changes))).code == code


@pytest.mark.parametrize("lost", ["absorbance", "its description and its data", "the last entry"])
def test_what_an_entry_that_is_gone_leaves_behind_is_told(lost: str) -> None:
    """The absorbance, 1,500 points, stands first, the single beam last."""
    file = opus(*spectrum([v / 1500 for v in range(1500)]), *ABOUT, *spectrum(Y, 1, 1))
    assert codes(read(file, "a.0")[0]) == set()
    if lost == "the last entry":
        damaged = file[:20] + struct.pack("<i", struct.unpack_from("<i", file, 20)[0] - 1) + file[24:]
    else:
        damaged = with_entry(file, 1, 0, 0, 0)
    if lost == "its description and its data":
        damaged = with_entry(damaged, 2, 0, 0, 0)
    assert "block_missing" in codes(read(damaged, "a.0")[0])


def test_a_result_with_another_axis_than_its_single_beam_is_told() -> None:
    beam = spectrum(Y, 1, 1)
    result, other = read(opus(*beam, *spectrum(Y, last=399.0)), "a.0")
    assert (codes(result), codes(other)) == ({"axes_differ"}, set())
    assert codes(read(opus(*beam, *spectrum(Y)), "a.0")[0]) == set()
    assert codes(read(opus(*beam, *spectrum(Y[:5], last=1120.0)), "a.0")[0]) == set()  # cut out of a longer one
    assert codes(read(opus(*spectrum(Y, 1, 2), *spectrum(Y, last=399.0)), "a.0")[0]) == set()  # a background may differ
    assert codes(read(opus(*spectrum(Y, 1, 1, last=399.0), *beam, *spectrum(Y)), "a.0")[0]) == set()
    assert "axes_differ" not in codes(read(opus(*beam, *spectrum(Y, 2, 1, last=399.0)), "a.0")[0])


def test_far_more_room_than_points_is_told() -> None:
    assert codes(one(opus(*spectrum(Y, pad=70)), "a.0")) == {"count_mismatch"}
    assert one(opus(*spectrum(Y, pad=42)), "a.0").warnings == ()


def test_more_points_than_allowed_are_refused() -> None:
    with pytest.raises(TooLarge):
        read(opus(*spectrum(Y)), "a.0", limits=replace(DEFAULT_LIMITS, points=5))


def test_a_parameter_that_reaches_out_of_its_block_is_refused_at_once() -> None:
    word, block = about(3, NSS=32, RES=4.0)
    for place, value in ((6, -4), (6, 32767), (6, 0), (18, 1)):  # a negative length once kept a reader busy for ever
        damaged = bytearray(block)
        struct.pack_into("<h", damaged, place, value)
        begun = time.monotonic()
        assert refused(opus((word, bytes(damaged)), *spectrum(Y))).code == "bad_parameter"
        assert time.monotonic() - begun < 60


def test_an_absurdly_long_parameter_block_is_refused() -> None:
    word, block = about(10, SNM="abc")
    assert refused(opus((word, block.ljust(70_000, b"\0")), *spectrum(Y))).code == "bad_block"


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [(12, 0, "bad_header"), (12, -24, "bad_header"), (12, 2**30, "truncated"), (20, 0, "bad_header"), (20, -1, "bad_header"),
     (20, 65_535, "truncated"), (20, 2**31 - 1, "truncated")],
)  # fmt: skip
def test_a_header_that_points_nowhere_is_refused(place: int, value: int, code: str) -> None:
    damaged = bytearray(opus(*spectrum(Y)))
    struct.pack_into("<i", damaged, place, value)
    assert refused(bytes(damaged)).code == code


def test_a_directory_of_thousands_is_refused() -> None:
    assert refused(opus(*spectrum(Y), room=65_535, entries=65_535)).code == "too_many_blocks"


@pytest.mark.parametrize(
    ("words", "start", "code"),
    [(-1, 600, "bad_block"), (6, -600, "bad_block"), (6, 8, "bad_block"), (6, 100, "blocks_overlap"), (2**31 - 1, 600, "truncated"),
     (6, 2**31 - 1, "truncated")],
)  # fmt: skip
def test_a_block_in_an_impossible_place_is_refused(words: int, start: int, code: str) -> None:
    assert refused(with_entry(opus(*spectrum(Y)), 1, kind(), words, start)).code == code


def test_blocks_over_each_other_are_refused() -> None:
    content = opus(*spectrum(Y), *spectrum(Y, 5))
    word, words, start = entry(content, 1)
    assert refused(with_entry(content, 3, kind(5), words, start)).code == "blocks_overlap"
    assert refused(with_entry(content, 1, word, words + 1, start)).code == "blocks_overlap"
