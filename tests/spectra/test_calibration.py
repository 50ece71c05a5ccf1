"""Probabilities are worth something only with a calibration, and a calibration says what it is worth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import Calibration, MassLibrary, MassSpectrum, SpectrumError, calibrate
from spectra.confidence.calibration import shipped
from spectra.confidence.identify import checksum
from tests.spectra.spectrum_builders import library_of

COMPOUNDS = 24


def _of(seed: int, noise: float, draw: int) -> MassSpectrum:
    """Spectrum of compound `seed` with its own ions; every second compound resembles its neighbour."""
    family, rng = np.random.default_rng(seed // 2), np.random.default_rng(seed)
    mz = np.sort(family.choice(np.arange(41, 300), 30, replace=False))
    height = family.exponential(100, 30) * np.exp(rng.normal(0, 0.25, 30))
    return MassSpectrum(mz, height * np.exp(np.random.default_rng([seed, draw]).normal(0, noise, 30)))


@cache
def _library() -> MassLibrary:
    keys = [f"c{k}" for k in range(COMPOUNDS)]
    return library_of([_of(k, 0.0, 0) for k in range(COMPOUNDS)], names=keys, compounds=keys)


@cache
def _own() -> Calibration:
    readings = [_of(k, 0.2, draw) for k in range(COMPOUNDS) for draw in (1, 2)]
    return calibrate(_library(), readings, [f"c{k}" for k in range(COMPOUNDS) for _ in (1, 2)], note="spring check")


def test_a_small_library_is_not_called_calibrated() -> None:
    answer = _library().identify(_of(3, 0.2, 9))
    assert (answer.calibrated, answer.calibration, answer.p_not_in_library) == (False, "", None)
    assert any("default curve" in reason for reason in answer.reasons)


def test_an_own_calibration_replaces_the_default_and_is_named() -> None:
    answer = _library().identify(_of(3, 0.2, 9), calibration=_own())
    assert answer.calibrated
    assert "48 readings of 24 compounds" in answer.calibration
    assert answer.p_not_in_library is not None
    assert any("this laboratory's own readings" in reason for reason in answer.reasons)
    assert answer.compounds[0][0] == "c3"


def test_an_own_calibration_tells_strangers_from_what_the_library_holds() -> None:
    known = [_library().identify(_of(k, 0.2, 5), calibration=_own()).p_not_in_library or 0 for k in range(COMPOUNDS)]
    strange = [_library().identify(_of(900 + k, 0.0, 0), calibration=_own()).p_not_in_library or 0 for k in range(12)]
    assert np.mean(known) < 0.4
    assert np.mean(strange) > 0.6


def test_too_few_readings_or_unknown_compounds_are_refused_in_words() -> None:
    some = [_of(k, 0.2, 1) for k in range(5)]
    with pytest.raises(SpectrumError, match="5 readings of 5 compounds are too few"):
        calibrate(_library(), some, [f"c{k}" for k in range(5)])
    with pytest.raises(SpectrumError, match="one compound per reading"):
        calibrate(_library(), some, ["c1"])
    with pytest.raises(SpectrumError, match="no entry of stranger"):
        calibrate(_library(), some * 6, [f"c{k}" for k in range(11)] * 2 + ["stranger"] * 8)


def test_a_calibration_is_for_its_kind_of_spectra_and_its_library() -> None:
    with pytest.raises(SpectrumError, match="msms"):
        _library().identify(_of(3, 0, 0), calibration=shipped("msms"))
    other = library_of([_of(k, 0.0, 0) for k in range(4)])
    with pytest.raises(SpectrumError, match="another library"):
        other.identify(_of(3, 0, 0), calibration=_own())
    assert checksum(other) != checksum(_library())


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 9}', '{"schema": 1, "kind": "ei"}', "no json"])
def test_what_is_no_calibration_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(SpectrumError, match="calibration"):
        Calibration.load(path)


scores = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=30).map(lambda s: np.array(sorted(s, reverse=True)))


@given(scores, st.floats(0.3, 1.0), st.integers(1, 300))
def test_probabilities_add_up_and_keep_the_order(values: np.ndarray, quality: float, peaks: int) -> None:
    shares = shipped("ei").probabilities(values, quality, peaks)
    assert shares.sum() == pytest.approx(1.0)
    assert (np.diff(shares) <= 1e-12).all()


@given(scores, st.floats(0.3, 1.0), st.integers(1, 300))
def test_a_set_carries_its_mass_and_one_compound_is_named_only_when_sure(
    values: np.ndarray, quality: float, peaks: int
) -> None:
    rule = shipped("ei")
    shares = rule.probabilities(values, quality, peaks)
    size = rule.set_size(shares, peaks)
    assert 1 <= size <= values.size
    assert shares[:size].sum() >= min(rule.set_mass, 1.0) - 1e-9 or size == rule.largest
    if size == 1 and values.size > 1:
        assert shares[0] >= rule.single_mass
        assert peaks >= rule.single_peaks


@given(scores, st.floats(0.3, 0.9), st.integers(1, 300))
def test_a_worse_reading_never_gets_a_smaller_set(values: np.ndarray, quality: float, peaks: int) -> None:
    rule = shipped("ei")
    good = rule.set_size(rule.probabilities(values, quality, peaks), peaks)
    assert rule.set_size(rule.probabilities(values, quality - 0.2, peaks), peaks) >= good


def test_a_set_never_grows_beyond_what_a_calibration_allows() -> None:
    rule = shipped("ei")
    even = rule.probabilities(np.zeros(30), 0.9, 50)
    assert rule.set_size(even, 50) == rule.largest
    assert replace(rule, largest=0).set_size(even, 50) > 2 * rule.largest
