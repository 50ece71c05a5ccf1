"""A library declared to hold chemicals of any kind, beside one of drugs: what it changes in a mixture, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import (
    MassLibrary,
    MassSpectrum,
    SampleLibraries,
    SampleReading,
    SampleRegister,
    SpectrumError,
    explain_sample,
)
from spectra.mixture.ei_inclusion import Place, by_base_rate
from spectra.mixture.unit_mass import explain_with_places
from spectra.starter import starter_mass_library
from tests.spectra.spectrum_builders import MDA, MDMA, library_of

STARTER = starter_mass_library()
NAMED = list(STARTER.names)
STRANGE = MassSpectrum([61, 103, 149, 205, 241, 301], [300, 450, 999, 200, 600, 500])


def _drug(name: str) -> MassSpectrum:
    return STARTER.spectrum(NAMED.index(name))


def _both(general: MassLibrary, declared: bool) -> MassLibrary:
    """The starter library and `general` as one."""
    joined = STARTER.beside(general)
    if declared:
        return joined
    plain = {key: value for key, value in joined.info.items() if key != "general"}
    return MassLibrary(joined.table, replace(joined.catalogue, info=plain), joined.energy)


def _chance(library: MassLibrary, reading: MassSpectrum, compound: str) -> float:
    _, seen = explain_with_places(library, [reading], 4)
    rows = [(library.compounds[c.entry], c.probability) for place in seen.places for c in place.rivals]
    return dict(rows).get(compound, 0.0)


@st.composite
def _judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Place]]:
    n = draw(st.integers(1, 6))
    p = np.array(draw(st.lists(st.floats(0.001, 0.999), min_size=n, max_size=n)))
    kinds = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    main = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    cut = draw(st.integers(1, n))
    order = np.argsort(-p, kind="stable").tolist()
    found = [Place(tuple(rows), min(1.0, float(p[rows].sum()))) for rows in (order[:cut], order[cut:]) if rows]
    return p, kinds, main, found


@given(_judged(), st.floats(0.001, 1.0))
def test_a_base_rate_lowers_general_chemicals_only_and_makes_nothing_impossible(
    judged: tuple[np.ndarray, np.ndarray, np.ndarray, list[Place]], weight: float
) -> None:
    p, general, main, found = judged
    now = by_base_rate(p, found, general, main, weight)
    assert ((now > 0) & (now <= 1 + 1e-9)).all()
    assert (now[general] <= p[general] + 1e-9).all()
    assert (now[~general] >= p[~general] - 1e-9).all()
    assert np.array_equal(by_base_rate(p, found, np.zeros_like(general), main, weight), p)


def _double_of_cocaine() -> tuple[MassSpectrum, MassLibrary]:
    """A reading of cocaine, and a general library whose only compound is that very reading: it fits a little better, as one of sixteen
    thousand does by chance."""
    cocaine = _drug("Cocaine")
    noise = np.random.default_rng(3).lognormal(0, 0.1, cocaine.mz.size)
    seen = MassSpectrum(cocaine.mz, cocaine.intensity * noise)
    return seen, library_of([seen], names=["Double"], compounds=["double"])


def test_a_look_alike_of_the_general_library_gives_way_to_the_drug_and_is_still_told_of() -> None:
    seen, double = _double_of_cocaine()
    caffeine, drug = _drug("Caffeine"), STARTER.compounds[NAMED.index("Cocaine")]
    undeclared, declared = _both(double, declared=False), _both(double, declared=True)
    assert _chance(declared, seen, drug) > 1.5 * _chance(undeclared, seen, drug)
    assert 0 < _chance(declared, seen, "double") < 0.3 * _chance(undeclared, seen, "double")
    mixed = MassSpectrum(np.r_[seen.mz, caffeine.mz], np.r_[seen.intensity, caffeine.intensity])
    before, now = undeclared.explain(mixed), declared.explain(mixed)
    assert "double" in {c.compound for c in before.components}
    assert {c.compound: c.not_distinguished for c in now.components}[drug] == ("double",)
    assert any("so no general chemical is named" in reason for reason in now.reasons)


@given(st.sampled_from(NAMED), st.sampled_from(NAMED), st.floats(0.1, 1.0), st.integers(0, 99))
@settings(max_examples=25)
def test_where_drugs_explain_the_reading_the_answer_is_that_of_the_drug_library(
    one: str, other: str, part: float, seed: int
) -> None:
    """General chemicals that resemble what is there fit a little better by chance, and change no name and no probability."""
    rng, (a, b) = np.random.default_rng(seed), (_drug(one), _drug(other))
    reading = MassSpectrum(np.r_[a.mz, b.mz], np.r_[a.intensity, part * b.intensity])
    like = [MassSpectrum(s.mz, s.intensity * rng.lognormal(0, 0.5, s.mz.size)) for s in (a, b)]
    alone = STARTER.explain(reading)
    now = _both(library_of(like, names=["I", "II"], compounds=["i", "ii"]), declared=True).explain(reading)
    said = [[(c.compound, c.probability, c.grade) for c in answer.components] for answer in (alone, now)]
    assert said[0] == said[1]
    assert [c.share for c in now.components] == pytest.approx([c.share for c in alone.components], abs=2e-3)
    assert now.incomplete == alone.incomplete


def test_general_chemicals_are_weighed_where_they_explain_much_of_the_signal_with_few_ions() -> None:
    cocaine, strong = _drug("Cocaine"), MassSpectrum([119, 134], [999, 700])
    seen = MassSpectrum(np.r_[cocaine.mz, strong.mz], np.r_[cocaine.intensity, strong.intensity])
    answer = STARTER.beside(library_of([strong], names=["Rest"], compounds=["rest"])).explain(seen)
    assert {c.name for c in answer.components} == {"Cocaine", "Rest"}


def test_the_answer_of_a_sample_says_it_once_for_all_readings() -> None:
    library = STARTER.beside(library_of([STRANGE], names=["Strange"], compounds=["strange"]))
    readings = [SampleReading("a", "gc_ms", STRANGE), SampleReading("b", "gc_ms", _drug("Cocaine"))]
    reasons = explain_sample(readings, [], SampleLibraries(library), SampleRegister()).reasons
    assert reasons.count("Only the library of general chemicals holds Strange.") == 1
    assert not any("no general chemical is named" in reason for reason in reasons)  # true of one of the two
    undeclared = explain_sample(readings, [], SampleLibraries(STARTER), SampleRegister()).reasons
    assert not any("general chemicals" in reason for reason in undeclared)


def test_a_declaration_is_kept_in_the_file_and_does_not_reach_what_is_enrolled_later(tmp_path: Path) -> None:
    library_of([MDMA]).beside(library_of([MDA], names=["other"], compounds=["other"])).save(tmp_path / "lib")
    opened = MassLibrary.open(tmp_path / "lib")
    grown = opened.add([opened.entry(0)])
    assert opened.general is not None
    assert grown.general is not None
    assert opened.general.tolist() == [False, True]
    assert grown.general.tolist() == [False, True, False]


def test_libraries_that_do_not_go_together_are_refused() -> None:
    one, other = library_of([MDMA]), library_of([MDA])
    with pytest.raises(SpectrumError, match="accurate"):
        one.beside(library_of([MDMA], accurate=True))
    with pytest.raises(SpectrumError, match="before"):
        one.beside(other).beside(other)


def test_what_is_the_main_part_is_not_doubted_because_only_general_chemicals_fit_it() -> None:
    found, general = [Place((0, 1), 0.9), Place((2,), 0.6)], np.array([True, True, True])
    now = by_base_rate(np.array([0.6, 0.3, 0.6]), found, general, np.array([True, True, False]), 0.1)
    assert now[:2].tolist() == [0.6, 0.3]
    assert now[2] == pytest.approx(0.06 / 0.46)
