"""Mass spectra in Galactic SPC files: when they are one run, when readings of their own, and lying directories."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from instruments import read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import MULTI, ORDERED_Z, RANDOM_Z, RUN, SHORT, Y, header, multi, own_x, refused, single

SCAN = ([41.0, 55.0, 91.0], [10.0, 999.0, 50.0])
PEAKS = RUN[:3]


@pytest.mark.parametrize("flags", [0, SHORT])
@pytest.mark.parametrize("directory", [True, False])
def test_mass_spectra_taken_every_second_are_one_run(flags: int, directory: bool) -> None:
    run = one(own_x(RUN, flags=flags, directory=directory))
    assert (run.kind, run.x_unit, run.y_unit) == (ReadingKind.MASS_RUN, "min", "total ion current")
    np.testing.assert_allclose(run.x, 0.01 * np.arange(12), rtol=1e-6)
    np.testing.assert_allclose(run.y, 110.0 + np.arange(12), rtol=1e-3)
    np.testing.assert_allclose(run.scans[3].mz, [41, 58])
    assert run.scans[3].retention_time_s == pytest.approx(1.8)
    assert run.meta["points"] == 24
    assert run.meta["max_intensity"] == pytest.approx(111, rel=1e-3)
    assert not run.warnings


@pytest.mark.parametrize(
    ("spectra", "zs", "ztype"),
    [(PEAKS, [4.7, 5.7, 5.9], 5), (RUN, [1.0 * i for i in range(12)], 5), (RUN, [0.0] * 12, 5), (RUN, None, 0)],
)
def test_picked_mass_spectra_are_readings_of_their_own(spectra: Any, zs: Any, ztype: int) -> None:
    readings = read(own_x(spectra, zs, fztype=ztype))
    assert [r.kind for r in readings] == [ReadingKind.MASS_SPECTRUM] * len(spectra)
    assert codes(readings[0]) == {"separate_spectra"}
    np.testing.assert_allclose(readings[1].x, [41, 56])
    assert readings[1].x_unit == "m/z"
    assert readings[1].meta["subfile"] == 2
    expected = pytest.approx(readings[1].meta["z"] * 60) if ztype else None
    assert readings[1].scans[0].retention_time_s == expected


def test_a_person_decides_between_run_and_spectra() -> None:
    assert len(one(own_x(PEAKS, [4.7, 5.7, 5.9]), kind="mass_run").scans) == 3
    assert len(read(own_x(RUN), kind="mass_spectrum")) == 12
    assert one(own_x([SCAN]), kind="mass_run").kind is ReadingKind.MASS_SPECTRUM
    numbered = one(own_x(PEAKS, fztype=0), kind="mass_run")
    assert (numbered.x_unit, numbered.scans[0].retention_time_s) == ("scan", None)


def test_an_empty_scan_stays_in_its_place_in_a_run() -> None:
    run = one(own_x([*RUN[:5], ([], []), *RUN[6:]]))
    assert len(run.scans) == 12
    assert codes(run) == {"empty_scans"}
    assert run.y[5] == 0


def test_an_empty_spectrum_among_picked_ones_is_left_out() -> None:
    assert len(read(own_x([SCAN, ([], []), SCAN], [1.0, 2.0, 3.0]))) == 2
    refused(own_x([([], [])]), "no_points")


def test_a_single_mass_spectrum_keeps_the_order_of_its_peaks() -> None:
    reading = one(single(x=[91.0, 41.0, 55.0], y=[1, 2, 3], fxtype=9, fytype=4))
    np.testing.assert_array_equal(reading.x, [91, 41, 55])
    assert (reading.kind, reading.y_unit) == (ReadingKind.MASS_SPECTRUM, "counts")
    assert codes(reading) == {"unsorted_mz"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"entries": {1: (100, 1000)}}, "bad_directory"),
        ({"entries": {1: (512, 40)}}, "bad_directory"),
        ({"entries": {0: (4_000_000_000, 4_000_000_000)}}, "truncated"),
        ({"n_points": 100_000}, "truncated"),
        ({"subs": 400}, "truncated"),
        ({"directory": False, "subs": 4}, "truncated"),
    ],
)
def test_directories_that_point_elsewhere_are_refused(changed: dict[str, Any], code: str) -> None:
    refused(own_x(PEAKS, **changed), code)


def test_a_directory_may_not_give_the_same_bytes_to_many_spectra() -> None:
    long = (list(np.arange(1.0, 101)), [1.0] * 100)
    refused(own_x([long] + [([1.0], [1.0])] * 60, entries=dict.fromkeys(range(61), (512, 900))), "overlap")


def test_a_rewritten_first_spectrum_behind_the_others_is_found() -> None:
    content = own_x(RUN)
    moved = content[512 : 512 + 48]
    table = struct.pack("<IIf", 512 + 12 * 48, 96, 0.0) + content[-11 * 12 :]
    body = content[512 : -12 * 12]
    start = header(0x4B, MULTI | 0xD0, 20, 512 + len(body) + 96, 0, 0, 12, fxtype=9, fytype=0, fztype=5)
    run = one(start + body + moved + bytes(48) + table)
    np.testing.assert_allclose(run.scans[0].mz, [41, 55])
    assert not run.warnings


def test_a_spectrum_that_is_shorter_than_its_place_is_a_warning() -> None:
    content = own_x(RUN)
    at = 512 + 4 * 48 + 16  # the number of points of the fifth
    shorter = content[:at] + struct.pack("<I", 1) + content[at + 4 :]
    assert "bad_directory" not in codes(one(content))
    assert "bad_directory" in codes(one(shorter))


@pytest.mark.parametrize(
    ("flags", "zs", "told"),
    [
        (ORDERED_Z, [0, 2, 9], False),
        (ORDERED_Z, [9, 2, 0], False),
        (ORDERED_Z, [0, 9, 2], True),
        (RANDOM_Z, [0, 9, 2], False),
        (ORDERED_Z, [0, 2, 9, 0, 2, 9], False),  # planes
    ],
)
def test_spectra_that_are_not_in_the_order_of_the_header_are_a_warning(flags: int, zs: list[int], told: bool) -> None:
    readings = read(multi([Y] * len(zs), [(z, z + 1) for z in zs], flags=flags, fztype=4))
    assert ("unsorted_z" in codes(readings[0])) is told


def test_a_place_of_a_spectrum_that_is_no_number_is_a_warning() -> None:
    content = multi([Y] * 3, [(0, 1), (np.nan, 2), (2, 3)], flags=RANDOM_Z, fztype=4)
    assert "bad_z" in codes(read(content)[0])


def test_several_spectra_in_a_file_that_is_not_marked_so_are_a_warning() -> None:
    content = multi([Y] * 3)
    assert "not_marked" not in codes(read(content)[0])
    unmarked = read(bytes([content[0] & ~MULTI]) + content[1:])
    assert len(unmarked) == 3
    assert "not_marked" in codes(unmarked[0])
