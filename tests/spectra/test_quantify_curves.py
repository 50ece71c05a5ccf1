"""Calibration curves and readings off them: certified and published figures, laws of scale, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.quantify import CalibrationLevel, Curve, LimitSource, Status, Weighting, concentration, fit_curve
from spectra.quantify.regression import fit_line
from spectra.types import SpectrumError
from tests.support.budget import size

# NIST StRD, linear regression, data set Norris (certified values, 15 digits): ozone monitors, y against x.
NORRIS = """0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 778.9 777.0
559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8
888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3
228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"""

# Miller & Miller, Statistics and Chemometrics for Analytical Chemistry, chapter 5: fluorescein, pg/mL.
FLUORESCEIN = list(zip((0, 2, 4, 6, 8, 10, 12), (2.1, 5.0, 9.0, 12.6, 17.3, 21.0, 24.7), strict=True))

# Eurachem/CITAC QUAM:2012, example A5: cadmium, mg/L, three readings of five standards.
CADMIUM = [
    (0.1, 0.028), (0.1, 0.029), (0.1, 0.029), (0.3, 0.084), (0.3, 0.083), (0.3, 0.081), (0.5, 0.135), (0.5, 0.131),
    (0.5, 0.133), (0.7, 0.180), (0.7, 0.181), (0.7, 0.183), (0.9, 0.215), (0.9, 0.230), (0.9, 0.216),
]  # fmt: skip


def curve_of(points: list[tuple[float, float]], **more: object) -> Curve:
    return fit_curve([CalibrationLevel(x, y) for x, y in points], **more)  # type: ignore[arg-type]


def test_the_line_of_norris_has_the_certified_figures() -> None:
    y, x = np.array(NORRIS.split(), dtype=float).reshape(-1, 2).T
    assert x.size == 36
    line = fit_line(x, y, np.ones(36))
    assert line.intercept == pytest.approx(-0.262323073774029, rel=1e-10)
    assert line.slope == pytest.approx(1.00211681802045, rel=1e-12)
    assert line.intercept_u == pytest.approx(0.232818234301152, rel=1e-10)
    assert line.slope_u == pytest.approx(0.429796848199937e-03, rel=1e-10)
    assert line.residual_sd == pytest.approx(0.884796396144373, rel=1e-10)
    assert line.r2 == pytest.approx(0.999993745883712, rel=1e-12)


def test_a_line_through_zero_has_the_certified_figures_of_noint1() -> None:
    x, y = np.arange(60.0, 71.0), np.arange(130.0, 141.0)
    line = fit_line(x, y, np.ones(11), through_zero=True)
    assert line.slope == pytest.approx(2.07438016528926, rel=1e-12)
    assert line.slope_u == pytest.approx(0.0165289256198347, rel=1e-10)
    assert line.residual_sd == pytest.approx(3.56753034006338, rel=1e-10)
    assert line.r2 == pytest.approx(0.999365492298663, rel=1e-12)
    assert line.dof == 10


def test_readings_off_a_published_curve_have_the_published_errors() -> None:
    curve = curve_of(FLUORESCEIN)
    assert (round(curve.line.slope, 2), round(curve.line.intercept, 2)) == (1.93, 1.52)
    assert curve.line.residual_sd == pytest.approx(0.4329, abs=2e-4)
    assert curve.line.slope_u == pytest.approx(0.0409, abs=5e-5)
    found = concentration(curve, [13.5])
    assert found.value == pytest.approx(6.21, abs=0.005)
    assert found.standard_uncertainty == pytest.approx(0.24, abs=0.005)
    low, high = found.interval()
    assert (high - low) / 2 == pytest.approx(0.62, abs=0.01)
    assert concentration(curve, [23.0]).standard_uncertainty == pytest.approx(0.26, abs=0.005)


def test_the_limits_follow_ich_and_say_where_their_scatter_comes_from() -> None:
    curve = curve_of(FLUORESCEIN)
    s, b = curve.line.residual_sd, curve.line.slope
    assert curve.lod == pytest.approx(3.3 * s / b)
    assert curve.loq == pytest.approx(10 * s / b)
    assert curve.limit_source is LimitSource.RESIDUAL
    assert curve_of(FLUORESCEIN, limit_source="intercept").lod == pytest.approx(3.3 * curve.line.intercept_u / b)
    blanks = [2.0, 2.2, 2.1, 1.9, 2.3, 2.1]
    by_blanks = curve_of(FLUORESCEIN, blanks=blanks)
    assert by_blanks.lod == pytest.approx(3.3 * float(np.std(blanks, ddof=1)) / b)
    assert "the scatter of the blanks" in by_blanks.limits[0]


def test_a_bent_response_is_told_by_both_tests() -> None:
    rng = np.random.default_rng(1)
    x = np.repeat([1.0, 2, 4, 6, 8, 10], 3)
    y = 10 * x - 0.25 * x**2 + 0.2 * rng.standard_normal(x.size)
    curve = curve_of(list(zip(x.tolist(), y.tolist(), strict=True)))
    assert curve.lack_of_fit is not None
    assert curve.lack_of_fit.significant
    assert curve.lack_of_fit.dof == (4, 12)
    assert curve.curvature is not None
    assert curve.curvature.significant
    assert any("lack of fit" in note for note in curve.notes)


def test_a_straight_response_is_not_called_bent_more_often_than_stated() -> None:
    rng = np.random.default_rng(2)
    x = np.repeat([1.0, 2, 4, 6, 8, 10], 2)
    told = 0
    for _ in range(300):
        y = 5 + 10 * x + rng.standard_normal(x.size)
        curve = curve_of(list(zip(x.tolist(), y.tolist(), strict=True)))
        assert curve.lack_of_fit is not None
        told += curve.lack_of_fit.significant
    assert 3 <= told <= 30  # 5 % of 300


def test_the_interval_of_a_reading_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    x, inside = np.array([1.0, 2, 4, 6, 8, 10]), 0
    for _ in range(400):
        y = 2 + 10 * x + rng.standard_normal(x.size)
        curve = curve_of(list(zip(x.tolist(), y.tolist(), strict=True)))
        repeats = 2 + 10 * 5.0 + rng.standard_normal(2)
        low, high = concentration(curve, repeats.tolist()).interval()
        inside += low <= 5.0 <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_outside_the_working_range_there_is_no_figure_but_a_sentence() -> None:
    curve = curve_of(FLUORESCEIN)
    for response, status, says in (
        (40.0, Status.ABOVE_RANGE, "dilute"),
        (5.0, Status.BELOW_LOQ, "below the limit of quantification"),
        (2.0, Status.BELOW_LOD, '"Not seen" is not "absent"'),
        (0.0, Status.BELOW_LOD, "Not detected"),
    ):
        found = concentration(curve, [response], unit="pg/mL")
        assert (found.status, found.value, found.standard_uncertainty) == (status, None, None)
        assert says in found.sentence
        assert "pg/mL" in found.sentence
        assert len(found.limits) == 2
        with pytest.raises(SpectrumError, match="no interval"):
            found.interval()


def test_a_limit_above_the_range_leaves_nothing_to_quantify() -> None:
    rough = curve_of([(1, 5), (2, 1), (3, 9), (4, 3), (5, 11)])
    assert not rough.usable
    assert any("nothing can be quantified" in note for note in rough.notes)
    assert concentration(rough, [7.0]).value is None


def test_an_internal_standard_takes_an_injection_error_away() -> None:
    rng = np.random.default_rng(5)
    x = np.array([1.0, 2, 4, 6, 8, 10])
    shot = 1 + 0.2 * rng.standard_normal(x.size)
    levels = [CalibrationLevel(c, 50 * c * e, 1000 * e) for c, e in zip(x.tolist(), shot.tolist(), strict=True)]
    curve = fit_curve(levels)
    assert curve.internal_standard
    assert curve.line.r2 == pytest.approx(1.0)
    assert concentration(curve, [25.0 * 0.7], [100.0 * 0.7]).value == pytest.approx(5.0)
    with pytest.raises(SpectrumError, match="its signal is needed"):
        concentration(curve, [25.0])
    with pytest.raises(SpectrumError, match="no signal of the internal standard"):
        concentration(curve, [25.0], [0.0])
    with pytest.raises(SpectrumError, match="2 responses but 1"):
        concentration(curve, [25.0, 26.0], [100.0])


def test_repeats_that_scatter_too_much_ask_for_a_look() -> None:
    curve = curve_of(CADMIUM)
    assert concentration(curve, [0.10, 0.17]).notes
    assert not concentration(curve, [0.134, 0.135]).notes


def test_zero_is_forced_only_when_asked_for_and_is_said() -> None:
    points = [(1, 12.0), (2, 22.0), (4, 42.0), (8, 82.0)]
    assert curve_of(points).line.intercept == pytest.approx(2.0)
    forced = curve_of(points, through_zero=True)
    assert forced.line.intercept == 0.0
    assert any("forced through zero, as asked" in note for note in forced.notes)
    assert forced.line.dof == 3


@pytest.mark.parametrize(
    ("points", "more", "says"),
    [
        ([], {}, "too few"),
        ([(1, 2), (2, 4)], {}, "2 different levels are too few"),
        ([(1, 2), (2, 4), (2, 4), (1, 2)], {}, "2 different levels"),
        ([(5, 2), (5, 4), (5, 6)], {}, "all levels have the concentration 5"),
        ([(-1, 2), (2, 4), (3, 6)], {}, "not below zero, got -1"),
        ([(1, -2), (2, 4), (3, 6)], {}, "response -2"),
        ([(1, float("nan")), (2, 4), (3, 6)], {}, "response nan"),
        ([(1, 2), (float("inf"), 4), (3, 6)], {}, "got inf"),
        ([(1, 6), (2, 4), (3, 2)], {}, "does not rise"),
        ([(1, 5), (2, 5), (3, 5)], {}, "does not rise"),
        ([(0, 0), (0, 0), (0, 1)], {"through_zero": True}, "all levels have the concentration 0"),
        ([(1, 0), (2, 0), (3, 0)], {"through_zero": True}, "no line through zero"),
        ([(0, 1), (2, 4), (3, 6)], {"weighting": "1/x"}, "no weight 1/x"),
        ([(1, 2), (2, 4), (3, 6)], {"weighting": "1/y"}, "no weighting '1/y'"),
        ([(1, 2), (2, 4), (3, 6.1)], {"blanks": [1.0, 2.0]}, "2 blanks are too few"),
        ([(1, 2), (2, 4), (3, 6.1)], {"limit_source": "intercept", "through_zero": True}, "has no intercept"),
        ([(1, 2), (2, 4), (3, 6.1)], {"limit_source": "stars"}, "no source 'stars'"),
    ],
)
def test_what_cannot_be_a_curve_is_refused_in_a_sentence(
    points: list[tuple[float, float]], more: dict[str, object], says: str
) -> None:
    with pytest.raises(SpectrumError, match=says):
        curve_of(points, **more)


def test_an_internal_standard_is_there_for_all_levels_or_for_none() -> None:
    levels = [CalibrationLevel(1, 2, 5), CalibrationLevel(2, 4), CalibrationLevel(3, 6, 5)]
    with pytest.raises(SpectrumError, match="for all or for none"):
        fit_curve(levels)
    with pytest.raises(SpectrumError, match=r"level 2 has no signal of the internal standard \(0\)"):
        fit_curve([CalibrationLevel(1, 2, 5), CalibrationLevel(2, 4, 0), CalibrationLevel(3, 6, 5)])
    curve = curve_of(CADMIUM)
    for bad in ([], [float("nan")], [-1.0]):
        with pytest.raises(SpectrumError):
            concentration(curve, bad)
    with pytest.raises(SpectrumError, match="made without an internal standard"):
        concentration(curve, [0.1], [5.0])


scales = st.floats(1e-6, 1e6)
weightings = st.sampled_from(list(Weighting))


@settings(max_examples=size(20, 60), deadline=None)
@given(st.integers(0, 2**31), scales, scales, weightings, st.booleans())
def test_units_do_not_change_what_is_found(seed: int, of_x: float, of_y: float, kind: Weighting, zero: bool) -> None:
    rng = np.random.default_rng(seed)
    x = np.array([1.0, 2, 5, 10, 20])
    y = 3 + 7 * x * (1 + 0.02 * rng.standard_normal(5))
    one = curve_of(list(zip(x, y, strict=True)), weighting=kind, through_zero=zero)
    other = curve_of(list(zip(x * of_x, y * of_y, strict=True)), weighting=kind, through_zero=zero)
    assert other.lod == pytest.approx(one.lod * of_x, rel=1e-6)
    assert other.line.r2 == pytest.approx(one.line.r2, rel=1e-9)
    at = float(one.line.at(15.0))
    here, there = concentration(one, [at]), concentration(other, [at * of_y])
    assert here.status is there.status
    if here.value is not None:
        assert there.value == pytest.approx(here.value * of_x, rel=1e-7)
        assert there.standard_uncertainty == pytest.approx(here.standard_uncertainty * of_x, rel=1e-6)


@settings(max_examples=size(20, 60), deadline=None)
@given(st.integers(0, 2**31), weightings)
def test_a_level_read_off_its_curve_lies_where_its_residual_says(seed: int, kind: Weighting) -> None:
    rng = np.random.default_rng(seed)
    x = np.array([1.0, 2, 5, 10, 20, 40])
    y = 3 + 7 * x * (1 + 0.02 * rng.standard_normal(6))
    curve = curve_of(list(zip(x, y, strict=True)), weighting=kind)
    for level in curve.levels:
        assert level.found == pytest.approx(level.concentration + level.residual / curve.line.slope, rel=1e-9, abs=1e-9)


@settings(max_examples=size(20, 40), deadline=None)
@given(st.integers(0, 2**31), weightings, st.integers(1, 6))
def test_more_repeats_of_a_sample_never_make_it_less_certain(seed: int, kind: Weighting, m: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.array([1.0, 2, 5, 10, 20, 40])
    curve = curve_of(list(zip(x, 3 + 7 * x * (1 + 0.02 * rng.standard_normal(6)), strict=True)), weighting=kind)
    at = float(curve.line.at(30.0))
    fewer, more = concentration(curve, [at] * m), concentration(curve, [at] * (m + 1))
    assert fewer.standard_uncertainty is not None
    assert more.standard_uncertainty is not None
    assert more.standard_uncertainty < fewer.standard_uncertainty


@given(
    st.lists(st.tuples(*[st.floats(min_value=0, max_value=1e12)] * 2), min_size=3, max_size=6),
    st.sampled_from(list(Weighting)),
    st.floats(min_value=5e-324, max_value=1e12),
)
@settings(max_examples=size(20, 60), deadline=None)
def test_whatever_is_entered_there_are_figures_or_a_sentence(
    rows: list[tuple[float, float]], weighting: Weighting, standard: float
) -> None:
    for internal in (None, standard):
        try:
            curve = fit_curve([CalibrationLevel(x, y, internal) for x, y in rows], weighting=weighting)
        except SpectrumError:
            continue
        assert np.isfinite([curve.line.slope, curve.lod, curve.loq, curve.low, curve.high]).all()


@pytest.mark.parametrize("tiny", [5e-324, 1e-200, 1e-13])
def test_a_level_no_unit_needs_is_refused_with_what_to_do(tiny: float) -> None:
    levels = [CalibrationLevel(tiny, 1), CalibrationLevel(2, 2), CalibrationLevel(3, 3)]
    with pytest.raises(SpectrumError, match="choose a unit"):
        fit_curve(levels, weighting="1/x2")
