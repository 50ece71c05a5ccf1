"""Edges of infrared scores, bands and widths: too few points, a band at the end of the axis, a width that cannot be taken."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import InfraredLibrary, InfraredSpectrum, starter_infrared_library
from spectra.infrared.check_bands import resolution_of
from spectra.infrared_grid import GRID
from spectra.similarity.infrared import InfraredScore


def test_a_score_that_is_none_and_a_shift_out_of_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="no infrared score called 'guess'"):
        InfraredScore("guess")
    for shift in (-1.0, 51.0):
        with pytest.raises(ValueError, match="between 0 and 50"):
            InfraredScore(max_shift=shift)


def test_two_curves_with_too_few_points_in_common_score_nothing() -> None:
    whole = np.asarray(starter_infrared_library().curves[0], dtype=np.float64)
    low, high = np.where(GRID < 1500, whole, np.nan), np.where(GRID > 1480, whole, np.nan)
    assert InfraredScore(max_shift=0.0).pair(low, high) == (0.0, 0.0)


def test_ranges_that_do_not_meet_are_said_and_an_entry_is_given_back_as_it_was_built() -> None:
    y = np.exp(-(((GRID - 1000.0) / 20.0) ** 2))
    low = InfraredLibrary.from_arrays(GRID[GRID < 1800], [y[GRID < 1800]], names=["Low"], compounds=["L"])
    high = InfraredSpectrum(GRID[GRID > 2500], y[GRID > 2500] + 0.1)
    assert low.overlap_note(high, 0) == "The spectrum and this entry have no measured point in common."
    part = InfraredSpectrum(GRID[GRID > 900], y[GRID > 900])
    assert low.overlap_note(part, 0).startswith("Compared from 902 to 1798 cm⁻¹ only: ")
    assert low.overlap_note(low.spectrum(0), 0) == ""
    entry = low.entry(0)
    assert (entry.substance, entry.compound, entry.technique) == ("Low", "L", "IR")


def test_a_width_is_taken_only_where_a_whole_band_stands() -> None:
    axis = np.arange(1000.0, 1101.0)
    line = 1.0 / (1.0 + ((axis - 1050.0) / 4.0) ** 2)
    assert resolution_of(axis, line, [(1050.0, 0.0)], 0.0) == pytest.approx(7.6, abs=0.5)
    assert resolution_of(axis, line, [(1050.0, 30.0)], 0.0) == 0.0
    for position in (1005.0, 1095.0):  # the valleys beside it lie beyond the axis
        assert resolution_of(axis, line, [(position, 0.0)], 0.0) is None
    assert resolution_of(axis, -line, [(1050.0, 0.0)], 0.0) is None
    assert resolution_of(axis, line, [], 0.0) is None
