"""Mixtures in accurate mass: what must hold whatever the sample is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectra import MassLibrary, MassSpectrum, MixtureExplanation, SpectrumError
from spectra.mixture.accurate_model import default_model
from spectra.mixture.accurate_stack import clusters

COMPOUNDS = 12
TWIN, TWIN_OF = "c-twin", 3
Energies = list[MassSpectrum]


@cache
def _compound(k: int) -> tuple[float, list[list[tuple[float, float]]]]:
    """Precursor and peaks at three rising energies of an invented compound; precursors and ions far apart."""
    rng = np.random.default_rng(k)
    precursor = 150.05 + 17.013 * k + rng.uniform(0, 0.4)
    ions = np.sort(rng.uniform(50, precursor - 14, 7))
    levels = []
    for intact, breadth in ((0.8, 1), (0.25, 3), (0.02, 7)):
        part = rng.dirichlet(np.ones(breadth)) * (1 - intact)
        levels.append([(precursor, intact), *zip(ions[::-1][:breadth].tolist(), part.tolist(), strict=True)])
    return precursor, levels


def _energies(parts: dict[int, float], levels: tuple[int, ...] = (0, 1, 2), scale: float = 1.0) -> Energies:
    """The sample of these compounds with these shares; `levels` are the energies of the sample on the library's axis."""
    out = []
    for level in levels:
        peaks = [(m, i * share * scale) for k, share in parts.items() for m, i in _compound(k)[1][level]]
        out.append(MassSpectrum([m for m, _ in peaks], [i for _, i in peaks], ionisation="DART"))
    return out


def _library(
    order: list[int] | None = None, energies: bool = True, precursors: bool = True, without: int | None = None
) -> MassLibrary:
    """Every compound at three energies, and a twin of one under another name; rows in any `order`."""
    rows = [(f"c{k}", level, *_compound(k)) for k in range(COMPOUNDS) if k != without for level in range(3)]
    rows += [(TWIN, level, *_compound(TWIN_OF)) for level in range(3) if without != TWIN_OF]
    rows = [rows[i] for i in order] if order is not None else rows
    peaks = [levels[level] for _, level, _, levels in rows]
    return MassLibrary.from_arrays(
        [m for p in peaks for m, _ in p],
        [i for p in peaks for _, i in p],
        np.r_[0, np.cumsum([len(p) for p in peaks])],
        names=[f"name of {c}" for c, _, _, _ in rows],
        compounds=[c for c, _, _, _ in rows],
        precursor_mz=[precursor for _, _, precursor, _ in rows] if precursors else None,
        energy=[level for _, level, _, _ in rows] if energies else None,
        accurate=True,
    )


@cache
def _usual() -> MassLibrary:
    return _library()


def _named(answer: MixtureExplanation) -> set[str]:
    return {part.compound for part in answer.components}


def _mixtures() -> st.SearchStrategy[dict[int, float]]:
    which = st.sets(st.integers(0, COMPOUNDS - 1), min_size=1, max_size=3)
    return which.flatmap(
        lambda ks: st.tuples(*[st.floats(0.2, 1.0) for _ in ks]).map(lambda w: dict(zip(sorted(ks), w, strict=True)))
    )


@settings(max_examples=12, deadline=None)
@given(parts=_mixtures())
def test_every_component_is_named_with_a_share_inside_its_interval(parts: dict[int, float]) -> None:
    parts = {k: share for k, share in parts.items() if k != TWIN_OF}  # the twins stand in a test of their own
    assume(parts)
    answer = _usual().explain(_energies(parts))
    assert _named(answer) == {f"c{k}" for k in parts}
    assert sum(c.share for c in answer.components) == pytest.approx(1.0)
    total = sum(parts.values())
    for part in answer.components:
        k = int(part.compound[1:])
        assert 0.0 <= part.low <= part.share <= part.high <= 1.0
        assert part.low - 1e-9 <= parts[k] / total <= part.high + 1e-9
        assert part.probability is not None
        assert 0.0 <= part.probability <= 1.0
    assert answer.unexplained_fraction < 0.05
    assert not answer.incomplete


def test_twins_of_which_none_is_likely_enough_are_said_as_a_group() -> None:
    answer = _usual().explain(_energies({TWIN_OF: 0.5, 4: 1.0}))
    assert _named(answer) == {"c4"}
    said = next(reason for reason in answer.withheld if reason.startswith("Probably one of these is there"))
    assert said in answer.reasons
    assert f"name of c{TWIN_OF}" in said
    assert f"name of {TWIN}" in said
    alone = _usual().explain(_energies({5: 0.5, 4: 1.0}))
    assert not any(reason.startswith("Probably one of these") for reason in alone.reasons)


