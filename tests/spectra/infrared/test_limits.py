"""Detection limits of an infrared reading: they follow the noise, hold for spikes and blanks, and know when to be silent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum
from spectra.infrared.answer import DetectionLimit
from spectra.infrared.ground import NullModel
from spectra.infrared.limits import WINDOW_MEDIAN, detection_limits
from spectra.infrared.sentences import about_limits, limit_percent, limit_sentence
from tests.spectra.infrared.mixed_curves import AXIS, curves, library, reading, settled
from tests.support.budget import size


@pytest.fixture(scope="module")
def held() -> InfraredLibrary:
    return library()


def limits_of(
    shares: dict[int, float], held: InfraredLibrary, snr: float = 300.0, seed: int = 0
) -> dict[str, DetectionLimit]:
    final = settled(shares, held, snr, seed)
    return {limit.compound: limit for limit in detection_limits(final, held, NullModel.of(final.scene, final.fit))}


@pytest.mark.parametrize("readings", [1, pytest.param(4, marks=pytest.mark.long)])
def test_a_substance_above_its_limit_is_seen_and_a_blank_is_not(held: InfraredLibrary, readings: int) -> None:
    shares: dict[int, float] = {0: 1.0}
    blanks = [limits_of(shares, held, 100.0, seed) for seed in range(readings)]
    limit = float(np.median([blank["S5"].limit for blank in blanks]))
    assert not any(blank[f"S{k}"].seen for blank in blanks for k in range(1, 12))
    spiked = [limits_of({0: 1 - 1.3 * limit, 5: 1.3 * limit}, held, 100.0, 50 + seed)["S5"] for seed in range(readings)]
    assert sum(found.seen is True for found in spiked) >= max(1, len(spiked) - 1)
    assert np.mean([found.estimate for found in spiked]) == pytest.approx(1.3 * limit, rel=0.25)
    below = [limits_of({0: 1 - limit / 3, 5: limit / 3}, held, 100.0, 80 + seed)["S5"] for seed in range(readings)]
    assert sum(found.seen is True for found in below) <= len(below) // 4


def test_a_foreign_shape_is_judged_by_the_median_of_windows(held: InfraredLibrary) -> None:
    foreign = curves()[0] ** 1.25  # bands narrower and of other heights, as another technique shows them
    y = 0.05 + foreign + np.random.default_rng(3).normal(0, 0.002, AXIS.size)
    answer = held.explain(InfraredSpectrum(AXIS, y))
    assert answer.components[0].compound == "S0"
    rest = [one for one in answer.limits if one.compound != "S0"]
    assert {one.estimator for one in rest} == {WINDOW_MEDIAN}
    assert not any(one.seen for one in rest)


def test_pure_noise_still_has_limits_and_names_nothing(held: InfraredLibrary) -> None:
    y = np.random.default_rng(5).normal(0, 1e-3, AXIS.size)
    answer = held.explain(InfraredSpectrum(AXIS, y))
    assert not [c for c in answer.components if c.grade != "possible"]
    assert len(answer.limits) == 12
    assert not any(one.seen for one in answer.limits)


@given(light=st.floats(0.05, 2.0), second=st.sampled_from([0.0, 0.1, 0.4]))
@settings(max_examples=size(2, 6))
def test_limits_do_not_depend_on_how_much_light_was_absorbed(
    held: InfraredLibrary, light: float, second: float
) -> None:
    one, other = (held.explain(reading({0: 1 - second, 1: second}, size=s)) for s in (0.6, light))
    for a, b in zip(one.limits, other.limits, strict=True):
        assert b.limit == pytest.approx(a.limit, rel=1e-3)
        assert 0 < b.limit <= 1
        assert b.low <= max(b.estimate, 0.0) <= b.high


def test_a_large_library_answers_for_what_resembles_the_reading_and_what_is_named() -> None:
    rng = np.random.default_rng(7)
    more = rng.dirichlet(np.ones(12) / 3, 1000) @ curves()
    names = [*(f"S{k}" for k in range(12)), *(f"M{k}" for k in range(1000))]
    held = InfraredLibrary.from_arrays(AXIS, np.vstack([curves(), more]), names=names, compounds=names)
    final = settled({0: 0.7, 1: 0.3}, held)
    found = {one.compound for one in detection_limits(final, held, NullModel.of(final.scene, final.fit))}
    assert {names[e] for e in final.entries} <= found
    assert 500 <= len(found) <= 502


def test_what_shows_without_being_named_is_said_and_counted(held: InfraredLibrary) -> None:
    final = settled({0: 1.0}, held)
    rows = [DetectionLimit(f"S{k}", f"S{k}", 0.01, 0.02 + k / 100, 0, 0.1, True) for k in range(1, 8)]
    silent = [DetectionLimit("S8", "S8", 0.9, 0.0, 0, 1, None)]
    text = " ".join(about_limits([*rows, *silent], final, held, None))
    assert "Signs too weak to be named as components: S7 (about 9 %), S6 (about 8 %)" in text
    assert "and 2 more" in text
    assert "Of 1 compound this reading cannot say anything" in text
    assert text.endswith('"Not seen" is not "absent".')
    assert limit_sentence(rows[0]) == "S1: seen, about 3 %; it is seen here from 1 %."


@given(share=st.floats(0.0, 1.0))
def test_a_limit_is_never_printed_lower_than_it_is(share: float) -> None:
    assert float(limit_percent(share).removesuffix(" %")) >= 100 * share - 1e-6


def test_a_twin_of_what_is_there_cannot_be_said() -> None:
    twin = curves()[0] * (1 + 0.004 * np.sin(AXIS / 90.0))
    names = [*(f"S{k}" for k in range(12)), "Twin"]
    held = InfraredLibrary.from_arrays(AXIS, np.vstack([curves(), twin]), names=names, compounds=names)
    final = settled({0: 0.6, 4: 0.4}, held)
    assert 0 in final.entries or 12 in final.entries
    found = {one.compound: one for one in detection_limits(final, held, NullModel.of(final.scene, final.fit))}
    other = "Twin" if 0 in final.entries else "S0"
    assert found[other].seen is None
    assert "cannot say" in limit_sentence(found[other])


def test_a_watch_list_is_answered_alone_and_in_words(held: InfraredLibrary) -> None:
    answer = held.explain(reading({0: 0.6, 1: 0.4}), watch=["S7", "S0", "no such key"])
    assert set(answer.detection_limits) == {"S7", "S0"}
    sentences = [r for r in answer.reasons if r.startswith("S7")]
    assert sentences == [
        f"S7: not seen; here it would have been seen above {limit_percent(answer.detection_limits['S7'])}."
    ]
