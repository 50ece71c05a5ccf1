"""A mass spectrum beside a reference, peak by peak: everything is accounted for once, and what is missing is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.laboratory.readings.comparison import BOTH, QUERY, REFERENCE, compare
from spectra import MassSpectrum

REFERENCE_EI = MassSpectrum([44, 58, 77, 91, 135], [20, 100, 30, 10, 60])
peaks = st.dictionaries(st.integers(30, 300), st.floats(1, 1000), min_size=1, max_size=30)


def spectrum_of(heights: dict[int, float]) -> MassSpectrum:
    return MassSpectrum(list(heights), list(heights.values()))


@given(peaks, peaks)
def test_every_peak_stands_in_one_row_and_where_says_which_side_has_it(left: dict[int, float], right: dict[int, float]):
    found = compare(spectrum_of(left), spectrum_of(right), accurate=False)
    masses = [p.mz for p in found.pairs]
    assert len(set(masses)) == len(masses)
    for pair in found.pairs:
        inside = (pair.mz in left, pair.mz in right)
        assert pair.where == {(True, True): BOTH, (True, False): QUERY, (False, True): REFERENCE}[inside]
    assert [p.weight for p in found.pairs] == sorted((p.weight for p in found.pairs), reverse=True)


@given(peaks)
def test_a_spectrum_beside_itself_has_nothing_against_it(heights: dict[int, float]):
    found = compare(spectrum_of(heights), spectrum_of(heights), accurate=False)
    assert found.speaks_against == ()
    assert {p.where for p in found.pairs} == {BOTH}
    assert all(abs(p.difference) < 1e-9 for p in found.pairs)


def test_a_missing_base_peak_and_strong_leftovers_are_named():
    query = MassSpectrum([44, 77, 91, 135, 207], [20, 30, 10, 60, 100])
    words = " ".join(compare(query, REFERENCE_EI, accurate=False).speaks_against)
    assert "base peak of the reference, m/z 58, is absent" in words
    assert "Not in the reference: m/z 207 (100 %)" in words
    assert "of the signal is at masses the reference does not have" in words


def test_a_reading_that_begins_later_says_how_much_was_not_compared():
    query = MassSpectrum([77, 91, 135], [30, 10, 60])
    found = compare(query, REFERENCE_EI, accurate=False)
    assert "begins at m/z 77: 55 % of the reference lies below" in found.speaks_against[-1]
    assert not any("absent" in line for line in found.speaks_against)


def test_masses_between_two_units_fall_where_the_search_puts_them():
    found = compare(MassSpectrum([58.64, 58.66], [10, 100]), MassSpectrum([58, 59], [10, 100]), accurate=False)
    assert [(p.mz, p.where) for p in found.pairs] == [(59.0, BOTH), (58.0, BOTH)]


def test_accurate_masses_pair_within_their_tolerance_and_once_only():
    query = MassSpectrum([182.1175, 182.1190, 304.1543], [50, 10, 100])
    reference = MassSpectrum([182.1180, 304.1800], [60, 100])
    found = compare(query, reference, accurate=True)
    assert [(round(p.mz, 4), p.where) for p in sorted(found.pairs, key=lambda p: p.mz)] == [
        (182.1175, BOTH), (182.119, QUERY), (304.1543, QUERY), (304.18, REFERENCE),
    ]  # fmt: skip
