"""Mass spectra in Galactic SPC files: when they are one run, when readings of their own, and lying directories."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from instruments import read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import MULTI, RUN, SHORT, Y, multi, own_x, refused

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


def test_a_person_decides_between_run_and_spectra() -> None:
    assert len(one(own_x(PEAKS, [4.7, 5.7, 5.9]), kind="mass_run").scans) == 3
    assert len(read(own_x(RUN), kind="mass_spectrum")) == 12
    assert one(own_x([SCAN]), kind="mass_run").kind is ReadingKind.MASS_SPECTRUM
    numbered = one(own_x(PEAKS, fztype=0), kind="mass_run")
    assert (numbered.x_unit, numbered.scans[0].retention_time_s) == ("scan", None)


def test_an_empty_spectrum_among_picked_ones_is_left_out() -> None:
    assert len(read(own_x([SCAN, ([], []), SCAN], [1.0, 2.0, 3.0]))) == 2
    refused(own_x([([], [])]), "no_points")


def test_a_directory_may_not_give_the_same_bytes_to_many_spectra() -> None:
    long = (list(np.arange(1.0, 101)), [1.0] * 100)
    refused(own_x([long] + [([1.0], [1.0])] * 60, entries=dict.fromkeys(range(61), (512, 900))), "overlap")


def test_a_spectrum_that_is_shorter_than_its_place_is_a_warning() -> None:
    content = own_x(RUN)
    at = 512 + 4 * 48 + 16  # the number of points of the fifth
    shorter = content[:at] + struct.pack("<I", 1) + content[at + 4 :]
    assert "bad_directory" not in codes(one(content))
    assert "bad_directory" in codes(one(shorter))


def test_several_spectra_in_a_file_that_is_not_marked_so_are_a_warning() -> None:
    content = multi([Y] * 3)
    assert "not_marked" not in codes(read(content)[0])
    unmarked = read(bytes([content[0] & ~MULTI]) + content[1:])
    assert len(unmarked) == 3
    assert "not_marked" in codes(unmarked[0])
