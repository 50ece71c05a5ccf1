"""Alarm, grades and why-bands: something missing is noticed, doubtful names are only possible, bands tell the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum
from spectra.confidence.limits import load
from spectra.infrared.alarm import Alarm, threshold
from spectra.infrared.bands import summit
from spectra.infrared.grades import FEATURES, grade, probabilities
from tests.spectra.infrared.mixed_curves import AXIS, curves, library, reading


@pytest.fixture(scope="module")
def held() -> InfraredLibrary:
    return library()


def test_references_that_fit_badly_are_told_from_something_missing(held: InfraredLibrary) -> None:
    """The bands of what is named are broader towards one end and of other height: no alarm, but no silence either."""
    query = reading({0: 0.6, 1: 0.4})
    wave = 1.0 + 0.08 * np.cos(np.pi * 3 * (AXIS - AXIS[0]) / (AXIS[-1] - AXIS[0]))
    bent = held.explain(InfraredSpectrum(AXIS, query.absorbance * wave), watch=())
    assert not bent.incomplete
    assert (bent.residual_ratio or 0.0) > threshold(300.0)
    assert any("shape of the named substances' own bands" in reason for reason in bent.reasons)
    missing = held.explain(
        InfraredSpectrum(AXIS, (query.absorbance + 0.08 * np.exp(-(((AXIS - 2200) / 30) ** 2))) * wave)
    )
    assert missing.incomplete
    assert any("something is here that the library does not hold" in reason for reason in missing.reasons)


@pytest.mark.parametrize(
    ("excess", "strange", "snr", "gate", "on", "mismatch"),
    [
        (0.08, 0.02, 300.0, 0.1, False, True),  # more than noise, in the shape of the references
        (0.08, 0.06, 300.0, 0.1, True, False),  # too much that is not
        (0.04, 0.03, 300.0, 0.1, True, False),  # little, and most of it is not
        (0.08, 0.02, 60.0, 0.1, True, False),  # too noisy a reading to tell
        (0.08, 0.02, 300.0, 0.6, True, False),  # most is unexplained
        (0.01, 0.01, 300.0, 0.1, False, False),
    ],
)
def test_the_alarm_is_off_for_the_shape_of_the_references_only_where_that_can_be_told(
    excess: float, strange: float, snr: float, gate: float, on: bool, mismatch: bool
) -> None:
    found = Alarm(excess, threshold(snr), gate, (), strange, snr)
    assert (found.on, found.mismatch) == (on, mismatch)


def test_a_complete_mixture_keeps_its_names(held: InfraredLibrary) -> None:
    answer = held.explain(reading({0: 0.55, 1: 0.3, 2: 0.15}))
    assert {(c.compound, c.grade) for c in answer.components} == {(f"S{k}", "probable") for k in range(3)}
    assert not answer.incomplete
    assert not answer.withheld
    assert min(c.probability or 0.0 for c in answer.components) >= load("infrared")["grades"]["probable"]


def test_only_a_reference_of_the_own_instrument_identifies() -> None:
    own = library(own_instrument=True)
    grades = {c.grade for c in own.explain(reading({0: 0.6, 1: 0.4})).components}
    assert grades == {"identified"}
    assert grade(0.99, False) == "probable"


def test_a_stand_in_for_a_missing_substance_is_doubted() -> None:
    """S1 is gone and a distorted copy is in the library: what takes its place must not stand."""
    copy = np.clip(curves()[1] * (1 + 0.5 * np.sin(AXIS / 60.0)), 0.0, None)
    names = [*(f"S{k}" for k in range(12) if k != 1), "Stand-in"]
    held = InfraredLibrary.from_arrays(
        AXIS, np.vstack([np.delete(curves(), 1, axis=0), copy]), names=names, compounds=names
    )
    answer = held.explain(reading({0: 0.6, 1: 0.4}))
    grades = {c.compound: c.grade for c in answer.components}
    assert answer.incomplete
    assert grades.get("Stand-in", "possible") == "possible"
    assert any("only possible" in text for text in answer.withheld) == ("possible" in grades.values())


def test_bands_say_where_the_reading_has_them_and_which_are_missing(held: InfraredLibrary) -> None:
    changed = curves()[0].copy()
    at = int(np.argmax(np.where(AXIS < 1800, changed, 0.0)))
    whole = held.explain(InfraredSpectrum(AXIS, 0.1 + changed + np.random.default_rng(2).normal(0, 1e-3, AXIS.size)))
    found = whole.bands[0]
    assert 5 <= len(found) <= 8
    assert not any(band.missing for band in found)
    assert all(abs(band.error or 0.0) < 1.0 for band in found)
    assert sum(band.weight for band in found) <= 1.0 + 1e-9
    assert any(abs(band.position - AXIS[at]) < 2 for band in found)
    inside = slice(at - 12, at + 13)
    changed[inside] = np.linspace(changed[inside][0], changed[inside][-1], 25)
    less = held.explain(InfraredSpectrum(AXIS, 0.1 + changed + np.random.default_rng(2).normal(0, 1e-3, AXIS.size)))
    gone = [
        band for part, row in zip(less.components, less.bands, strict=True) for band in row if part.compound == "S0"
    ]
    assert [band.missing for band in gone if abs(band.position - AXIS[at]) < 4] == [True]


def test_the_two_best_hits_are_told_apart_where_they_differ() -> None:
    sister = curves()[0] + 0.5 / (1 + ((AXIS - 1320.0) / 9.0) ** 2)
    names = [*(f"S{k}" for k in range(12)), "Sister"]
    held = InfraredLibrary.from_arrays(AXIS, np.vstack([curves(), sister]), names=names, compounds=names)
    answer = held.explain(reading({0: 1.0}))
    assert answer.components[0].compound == "S0"
    assert any(one.low <= 1321 <= one.high and one.supports == "S0" for one in answer.differences)
    assert all(one.supports in ("S0", "Sister") for one in answer.differences)


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_a_probability_never_leaves_what_the_fitted_range_gives(values: list[float]) -> None:
    layer = load("infrared")["grades"]["logistic"]
    clipped = [float(np.clip(v, layer[name][1], layer[name][2])) for v, name in zip(values, FEATURES, strict=True)]
    p = probabilities(np.array([values, clipped]))
    assert p[0] == pytest.approx(p[1])
    assert 0 <= p[0] <= 1


@given(st.floats(-0.9, 0.9), st.floats(0.1, 10.0))
def test_the_summit_of_a_parabola_is_found_exactly(move: float, height: float) -> None:
    x = np.arange(1000.0, 1040.0, 2.0)
    y = height * (5 - ((x - (1020.0 + move)) / 7.0) ** 2)
    assert summit(x, y, 10) == pytest.approx(1020.0 + move, abs=1e-6)


def test_a_sister_alone_is_only_possible_however_well_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading's own substance is gone; a reference that shares all its bands must not stand in its place."""
    monkeypatch.setitem(load("infrared")["grades"], "probable", 0.0)
    sister = curves()[0] + 0.8 / (1 + ((AXIS - 1320.0) / 9.0) ** 2)
    names = ["Sister", *(f"S{k}" for k in range(4, 12))]
    held = InfraredLibrary.from_arrays(AXIS, np.vstack([sister, curves()[4:]]), names=names, compounds=names)
    answer = held.explain(reading({0: 1.0}))
    assert answer.incomplete
    assert [(c.compound, c.grade) for c in answer.components] == [("Sister", "possible")]
    assert (answer.residual_ratio or 0.0) > load("infrared")["grades"]["lone_excess"]


def test_the_strongest_band_of_the_missing_substance_is_listed() -> None:
    answer = library((1,)).explain(reading({0: 0.5, 1: 0.5}))
    assert answer.incomplete
    alone = np.where(curves()[0] < 0.2, curves()[1], 0.0)
    strongest = AXIS[int(np.argmax(alone))] + 1.0  # the reading is moved by 1 cm⁻¹
    assert min(abs(band - strongest) for band in answer.residual_bands) <= 4
    assert any("Unexplained bands" in reason for reason in answer.reasons)
    assert list(answer.residual_bands) == sorted(answer.residual_bands)