@settings(max_examples=8, deadline=None)
@given(parts=_mixtures(), scale=st.floats(1e-3, 1e6), seed=st.integers(0, 99))
def test_neither_scale_nor_order_changes_the_answer(parts: dict[int, float], scale: float, seed: int) -> None:
    first = _usual().explain(_energies(parts))
    order = np.random.default_rng(seed).permutation(len(_usual())).tolist()
    second = _library(order).explain(_energies(parts, scale=scale))
    twins = {f"c{TWIN_OF}", TWIN}
    assert _named(first) - twins == _named(second) - twins
    assert bool(_named(first) & twins) == bool(_named(second) & twins)
    shares = [sorted(c.share for c in answer.components) for answer in (first, second)]
    assert shares[0] == pytest.approx(shares[1], abs=2e-3)


@pytest.mark.parametrize("levels", [(1, 2, 2), (0, 0, 1), (0, 1), (2,), (1,), (0,), (0, 0, 1, 1, 2)])
def test_energies_that_are_not_the_librarys_are_understood(levels: tuple[int, ...]) -> None:
    answer = _usual().explain(_energies({1: 0.6, 7: 0.4}, levels))
    assert _named(answer) == {"c1", "c7"}
    assert any("One energy only" in reason for reason in answer.reasons) == (len(levels) == 1)


@pytest.mark.parametrize(("energies", "precursors"), [(False, True), (True, False), (False, False)])
def test_a_library_without_energies_or_precursors_still_answers(energies: bool, precursors: bool) -> None:
    library = _library(energies=energies, precursors=precursors)
    for levels in ((0, 1, 2), (1,)):
        answer = library.explain(_energies({1: 0.6, 7: 0.4}, levels))
        assert _named(answer) == {"c1", "c7"}
        assert any("no precursor masses" in reason for reason in answer.reasons) != precursors


def test_twins_are_named_once_and_the_other_is_not_distinguished() -> None:
    answer = _usual().explain(_energies({TWIN_OF: 0.5, 8: 0.5}))
    assert len(answer.components) == 2
    part = next(c for c in answer.components if c.compound != "c8")
    assert {part.compound, *part.not_distinguished} == {f"c{TWIN_OF}", TWIN}
    assert part.grade == "possible"
    assert any("does not tell" in reason for reason in answer.reasons)
    assert next(c for c in answer.components if c.compound == "c8").not_distinguished == ()


def test_what_the_library_lacks_makes_the_answer_incomplete() -> None:
    answer = _library(without=6).explain(_energies({2: 0.4, 6: 0.6}))
    assert answer.incomplete
    assert answer.unexplained_fraction > 0.3
    assert "c6" not in _named(answer)
    assert any(abs(mz - _compound(6)[0]) < 0.01 for mz in answer.residual_bands)
    assert any("something else is there" in reason for reason in answer.reasons)


def test_what_is_only_likely_is_withheld_when_much_is_missing() -> None:
    answer = _library(without=6).explain(_energies({2: 0.01, 6: 0.99}))
    assert answer.components == ()
    assert answer.reasons[-1].endswith("left out: name of c2.")


def test_a_sample_that_resembles_nothing_is_left_unexplained() -> None:
    answer = _usual().explain([MassSpectrum([60.0, 61.5], [1, 2], ionisation="ESI")])
    assert answer.components == ()
    assert answer.unexplained_fraction == 1.0
    assert answer.incomplete
    assert answer.reasons == ("No library entry resembles this sample. This is not evidence that nothing is there.",)


@pytest.mark.parametrize("queries", [[], [MassSpectrum([100.0], [0.0])], [MassSpectrum([100.0], [1.0])] * 0])
def test_nothing_to_explain_is_refused(queries: Energies) -> None:
    with pytest.raises(SpectrumError):
        _usual().explain(queries)


@given(st.lists(st.floats(50, 500), min_size=1, max_size=40))
def test_peaks_closer_than_the_gap_are_one_ion(masses: list[float]) -> None:
    model = default_model()
    mz = np.array(masses)
    label, centre = clusters(mz, np.ones(mz.size), model)
    order = np.argsort(mz, kind="stable")
    apart = np.diff(mz[order]) > model.width(mz[order][1:])
    assert (np.diff(label[order]) > 0).tolist() == apart.tolist()
    assert centre.size == apart.sum() + 1
