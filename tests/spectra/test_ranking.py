"""The combined rankings: what they add to plain scores, and that no order of entries decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import MassSpectrum
from spectra.confidence.features_ei import FEATURES, features
from spectra.confidence.identify import candidates_of, rank_compounds
from spectra.preprocess import prepare
from tests.spectra.spectrum_builders import MDA, MDMA, accurate_spectra, library_of, nominal_spectra

LOWER = MassSpectrum([44, 58, 91, 120, 134], [80, 999, 300, 60, 30])


def _figures(query: MassSpectrum, *entries: MassSpectrum) -> dict[str, list[float]]:
    found = features(prepare(query, False), library_of(list(entries)).table)
    return {name: found.column(name).round(6).tolist() for name in FEATURES}


def test_background_ions_are_nobodys_heaviest_ion() -> None:
    dirty = MassSpectrum([*LOWER.mz, 149, 207, 281], [*LOWER.intensity, 60, 40, 20])
    assert _figures(dirty, LOWER)["heaviest_query"] == [0.0]
    assert _figures(MassSpectrum([*LOWER.mz, 150], [*LOWER.intensity, 60]), LOWER)["heaviest_query"][0] < -0.5


def test_compounds_come_best_first_with_one_row_each() -> None:
    library = library_of([MDMA, MDMA, MDA], compounds=["a", "a", "b"])
    ranked = rank_compounds(library, MDMA)
    assert ranked.compounds == ("a", "b")
    assert ranked.entries.tolist() == [0, 2]
    assert ranked.scores[0] > ranked.scores[1]
    rows = candidates_of(library, ranked)
    assert [(r.compound, r.rank, r.score_name) for r in rows] == [("a", 1, "combined_ei"), ("b", 2, "combined_ei")]
    assert rows[0].margin == pytest.approx(ranked.scores[0] - ranked.scores[1])


@given(st.lists(nominal_spectra(), min_size=1, max_size=8), nominal_spectra(), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_no_score(entries: list, query: MassSpectrum, random: object) -> None:
    order = list(range(len(entries)))
    random.shuffle(order)  # type: ignore[attr-defined]
    keys = [f"c{k}" for k in range(len(entries))]
    plain = rank_compounds(library_of(entries, compounds=keys), query)
    mixed = rank_compounds(library_of([entries[k] for k in order], compounds=[keys[k] for k in order]), query)
    left = dict(zip(plain.compounds, plain.scores.tolist(), strict=True))
    right = dict(zip(mixed.compounds, mixed.scores.tolist(), strict=True))
    assert left.keys() == right.keys()
    assert all(left[key] == pytest.approx(right[key], abs=1e-9) for key in left)


PRECURSOR = MassSpectrum([91.054, 119.086, 150.128], [30, 100, 20], 150.128, "ESI")


def _with_precursor(spectrum: MassSpectrum, precursor: float | None) -> MassSpectrum:
    return MassSpectrum(spectrum.mz, spectrum.intensity, precursor, "ESI")


def test_without_a_fitting_precursor_the_answer_is_a_likeness_only() -> None:
    library = library_of([_with_precursor(PRECURSOR, 164.143)], accurate=True)
    answer = library.identify(PRECURSOR)
    assert answer.level.value == "related"
    assert any("No library entry has the precursor m/z 150.1280" in reason for reason in answer.reasons)
    open_answer = library.identify(_with_precursor(PRECURSOR, None))
    assert open_answer.level.value == "related"
    assert any("states no precursor" in reason for reason in open_answer.reasons)


@given(st.lists(accurate_spectra(), min_size=1, max_size=6), accurate_spectra())
def test_accurate_answers_hold_their_promises(entries: list, query: MassSpectrum) -> None:
    answer = library_of(entries, accurate=True).identify(query)
    assert answer.level.value != "identified"
    assert sum(p for _, p in answer.compounds) == pytest.approx(1.0 if answer.compounds else 0.0, abs=0.01)
    assert set(answer.set) <= {c for c, _ in answer.compounds}
