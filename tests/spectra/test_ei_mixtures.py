"""Mixtures in one unit-mass spectrum: what must hold for any reading, and what a chemist is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassLibrary, MassSpectrum, SpectrumError
from spectra.mixture.ei_beside import left_beside
from spectra.mixture.ei_inclusion import Rule, places, reported
from spectra.starter import starter_mass_library
from spectra.types import MixtureExplanation
from tests.spectra.spectrum_builders import MDA, MDMA, library_of

LIBRARY = starter_mass_library()
NAMED = list(LIBRARY.names)
STRANGE = MassSpectrum([301, 341, 402, 455], [999, 800, 700, 600])


def _mixed(parts: list[tuple[MassSpectrum, float]]) -> MassSpectrum:
    return MassSpectrum(np.concatenate([s.mz for s, _ in parts]), np.concatenate([w * s.intensity for s, w in parts]))


def _of(*parts: tuple[str, float]) -> MassSpectrum:
    return _mixed([(LIBRARY.spectrum(NAMED.index(name)), weight) for name, weight in parts])


def _said(answer: MixtureExplanation) -> list[tuple[str, float]]:
    return [(c.compound, round(c.share, 5)) for c in answer.components]


@st.composite
def _readings(draw: st.DrawFn) -> MassSpectrum:
    entries = draw(st.lists(st.integers(0, len(LIBRARY) - 1), min_size=1, max_size=3, unique=True))
    weights = [draw(st.floats(0.05, 1.0)) for _ in entries]
    mixed = _mixed([(LIBRARY.spectrum(e), w) for e, w in zip(entries, weights, strict=True)])
    noise = np.random.default_rng(draw(st.integers(0, 2**16))).lognormal(0, 0.2, mixed.mz.size)
    return MassSpectrum(mixed.mz, mixed.intensity * noise)


@settings(max_examples=25, deadline=None)
@given(_readings(), st.integers(1, 4))
def test_shares_probabilities_and_arrays_are_consistent(reading: MassSpectrum, most: int) -> None:
    answer = LIBRARY.explain(reading, most)
    parts = answer.components
    assert len(parts) <= most
    assert sum(c.share for c in parts) + answer.unexplained_fraction <= 1.0 + 1e-6
    assert all(0.0 <= c.low <= c.share <= c.high <= 1.0 and c.share > 0 for c in parts)
    assert all(c.probability is not None and 0 < c.probability <= 1 for c in parts)
    assert len({c.compound for c in parts}) == len(parts)
    assert all(c.compound == LIBRARY.compounds[c.entry] for c in parts if c.entry is not None)
    assert [c.share for c in parts] == sorted((c.share for c in parts), reverse=True)
    assert not {c.compound for c in parts} & set(answer.detection_limits)
    assert answer.axis is not None
    assert answer.fitted is not None
    assert answer.residual is not None
    assert answer.axis.shape == answer.fitted.shape == answer.residual.shape
    assert (answer.fitted >= 0).all()


@settings(max_examples=10, deadline=None)
@given(_readings(), st.floats(1e-3, 1e6), st.randoms(use_true_random=False))
def test_the_order_and_the_scale_of_the_peaks_and_peaks_of_nothing_do_not_matter(
    reading: MassSpectrum, scale: float, random: object
) -> None:
    first = LIBRARY.explain(reading)
    order = np.random.default_rng(int(scale)).permutation(reading.mz.size)
    again = MassSpectrum(np.r_[reading.mz[order], 333.0, 777.0], np.r_[scale * reading.intensity[order], 0.0, 0.0])
    second = LIBRARY.explain(again)
    assert {c.compound for c in first.components} == {c.compound for c in second.components}
    assert [s for _, s in _said(first)] == pytest.approx([s for _, s in _said(second)], abs=1e-3)


def test_two_entries_alike_in_every_ion_are_not_chosen_between_but_named_as_possible() -> None:
    twins = library_of([MDMA, MDMA, MDA], names=["One", "Two", "Other"], compounds=["a", "b", "c"])
    answer = twins.explain(MDMA)
    assert answer.components == ()
    assert any("not clear enough" in r and "One" in r and "Two" in r for r in answer.reasons)


def test_a_strong_and_a_weaker_part_are_found_with_their_shares() -> None:
    answer = LIBRARY.explain(_of(("Caffeine", 0.75), ("Cocaine", 0.25)))
    assert [c.name for c in answer.components] == ["Caffeine", "Cocaine"]
    assert answer.components[0].low <= 0.75 <= answer.components[0].high
    assert answer.unexplained_fraction < 0.02
    assert answer.calibrated


def test_what_the_library_does_not_hold_makes_the_answer_incomplete_and_shows_its_ions() -> None:
    answer = LIBRARY.explain(_mixed([(LIBRARY.spectrum(NAMED.index("Cocaine")), 1.0), (STRANGE, 1.0)]))
    assert answer.incomplete
    assert answer.unexplained_fraction > 0.3
    assert set(STRANGE.mz) <= set(answer.residual_bands)
    assert any("something else is there" in reason for reason in answer.reasons)
    assert all(c.grade == "possible" for c in answer.components)


def test_a_reading_of_something_else_is_not_given_the_nearest_name() -> None:
    assert LIBRARY.explain(STRANGE).components == ()
    assert library_of([MDMA], names=["MDMA"]).explain(MDA).components == ()


@pytest.mark.parametrize(
    ("mz", "why"),
    [
        ([18, 28, 32], "no ion from m/z 40"),
        ([1200, 1300, 1400], "no ion from m/z 40"),
        ([901, 903, 905], "shares an ion"),
    ],
)
def test_a_reading_that_cannot_be_compared_says_why(mz: list[float], why: str) -> None:
    answer = LIBRARY.explain(MassSpectrum(mz, [1, 2, 3]))
    assert answer.components == ()
    assert answer.incomplete
    assert why in answer.reasons[0]


def test_empty_queries_and_libraries_are_answered_plainly() -> None:
    with pytest.raises(SpectrumError, match="at least one spectrum"):
        LIBRARY.explain([])
    with pytest.raises(SpectrumError, match="at least one component"):
        LIBRARY.explain(MDMA, max_components=0)
    with pytest.raises(SpectrumError, match="no peak"):
        LIBRARY.explain(MassSpectrum([58], [0]))
    nothing = MassLibrary.from_arrays([], [], [0], names=[], compounds=[])
    assert nothing.explain(MDMA).components == ()


RULE = Rule(
    twin=0.75, several=0.5, alone=0.6, lone_explains=0.5, among=0.3, minor=0.2, minor_share=0.1, place=0.5, incomplete=0.6
)  # fmt: skip


def _leaders(
    p: list[float], several: float, cosines: np.ndarray, most: int = 4, shares: list[float] | None = None
) -> list[int]:
    chances, sizes = np.array(p), np.array(shares or [0.5] * len(p))
    found = places(chances, cosines, RULE.twin)
    return [place.leader for place in reported(chances, sizes, found, several, RULE, most)]


def test_a_lone_name_needs_more_than_a_name_among_others() -> None:
    apart = np.eye(3)
    assert _leaders([0.5, 0.45, 0.05], 0.1, apart) == []
    assert _leaders([0.7, 0.45, 0.05], 0.1, apart) == [0]
    assert _leaders([0.5, 0.45, 0.05], 0.9, apart) == [0, 1]
    assert _leaders([0.5, 0.45, 0.4], 0.9, apart, most=2) == [0, 1]


def test_a_small_part_is_named_from_less_than_a_large_one_but_never_alone() -> None:
    apart = np.eye(3)
    assert _leaders([0.9, 0.25, 0.25], 0.9, apart, shares=[0.8, 0.15, 0.05]) == [0, 2]
    assert _leaders([0.9, 0.25, 0.19], 0.9, apart, shares=[0.8, 0.15, 0.05]) == [0]
    assert _leaders([0.9, 0.25, 0.25], 0.1, apart, shares=[0.8, 0.15, 0.05]) == [0]


def test_compounds_that_look_alike_compete_for_one_place() -> None:
    alike = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]])
    assert _leaders([0.5, 0.45, 0.4], 0.9, alike) == [0, 2]
    found = places(np.array([0.5, 0.45, 0.02]), alike, RULE.twin)
    assert [place.rows for place in found] == [(0, 1)]
    assert found[0].total == pytest.approx(0.95)


def test_parts_too_unclear_to_name_are_still_spoken_of() -> None:
    unclear = 0
    for weight in (0.02, 0.03, 0.04, 0.045, 0.05, 0.06, 0.08):
        answer = LIBRARY.explain(_of(("Caffeine", 1.0), ("Cocaine", weight)))
        assert "Caffeine" in {c.name for c in answer.components}
        unclear += "Cocaine" not in {c.name for c in answer.components} and "Cocaine" in " ".join(answer.reasons)
        assert not any(c.name not in ("Caffeine", "Cocaine") for c in answer.components)
    assert unclear


def _left(reading: MassSpectrum, named: list[str], given: list[str]) -> list[list[float]]:
    entries = [[NAMED.index(name)] for name in (*named, *given)]
    return left_beside(LIBRARY, reading, entries[: len(named)], entries[len(named) :]).round(2).tolist()


def test_a_look_alike_of_what_is_given_explains_nothing_by_itself() -> None:
    reading = _of(("MDMA", 1.0), ("Caffeine", 0.5))
    look_alike, caffeine = _left(reading, ["MDA", "Caffeine"], ["MDMA", "Heroin"])
    assert look_alike[0] < 0.2 < 0.8 < look_alike[1], "beside MDMA, beside heroin"
    assert look_alike[2] < 0.2 < 0.8 < caffeine[2], "beside both"
