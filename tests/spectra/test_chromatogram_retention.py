"""Retention indices against alkanes, and relative retention: exact on the ladder, silent outside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import MassSpectrum, RetentionLadder, SpectrumError, relative_retention
from spectra.chromatogram.retention import index_agrees, relative_agrees
from tests.spectra.run_simulator import Column, Eluting, Simulated, simulate

LADDER = RetentionLadder.from_table([(200.0, 10), (300.0, 11), (420.0, 12), (560.0, 14)])


def alkane(carbons: int, molecular: float = 30.0) -> MassSpectrum:
    """The spectrum of an n-alkane as a formula: clusters fall off, the molecular ion is small."""
    peaks = {41: 300.0, 43: 900.0, 55: 250.0, 57: 999.0}
    for n in range(5, carbons - 1):
        peaks[14 * n + 1] = 999.0 * 0.68 ** (n - 4)
        peaks[14 * n] = peaks[14 * n + 1] * 0.2
        peaks[14 * n - 1] = peaks[14 * n + 1] * 0.25
    peaks[14 * carbons + 2] = molecular
    return MassSpectrum(list(peaks), list(peaks.values()))


def alkane_run(carbons: list[int], molecular: float = 30.0) -> Simulated:
    column = Column(scans=900, masses=(40, 330), bleed=3e4, wobble=0)
    parts = [Eluting(f"C{n}", alkane(n, molecular), 200.0 + 30 * k, 30) for k, n in enumerate(carbons)]
    parts.append(Eluting("other", MassSpectrum([82, 182, 94, 303], [999, 800, 300, 200]), 500.0, 20))
    return simulate(parts, column, 3)


@given(st.sampled_from(range(4)))
def test_the_index_of_an_alkane_is_a_hundred_times_its_carbons(k: int) -> None:
    assert LADDER.index(float(LADDER.time[k])).value == pytest.approx(100 * LADDER.carbons[k])
    assert LADDER.kovats(float(LADDER.time[k]), 60.0).value == pytest.approx(100 * LADDER.carbons[k])


@given(st.floats(200, 560), st.floats(200, 560))
def test_the_index_rises_with_time(one: float, two: float) -> None:
    low, high = sorted((one, two))
    a, b = LADDER.index(low).value, LADDER.index(high).value
    assert a is not None
    assert b is not None
    assert a <= b


def test_between_alkanes_the_index_is_linear_and_isothermal_ones_go_by_the_logarithm() -> None:
    assert LADDER.index(250.0).value == 1050
    assert LADDER.index(490.0).value == 1300
    value = LADDER.kovats(250.0, 100.0).value
    assert value == pytest.approx(100 * (10 + np.log(150 / 100) / np.log(200 / 100)), abs=0.06)


def test_outside_the_ladder_there_is_a_reason_and_beyond_one_carbon_no_value() -> None:
    near, far = LADDER.index(150.0), LADDER.index(60.0)
    assert near.value == 950
    assert "prolonged" in near.reason
    assert far.value is None
    assert "before the first n-alkane (C10" in far.reason
    assert LADDER.index(900.0).value is None
    assert LADDER.index(float("nan")).value is None


@pytest.mark.parametrize(
    ("rows", "word"),
    [([(1, 10), (2, 11)], "at least 3"), ([(1, 10), (2, 12), (3, 11)], "rise together"),
     ([(1, 10), (1, 11), (2, 12)], "rise together"), ([(0, 10), (1, 11), (2, 12)], "above zero"),
     ([(1, 10), (2, float("nan")), (3, 12)], "finite")],
)  # fmt: skip
def test_a_wrong_table_is_refused_with_a_sentence(rows: list[tuple[float, float]], word: str) -> None:
    with pytest.raises(SpectrumError, match=word):
        RetentionLadder.from_table(rows)


def test_the_dead_time_must_come_first() -> None:
    with pytest.raises(SpectrumError, match="dead time"):
        LADDER.kovats(250.0, 200.0)


def test_alkanes_are_found_in_a_run_and_numbered_by_their_molecular_ions() -> None:
    made = alkane_run([10, 11, 12, 13, 14, 15])
    ladder = RetentionLadder.from_run(made.run)
    assert ladder.carbons.tolist() == [10, 11, 12, 13, 14, 15]
    assert ladder.index(float(ladder.time[2])).value == 1200
    assert RetentionLadder.from_run(made.run, first_carbon=8).carbons.tolist() == [8, 9, 10, 11, 12, 13]


def test_a_standard_with_gaps_takes_the_numbers_it_is_told() -> None:
    made = alkane_run([10, 12, 14, 16])
    assert RetentionLadder.from_run(made.run, [10, 12, 14, 16]).carbons.tolist() == [10, 12, 14, 16]
    with pytest.raises(SpectrumError, match="2 carbon numbers for 4 n-alkanes"):
        RetentionLadder.from_run(made.run, [10, 12])


def test_without_molecular_ions_the_numbers_must_be_given() -> None:
    made = alkane_run([10, 11, 12, 13], molecular=0.0)
    with pytest.raises(SpectrumError, match="molecular ion"):
        RetentionLadder.from_run(made.run)


def test_relative_retention_is_a_quotient_with_a_window() -> None:
    assert relative_retention(330, 300) == pytest.approx(1.1)
    assert relative_retention(330, 300, 60) == pytest.approx(270 / 240)
    assert relative_agrees(1.10, 1.09)
    assert not relative_agrees(1.10, 1.14)
    assert index_agrees(1505, 1500)
    assert not index_agrees(1520, 1500)
    with pytest.raises(SpectrumError, match="internal standard"):
        relative_retention(330, 0)
