"""An isomer is excluded by its own standard or not at all."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import MassSpectrum, SpectrumError
from spectra.confidence.standards import (
    Exclusion,
    ReplicateStatistics,
    Retention,
    Standard,
    differing,
    exclude_isomers,
)

MZ = [44, 58, 77, 91, 105, 134, 148]
META = [8, 100, 12, 20, 30, 16, 9]
PARA = [8, 100, 12, 26, 18, 16, 14]


def _runs(heights: list[float], seed: int, n: int = 3) -> tuple[MassSpectrum, ...]:
    rng = np.random.default_rng(seed)
    return tuple(MassSpectrum(MZ, np.array(heights) * rng.normal(1, 0.01, len(MZ))) for _ in range(n))


def _standard(name: str, heights: list[float], seed: int, **more: object) -> Standard:
    return Standard(name.lower(), name, _runs(heights, seed), **more)  # type: ignore[arg-type]


OWN, ISOMER = _standard("Meta", META, 1), _standard("Para", PARA, 2)


def _decided(readings: tuple[MassSpectrum, ...], own: Standard, isomer: Standard, **more: object) -> Exclusion:
    return exclude_isomers(readings, own, [isomer], today=date(2026, 11, 26), **more)[0]  # type: ignore[arg-type]


def test_replicates_that_differ_at_several_masses_exclude_the_isomer() -> None:
    found = _decided(_runs(META, 3), OWN, ISOMER)
    assert (found.excluded, found.by) == (True, "replicates")
    assert "Para is excluded by its replicates" in found.reasons[-1]
    assert "105" in found.reasons[-1]


def test_one_reading_is_enough_when_the_difference_is_large() -> None:
    assert _decided(_runs(META, 4, 1), OWN, ISOMER).excluded


def test_an_isomer_with_the_same_spectrum_is_never_excluded_by_replicates() -> None:
    found = _decided(_runs(META, 5), OWN, _standard("Ortho", META, 6))
    assert (found.excluded, found.by) == (False, "")
    assert "do not exclude Ortho" in found.reasons[-1]


def test_a_reading_that_does_not_fit_its_own_standard_excludes_nothing() -> None:
    strange = _runs([8, 100, 60, 20, 30, 50, 9], 7)
    found = _decided(strange, OWN, ISOMER)
    assert not found.excluded
    assert "differs from the standard of Meta itself" in found.reasons[-1]


def test_two_replicates_are_too_few() -> None:
    thin = Standard("para", "Para", ISOMER.spectra[:2])
    found = _decided(_runs(META, 8), OWN, thin)
    assert not found.excluded
    assert "3 runs are needed of Para" in found.reasons[-1]
    with pytest.raises(SpectrumError, match="3 replicates"):
        differing(_runs(META, 8), thin.spectra)


def test_retention_excludes_when_the_isomers_own_standard_elutes_elsewhere() -> None:
    own = _standard("Meta", META, 1, retention=Retention(index=1702.0, method="A"))
    isomer = _standard("Ortho", META, 6, retention=Retention(index=1675.0, method="A"))
    found = _decided(_runs(META, 3), own, isomer, retention=Retention(index=1704.0, method="A"))
    assert (found.excluded, found.by) == (True, "retention")
    assert "1704" in found.reasons[0]
    assert "1675" in found.reasons[0]


@pytest.mark.parametrize(
    ("here", "theirs", "said"),
    [
        (Retention(index=1702.0, method="A"), Retention(index=1697.0, method="A"), "does not tell Ortho apart"),
        (Retention(index=1702.0, method="A"), Retention(index=1675.0, method="B"), "another method"),
        (Retention(index=1730.0, method="A"), Retention(index=1675.0, method="A"), "does not elute with"),
        (Retention(relative=0.9, method="A"), Retention(index=1675.0, method="A"), "no common measure"),
        (None, Retention(index=1675.0, method="A"), "not known"),
    ],
)
def test_retention_that_cannot_tell_says_why(here: Retention | None, theirs: Retention, said: str) -> None:
    own = _standard("Meta", META, 1, retention=Retention(index=1702.0, method="A"))
    found = _decided(_runs(META, 3), own, _standard("Ortho", META, 6, retention=theirs), retention=here)
    assert not found.excluded
    assert said in found.reasons[0]


def test_an_expired_standard_excludes_nothing_and_says_so() -> None:
    old = _standard("Para", PARA, 2, expires_on=date(2026, 11, 25))
    found = _decided(_runs(META, 3), OWN, old)
    assert not found.excluded
    assert "expired on 2026-11-25" in found.reasons[0]
    assert _decided(_runs(META, 3), OWN, _standard("Para", PARA, 2, expires_on=date(2026, 11, 26))).excluded


def test_a_decision_needs_a_reading_and_statistics_two_replicates() -> None:
    with pytest.raises(SpectrumError, match="no reading"):
        exclude_isomers([], OWN, [ISOMER])
    with pytest.raises(SpectrumError, match="two replicates"):
        ReplicateStatistics.of(OWN.spectra[:1])


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_statistics_bound_their_replicates(seed: int, n: int) -> None:
    spectra = _runs(META, seed, n)
    found = ReplicateStatistics.of(spectra)
    assert found.n == n
    assert (found.low <= found.mean + 1e-9).all()
    assert (found.mean <= found.high + 1e-9).all()
    assert (found.sd >= 0).all()
    assert all(a < b for a, b in pairwise(found.mz.tolist()))


@given(st.integers(0, 10_000))
def test_runs_of_one_standard_hardly_ever_differ_from_each_other(seed: int) -> None:
    found, tested = differing(_runs(META, seed, 2), _runs(META, seed + 20_000))
    assert tested == len(MZ) - 1
    assert len(found) < 2
